package sender

import (
	"context"
	"errors"
	"time"
)

// attempt is the state of one Send.
type attempt struct {
	req      Request
	endpoint endpoint
	message  message
	started  time.Time
	deadline time.Time
	stage    Stage
	resp     Response
}

// newAttempt returns one with room for a usual message.
func newAttempt() any { return &attempt{message: message{head: make([]byte, 0, 4<<10)}} }

// clear makes it ready for the next Send, and forgets all but its buffer.
func (a *attempt) clear() { *a = attempt{message: message{head: a.message.head[:0]}} }

// run makes the attempt and fills a.resp; a.stage tells where it ended.
func (a *attempt) run(ctx context.Context, s *Sender) error {
	a.bound(ctx, s.config)
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	if a.endpoint, err = s.endpoints.of(a.req.URL); err != nil {
		return err
	}
	if err := a.message.encode(a.endpoint, &a.req); err != nil {
		return err
	}

	a.stage = StageWait
	l, err := s.pool.enter(ctx, originOf(a.endpoint, a.req.Allow, a.req.Identity), a.deadline)
	if err != nil {
		return err
	}
	defer s.pool.leave(l)
	a.resp.Timings.Wait = time.Since(a.started)
	return a.exchange(ctx, s, l)
}

// bound fixes the attempt's one deadline and its body limit.
func (a *attempt) bound(ctx context.Context, c Config) {
	timeout := c.Timeout
	if a.req.Timeout > 0 {
		timeout = a.req.Timeout
	}
	a.deadline = a.started.Add(timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(a.deadline) {
		a.deadline = d
	}
	if a.req.MaxBody <= 0 || a.req.MaxBody > c.MaxBody {
		a.req.MaxBody = c.MaxBody
	}
	if a.req.KeepBody <= 0 || a.req.KeepBody > a.req.MaxBody {
		a.req.KeepBody = a.req.MaxBody
	}
}

// exchange sends the message on a kept connection or on a new one. A kept
// connection that takes not one byte was closed by the target in the meantime:
// nothing was sent, so the next one may be tried.
func (a *attempt) exchange(ctx context.Context, s *Sender, l *lane) error {
	for {
		c, err := a.connect(ctx, s, l)
		if err != nil {
			return err
		}
		reusable, err := a.converse(ctx, c, s.config.MaxHead)
		if err == nil && reusable {
			s.pool.keep(l, c)
			return nil
		}
		_ = c.Close() // it is given up either way
		if !a.resp.Reused || !errors.Is(err, errNothingWritten) || isTimeout(err) {
			return err
		}
	}
}

// connect takes the most recently used connection or dials.
func (a *attempt) connect(ctx context.Context, s *Sender, l *lane) (*connection, error) {
	if c := s.pool.take(l); c != nil {
		a.resp.Reused, a.resp.Remote = true, c.remote
		return c, nil
	}
	a.resp.Reused = false
	ctx, cancel := context.WithDeadline(ctx, a.deadline)
	defer cancel()
	return a.dial(ctx, &s.dialer)
}

// dial opens a connection and, for https, secures it.
func (a *attempt) dial(ctx context.Context, d *dialer) (*connection, error) {
	a.stage = StageConnect
	began := time.Now()
	c, err := d.connect(ctx, a.endpoint, a.req.Allow)
	if err != nil {
		return nil, err
	}
	connected := time.Now()
	a.resp.Remote, a.resp.Timings.Connect = c.remote, connected.Sub(began)
	if !a.endpoint.secure {
		return c, nil
	}
	a.stage = StageTLS
	if err := d.handshake(ctx, c, a.endpoint.host, a.req.Identity); err != nil {
		_ = c.Close() // the error to report is the handshake's
		return nil, err
	}
	a.resp.Timings.TLS = time.Since(connected)
	return c, nil
}

// converse writes the message and reads the answer. It reports whether the
// connection is fit for another attempt.
func (a *attempt) converse(ctx context.Context, c *connection, maxHead int) (reusable bool, err error) {
	if err := c.SetDeadline(a.deadline); err != nil {
		return false, err
	}
	// Canceling the context moves the deadline into the past, which wakes
	// whatever read or write is under way.
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, c.interrupt)
	}
	defer func() {
		// Once it fired, it may yet run: the connection must not serve again.
		reusable = stop() && reusable
	}()

	a.stage = StageWrite
	sent := time.Now()
	if err := a.send(c); err != nil && (errors.Is(err, errNothingWritten) || isTimeout(err)) {
		return false, err
	} else if err != nil {
		// A target may answer and hang up before it has read everything, as
		// with 413; its answer says more than our broken pipe.
		before := a.resp
		if _, ignored := a.receive(c, sent, maxHead); ignored != nil {
			a.resp, a.stage = before, StageWrite
			return false, err
		}
		return false, nil
	}
	return a.receive(c, sent, maxHead)
}

// send writes the request.
func (a *attempt) send(c *connection) error {
	if a.resp.Reused {
		return c.ask(&a.message)
	}
	return a.message.writeTo(c)
}

// receive reads the answer that follows a request.
func (a *attempt) receive(c *connection, sent time.Time, maxHead int) (reusable bool, err error) {
	a.stage = StageHead
	if _, err := c.reader.Peek(1); err != nil {
		return false, err
	}
	a.resp.Timings.FirstByte = time.Since(sent)
	h, err := readHead(c.reader, maxHead)
	if err != nil {
		return false, err
	}
	a.resp.Status, a.resp.RetryAfter = h.status, h.retryAfter
	a.resp.ContentType, a.resp.ContentEncoding = h.contentType, h.contentEncoding
	a.stage = StageBody
	a.resp.Body, a.resp.BodySize, err = readBody(c.reader, h, a.req.MaxBody, a.req.KeepBody)
	if err != nil {
		return false, err
	}
	c.keepFor = h.keepAlive
	// Bytes beyond the answer would be taken for the next one.
	return h.persistent() && c.reader.Buffered() == 0, nil
}
