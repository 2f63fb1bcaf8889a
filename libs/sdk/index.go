package sdk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
)

const (
	// defaultIndexLease is how long the index holds after it was last seen to
	// be up to date. It is looked at three times as often.
	defaultIndexLease = 3 * time.Second
	// maxIndexed is how many conditions a client keeps. With more it asks.
	maxIndexed = 100_000
	// Pauses before the index is read again after it was lost: doubling.
	minIndexPause = 250 * time.Millisecond
	maxIndexPause = 30 * time.Second
	// catchUp bounds how long the feed may be behind before all is read anew.
	catchUp = 10 * time.Second
	minLook = 2 * time.Millisecond
)

var (
	errTooMany = errors.New("more conditions than a client keeps")
	errLost    = errors.New("the connection was lost")
	errUnclear = errors.New("a change that cannot be read")
	errBehind  = errors.New("the change feed does not catch up")
	errReset   = errors.New("the change feed began anew")
)

// index knows what somebody listens to: a list of all conditions, and every
// change behind it from the change feed, in order. It counts only as long as
// the feed is seen to be read to its end: lost connections, a feed that lags
// or vanishes, a change that cannot be read, all make it forget and begin
// anew, and hooks go to Actionplane meanwhile.
type index struct {
	client *Client
	lease  time.Duration
	epoch  time.Time                  // what freshUntil counts from
	known  atomic.Pointer[conditions] // nil: nothing is known
	fresh  atomic.Int64               // nanoseconds since epoch until which known holds
	stop   context.CancelFunc
	done   chan struct{}
}

// startIndex starts to follow. It ends with stop, or with the connection.
func startIndex(c *Client, lease time.Duration) *index {
	ctx, stop := context.WithCancel(context.Background())
	x := &index{client: c, lease: lease, epoch: time.Now(), stop: stop, done: make(chan struct{})}
	lost := c.nc.StatusChanged(nats.DISCONNECTED, nats.RECONNECTING, nats.CONNECTED, nats.CLOSED)
	go func() {
		defer close(x.done)
		defer c.nc.RemoveStatusListener(lost)
		x.run(ctx, lost)
	}()
	return x
}

// silent reports that nobody listens, for certain.
func (x *index) silent(kind Kind, name string) bool {
	known := x.known.Load()
	return known != nil && !known.match(kind, name) && int64(time.Since(x.epoch)) < x.fresh.Load()
}

// run follows until ctx is done or the connection is closed for good.
func (x *index) run(ctx context.Context, lost <-chan nats.Status) {
	pause := minIndexPause
	for {
		began := time.Now()
		err := x.follow(ctx, lost)
		x.forget()
		if time.Since(began) > maxIndexPause {
			pause = minIndexPause
		}
		if errors.Is(err, errTooMany) {
			pause = maxIndexPause
		}
		// Clients that lose their connection together do not come back together.
		if !x.sleep(ctx, lost, pause+rand.N(pause)) {
			return
		}
		pause = min(2*pause, maxIndexPause)
	}
}

// sleep waits before another try: as long as there is no connection, and then
// for pause. It returns false where there will be no other.
func (x *index) sleep(ctx context.Context, lost <-chan nats.Status, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-lost: // or found again
			if x.client.nc.IsClosed() {
				return false
			}
		case <-timer.C:
			if x.client.nc.IsClosed() {
				return false
			}
			if x.client.nc.IsConnected() {
				return true
			}
			timer.Reset(pause)
		}
	}
}

func (x *index) forget() {
	x.fresh.Store(0)
	x.known.Store(nil)
}

// follow reads the conditions, then their changes, until it can no longer
// vouch for what it knows.
func (x *index) follow(ctx context.Context, lost <-chan nats.Status) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	known, sequence, err := x.list(ctx)
	if err != nil {
		return err
	}
	stream, err := x.client.js.Stream(ctx, contract.ChangesStream)
	if err != nil {
		return fmt.Errorf("find changes: %w", err)
	}
	x.known.Store(known)
	f := &feed{
		index: x, subject: contract.ChangeSubject(x.client.tenant, "execution"),
		created: stream.CachedInfo().Created, unclear: make(chan error, 1),
	}
	f.read.Store(sequence)
	stop, err := f.start(ctx, sequence)
	if err != nil {
		return err
	}
	defer stop()
	return f.vouch(ctx, lost)
}

// list reads all conditions, and the end of the feed that they hold at least.
func (x *index) list(ctx context.Context) (known *conditions, sequence uint64, err error) {
	known = newConditions()
	for after, more := "", true; more; {
		page := new(hooksv1.ListConditionsResponse)
		if err := x.client.exchange(ctx, &hooksv1.ConditionsListConditions, &hooksv1.ListConditionsRequest{After: after}, page, x.client.requestOnce); err != nil {
			return nil, 0, err
		}
		if after == "" {
			sequence = page.GetSequence()
		}
		for _, after = range page.GetConditionIds() {
			known.add(after)
		}
		if known.size > maxIndexed {
			return nil, 0, errTooMany
		}
		more = page.GetMore() && len(page.GetConditionIds()) > 0
	}
	return known, sequence, nil
}

// feed is the changes of a tenant's executions as they are followed once.
type feed struct {
	index    *index
	subject  string
	created  time.Time     // of the stream
	read     atomic.Uint64 // sequence up to which changes are in the index
	unclear  chan error
	verified uint64 // end of the stream of which nothing was missing
}

// start reads the changes behind a sequence.
func (f *feed) start(ctx context.Context, sequence uint64) (stop func(), err error) {
	consumer, err := f.index.client.js.OrderedConsumer(ctx, contract.ChangesStream, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{f.subject}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: sequence + 1,
	})
	if err != nil {
		return nil, fmt.Errorf("follow changes: %w", err)
	}
	running, err := consumer.Consume(f.take)
	if err != nil {
		return nil, fmt.Errorf("follow changes: %w", err)
	}
	return func() {
		running.Stop()
		<-running.Closed()
	}, nil
}

// take puts a change into the index. Executions come and change; none goes, for
// one that is emptied is a noop that answers.
func (f *feed) take(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	change := new(changesv1.Change)
	if err == nil {
		err = proto.Unmarshal(msg.Data(), change)
	}
	if err != nil || change.GetId() == "" || change.GetOperation() == changesv1.Operation_OPERATION_DELETED {
		f.index.forget()
		select {
		case f.unclear <- errUnclear:
		default:
		}
		return
	}
	if known := f.index.known.Load(); known != nil && !known.has(change.GetId()) {
		f.index.known.CompareAndSwap(known, known.with(change.GetId()))
	}
	f.read.Store(meta.Sequence.Stream)
}

// vouch looks again and again whether the feed was read to its end.
func (f *feed) vouch(ctx context.Context, lost <-chan nats.Status) error {
	var behindSince time.Time
	var soon time.Duration // how soon to look again when behind; doubles
	for {
		pause := f.index.lease / 3
		behind, err := f.look(ctx)
		switch {
		case err != nil:
			return err
		case !behind:
			behindSince, soon = time.Time{}, 0
		case behindSince.IsZero():
			behindSince, soon = time.Now(), minLook
			pause = min(pause, soon)
		case time.Since(behindSince) > catchUp:
			return errBehind
		default:
			soon *= 2
			pause = min(pause, soon)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case err = <-f.unclear:
		case status := <-lost:
			if status != nats.CONNECTED || !f.index.client.nc.IsConnected() {
				err = errLost
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
		timer.Stop()
		if err != nil {
			return err
		}
	}
}

// look compares the feed's end with what was read. What was up to date when it
// was asked for holds for a lease from then on; what is known to be behind
// does not hold at all.
func (f *feed) look(ctx context.Context) (behind bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.index.lease)
	defer cancel()
	asked, read := time.Since(f.index.epoch), f.read.Load()
	stream, err := f.index.client.js.Stream(ctx, contract.ChangesStream)
	if err != nil {
		return false, fmt.Errorf("look at the end of changes: %w", err)
	}
	info := stream.CachedInfo()
	if !info.Created.Equal(f.created) || info.State.LastSeq < read {
		return false, errReset
	}
	if info.State.LastSeq > f.verified { // by a change of whatever resource and tenant
		last, err := lastOf(ctx, stream, f.subject)
		if err != nil {
			return false, err
		}
		if last > f.read.Load() {
			f.index.fresh.Store(0)
			return true, nil
		}
		f.verified = info.State.LastSeq
	}
	f.index.fresh.Store(int64(asked + f.index.lease))
	return false, nil
}

// lastOf returns the sequence of the last message of a subject; 0: none.
func lastOf(ctx context.Context, stream jetstream.Stream, subject string) (uint64, error) {
	msg, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at the last change: %w", err)
	}
	return msg.Sequence, nil
}
