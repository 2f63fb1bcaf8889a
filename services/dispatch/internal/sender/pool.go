package sender

import (
	"context"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/egress"
)

// origin is what connections must have in common to stand in for each other.
// The exemption is part of it: a connection that one target's allow list
// admitted must not serve a target without it. So is the identity: whoever has
// shown a certificate speaks for its owner only.
type origin struct {
	secure   bool
	host     string
	port     string
	allow    string
	identity string
}

func originOf(e endpoint, allow egress.AllowList, i *Identity) origin {
	return origin{secure: e.secure, host: e.host, port: e.port, allow: allow.String(), identity: i.name()}
}

// lane holds the slots and the kept connections of one origin. It lives as long
// as it has either.
type lane struct {
	origin origin
	users  int           // attempts that entered and have not left
	slots  chan struct{} // filled by attempts that may use a connection
	idle   []*connection // oldest first
}

// pool keeps connections between attempts. It has no goroutine: a timer closes
// what was kept too long.
type pool struct {
	maxPerHost     int
	maxIdlePerHost int
	maxIdle        int
	idleTimeout    time.Duration

	mu     sync.Mutex
	lanes  map[origin]*lane
	idle   int
	timer  *time.Timer // of sweep; set while connections are kept
	closed bool
}

func newPool(c Config) *pool {
	return &pool{
		maxPerHost:     c.MaxConnsPerHost,
		maxIdlePerHost: c.MaxIdlePerHost,
		maxIdle:        c.MaxIdle,
		idleTimeout:    c.IdleTimeout,
		lanes:          map[origin]*lane{},
	}
}

// enter waits for a slot of the origin. After a nil error the caller must leave.
func (p *pool) enter(ctx context.Context, o origin, deadline time.Time) (*lane, error) {
	l, err := p.join(o)
	if err != nil {
		return nil, err
	}
	select {
	case l.slots <- struct{}{}:
		return l, nil
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
		return l, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = errSlotTimeout
	}
	p.part(l)
	return nil, err
}

// leave gives the slot back.
func (p *pool) leave(l *lane) {
	<-l.slots
	p.part(l)
}

func (p *pool) join(o origin) (*lane, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	l := p.lanes[o]
	if l == nil {
		l = &lane{origin: o, slots: make(chan struct{}, p.maxPerHost)}
		p.lanes[o] = l
	}
	l.users++
	return l, nil
}

func (p *pool) part(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.users--
	p.forget(l)
}

// forget drops a lane that nothing uses. The caller holds p.mu.
func (p *pool) forget(l *lane) {
	if l.users == 0 && len(l.idle) == 0 {
		delete(p.lanes, l.origin)
	}
}

// take returns the lane's most recently used connection that was not kept too
// long, or nil. It closes those that were.
func (p *pool) take(l *lane) *connection {
	for {
		c := p.pop(l)
		if c == nil {
			return nil
		}
		if !c.expired(time.Now(), p.idleTimeout) {
			return c
		}
		_ = c.Close() // nothing is in flight on it
	}
}

func (p *pool) pop(l *lane) *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(l.idle) - 1
	if last < 0 {
		return nil
	}
	c := l.idle[last]
	l.idle[last] = nil
	l.idle = l.idle[:last]
	p.idle--
	return c
}

// keep stores a connection for the next attempt, or closes it if there is no
// room.
func (p *pool) keep(l *lane, c *connection) {
	if !p.store(l, c) {
		_ = c.Close() // the answer is complete, nothing depends on it
	}
}

func (p *pool) store(l *lane, c *connection) bool {
	c.idleSince = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.idle >= p.maxIdle || len(l.idle) >= p.maxIdlePerHost {
		return false
	}
	l.idle = append(l.idle, c)
	p.idle++
	if p.timer == nil {
		p.timer = time.AfterFunc(p.idleTimeout, p.sweep)
	}
	return true
}

// sweep closes expired connections and comes back while any are left.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	now := time.Now()
	for _, l := range p.lanes {
		p.dropExpired(l, now)
		p.forget(l)
	}
	p.timer = nil
	if p.idle > 0 {
		p.timer = time.AfterFunc(p.idleTimeout/2, p.sweep)
	}
}

// dropExpired closes and removes expired connections. The caller holds p.mu.
func (p *pool) dropExpired(l *lane, now time.Time) {
	kept := l.idle[:0]
	for _, c := range l.idle {
		if c.expired(now, p.idleTimeout) {
			_ = c.Close() // nothing is in flight on it
			continue
		}
		kept = append(kept, c)
	}
	p.idle -= len(l.idle) - len(kept)
	clear(l.idle[len(kept):])
	l.idle = kept
}

// close closes what is kept and refuses what comes.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	for _, l := range p.lanes {
		for _, c := range l.idle {
			_ = c.Close() // nothing is in flight on it
		}
		p.idle -= len(l.idle)
		l.idle = nil
		p.forget(l)
	}
}
