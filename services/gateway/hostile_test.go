package gateway_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	contractv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/contract/v1"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
)

// entrance is where one method can be reached over REST.
type entrance struct {
	name       string // "/pkg.Service/Method"
	verb, path string
	hasBody    bool
	prefix     string // JSON name of the field that the body fills; "" for all
	input      protoreflect.MessageDescriptor
	body       protoreflect.MessageDescriptor // what the body is, or its elements are
	list       bool                           // the body is an array
}

// entrances walks everything that is offered.
func entrances(t testing.TB) []entrance {
	t.Helper()
	var all []entrance
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			d := descriptorOf(t, m)
			verb, path, _ := strings.Cut(routeOf(d), " ")
			e := entrance{name: m.FullName, verb: verb, path: fillPath(path), input: d.Input(), body: d.Input()}
			rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
			e.hasBody = rule.GetBody() != ""
			if f := d.Input().Fields().ByName(protoreflect.Name(rule.GetBody())); f != nil {
				e.prefix, e.list, e.body = f.JSONName(), f.IsList(), f.Message()
			}
			all = append(all, e)
		}
	}
	return all
}

// fillPath puts ids where a path has parameters.
func fillPath(path string) string {
	id := "1"
	if strings.Contains(path, "/organizations/") {
		id = home
	}
	return strings.ReplaceAll(path, "{}", id)
}

// nasty is a JSON text that does not fit its message, and what an answer must
// name.
type nasty struct{ text, names string }

// leaves calls visit for every field that is reachable from d, with a text
// around its value and its path. Messages that hold themselves are entered
// once.
func leaves(d protoreflect.MessageDescriptor, open, closing, path string, seen map[protoreflect.FullName]bool, visit func(f protoreflect.FieldDescriptor, open, closing, path string)) {
	if seen[d.FullName()] || strings.HasPrefix(string(d.FullName()), "google.") {
		return
	}
	seen[d.FullName()] = true
	defer delete(seen, d.FullName())
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		here := strings.TrimPrefix(path+"."+f.JSONName(), ".")
		o, c := open+`{"`+f.JSONName()+`":`, `}`+closing
		visit(f, o, c, here)
		switch {
		case f.IsMap() || f.Message() == nil:
		case f.IsList():
			leaves(f.Message(), o+"[", "]"+c, here+"[0]", seen, visit)
		default:
			leaves(f.Message(), o, c, here, seen, visit)
		}
	}
}

// corpus are nasty bodies for one entrance, of REST (the mapped body) or of
// Connect (the whole message).
func corpus(d protoreflect.MessageDescriptor, list bool, prefix string) []nasty {
	open, closing := "", ""
	path := prefix
	if list {
		open, closing, path = "[", "]", prefix+"[0]"
	}
	all := []nasty{
		{open + `{`, ""}, {open + `{"`, ""}, {open + `{"a":}` + closing, "a"}, {open + `{"a" 1}` + closing, ""}, {"\xef\xbb\xbf{}", ""}, {"{}{}", ""}, {"\x00", ""}, {"nul", ""},
		{`"text"`, ""}, {`12`, ""}, {open + "{\"a\":\"\xff\"}" + closing, "a"}, {open + `{"a":"\ud800"}` + closing, "a"},
		{open + `{"a":` + strings.Repeat("[", 5000), "a"}, {open + strings.Repeat(`{"a":`, 5000), "a"},
	}
	leaves(d, open, closing, path, map[protoreflect.FullName]bool{}, func(f protoreflect.FieldDescriptor, o, c, path string) {
		for _, value := range wrong(f) {
			all = append(all, nasty{o + value + c, path})
		}
	})
	return all
}

// wrong returns values that no field like f takes.
func wrong(f protoreflect.FieldDescriptor) []string {
	if raw, _ := proto.GetExtension(f.Options(), contractv1.E_RawJson).(bool); raw {
		return []string{`{"a":1]`, "\"\xff\"", strings.Repeat("[", 300) + strings.Repeat("]", 300)}
	}
	if f.IsList() || f.IsMap() {
		return []string{`"x"`, `7`, `[[[]]]`, `[{]`}
	}
	switch f.Kind() {
	case protoreflect.StringKind:
		return []string{`7`, `{}`, `["x"]`, `true`, "\"\xc3\"", `"\udc00"`, "\"a\nb\""}
	case protoreflect.BoolKind:
		return []string{`"true"`, `1`, `{}`}
	case protoreflect.EnumKind:
		return []string{`"NO_SUCH_VALUE"`, `1e99`, `{}`, `1.5`, `99999999999`}
	case protoreflect.MessageKind:
		if f.Message().FullName() == "google.protobuf.Struct" || f.Message().FullName() == "google.protobuf.Value" {
			return []string{`{"a"}`}
		}
		return []string{`"x"`, `[]`, `7`, `true`}
	case protoreflect.BytesKind:
		return []string{`7`, `"!"`, `{}`}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return []string{`1e400`, `"x"`, `{}`, `01`}
	default:
		return []string{`1e400`, `-1e400`, `99999999999999999999999999`, `"x"`, `{}`, `1.5`, `01`}
	}
}

// check fails where an answer is not a client's mistake, told in words.
func check(t *testing.T, where string, n nasty, a answer) {
	t.Helper()
	if a.status >= 500 && a.status != 501 || a.status < 200 || !utf8.ValidString(a.body) {
		t.Errorf("%s: %.200q: got %d %s", where, n.text, a.status, a.body)
		return
	}
	if a.status < 300 {
		t.Errorf("%s: %.200q was taken", where, n.text)
		return
	}
	var body struct{ Message, Error string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Message+body.Error == "" {
		t.Errorf("%s: %.200q: %v in %s", where, n.text, err, a.body)
	}
	if text := body.Message + body.Error; !strings.Contains(text, n.names) || strings.Contains(text, "proto:") {
		t.Errorf("%s: %.200q: %q does not name %s", where, n.text, text, n.names)
	}
}

// TestNastyBodies sends what does not fit to every method, over REST and
// Connect: always the client's mistake, and the field is named.
func TestNastyBodies(t *testing.T) {
	t.Parallel()
	w := setup(t, unlimited)
	for _, e := range entrances(t) {
		t.Run(e.name[1:], func(t *testing.T) {
			t.Parallel()
			if e.hasBody {
				for _, n := range corpus(e.body, e.list, e.prefix) {
					check(t, "REST", n, w.owner(t, e.verb, e.path, n.text))
				}
			}
			for _, n := range corpus(e.input, false, "") {
				check(t, "Connect", n, w.owner(t, "POST", e.name, n.text, "Content-Type", "application/json"))
			}
		})
	}
}

// TestTwiceAndBeside is about members that must not stand together.
func TestTwiceAndBeside(t *testing.T) {
	t.Parallel()
	w := setup(t, unlimited)
	for _, e := range entrances(t) {
		if !e.hasBody || e.list {
			continue
		}
		t.Run(e.name[1:], func(t *testing.T) {
			t.Parallel()
			fields := e.body.Fields()
			for i := range fields.Len() {
				f := fields.Get(i)
				if value := right(f); value != "" {
					name := f.JSONName()
					text := fmt.Sprintf(`{"%s":%s,"%s":%s}`, name, value, f.Name(), value)
					check(t, "twice", nasty{text, name}, w.owner(t, e.verb, e.path, text))
				}
				if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() && o.Fields().Len() > 1 && o.Fields().Get(0) != f {
					first := o.Fields().Get(0)
					if right(f) != "" && right(first) != "" {
						text := fmt.Sprintf(`{"%s":%s,"%s":%s}`, first.JSONName(), right(first), f.JSONName(), right(f))
						check(t, "beside", nasty{text, f.JSONName()}, w.owner(t, e.verb, e.path, text))
					}
				}
			}
		})
	}
}

// right returns a value that f takes; "" where that is not worth the trouble.
func right(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsList():
		return `[]`
	case f.IsMap():
		return `{}`
	case f.Kind() == protoreflect.StringKind:
		return `"x"`
	case f.Kind() == protoreflect.BoolKind:
		return `true`
	case f.Kind() == protoreflect.MessageKind && !strings.HasPrefix(string(f.Message().FullName()), "google."):
		return `{}`
	default:
		return ""
	}
}

// TestNastyFrames sends broken protobuf and broken frames to every method over
// gRPC-Web, whose bodies are gRPC's: never INTERNAL or UNKNOWN.
func TestNastyFrames(t *testing.T) {
	t.Parallel()
	w := setup(t, unlimited)
	frame := func(flags byte, data []byte) string {
		return string(append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(data))), data...))
	}
	deep := []byte{}
	for range 2000 {
		deep = append(binary.AppendUvarint([]byte{0x0a}, uint64(len(deep))), deep...)
	}
	for _, e := range entrances(t) {
		t.Run(e.name[1:], func(t *testing.T) {
			t.Parallel()
			bodies := []string{
				"", "\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x00\x05ab", "\x80\x00\x00\x00\x00", "\xff\xff\xff\xff\xff", "\x00\xff\xff\xff\xff",
				frame(1, []byte("not gzip")), frame(0, []byte{0xff}), frame(0, []byte{0x0a, 0x7f}), frame(0, deep), frame(0, []byte{0x0b}), frame(0, []byte{0}),
			}
			for i := range e.input.Fields().Len() {
				f := e.input.Fields().Get(i)
				if f.Kind() == protoreflect.StringKind {
					bodies = append(bodies, frame(0, protowire.AppendString(protowire.AppendTag(nil, f.Number(), protowire.BytesType), "\xff")))
				}
				bodies = append(bodies, frame(0, protowire.AppendTag(nil, f.Number(), protowire.BytesType)))
			}
			for _, body := range bodies {
				header := []string{"Content-Type", "application/grpc-web+proto"}
				if strings.HasPrefix(body, "\x01") { // the answer will be compressed too
					header = append(header, "Grpc-Encoding", "gzip")
				}
				a := w.owner(t, "POST", e.name, body, header...)
				code := a.header.Get("Grpc-Status")
				if code == "" {
					_, trailers, _ := strings.Cut(strings.ToLower(a.body), "grpc-status: ")
					code, _, _ = strings.Cut(trailers, "\r\n")
				}
				if n, err := strconv.Atoi(code); err != nil || n == 2 || n == 13 || n == 14 || a.status != 200 {
					t.Errorf("%.60q: got %d %v %q", body, a.status, a.header, a.body)
				}
			}
		})
	}
}

// FuzzBodies sends anything to any method, over REST and Connect. Its seeds are
// the nasty bodies.
func FuzzBodies(f *testing.F) {
	all := entrances(f)
	dice := rand.New(rand.NewPCG(1, 2))
	for i, e := range all {
		texts := corpus(e.body, e.list, e.prefix)
		for range 3 { // the whole is TestNastyBodies
			f.Add(uint8(i), []byte(texts[dice.IntN(len(texts))].text), "query.limit=1")
		}
	}
	w := setup(f, unlimited)
	f.Fuzz(func(t *testing.T, which uint8, body []byte, query string) {
		e := all[int(which)%len(all)]
		for _, to := range []struct{ verb, path string }{{e.verb, e.path + "?" + query}, {http.MethodPost, e.name}} {
			r, err := http.NewRequestWithContext(context.Background(), to.verb, "http://"+w.addr+to.path, strings.NewReader(string(body)))
			if err != nil {
				t.Skip() // no URL
			}
			r.Header.Set("Authorization", "Bearer owner")
			r.Header.Set("Content-Type", "application/json")
			resp, err := w.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s %s with %.200q: %s, %v", to.verb, to.path, body, resp.Status, err)
			}
		}
	})
}
