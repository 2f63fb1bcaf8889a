package gateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/host"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/gateway"
	"github.com/actionplane/actionplane/services/gateway/internal/cloudevents"
)

// webCall is a message of a gRPC-Web request.
func webCall(t *testing.T, m proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(data))), data...)
}

// chunked is base64 in chunks of a few bytes, each padded for itself.
func chunked(b []byte) string {
	var text strings.Builder
	for i := 0; i < len(b); i += 4 {
		text.WriteString(base64.StdEncoding.EncodeToString(b[i:min(i+4, len(b))]))
	}
	return text.String()
}

// webAnswer reads a gRPC-Web text answer: the message, nil where there is none,
// and the trailers.
func webAnswer(t *testing.T, text string) (message []byte, trailers string) {
	t.Helper()
	var all []byte
	for i := 0; i+4 <= len(text); i += 4 { // as clients do, for padding may stand anywhere
		b, err := base64.StdEncoding.DecodeString(text[i : i+4])
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		all = append(all, b...)
	}
	for len(all) >= 5 {
		n := binary.BigEndian.Uint32(all[1:5])
		if frame := all[5 : 5+n]; all[0]&0x80 != 0 {
			trailers = string(frame)
		} else {
			message = frame
		}
		all = all[5+n:]
	}
	return message, trailers
}

func TestGRPCWebText(t *testing.T) {
	t.Parallel()
	w := setup(t)
	notFound(w)
	call := func(t *testing.T, client *http.Client, contentType string, body io.Reader) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.addr+actionv3alpha.ZITADELActionsGetTarget.FullName, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", "Bearer owner")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{resp.StatusCode, resp.Header, string(text)}
	}
	one, two := webCall(t, &actionv3alpha.GetTargetRequest{Id: "1"}), webCall(t, &actionv3alpha.GetTargetRequest{Id: "2"})
	for over, client := range map[string]*http.Client{"HTTP1": w.client, "HTTP2": http2Client(t)} {
		for _, contentType := range []string{"application/grpc-web-text", "application/grpc-web-text+proto"} {
			for name, text := range map[string]string{"Whole": base64.StdEncoding.EncodeToString(one), "InChunks": chunked(one), "InLines": chunked(one)[:8] + "\r\n" + chunked(one)[8:]} {
				t.Run(over+"/"+name+"/"+contentType[12:], func(t *testing.T) {
					t.Parallel()
					for _, body := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
						a := call(t, client, contentType, body)
						message, trailers := webAnswer(t, a.body)
						out := new(actionv3alpha.GetTargetResponse)
						if err := proto.Unmarshal(message, out); err != nil || out.GetTarget().GetSigningKey() != "k" {
							t.Errorf("got %d %v, %v", a.status, out, err)
						}
						if a.header.Get("Content-Type") != contentType || !strings.Contains(strings.ToLower(trailers), "grpc-status: 0") {
							t.Errorf("got %v, trailers %q", a.header, trailers)
						}
					}
				})
			}
		}
		t.Run(over+"/Errors", func(t *testing.T) {
			t.Parallel()
			a := call(t, client, "application/grpc-web-text", strings.NewReader(chunked(two)))
			_, trailers := webAnswer(t, a.body)
			got := strings.ToLower(trailers) + " " + a.header.Get("Grpc-Status")
			if !strings.Contains(got, "grpc-status: 5") && a.header.Get("Grpc-Status") != "5" {
				t.Errorf("got %d %v %q", a.status, a.header, trailers)
			}
		})
		t.Run(over+"/NotBase64", func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{"!!!!", "AAA", "AAAAAAI"} {
				a := call(t, client, "application/grpc-web-text", strings.NewReader(text))
				_, trailers := webAnswer(t, a.body)
				if s := strings.ToLower(trailers) + "grpc-status: " + a.header.Get("Grpc-Status"); !strings.Contains(s, "grpc-status: 3") {
					t.Errorf("%q: got %d %v %q", text, a.status, a.header, trailers)
				}
			}
		})
	}
}

func TestCORSOfEveryProtocol(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, client := range []*http.Client{w.client, http2Client(t)} {
		for _, path := range []string{targets, actionv3alpha.ZITADELActionsGetTarget.FullName} {
			asked := w.do(t, client, "OPTIONS", path, "", "Origin", "https://page.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,x-grpc-web")
			if allowed := asked.header.Get("Access-Control-Allow-Headers"); asked.status != 204 || asked.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(allowed, "X-Grpc-Web") {
				t.Errorf("%s: got %d %v", path, asked.status, asked.header)
			}
		}
		for _, contentType := range []string{"application/json", "application/grpc-web+proto", "application/grpc-web-text", "application/connect+json"} {
			a := w.do(t, client, "POST", actionv3alpha.ZITADELActionsGetTarget.FullName, "", "Origin", "https://page.example", "Content-Type", contentType)
			if a.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "Grpc-Status") {
				t.Errorf("%s: got %d %v", contentType, a.status, a.header)
			}
		}
		if a := w.do(t, client, "POST", targets, strings.Repeat("x", 5<<20), "Origin", "https://page.example"); a.status != 413 || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("a refusal: %d %v", a.status, a.header)
		}
	}
}

func TestGRPCClients(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.MaxRequest = 64 << 10 })
	notFound(w)
	targets := actionv3alpha.NewZITADELActionsClient(w.grpc(t))
	t.Run("Compressed", func(t *testing.T) {
		t.Parallel()
		out, err := targets.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "1"}, grpc.UseCompressor(gzip.Name))
		if err != nil || out.GetTarget().GetSigningKey() != "k" {
			t.Errorf("got %v, %v", out, err)
		}
		_, err = targets.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: strings.Repeat("x", 100<<10)}, grpc.UseCompressor(gzip.Name))
		if status.Code(err) != codes.ResourceExhausted { // it is small on the wire alone
			t.Errorf("got %v", err)
		}
	})
	t.Run("Metadata", func(t *testing.T) {
		t.Parallel()
		var header metadata.MD
		if _, err := targets.GetTarget(as(t, "owner", "x-request-id", "mine"), &actionv3alpha.GetTargetRequest{Id: "1"}, grpc.Header(&header)); err != nil {
			t.Fatal(err)
		}
		if got := header.Get("x-request-id"); len(got) != 1 || got[0] != "mine" {
			t.Errorf("got %v", header)
		}
	})
	t.Run("ValidationNamesTheField", func(t *testing.T) {
		t.Parallel()
		_, err := targets.CreateTarget(as(t, "owner"), &actionv3alpha.CreateTargetRequest{Target: &actionv3alpha.Target{}})
		s := status.Convert(err)
		if s.Code() != codes.InvalidArgument || len(s.Details()) != 1 {
			t.Fatalf("got %v", err)
		}
		d, ok := s.Details()[0].(*errdetails.BadRequest)
		if !ok || len(d.GetFieldViolations()) != 1 || d.GetFieldViolations()[0].GetField() != "target.target_type" {
			t.Errorf("got %v", s.Details())
		}
	})
	t.Run("NotUTF8", func(t *testing.T) {
		t.Parallel()
		// a message that a client in another language may send
		a := w.owner(t, "POST", actionv3alpha.ZITADELActionsGetTarget.FullName, "\x12\x02\xff\xfe", "Content-Type", "application/proto")
		a.want(t, 400, `{"code":"invalid_argument","message":"unmarshal message: invalid GetTargetRequest.id: must be UTF-8"}`)
		a = w.owner(t, "POST", actionv3alpha.ZITADELActionsGetTarget.FullName, "\x12\x7f", "Content-Type", "application/proto")
		a.want(t, 400, `{"code":"invalid_argument","message":"unmarshal message: invalid GetTargetRequest.id: malformed protobuf"}`)
	})
	t.Run("TooLargeForTheProtocolsOfBrowsers", func(t *testing.T) {
		t.Parallel()
		body := strings.Repeat("x", 100<<10)
		a := w.owner(t, "POST", actionv3alpha.ZITADELActionsGetTarget.FullName, body, "Content-Type", "application/grpc-web+proto")
		if got := a.header.Get("Grpc-Status"); a.status != 200 || got != "8" {
			t.Errorf("got %d, %v", a.status, a.header)
		}
		a = w.owner(t, "POST", actionv3alpha.ZITADELActionsGetTarget.FullName, body, "Content-Type", "application/json")
		a.want(t, 429, `{"code":"resource_exhausted","message":"the request body is larger than 65536 bytes"}`)
	})
	t.Run("ConnectRefusalsHaveTheirHeaders", func(t *testing.T) {
		t.Parallel()
		a := w.do(t, w.client, "POST", actionv3alpha.ZITADELActionsGetTarget.FullName, "{}", "Content-Type", "application/json")
		if a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("got %d %v", a.status, a.header)
		}
	})
	t.Run("OldReflection", func(t *testing.T) {
		t.Parallel()
		// the client falls back to v1alpha where it is told that v1 is not there
		refusing := connect.WithInterceptors(refuseV1{})
		stream := grpcreflect.NewClient(http2Client(t), "http://"+w.addr, connect.WithGRPC(), refusing).NewStream(t.Context())
		if names, err := stream.ListServices(); err != nil || len(names) == 0 {
			t.Errorf("got %v, %v", names, err)
		}
		if _, err := stream.Close(); err != nil && !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

// refuseV1 answers for a server that has reflection v1alpha alone.
type refuseV1 struct{}

func (refuseV1) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

func (refuseV1) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func (refuseV1) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		if strings.Contains(spec.Procedure, ".v1.") {
			return refusedConn{conn}
		}
		return conn
	}
}

type refusedConn struct{ connect.StreamingClientConn }

func (refusedConn) Receive(any) error {
	return connect.NewError(connect.CodeUnimplemented, errors.New("v1"))
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, client := range []*http.Client{w.client, http2Client(t)} {
		a := w.do(t, client, "GET", targets+"/1", "", "Authorization", "Bearer owner")
		if a.header.Get("Cache-Control") != "no-store" || len(a.header.Get("X-Request-Id")) < 20 {
			t.Errorf("got %v", a.header)
		}
		for sent, kept := range map[string]bool{"req-1/2": true, "a b": false, `"`: false, strings.Repeat("x", 200): false} {
			a := w.do(t, client, "GET", "/nowhere", "", "X-Request-Id", sent)
			if got := a.header.Get("X-Request-Id"); (got == sent) != kept || got == "" {
				t.Errorf("%q became %q", sent, got)
			}
		}
		for _, contentType := range []string{"application/grpc", "application/grpc-web+proto", "application/connect+json", "application/proto"} {
			a := w.do(t, client, "POST", targets, "{}", "Authorization", "Bearer owner", "Content-Type", contentType)
			a.want(t, 415, `{"code":3,"message":"`+contentType+` is spoken at POST /package.Service/Method; send application/json here"}`)
		}
		for _, contentType := range []string{"", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"} {
			a := w.do(t, client, "POST", actions+"/_search", `{"query":{"limit":1}}`, "Authorization", "Bearer owner", "Content-Type", contentType)
			a.want(t, 200, `{}`)
		}
		for path, want := range map[string]string{
			"?query.limit=x":                 invalid("query.limit: must be an integer from 0 to 4294967295", "query.limit", "must be an integer from 0 to 4294967295"),
			"?query.limit=1&query.limit=2":   invalid("query.limit: must be given once", "query.limit", "must be given once"),
			"?instance.id=1&query.desc=si":   invalid("query.desc: must be true or false", "query.desc", "must be true or false"),
			"?sorting_column=NO":             "",
			"?query.limit.x=1":               "",
			"?unknown=1&query.unknown=2&x.y": `{}`,
		} {
			a := w.do(t, client, "POST", targets+"/_search"+path, `[]`, "Authorization", "Bearer owner")
			name, _, _ := strings.Cut(strings.TrimPrefix(path, "?"), "=")
			if want == "" {
				if a.status != 400 || !strings.Contains(a.body, name) {
					t.Errorf("%s: got %d %s", path, a.status, a.body)
				}
			} else if a.body != want {
				t.Errorf("%s: got %d %s", path, a.status, a.body)
			}
		}
		if a := w.do(t, client, "GET", targets+"/1/", "", "Authorization", "Bearer owner"); a.status != 404 || !strings.HasPrefix(a.body, `{"code":5,`) {
			t.Errorf("a trailing slash: %d %s", a.status, a.body)
		}
		if a := w.do(t, client, "DELETE", targets, "", "Authorization", "Bearer owner"); a.status != 405 || !strings.HasPrefix(a.body, `{"code":12,`) {
			t.Errorf("a wrong verb: %d %s", a.status, a.body)
		}
	}
}

func TestCloudEvents(t *testing.T) {
	t.Parallel()
	w := setup(t)
	want := &actionplanev1.PublishEventRequest{Event: &eventsv1.Event{Id: cloudevents.ID("/s", "1"), Type: "user.added", AggregateId: "u1", OrderingKey: "k", Payload: []byte(`{"z":1.0, "a":2}`), Attributes: map[string]string{"id": "1", "source": "/s"}}}
	for _, client := range []*http.Client{w.client, http2Client(t)} {
		w.do(t, client, "POST", "/actionplane/v1/events", `{"specversion":"1.0","id":"1","source":"/s","type":"user.added","subject":"u1","partitionkey":"k","data":{"z":1.0, "a":2}}`,
			"Authorization", "Bearer owner", "Content-Type", "application/cloudevents+json; charset=UTF-8").want(t, 202, `{}`)
		if got := w.last(t).request; !proto.Equal(got, want) {
			t.Errorf("structured: the owner got %v", got)
		}
		w.do(t, client, "POST", "/actionplane/v1/events", `{"z":1.0, "a":2}`, "Authorization", "Bearer owner", "Content-Type", "application/json",
			"ce-specversion", "1.0", "ce-id", "1", "ce-source", "/s", "ce-type", "user.added", "ce-subject", "u1", "ce-partitionkey", "k").want(t, 202, `{}`)
		if got := w.last(t).request; !proto.Equal(got, want) {
			t.Errorf("binary: the owner got %v", got)
		}
		w.do(t, client, "POST", "/actionplane/v1/events", `[{"specversion":"1.0","id":"1","source":"/s","type":"user.added","subject":"u1","partitionkey":"k","data":{"z":1.0, "a":2}}]`,
			"Authorization", "Bearer owner", "Content-Type", "application/cloudevents-batch+json").want(t, 202, `{}`)
		if got := w.last(t).request; !proto.Equal(got, &actionplanev1.PublishEventsRequest{Events: []*eventsv1.Event{want.GetEvent()}}) {
			t.Errorf("batch: the owner got %v", got)
		}
		w.do(t, client, "POST", "/actionplane/v1/events", `x`, "Authorization", "Bearer owner", "Content-Type", "text/plain",
			"ce-specversion", "1.0", "ce-id", "1", "ce-source", "/s", "ce-type", "user.added").
			want(t, 415, `{"code":3,"message":"content-type: data of type \"text/plain\" is not supported: send JSON"}`)
		w.do(t, client, "POST", "/actionplane/v1/events", `{"specversion":"1.0","id":"1","source":"/s"}`, "Authorization", "Bearer owner", "Content-Type", "application/cloudevents+json").
			want(t, 400, invalid("type: is required", "type", "is required"))
		if a := w.do(t, client, "POST", "/actionplane/v1/events", `{"specversion":"1.0","id":"1","source":"/s","type":"a"}`, "Content-Type", "application/cloudevents+json"); a.status != 401 {
			t.Errorf("without a token: %d", a.status)
		}
	}
}

// TestASenderIsHurriedWhenTheProcessStops is about clients that send slowly: a
// stop must not wait for them as long as they may take otherwise.
func TestASenderIsHurriedWhenTheProcessStops(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]*http.Client{"HTTP1": http1Client(t, nil), "HTTP2": http2Client(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.SendGrace = 1 })
			body, sending := io.Pipe()
			defer func() { _ = sending.Close() }()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.addr+targets, body)
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = 10
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				if resp, err := client.Do(r); err == nil { // or the connection was closed
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			}()
			if _, err := sending.Write(bytes.Repeat([]byte(" "), 5)); err != nil {
				t.Fatal(err)
			}
			if err := w.stop(); err != nil { // 30 s, were it not for the grace
				t.Error(err)
			}
			_ = sending.Close()
			<-answered
		})
	}
}
