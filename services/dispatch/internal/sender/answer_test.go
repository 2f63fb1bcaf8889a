package sender

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// parse reads a whole answer with our parser.
func parse(raw []byte) (answerHead, []byte, error) {
	r := bufio.NewReaderSize(bytes.NewReader(raw), readBuffer)
	h, err := readHead(r, 64<<10)
	if err != nil {
		return h, nil, err
	}
	body, _, err := readBody(r, h, 1<<20, 1<<20)
	return h, body, err
}

func TestReadHead(t *testing.T) {
	t.Parallel()
	t.Run("TakesWhatRecordsNeed", func(t *testing.T) {
		t.Parallel()
		h, _, err := parse([]byte("HTTP/1.1 429\nCONTENT-TYPE:\ttext/plain \r\nretry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n" +
			"Content-Encoding: br\r\nKeep-Alive: max=5, timeout=72\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"))
		want := answerHead{
			status: 429, contentType: "text/plain", contentEncoding: "br", retryAfter: "Fri, 31 Dec 1999 23:59:59 GMT", keepAlive: 72 * time.Second,
		}
		if err != nil || h != want {
			t.Errorf("head = %+v, %v", h, err)
		}
	})
	t.Run("DropsValuesThatAStoreMayRefuse", func(t *testing.T) {
		t.Parallel()
		h, _, err := parse([]byte("HTTP/1.1 200 OK\r\nContent-Type: a\tb\r\nRetry-After: \xff\r\nContent-Length: 0\r\n\r\n"))
		if err != nil || h.contentType != "" || h.retryAfter != "" {
			t.Errorf("head = %+v, %v", h, err)
		}
	})
	t.Run("ReadsLinesLongerThanItsBuffer", func(t *testing.T) {
		t.Parallel()
		long := strings.Repeat("x", 3*readBuffer)
		h, body, err := parse([]byte("HTTP/1.1 200 OK\r\nContent-Type: " + long + "\r\nContent-Length: 2\r\n\r\nhi"))
		if err != nil || h.contentType != long || string(body) != "hi" {
			t.Errorf("content type of %d bytes, body %q, %v", len(h.contentType), body, err)
		}
	})
}

// FuzzAnswer holds our parser against net/http's: what we accept it must
// accept, with the same status and body. Being stricter is allowed.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\r\n\r\nhi",
		"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\nA:\n b\nContent-Length: 0\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, body, err := parse(raw)
		if err != nil {
			if errors.Is(err, io.EOF) {
				t.Errorf("a bare EOF: %v", err)
			}
			return
		}
		status, want, err := reference(raw)
		if err != nil {
			t.Fatalf("we accept %q, net/http does not: %v", raw, err)
		}
		if h.status != status || !bytes.Equal(body, want) {
			t.Errorf("%q: we read %d %q, net/http %d %q", raw, h.status, body, status, want)
		}
	})
}

// reference reads an answer with net/http, skipping interim ones as its client
// does.
func reference(raw []byte) (int, []byte, error) {
	r := bufio.NewReader(bytes.NewReader(raw))
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodPost})
		if err != nil {
			return 0, nil, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode >= 200 {
			return resp.StatusCode, body, err
		}
	}
}
