package hostapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/loop"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a VM with the host functions in it.
type world struct {
	vm      *goja.Runtime
	logs    *LogBook
	loop    *loop.Loop
	session *Session
}

func newWorld(t *testing.T, cfg Config, allow ...string) *world {
	t.Helper()
	allowed, err := egress.ParseAllow(strings.Join(allow, ","))
	if err != nil {
		t.Fatal(err)
	}
	transport := NewTransport(TransportConfig{Allow: allowed})
	t.Cleanup(transport.CloseIdleConnections)
	host, err := New(cfg, Deps{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	vm := goja.New()
	doc := payload.New(vm)
	secrets := invocation.Secrets{"key": "hush-hush", "quoted": `a"b`}
	mask := NewMask(secrets)
	w := &world{vm: vm, logs: host.NewLogBook(mask), loop: loop.New()}
	deadline := time.Now().Add(20 * time.Second)
	w.session, err = host.Install(context.Background(), vm, Scope{
		Logs: w.logs, Mask: mask, Secrets: secrets, Loop: w.loop, AllowHTTP: true,
		Deadline: func() time.Time { return deadline },
		Encode:   func(v goja.Value) ([]byte, error) { return doc.Encode(v, 1<<20) },
		Decode:   doc.Decode,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// eval runs script and returns its value as JSON, or the exception's text.
func (w *world) eval(t *testing.T, script string) string {
	t.Helper()
	v, err := w.vm.RunString(script)
	var exception *goja.Exception
	if errors.As(err, &exception) {
		return exception.Value().String()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.loop.Run(context.Background(), time.Now().Add(20*time.Second), func() bool { return false }); err != nil {
		t.Fatal(err)
	}
	if p, ok := v.Export().(*goja.Promise); ok {
		if v = p.Result(); p.State() == goja.PromiseStateRejected {
			return v.String()
		}
	}
	raw, err := json.Marshal(v.Export())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRequire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	for _, path := range []string{`"fs"`, `"/etc/passwd"`, `"./x.js"`, `"zitadel/log/"`, `"util"`, `""`, `1`, `undefined`, `{toString: () => "zitadel/log"}`, `"__proto__"`} {
		if got := w.eval(t, `require(`+path+`)`); got != "GoError: Invalid module" {
			t.Errorf("require(%s) gives %s", path, got)
		}
	}
	if got := w.eval(t, `try { require("fs") } catch (e) { e.message }`); got != `"Invalid module"` {
		t.Errorf("caught %s", got)
	}
	if got := w.eval(t, `require("zitadel/log") === require("zitadel/log")`); got != "true" {
		t.Error("a module is made twice")
	}
	if got := w.eval(t, `const l = require("zitadel/log"); l.extra = 1; l.log = 2; delete l.info; [Object.keys(l), l.extra, l.log, l.info === undefined, "warn" in l]`); got != `[["log","debug","warn","error","extra"],1,2,true,true]` {
		t.Errorf("a module that was changed is %s", got)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		`log("%s %d %i %f %j %%", "a", "7", 7.9, 0.5, {b: [1]}, "rest", 1)`: `a 7 7 0.5 {"b":[1]} % rest 1`,
		`log("%s and %x %", {})`: `{} and %x %`,
		`log("%s")`:              `%s`,
		`log({a: 1}, [1, {b: 2}], null, undefined, true)`: `{"a":1} [1,{"b":2}] null undefined true`,
		`log({toString: () => "mine"}, new Error("e"))`:   `mine Error: e`,
		`log("%o", () => 1)`:                              `undefined`,
		`log()`:                                           ``,
	} {
		w := newWorld(t, Config{})
		w.eval(t, `const {log} = require("zitadel/log"); `+script)
		if entries := w.logs.Entries(); len(entries) != 1 || entries[0].Message != want || entries[0].Level != slog.LevelInfo {
			t.Errorf("%s logs %v, want %s", script, entries, want)
		}
	}
	t.Run("Levels", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, Config{})
		w.eval(t, `for (const level of ["log", "info", "debug", "warn", "error"]) console[level](level)`)
		want := []slog.Level{0, 0, slog.LevelDebug, slog.LevelWarn, slog.LevelError}
		for i, entry := range w.logs.Entries() {
			if entry.Level != want[i] {
				t.Errorf("%s has level %v", entry.Message, entry.Level)
			}
		}
	})
	t.Run("Bounds", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, Config{Logs: LogConfig{MaxEntries: 3, MaxMessage: 10, MaxBytes: 25}})
		w.eval(t, `console.log("12345678é"); console.log("123456789é"); `)
		if e := w.logs.Entries(); e[0].Message != "12345678é" || e[1].Message != "123456789" || !w.logs.Truncated() {
			t.Errorf("entries are %v", e)
		}
		w.eval(t, `console.log("1234567890"); console.log("over")`)
		if e := w.logs.Entries(); len(e) != 3 || e[2].Message != "123456" {
			t.Errorf("entries are %v", e)
		}
	})
	t.Run("ExceptionsOfTheScriptPass", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, Config{})
		if got := w.eval(t, `try { console.log({toString() { throw "mine" }}) } catch (e) { e }`); got != `"mine"` {
			t.Errorf("caught %s", got)
		}
	})
}

func TestUUID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.eval(t, `const u = require("zitadel/uuid")`)
	for script, version := range map[string]uuid.Version{`u.v1()`: 1, `u.v4()`: 4, `u.v7()`: 7} {
		var text string
		if err := json.Unmarshal([]byte(w.eval(t, script)), &text); err != nil {
			t.Fatal(err)
		}
		id, err := uuid.Parse(text)
		if err != nil || id.Version() != version {
			t.Errorf("%s gives %s, %v", script, text, err)
		}
		if version == 1 && id[10]&1 == 0 {
			t.Errorf("%s names real hardware", text)
		}
	}
	want := `["` + uuid.NewMD5(uuid.NameSpaceDNS, []byte("a.b")).String() + `","` + uuid.NewSHA1(uuid.NameSpaceURL, []byte("x")).String() + `"]`
	if got := w.eval(t, `[u.v3(u.namespaceDNS, "a.b"), u.v5(u.namespaceURL, "x")]`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.eval(t, `try { u.v3("no", "x") } catch (e) { e.name }`); got != `"GoError"` {
		t.Errorf("a bad namespace gives %s", got)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", "yes")
		w.WriteHeader(http.StatusTeapot)
		_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "body": string(body), "type": r.Header["Content-Type"], "accept": r.Header["Accept"], "x": r.Header["X"]})
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 2000)) })
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:1/", http.StatusFound)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	cfg := Config{HTTP: HTTPConfig{MaxCalls: 3, MaxBody: 1000}}
	prepare := `const http = require("zitadel/http"), url = "` + server.URL + `"; `

	for _, test := range []struct{ name, script, want string }{
		{"Defaults", `const r = http.fetch(url + "/echo"); [r.status, r.json().method, r.json().body, r.json().type, r.json().accept, r.headers["X-Seen"]]`, `[418,"GET","",["application/json"],["application/json"],["yes"]]`},
		{"OptionsReplaceHeaders", `const r = http.fetch(url + "/echo", {method: "POST", headers: {X: "a, b", Accept: ["c,d"]}, body: {n: [1]}}).json(); [r.method, r.body, r.x, r.accept, r.type]`, `["POST","{\"n\":[1]}",["a","b"],["c,d"],null]`},
		{"TextBodyIsJSON", `http.fetch(url + "/echo", {method: "PUT", body: "a=b"}).json().body`, `"\"a=b\""`},
		{"BodyAndTextAreTheSame", `const r = http.fetch(url + "/echo"); r.body === r.text()`, `true`},
		{"UnknownOptionIsRefused", `http.fetch(url, {mode: "cors"})`, `GoError: key is invalid: mode`},
		{"NeedsAUrl", `http.fetch()`, `GoError: fetch takes a url and options`},
		{"UrlIsAText", `http.fetch(5)`, `GoError: url must be a string`},
		{"LargeBodyIsRefused", `http.fetch(url + "/big")`, `GoError: response body is larger than 1000 bytes`},
		{"ErrorsCanBeCaught", `try { http.fetch("http://127.0.0.1:1/") } catch (e) { e.message.includes("refused") }`, `true`},
		{"OtherSchemesAreRefused", `try { http.fetch("file:///etc/passwd") } catch (e) { e.message.includes("unsupported protocol") }`, `true`},
		{"RedirectsAreChecked", `try { http.fetch(url + "/elsewhere") } catch (e) { e.message.includes("EXEC-N5lu09") }`, `true`},
		{"CallsAreCounted", `for (let i = 0; i < 3; i++) http.fetch(url + "/echo"); http.fetch(url + "/echo")`, `GoError: more than 3 outgoing calls`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cfg, "127.0.0.1/32")
			if got := w.eval(t, prepare+test.script); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	t.Run("PrivateAddressesAreDenied", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{"127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "[fd00::1]"} {
			w := newWorld(t, cfg)
			got := w.eval(t, `try { require("zitadel/http").fetch("http://`+address+`:80/") } catch (e) { e.message }`)
			if !strings.Contains(got, egress.ErrorID) {
				t.Errorf("%s gives %s", address, got)
			}
		}
	})
}
