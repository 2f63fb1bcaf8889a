package courier

import (
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Deliver takes an event's run: steps, body and ids of deliveries are set. It
// returns once the run is committed with whatever its first attempts have come
// to by then. An error means that it is not, or not known to be: then the
// message must come again.
func (c *Courier) Deliver(ctx context.Context, r run.Run) error {
	f := c.begin(ctx, r)
	f.wait()
	if err := c.commit(ctx, &f.run); err != nil {
		f.end() // nobody would know the results
		f.drop()
		return err
	}
	f.leave()
	for _, d := range f.run.Deliveries {
		if d.State.Waiting() {
			c.Kick()
			break
		}
	}
	return nil
}

// commit stores the run. Ids come from several machines and may, once in a
// lifetime, meet; then it gets others.
func (c *Courier) commit(ctx context.Context, r *run.Run) error {
	err := c.runs.Commit(ctx, *r)
	if fault.CodeOf(err) != fault.CodeAlreadyExists {
		return err
	}
	if err := c.Number(r); err != nil {
		return err
	}
	return c.runs.Commit(ctx, *r)
}

// Number gives a run and its deliveries new ids.
func (c *Courier) Number(r *run.Run) error {
	id, err := run.ParseID(c.deps.IDs.Next())
	if err != nil {
		return err
	}
	r.ID = id
	return c.NumberDeliveries(r)
}

// NumberDeliveries gives a run's deliveries new ids.
func (c *Courier) NumberDeliveries(r *run.Run) (err error) {
	for i := range r.Deliveries {
		d := &r.Deliveries[i]
		d.Run = r.ID
		if d.ID, err = run.ParseDeliveryID(c.deps.IDs.Next()); err != nil {
			return err
		}
	}
	return nil
}

// firsts are the first attempts of a run. Only its own methods change the run,
// one at a time; attempts hand in what they came to.
type firsts struct {
	courier *Courier
	ctx     context.Context //nolint:containedctx // lives exactly as long as the run's first attempts
	end     func()
	run     run.Run
	results chan reported
	slots   []*slot // of the attempts, by step
	pending int     // attempts under way
	quick   int     // those of them that are worth waiting for
}

type reported struct {
	index  int
	quick  bool
	report run.Report
}

// begin starts the attempts of those steps that may go.
func (c *Courier) begin(ctx context.Context, r run.Run) *firsts {
	f := &firsts{courier: c, run: r, results: make(chan reported, len(r.Deliveries)), slots: make([]*slot, len(r.Deliveries))}
	f.ctx, f.end = c.inFlight.begin(ctx)
	f.start()
	return f
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
	f.pending++
	f.slots[i] = x
	if !slow {
		f.quick++
	}
	caller := f.courier.deps.First
	if slow {
		caller = f.courier.deps.Caller
	}
	sent := *d
	sent.Body = f.run.Body
	f.courier.inFlight.work.Go(func() {
		defer x.release()
		ctx, span := beginFirst(f.ctx, sent)
		report := f.courier.try(ctx, caller, sent)
		conclude(span, report)
		span.End()
		f.results <- reported{i, !slow, report}
	})
}

// wait takes results until there are all of those that can be expected soon, or
// for as long as a message is held.
func (f *firsts) wait() {
	if f.quick == 0 {
		return
	}
	hold := time.NewTimer(f.courier.cfg.Hold)
	defer hold.Stop()
	for f.quick > 0 {
		select {
		case r := <-f.results:
			f.take(r)
		case <-hold.C:
			f.blame()
			return
		}
	}
}

// blame remembers the targets that have not answered: for a while, messages are
// not held for their sake, and they share slots with their like.
func (f *firsts) blame() {
	for i, d := range f.run.Deliveries {
		if d.State == delivery.Sending {
			f.courier.slow.blame(targetOf(d))
			f.slots[i].lasts()
		}
	}
}

// take applies a result and starts what it lets go.
func (f *firsts) take(r reported) {
	f.pending--
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
	for i, moved := range run.Advance(f.run.Deliveries, r.report.Event.At) {
		f.run.Deliveries[i].Delivery = moved
	}
	f.start()
}

// leave lets the attempts go on that are still under way.
func (f *firsts) leave() {
	if f.pending == 0 {
		f.end()
		return
	}
	f.courier.inFlight.work.Go(func() {
		defer f.end()
		f.follow()
	})
}

// follow reports the results that came too late for the run's own transaction.
func (f *firsts) follow() {
	for ; f.pending > 0; f.pending-- {
		r := <-f.results
		d := f.run.Deliveries[r.index]
		r.report.Run, r.report.Delivery = d.Run, d.ID
		f.courier.report(f.ctx, r.report, d.Lease)
	}
}

// drop waits for the results and forgets them.
func (f *firsts) drop() {
	for ; f.pending > 0; f.pending-- {
		<-f.results
	}
}
