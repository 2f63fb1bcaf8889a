package courier

import (
	"context"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Deliver takes an event's run: steps, body and ids of deliveries are set. It
// does not wait; done is called once the run is committed with whatever its
// first attempts have come to by then, and holds up other commits until it
// returns. An error means that it is not committed, or not known to be: then
// the message must come again.
func (c *Courier) Deliver(ctx context.Context, r run.Run, done func(error)) {
	f := c.firstsOf(ctx, r, done)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.start()
	if f.quick == 0 {
		f.commit()
		return
	}
	f.hold = time.AfterFunc(c.cfg.Hold, f.overdue)
}

// Keep is Deliver without first attempts: they are the loop's, which serves all
// tenants alike.
func (c *Courier) Keep(ctx context.Context, r run.Run, done func(error)) {
	f := c.firstsOf(ctx, r, done)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commit()
}

func (c *Courier) firstsOf(ctx context.Context, r run.Run, done func(error)) *firsts {
	return &firsts{courier: c, ctx: c.inFlight.begin(ctx), run: r, done: done, tries: make([]first, len(r.Deliveries))}
}

// Number gives a run and its deliveries new ids.
func (c *Courier) Number(r *run.Run) {
	r.ID = run.ID(c.deps.IDs.NextNumber())
	c.NumberDeliveries(r)
}

// NumberDeliveries gives a run's deliveries new ids.
func (c *Courier) NumberDeliveries(r *run.Run) {
	for i := range r.Deliveries {
		d := &r.Deliveries[i]
		d.Run, d.ID = r.ID, run.DeliveryID(c.deps.IDs.NextNumber())
	}
}

// firsts are the first attempts of a run. First the run is ours: what attempts
// come to changes it. Then it is committed as it is, and what comes later is
// reported, if it was, and forgotten, if it was not.
type firsts struct {
	courier *Courier
	ctx     context.Context //nolint:containedctx // lives exactly as long as the run's first attempts
	done    func(error)
	hold    *time.Timer

	mu    sync.Mutex
	stage stage
	again bool // it got other ids and is committed again
	run   run.Run
	tries []first // by step
	quick int     // attempts under way that are worth waiting for
	late  []reported
}

// stage is how far a run has come.
type stage uint8

const (
	ours stage = iota
	committing
	committed
	dropped // not committed: nobody wants to know
)

type reported struct {
	index  int
	quick  bool
	report run.Report
}

// start starts an attempt of every delivery that is due, as far as there are
// slots.
func (f *firsts) start() {
	now := time.Now()
	for i := range f.run.Deliveries {
		d := &f.run.Deliveries[i]
		if d.State != delivery.Scheduled || d.Due.After(now) {
			continue
		}
		f.startOne(i, d, now)
	}
}

func (f *firsts) startOne(i int, d *run.Delivery, now time.Time) {
	slow := f.courier.slow.of(targetOf(*d))
	x := f.courier.first.take(d.Tenant, slow)
	if x == nil {
		return
	}
	next, err := d.Apply(delivery.Start(now))
	if err != nil {
		x.release()
		return
	}
	d.Delivery, d.Lease = next, now.Add(d.Timeout+f.courier.cfg.Lease)
	if !slow {
		f.quick++
	}
	try := &f.tries[i]
	*try = first{of: f, index: i, slow: slow, slot: x, sent: *d}
	try.sent.Body = f.run.Body
	f.courier.inFlight.Go(try.make)
}

// first is the first attempt of a delivery.
type first struct {
	of    *firsts
	index int
	slow  bool
	slot  *slot
	sent  run.Delivery // as it was then
}

func (t *first) make() {
	c := t.of.courier
	caller := c.deps.First
	if t.slow {
		caller = c.deps.Caller
	}
	ctx, span := beginFirst(t.of.ctx, t.sent)
	report := c.try(ctx, caller, &t.sent)
	conclude(span, report)
	span.End()
	t.slot.release()
	t.of.hear(reported{t.index, !t.slow, report})
}

// hear takes what an attempt came to.
func (f *firsts) hear(r reported) {
	f.mu.Lock()
	switch f.stage {
	case ours:
		f.take(r)
		if f.quick == 0 {
			f.commit()
		}
	case committing:
		f.late = append(f.late, r)
	case committed:
		defer f.follow(r)
	case dropped:
	}
	f.mu.Unlock()
}

// overdue commits the run although attempts are under way, and remembers the
// targets that have not answered: for a while, messages are not held for their
// sake, and they share slots with their like.
func (f *firsts) overdue() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stage != ours {
		return
	}
	for i, d := range f.run.Deliveries {
		if d.State == delivery.Sending {
			f.courier.slow.blame(targetOf(d))
			f.tries[i].slot.lasts()
		}
	}
	f.commit()
}

// take applies a result and starts what it lets go.
func (f *firsts) take(r reported) {
	if r.quick {
		f.quick--
	}
	d := &f.run.Deliveries[r.index]
	next, ok := r.report.Apply(*d)
	if !ok {
		return
	}
	if r.report.Sent() {
		next.Attempts = append(next.Attempts, r.report.Attempt)
	}
	*d = next
	if len(f.run.Deliveries) == 1 {
		return // nothing waits for it
	}
	for i, moved := range run.Advance(f.run.Deliveries, r.report.Event.At) {
		f.run.Deliveries[i].Delivery = moved
	}
	f.start()
}

// commit hands the run in as it is.
func (f *firsts) commit() {
	f.stage = committing
	if f.hold != nil {
		f.hold.Stop()
	}
	f.courier.runs.Hand(f.ctx, f.run, f.told)
}

// told takes the answer. Ids come from several machines and may, once in a
// lifetime, meet; then the run gets others.
func (f *firsts) told(err error) {
	f.mu.Lock()
	if fault.CodeOf(err) == fault.CodeAlreadyExists && !f.again {
		defer f.mu.Unlock()
		f.again = true
		f.courier.Number(&f.run)
		f.commit()
		return
	}
	late := f.late
	f.late, f.stage = nil, committed
	if err != nil {
		f.stage = dropped
	}
	f.mu.Unlock()
	if err == nil {
		for _, r := range late {
			f.courier.inFlight.Go(func() { f.follow(r) })
		}
		f.courier.deps.Meters.EventRan(f.ctx, &f.run)
		f.courier.kickFor(f.run.Deliveries)
	}
	f.done(err)
}

// follow reports a result that came too late for the run's own transaction.
func (f *firsts) follow(r reported) {
	d := f.run.Deliveries[r.index]
	r.report.Run, r.report.Delivery = d.Run, d.ID
	f.courier.report(f.ctx, r.report, d.Lease)
}

// kickFor wakes the loop where it has something to do.
func (c *Courier) kickFor(deliveries []run.Delivery) {
	for _, d := range deliveries {
		if d.State.Waiting() {
			c.Kick()
			return
		}
	}
}
