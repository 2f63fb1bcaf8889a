package cache_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cacheserver"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/fault"
)

func TestRedisConforms(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) cache.Cache { return cachetest.New(t) })
}

func TestOpen(t *testing.T) {
	t.Parallel()

	t.Run("MalformedURLIsInvalidAndStaysSecret", func(t *testing.T) {
		t.Parallel()
		for _, url := range []string{"", "http://user:hunter2@host", "redis://:hunter2@host/x", "redis://:hunter2@host?no=1", "redis://:hunter2@ho st"} {
			_, err := cache.Open(t.Context(), url)
			if fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("Open(%q) = %v, want a fault.Invalid", url, err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error shows the password: %v", err)
			}
		}
	})

	t.Run("PrefixesKeepServicesApart", func(t *testing.T) {
		t.Parallel()
		url := cachetest.URL(t)
		a, b := cachetest.Open(t, url, cache.WithPrefix("apart-a")), cachetest.Open(t, url, cache.WithPrefix("apart-b"))
		if err := a.Set(t.Context(), "key", []byte("a"), time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, found, err := b.Get(t.Context(), "key"); found || err != nil {
			t.Errorf("Get = %t, %v; want a miss", found, err)
		}
		if found, err := a.GetMulti(t.Context(), "key"); err != nil || string(found["key"]) != "a" {
			t.Errorf("GetMulti = %q, %v; want the key without its prefix", found, err)
		}
	})
}

func TestRedisAway(t *testing.T) {
	t.Parallel()

	t.Run("IsUnavailableForEveryCall", func(t *testing.T) {
		t.Parallel()
		c := cachetest.Open(t, "redis://"+deadAddress(t))
		_, _, get := c.Get(t.Context(), "key")
		_, multi := c.GetMulti(t.Context(), "key")
		for name, err := range map[string]error{
			"Get": get, "GetMulti": multi,
			"Set":    c.Set(t.Context(), "key", nil, time.Hour),
			"Delete": c.Delete(t.Context(), "key"),
			"Ping":   c.Ping(t.Context()),
		} {
			if fault.CodeOf(err) != fault.CodeUnavailable {
				t.Errorf("%s = %v, want a fault.Unavailable", name, err)
			}
		}
	})

	t.Run("IsNotDialedByEveryCall", func(t *testing.T) {
		t.Parallel()
		address, dialed := silentServer(t)
		c := cachetest.Open(t, "redis://"+address)
		for range 10_000 { // at 200 ms each this would take half an hour
			if _, _, err := c.Get(t.Context(), "key"); fault.CodeOf(err) != fault.CodeUnavailable {
				t.Fatalf("Get = %v, want a fault.Unavailable", err)
			}
		}
		if n := dialed.Load(); n > 100 {
			t.Errorf("10000 calls dialed %d times", n)
		}
	})

	t.Run("CallerWithLittleTimeFindsOutToo", func(t *testing.T) {
		t.Parallel()
		address, dialed := silentServer(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		c, err := cache.Open(ctx, "redis://"+address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		<-ctx.Done()
		if _, _, err := c.Get(t.Context(), "key"); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("Get = %v, want a fault.Unavailable", err)
		}
		if n := dialed.Load(); n != 1 {
			t.Errorf("dialed %d times, want only by Open", n)
		}
	})

	t.Run("ComesBack", func(t *testing.T) {
		t.Parallel()
		server := cacheServer(t)
		address := deadAddress(t)
		c := cachetest.Open(t, strings.Replace(server.URL(), hostOf(t, server), address, 1))
		if _, _, err := c.Get(t.Context(), "key"); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Fatalf("Get = %v, want a fault.Unavailable", err)
		}
		forward(t, listen(t, address), hostOf(t, server))
		for t.Context().Err() == nil { // until the pause is over
			if _, _, err := c.Get(t.Context(), "key"); err == nil {
				break
			}
			runtime.Gosched()
		}
	})
}

func TestRefusedCallIsNotUnavailable(t *testing.T) {
	t.Parallel()
	c := cachetest.Open(t, "redis://"+hostOf(t, cacheServer(t))) // without the password
	for range 2 {                                                // no pause after the first
		_, _, err := c.Get(t.Context(), "key")
		if fault.CodeOf(err) != fault.CodeInternal {
			t.Errorf("Get = %v, want a fault.Internal", err)
		}
	}
}

func TestTelemetryShowsCallsWithoutKeys(t *testing.T) {
	t.Parallel()
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	c := cachetest.Open(t, cachetest.URL(t), cache.WithTelemetry(traces,
		sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	ctx, parent := traces.Tracer("test").Start(t.Context(), "parent")
	if err := c.Set(ctx, "secret-key", []byte("secret-value"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "secret-key", []byte("secret-value"), time.Hour); err != nil { // begins no trace
		t.Fatal(err)
	}

	var names []string
	for _, span := range spans.Ended() {
		names = append(names, span.Name())
		for _, a := range span.Attributes() {
			if a.Value.Type() == attribute.STRING && strings.Contains(a.Value.AsString(), "secret") {
				t.Errorf("span %q shows %s=%q", span.Name(), a.Key, a.Value.AsString())
			}
		}
	}
	if len(names) != 1 || names[0] != "SET" || spans.Ended()[0].Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("spans = %q, want one of the call", names)
	}
	var metrics metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &metrics); err != nil || len(metrics.ScopeMetrics) == 0 {
		t.Errorf("metrics = %v, %v; want the pool's", metrics, err)
	}
}

func TestCloseFailsLaterCalls(t *testing.T) {
	t.Parallel()
	c, err := cache.Open(t.Context(), cachetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), "key"); err == nil {
		t.Error("Get after Close = nil")
	}
}

// deadAddress returns an address of this machine where nobody listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// silentServer accepts connections and never answers; dialed counts them.
func silentServer(t *testing.T) (address string, dialed *atomic.Int64) {
	t.Helper()
	dialed = new(atomic.Int64)
	l := listen(t, "127.0.0.1:0")
	serve(t, l, func(c net.Conn) {
		dialed.Add(1)
		t.Cleanup(func() { _ = c.Close() })
	})
	return l.Addr().String(), dialed
}

func cacheServer(t *testing.T) *cacheserver.Server {
	t.Helper()
	server, err := cacheserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// hostOf returns the host and port in the server's URL.
func hostOf(t *testing.T, server *cacheserver.Server) string {
	t.Helper()
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// forward connects every caller of l to address.
func forward(t *testing.T, l net.Listener, address string) {
	t.Helper()
	var copying sync.WaitGroup
	t.Cleanup(copying.Wait) // runs after those below have hung up
	serve(t, l, func(caller net.Conn) {
		callee, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = callee.Close() })
		for _, pair := range [][2]net.Conn{{caller, callee}, {callee, caller}} {
			copying.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
			})
		}
	})
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve hands every connection to handle until the test ends.
func serve(t *testing.T, l net.Listener, handle func(net.Conn)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				return
			}
			handle(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
}
