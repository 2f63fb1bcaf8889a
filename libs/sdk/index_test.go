package sdk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
	"github.com/actionplane/actionplane/proto/contract"
)

// patience bounds waiting for what must come.
const patience = 30 * time.Second

// lease is short, so that a test sees it end.
const lease = 300 * time.Millisecond

func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	giveUp := time.After(patience)
	for !so() {
		select {
		case <-again.C:
		case <-giveUp:
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// indexed returns a client whose index is read.
func indexed(t testing.TB, a *sdktest.Actionplane) (*sdk.Client, *nats.Conn) {
	t.Helper()
	nc := a.Connect(t)
	c, err := sdk.New(nc, sdk.Config{IndexLease: lease})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	eventually(t, "the index is read", func() bool { return !c.MayListen(sdk.KindRequest, "/never.S/M") })
	return c, nc
}

func TestIndexAnswersWhatNobodyListensTo(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	a.Listen(t, "request/a.S", "response/a.S/M", "function/f", "event/x", "event")
	c, _ := indexed(t, a)
	payload := []byte(`{"a":1}`)
	for range 100 {
		for _, run := range kinds {
			got, err := run(c, t.Context(), sdk.Hook{Method: "/b.S/M", Payload: payload})
			if err != nil || got.Changed || got.RunID != "" || len(got.Payload) > 0 && &got.Payload[0] != &payload[0] {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
	}
	asked := map[string]int{}
	for _, call := range a.Calls() {
		asked[call.Kind]++
	}
	// A function has no slash: it is the server's to refuse.
	if asked["request"]+asked["response"] > 5 || asked["function"] != 100 { // a lease may have ended on a slow machine
		t.Errorf("asked %v", asked)
	}
	for _, tt := range []struct {
		kind   sdk.Kind
		method string
	}{
		{sdk.KindRequest, "/a.S/M"}, {sdk.KindRequest, "a.S/N"}, {sdk.KindResponse, "/a.S/M"}, {sdk.KindFunction, "f"},
		// What cannot be is asked about, so that its maker is told.
		{sdk.KindRequest, ""}, {sdk.KindRequest, "/"}, {sdk.KindRequest, "b.S"}, {sdk.KindRequest, "//M"}, {sdk.KindRequest, "/b.S/"}, {sdk.KindRequest, "/b.S/M/N"},
		{sdk.KindRequest, "/b..S/M"}, {sdk.KindRequest, "/.S/M"}, {sdk.KindRequest, "/b./M"}, {sdk.KindRequest, "/b.S/M N"}, {sdk.KindRequest, "/b.*/M"},
		{sdk.KindRequest, "/b.S/\xff"}, {sdk.KindRequest, "/b.S/M\u200b"}, {sdk.KindRequest, "/b.S/" + strings.Repeat("M", 1000)}, {sdk.KindFunction, ""},
	} {
		if !c.MayListen(tt.kind, tt.method) {
			t.Errorf("nobody is asked about the %s %q", tt.kind, tt.method)
		}
	}
	for _, method := range []string{"/b.S/M", "b.S/M", "/a/M", "/a.S.T/M", "/é.S/M"} {
		eventually(t, method+" is silent", func() bool { return !c.MayListen(sdk.KindRequest, method) })
	}
}

func TestIndexSeesWhatIsSetLater(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	a.Listen(t)
	c, _ := indexed(t, a)
	for i := range 50 {
		method := fmt.Sprintf("/a.S/M%d", i)
		eventually(t, method+" is silent", func() bool { return !c.MayListen(sdk.KindResponse, method) })
		a.Listen(t, "response"+method)
		eventually(t, method+" is asked about", func() bool { return c.MayListen(sdk.KindResponse, method) })
	}
	a.Listen(t, "function/f", "response")
	eventually(t, "all responses are asked about", func() bool { return c.MayListen(sdk.KindResponse, "/b.S/M") })
	eventually(t, "requests are silent", func() bool { return !c.MayListen(sdk.KindRequest, "/a.S/M1") })
}

func TestIndexReadsManyPages(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	var ids []string
	for i := range 2500 {
		ids = append(ids, fmt.Sprintf("request/a.S/M%d", i))
	}
	a.Listen(t, ids...)
	c, _ := indexed(t, a)
	for _, id := range ids {
		if !c.MayListen(sdk.KindRequest, strings.TrimPrefix(id, "request")) {
			t.Fatalf("%s is missing", id)
		}
	}
}

func TestIndexThatIsNotKnownToBeFreshAsks(t *testing.T) {
	t.Parallel()
	asks := func(t *testing.T, c *sdk.Client) {
		t.Helper()
		eventually(t, "every hook asks", func() bool { return c.MayListen(sdk.KindRequest, "/never.S/M") })
	}
	feed := func(t *testing.T, nc *nats.Conn) jetstream.JetStream {
		t.Helper()
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		return js
	}
	t.Run("BeforeItIsRead", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil) // which lists no conditions
		c := a.Client(t)
		for range 3 {
			if _, err := c.Request(t.Context(), sdk.Hook{Method: method}); err != nil {
				t.Fatal(err)
			}
		}
		if len(a.Calls()) != 3 {
			t.Errorf("asked %d times", len(a.Calls()))
		}
	})
	t.Run("WithoutAConnection", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t)
		c, _ := indexed(t, a)
		a.Stop()
		asks(t, c)
	})
	t.Run("WithoutAFeed", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t)
		c, nc := indexed(t, a)
		if err := feed(t, nc).DeleteStream(t.Context(), contract.ChangesStream); err != nil {
			t.Fatal(err)
		}
		asks(t, c)
	})
	t.Run("BehindAFeedThatBeganAnewAndThenReadsAgain", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t, "request/a.S", "request/b.S")
		c, nc := indexed(t, a)
		js := feed(t, nc)
		if err := js.DeleteStream(t.Context(), contract.ChangesStream); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: contract.ChangesStream, Subjects: []string{contract.ChangeSubjects}}); err != nil {
			t.Fatal(err)
		}
		a.Listen(t, "request/c.S") // at a sequence that was there before
		eventually(t, "c.S is asked about for good", func() bool {
			return c.MayListen(sdk.KindRequest, "/c.S/M") && !c.MayListen(sdk.KindRequest, "/never.S/M")
		})
	})
	t.Run("AfterAChangeThatCannotBeRead", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t)
		c, nc := indexed(t, a)
		if _, err := feed(t, nc).Publish(t.Context(), contract.ChangeSubject(sdk.DefaultTenant, "execution"), []byte{0xff}); err != nil {
			t.Fatal(err)
		}
		asks(t, c)
		eventually(t, "it is read anew", func() bool { return !c.MayListen(sdk.KindRequest, "/never.S/M") })
	})
	t.Run("WhereItIsNotWanted", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t)
		indexed(t, a) // by then another one has read it
		c, err := sdk.New(a.Connect(t), sdk.Config{NoIndex: true})
		if err != nil {
			t.Fatal(err)
		}
		if !c.MayListen(sdk.KindRequest, "/never.S/M") || c.Close() != nil {
			t.Error("it has an index")
		}
	})
	t.Run("AfterClose", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t)
		c, _ := indexed(t, a)
		if err := c.Close(); err != nil || !c.MayListen(sdk.KindRequest, "/never.S/M") {
			t.Errorf("%v", err)
		}
	})
	t.Run("AndEndsWithItsConnection", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		a.Listen(t)
		_, err := sdk.New(a.Connect(t), sdk.Config{}) // goleak sees what is left
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestIndexOutlivesALostConnection(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	a.Listen(t, "request/a.S")
	c, nc := indexed(t, a)
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	a.Listen(t, "request/b.S")
	eventually(t, "b.S is asked about, and nothing else", func() bool {
		return c.MayListen(sdk.KindRequest, "/b.S/M") && !c.MayListen(sdk.KindRequest, "/never.S/M")
	})
}

// BenchmarkNobodyListens is the usual hook.
func BenchmarkNobodyListens(b *testing.B) {
	a := sdktest.Start(b, nil)
	for i := range 1000 {
		a.Listen(b, fmt.Sprintf("request/a.S%d/M", i))
	}
	c, err := sdk.New(a.Connect(b), sdk.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	h := sdk.Hook{Method: "/zitadel.session.v2.SessionService/ListSessions", Payload: []byte(`{"query":{"limit":10}}`)}
	eventually(b, "the index is read", func() bool { return !c.MayListen(sdk.KindRequest, h.Method) })
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Request(b.Context(), h); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(len(a.Calls())), "messages")
}
