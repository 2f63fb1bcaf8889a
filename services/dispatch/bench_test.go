package dispatch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
)

// counter counts what a receiver got.
type counter struct {
	n       atomic.Int64
	awaited atomic.Int64
	reached chan struct{}
}

// expect returns what is closed once n more calls came.
func (c *counter) expect(n int) <-chan struct{} {
	c.n.Store(0)
	c.reached = make(chan struct{})
	c.awaited.Store(int64(n))
	return c.reached
}

func (c *counter) count(*fasthttp.RequestCtx) {
	if c.n.Add(1) == c.awaited.Load() {
		close(c.reached)
	}
}

// sink answers 200 and nothing, as cheaply as there is, and counts.
func sink(b *testing.B) (url string, count *counter) {
	b.Helper()
	count = new(counter)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &fasthttp.Server{Handler: count.count, CloseOnShutdown: true, IdleTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	b.Cleanup(func() {
		_ = server.Shutdown()
		serving.Wait()
	})
	return "http://" + l.Addr().String() + "/hook", count
}

// share calls f n times from some callers and returns how long that took.
func share(b *testing.B, n, callers int, f func(i int) error) time.Duration {
	b.Helper()
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := f(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

var kilobyte = []byte(`{"text":"` + string(bytes.Repeat([]byte("a"), 1000)) + `"}`)

// bare posts a kilobyte with nothing around it.
func bare(b *testing.B, url string) func(int) error {
	b.Helper()
	allow, err := egress.ParseAllow("127.0.0.0/8")
	if err != nil {
		b.Fatal(err)
	}
	s := sender.New(sender.Config{Allow: allow})
	b.Cleanup(s.Close)
	return func(int) error {
		_, err := s.Send(context.Background(), sender.Request{URL: url, Body: kilobyte, Timeout: 10 * time.Second})
		return err
	}
}

// netHTTP posts a kilobyte through Go's own client: the loop that the design's
// limits are measured in.
func netHTTP(b *testing.B, url string) func(int) error {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return func(int) error {
		resp, err := client.Post(url, "application/json", bytes.NewReader(kilobyte))
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
}

// compare reports how long n operations took, in units of what the bare sender
// and Go's own client need for as many posts to the same receiver.
func compare(b *testing.B, url string, callers int, operations func() time.Duration) {
	b.Helper()
	sender := share(b, b.N, callers, bare(b, url))
	client := share(b, b.N, callers, netHTTP(b, url))
	b.ResetTimer()
	took := operations()
	b.StopTimer()
	b.ReportMetric(float64(took)/float64(sender), "x/sender")
	b.ReportMetric(float64(took)/float64(client), "x/nethttp")
}

// BenchmarkRunHook is a hook with one target, over the bus, signed, recorded.
func BenchmarkRunHook(b *testing.B) {
	h := newHouse(b)
	h.start(b, quick())
	url, _ := sink(b)
	chain := &dispatchv1.Chain{Condition: "request/a.B/C", Steps: []*targetsv1.TargetSnapshot{target("1", url, webhook, true)}}
	run := func(int) error {
		_, err := h.hooks.RunHook(context.Background(), &dispatchv1.RunHookCommand{RunId: h.ids.Next(), Chain: chain,
			Trigger: &dispatchv1.RunHookCommand_Request{Request: &hooksv1.RunRequestHookRequest{Method: "/a.B/C", Payload: kilobyte}}})
		return err
	}
	for _, callers := range []int{1, 64} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			share(b, 200, callers, run)
			compare(b, url, callers, func() time.Duration { return share(b, b.N, callers, run) })
		})
	}
}

// BenchmarkDeliverEvent is events, published, delivered, signed and recorded,
// at 64 callers.
func BenchmarkDeliverEvent(b *testing.B) {
	h := newHouse(b)
	h.start(b, quick())
	url, count := sink(b)
	chain := &dispatchv1.Chain{Condition: "event/a.b", Steps: []*targetsv1.TargetSnapshot{target("1", url, webhook, false)}}
	subject := contract.DeliverEventSubject(string(tenant.Default))
	var round atomic.Int64
	publish := func(i int) error {
		id := h.ids.Next()
		data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{RunId: id, Chain: chain,
			Event: &eventsv1.Event{Id: fmt.Sprintf("%d-%d", round.Load(), i), Type: "a.b", Payload: kilobyte}})
		if err != nil {
			return err
		}
		return h.conn.Publish(context.Background(), subject, id, nil, data)
	}
	compare(b, url, 64, func() time.Duration {
		round.Add(1)
		all, start := count.expect(b.N), time.Now()
		share(b, b.N, 64, publish)
		<-all
		return time.Since(start)
	})
}
