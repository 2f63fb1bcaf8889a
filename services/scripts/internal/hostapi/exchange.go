package hostapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// maxURL is how much of an address is recorded, in bytes.
const maxURL = 2000

// outgoing is a call that is to be made.
type outgoing struct {
	method   string
	url      string
	header   http.Header
	body     io.Reader // nil for none; never a typed nil
	size     int       // bytes of body
	redirect string    // follow, error or manual
}

// answer is a response, read whole.
type answer struct {
	status     int
	statusText string
	header     http.Header
	body       []byte
	url        string
	redirected bool
}

var (
	errNotAllowed = errors.New("outgoing calls are not allowed here")
	errRedirect   = errors.New("redirect is not allowed")
)

// begin counts and records a call. The error is for one that must not be made.
// finished has to be called in the VM's goroutine.
func (s *session) begin(o outgoing) (finished func(*answer, error), err error) {
	if s.calls++; s.calls > s.cfg.HTTP.MaxCalls {
		return nil, fmt.Errorf("more than %d outgoing calls", s.cfg.HTTP.MaxCalls)
	}
	at := len(s.made)
	s.made = append(s.made, invocation.Call{Start: time.Now().UTC(), Method: cut(o.method, 20), URL: s.shownURL(o.url), Sent: o.size})
	finished = func(a *answer, err error) {
		record := &s.made[at]
		record.Duration = time.Since(record.Start)
		if err != nil {
			record.Error, record.Denied = s.Mask.Hide(err.Error(), maxURL), egress.RuleOf(err)
			return
		}
		record.Status, record.Received = a.status, len(a.body)
	}
	if !s.AllowHTTP {
		finished(nil, errNotAllowed)
		return nil, errNotAllowed
	}
	return finished, nil
}

// shownURL is an address as it may be kept: without user and password.
func (s *session) shownURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return s.Mask.Hide(text, maxURL)
	}
	if u.User != nil {
		u.User = url.User("redacted")
	}
	return s.Mask.Hide(u.String(), maxURL)
}

// exchange makes a call and reads the response. It knows no VM and may run in
// any goroutine.
func (h *Host) exchange(ctx context.Context, o outgoing) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, o.method, o.url, o.body)
	if err != nil {
		return nil, err
	}
	req.Header = o.header
	// net/http takes the host from here only.
	if host := o.header.Get("Host"); host != "" {
		req.Host = host
	}
	client := *h.client
	switch o.redirect {
	case "manual":
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	case "error":
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return errRedirect }
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := h.readBody(resp.Body)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: resp.StatusCode, statusText: http.StatusText(resp.StatusCode), header: resp.Header, body: body,
		url: resp.Request.URL.String(), redirected: resp.Request != req,
	}, nil
}

// readBody reads the whole body, or fails where it is too long.
func (h *Host) readBody(from io.Reader) ([]byte, error) {
	limit := h.cfg.HTTP.MaxBody
	body, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("response body is larger than %d bytes", limit)
	}
	return body, nil
}
