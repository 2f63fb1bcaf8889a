package sdkhttp

import (
	"bufio"
	"bytes"
	"maps"
	"net"
	"net/http"
	"strconv"
)

// heldResponse keeps a response that can be shown back until it is known
// whether it may be sent. What cannot be shown passes at once.
type heldResponse struct {
	to     http.ResponseWriter
	limit  int64
	before http.Header // as it was before the handler: what a refusal goes back to
	status int         // 0 until the handler has written it
	body   bytes.Buffer
	passed bool
}

func newHeldResponse(to http.ResponseWriter, limit int64) *heldResponse {
	return &heldResponse{to: to, limit: limit, before: to.Header().Clone()}
}

// Header implements http.ResponseWriter.
func (h *heldResponse) Header() http.Header { return h.to.Header() }

// WriteHeader implements http.ResponseWriter.
func (h *heldResponse) WriteHeader(status int) {
	switch {
	case h.passed:
		h.to.WriteHeader(status) // net/http says what is wrong with that
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		h.to.WriteHeader(status) // a hint, not the response
	case h.status == 0:
		h.status = status
		if status/100 != 2 || !isJSON(h.Header()) {
			h.pass()
		}
	}
}

// Write implements http.ResponseWriter. What grows beyond the limit is passed
// on as it is.
func (h *heldResponse) Write(b []byte) (int, error) {
	if h.status == 0 {
		h.WriteHeader(http.StatusOK)
	}
	if !h.passed && int64(h.body.Len()+len(b)) > h.limit {
		h.pass()
	}
	if h.passed {
		return h.to.Write(b)
	}
	return h.body.Write(b)
}

// Flush implements http.Flusher. It does not send what is held back.
func (h *heldResponse) Flush() {
	if h.passed {
		_ = http.NewResponseController(h.to).Flush() // as http.Flusher, which has no error
	}
}

// Hijack implements http.Hijacker: whoever takes the connection answers.
func (h *heldResponse) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.to).Hijack()
	h.passed = h.passed || err == nil
	return conn, rw, err
}

// Unwrap lets an http.ResponseController reach the deadlines of the connection.
func (h *heldResponse) Unwrap() http.ResponseWriter { return h.to }

// release sends the response with body in place of its own.
func (h *heldResponse) release(body []byte) {
	if h.Header().Get("Content-Length") != "" && len(body) > 0 {
		h.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	h.body.Reset()
	h.body.Write(body)
	h.pass()
}

// refuse answers with err in place of the response.
func (h *heldResponse) refuse(err error) {
	clear(h.Header())
	maps.Copy(h.Header(), h.before)
	WriteError(h.to, err)
}

// pass sends what there is, and lets everything that follows through.
func (h *heldResponse) pass() {
	h.passed = true
	if h.status != 0 {
		h.to.WriteHeader(h.status)
	}
	if h.body.Len() > 0 {
		_, _ = h.to.Write(h.body.Bytes()) // the client went away; the handler's next write says so
	}
	h.body.Reset()
}
