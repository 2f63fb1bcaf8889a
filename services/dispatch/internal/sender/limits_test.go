package sender

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// short is a timeout that is itself under test.
const short = 50 * time.Millisecond

const okHead = "HTTP/1.1 200 OK\r\nContent-Length: "

func TestOneDeadlineCoversEverything(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		serve func(net.Conn, *bufio.Reader)
		stage Stage
	}{
		{"SilentTarget", answer(""), StageHead},
		{"UnfinishedHead", answer("HTTP/1.1 200 OK\r\nA: b\r\n"), StageHead},
		{"DrippingHead", drip("HTTP/1.1 200 OK\r\n", "A: b\r\n"), StageHead},
		{"UnfinishedBody", answer(okHead + "10\r\n\r\n123"), StageBody},
		{"DrippingBody", drip(okHead+"1000000000\r\n\r\n", "x"), StageBody},
		{"DrippingChunks", drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), StageBody},
		{"DrippingUnframedBody", drip("HTTP/1.1 200 OK\r\n\r\n", "x"), StageBody},
	} {
		t.Run(c.name+"EndsAtTheTimeout", func(t *testing.T) {
			t.Parallel()
			resp, err := newSender(t, Config{MaxBody: 1 << 40}).Send(t.Context(), Request{URL: listen(t, c.serve), Timeout: short})
			_ = wantFailure(t, err, KindTimeout, c.stage)
			if !errors.Is(err, context.DeadlineExceeded) || resp.Duration < short {
				t.Errorf("error = %v after %s", err, resp.Duration)
			}
			if (c.stage == StageBody) != (resp.Status == 200) || resp.Body != nil {
				t.Errorf("response = %+v", resp)
			}
		})
		t.Run(c.name+"EndsAtTheContextsDeadline", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), short)
			defer cancel()
			_, err := newSender(t, Config{MaxBody: 1 << 40}).Send(ctx, Request{URL: listen(t, c.serve), Timeout: time.Hour})
			_ = wantFailure(t, err, KindTimeout, c.stage)
		})
		t.Run(c.name+"EndsWhenCanceled", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			url := listen(t, func(conn net.Conn, r *bufio.Reader) {
				c.serve(conn, bufio.NewReader(io.MultiReader(peek(r, cancel), r)))
			})
			_, err := newSender(t, Config{MaxBody: 1 << 40}).Send(ctx, Request{URL: url, Timeout: time.Hour})
			var f *Failure
			if !errors.As(err, &f) || f.Kind != KindCanceled || !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v", err)
			}
		})
	}
	t.Run("TargetThatDoesNotReadEndsAtTheTimeout", func(t *testing.T) {
		t.Parallel()
		done := make(chan struct{})
		url := listen(t, func(net.Conn, *bufio.Reader) { <-done })
		_, err := newSender(t, Config{}).Send(t.Context(), Request{URL: url, Timeout: short, Body: make([]byte, 64<<20)})
		_ = wantFailure(t, err, KindTimeout, StageWrite)
		close(done)
	})
	t.Run("SilentTLSEndsAtTheTimeout", func(t *testing.T) {
		t.Parallel()
		url := listen(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
		_, err := newSender(t, Config{}).Send(t.Context(), Request{URL: strings.Replace(url, "http:", "https:", 1), Timeout: short})
		_ = wantFailure(t, err, KindTimeout, StageTLS)
	})
	t.Run("ACanceledContextDialsNothing", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newSender(t, Config{}).Send(ctx, Request{URL: "http://127.0.0.1:1"})
		_ = wantFailure(t, err, KindCanceled, StagePrepare)
	})
	t.Run("WaitingForASlotCounts", func(t *testing.T) {
		t.Parallel()
		entered, release := make(chan struct{}), make(chan struct{})
		url := listen(t, func(c net.Conn, r *bufio.Reader) {
			if readRequest(r) == nil {
				close(entered)
				<-release
				_, _ = io.WriteString(c, okHead+"0\r\n\r\n")
			}
		})
		s := newSender(t, Config{MaxConnsPerHost: 1})
		first := make(chan error, 1)
		go func() {
			_, err := s.Send(t.Context(), Request{URL: url})
			first <- err
		}()
		<-entered
		_, err := s.Send(t.Context(), Request{URL: url, Timeout: short})
		_ = wantFailure(t, err, KindTimeout, StageWait)
		ctx, cancel := context.WithTimeout(t.Context(), short)
		defer cancel()
		_, err = s.Send(ctx, Request{URL: url})
		_ = wantFailure(t, err, KindTimeout, StageWait)
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

// drip sends head and then a piece again and again, each as its own write.
func drip(head, piece string) func(net.Conn, *bufio.Reader) {
	return func(c net.Conn, r *bufio.Reader) {
		if readRequest(r) != nil {
			return
		}
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for text := head; ; text = piece {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			<-tick.C
		}
	}
}

// peek calls f once the first byte has arrived, and yields nothing.
func peek(r *bufio.Reader, f func()) io.Reader {
	_, _ = r.Peek(1)
	f()
	return strings.NewReader("")
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	endless := func(head string) func(net.Conn, *bufio.Reader) {
		return func(c net.Conn, r *bufio.Reader) {
			if readRequest(r) != nil {
				return
			}
			_, err := io.WriteString(c, head)
			for piece := []byte(strings.Repeat("x", 1<<14)); err == nil; {
				_, err = c.Write(piece)
			}
		}
	}
	for _, c := range []struct {
		name  string
		serve func(net.Conn, *bufio.Reader)
		stage Stage
	}{
		{"AClaimedLengthBeyondTheLimit", answer(okHead + "10737418240\r\n\r\n"), StageBody},
		{"AnEndlessUnframedBody", endless("HTTP/1.1 200 OK\r\n\r\n"), StageBody},
		{"AnEndlessChunk", endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n"), StageBody},
		{"AnEndlessHeaderLine", endless("HTTP/1.1 200 OK\r\nA: "), StageHead},
		{"AnEndlessStatusLine", endless("HTTP/1.1 200 "), StageHead},
		{"EndlessTrailers", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", 2000)), StageBody},
		{"ManyHeaders", answer("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 20_000)), StageHead},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp, err := send(t, newSender(t, Config{MaxBody: 1 << 20}), Request{URL: listen(t, c.serve)})
			_ = wantFailure(t, err, KindTooLarge, c.stage)
			if resp.Body != nil || resp.BodySize > 1<<20+1 {
				t.Errorf("%d bytes were read, %d kept", resp.BodySize, len(resp.Body))
			}
		})
	}
	t.Run("ExactlyTheLimitPasses", func(t *testing.T) {
		t.Parallel()
		server := sized(t)
		s := newSender(t, Config{MaxBody: 1000})
		if resp, err := send(t, s, Request{URL: server + "/1000"}); err != nil || len(resp.Body) != 1000 {
			t.Errorf("1000 bytes: %d, %v", len(resp.Body), err)
		}
		_, err := send(t, s, Request{URL: server + "/1001"})
		_ = wantFailure(t, err, KindTooLarge, StageBody)
	})
	t.Run("ACallMayLowerItsLimitButNotRaiseIt", func(t *testing.T) {
		t.Parallel()
		server := sized(t)
		s := newSender(t, Config{MaxBody: 1000})
		_, err := send(t, s, Request{URL: server + "/11", MaxBody: 10})
		_ = wantFailure(t, err, KindTooLarge, StageBody)
		_, err = send(t, s, Request{URL: server + "/2000", MaxBody: 1 << 20})
		_ = wantFailure(t, err, KindTooLarge, StageBody)
	})
	t.Run("KeepsOnlyTheBytesAskedFor", func(t *testing.T) {
		t.Parallel()
		server := sized(t)
		s := newSender(t, Config{})
		for _, path := range []string{"/100000", "/chunked"} {
			resp, err := send(t, s, Request{URL: server + path, KeepBody: 10})
			if err != nil || len(resp.Body) != 10 || resp.BodySize != 100_000 {
				t.Errorf("%s: kept %d of %d, %v", path, len(resp.Body), resp.BodySize, err)
			}
		}
	})
	t.Run("TheDefaultIs20MiB", func(t *testing.T) {
		t.Parallel()
		_, err := send(t, newSender(t, Config{}), Request{URL: listen(t, answer(okHead+"20971521\r\n\r\n"))})
		_ = wantFailure(t, err, KindTooLarge, StageBody)
	})
}

// sized answers /n with n bytes and /chunked with 100,000 in chunks.
func sized(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, ok := digits([]byte(r.URL.Path[1:]))
		if !ok {
			n = 100_000
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), int(n)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
