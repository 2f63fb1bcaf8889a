package sender

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// BenchmarkSend compares one POST of 1 KiB to the same receiver through the
// clients there are. The two bare ones do less: no guard, no common deadline,
// no cancellation (fasthttp), no bounds.
func BenchmarkSend(b *testing.B) {
	url := receiver(b)
	body := bytes.Repeat([]byte("a"), 1024)
	for _, client := range []struct {
		name string
		post func() error
	}{
		{"NetHTTP", bareNetHTTP(b, url, body)},
		{"FastHTTP", bareFastHTTP(b, url, body)},
		{"Sender", ours(context.Background(), b, url, body)},
		{"SenderCancelable", ours(cancelable(b), b, url, body)},
	} {
		for _, callers := range []int{1, 64} {
			b.Run(client.name+"/"+strconv.Itoa(callers), func(b *testing.B) {
				b.ReportAllocs()
				share(b, callers, client.post)
			})
		}
	}
}

// share runs post b.N times, spread over callers.
func share(b *testing.B, callers int, post func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := post(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// receiver answers 200 and nothing, as cheaply as there is.
func receiver(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &fasthttp.Server{Handler: func(*fasthttp.RequestCtx) {}, CloseOnShutdown: true, IdleTimeout: time.Minute}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	b.Cleanup(func() {
		_ = server.Shutdown()
		wg.Wait()
	})
	return "http://" + l.Addr().String() + "/hook"
}

func bareNetHTTP(b *testing.B, url string, body []byte) func() error {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return func() error {
		resp, err := client.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
}

func bareFastHTTP(b *testing.B, url string, body []byte) func() error {
	client := &fasthttp.Client{MaxIdleConnDuration: time.Second}
	b.Cleanup(client.CloseIdleConnections)
	return func() error {
		req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(resp)
		req.SetRequestURI(url)
		req.Header.SetMethod(fasthttp.MethodPost)
		req.SetBodyRaw(body)
		return client.DoTimeout(req, resp, 10*time.Second)
	}
}

func ours(ctx context.Context, b *testing.B, url string, body []byte) func() error {
	s := newSender(b, Config{})
	req := Request{URL: url, Body: body, Timeout: 10 * time.Second, Header: []Field{{"webhook-id", "42"}}}
	return func() error {
		_, err := s.Send(ctx, req)
		return err
	}
}

func cancelable(b *testing.B) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	return ctx
}
