package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Place is where a durable consumer is in its stream. Of one that is not there
// yet it is the beginning.
type Place struct {
	Delivered uint64 // sequence of the last message that it has handed out
	Waiting   uint64 // messages behind that
}

// Place returns the place of a consumer.
func (c *Conn) Place(ctx context.Context, stream, consumer string) (Place, error) {
	found, err := c.js.Consumer(ctx, stream, consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return Place{}, nil
	}
	if err != nil {
		return Place{}, fmt.Errorf("look up consumer %s of %s: %w", consumer, stream, err)
	}
	info := found.CachedInfo()
	return Place{Delivered: info.Delivered.Stream, Waiting: info.NumPending}, nil
}

// Overtaking takes messages of a work queue that their consumer has not handed
// out yet, whatever waits before them. It reads them where they are; the stream
// keeps them for their turn until Finish deletes those that are done. A message
// whose turn comes meanwhile is in two hands: that is for who takes it to see to.
// Only one goroutine may use it.
type Overtaking struct {
	stream jetstream.Stream
	taking *consuming
	taken  []*overtaken
}

// Overtake returns an overtaking of a consumer: its messages are measured as the
// consumer's.
func (c *Conn) Overtake(ctx context.Context, cfg Consumer) (*Overtaking, error) {
	stream, err := c.js.Stream(ctx, cfg.Stream)
	if err != nil {
		return nil, fmt.Errorf("look up stream %s: %w", cfg.Stream, err)
	}
	cfg = cfg.withDefaults()
	taking := &consuming{conn: c, cfg: cfg, base: context.WithoutCancel(ctx), slots: make(chan struct{}, cfg.Concurrency), inHand: map[*Taken]struct{}{}}
	return &Overtaking{stream: stream, taking: taking}, nil
}

// Subjects counts the messages of the stream by subject, of those subjects that
// the filter matches. Those that are in hand count.
func (o *Overtaking) Subjects(ctx context.Context, filter string) (map[string]uint64, error) {
	info, err := o.stream.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, fmt.Errorf("count the subjects of %s: %w", o.taking.cfg.Stream, err)
	}
	return info.State.Subjects, nil
}

// Take takes the first messages behind a sequence whose subject the filter
// matches, at most so many, and no more than Concurrency in all. Each is to be
// settled. It returns what it has got also with an error.
func (o *Overtaking) Take(ctx context.Context, filter string, behind uint64, most int) ([]*Taken, error) {
	var messages []*Taken
	for len(messages) < most && len(o.taken) < o.taking.cfg.Concurrency {
		found, err := o.stream.GetMsg(ctx, behind+1, jetstream.WithGetMsgSubject(filter))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			return messages, fmt.Errorf("look for messages of %s: %w", o.taking.cfg.Stream, err)
		}
		behind = found.Sequence
		m := &overtaken{sequence: found.Sequence}
		o.taken = append(o.taken, m)
		messages = append(messages, o.taking.begin(m, Message{
			Subject: found.Subject, Header: found.Header, Data: found.Data, Sequence: found.Sequence, Delivered: 1, Stored: found.Time,
		}))
	}
	return messages, nil
}

// Finish waits until all that was taken is settled and deletes what is done. What
// cannot be deleted comes again when its turn is.
func (o *Overtaking) Finish(ctx context.Context) error {
	o.taking.work.Wait()
	var errs []error
	for _, m := range o.taken {
		if !m.done {
			continue
		}
		if err := o.stream.DeleteMsg(ctx, m.sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			errs = append(errs, fmt.Errorf("delete message %d of %s: %w", m.sequence, o.taking.cfg.Stream, err))
		}
	}
	o.taken = nil
	return errors.Join(errs...)
}

// overtaken is the receipt of a message that no consumer has handed out: the
// stream learns of it when the overtaking is finished.
type overtaken struct {
	sequence uint64
	done     bool
}

func (m *overtaken) Ack() error {
	m.done = true
	return nil
}

func (m *overtaken) TermWithReason(string) error { return m.Ack() }

// NakWithDelay leaves it to its turn.
func (*overtaken) NakWithDelay(time.Duration) error { return nil }

// InProgress says nothing: nobody expects an answer.
func (*overtaken) InProgress() error { return nil }

// FirstOf returns the sequence of the oldest message of a stream whose subject
// the filter matches. Where there is none, the first is to come behind the last
// message that the stream had when it was asked.
func (c *Conn) FirstOf(ctx context.Context, stream, filter string) (uint64, error) {
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	last := s.CachedInfo().State.LastSeq // read first
	found, err := s.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(filter))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return last + 1, nil
	case err != nil:
		return 0, fmt.Errorf("look for the oldest message of %s: %w", stream, err)
	}
	return found.Sequence, nil
}
