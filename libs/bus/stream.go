package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Stream describes a JetStream stream.
type Stream struct {
	Name     string
	Subjects []string
	// MaxAge of a message; 0 means for ever.
	MaxAge time.Duration
	// MaxBytes of all messages; 0 means without limit. At the limit, new
	// messages are refused: a publisher is told, nothing is lost silently.
	MaxBytes int64
	// Duplicates is how long message ids are remembered; 0 means 2 minutes.
	Duplicates time.Duration
	// WorkQueue removes a message once it is acknowledged.
	WorkQueue bool
	// Batches lets PublishAll store its messages as a whole or not at all.
	Batches bool
}

// EnsureStream creates the stream or brings it up to date. Every service that
// uses a stream ensures it, so that they start in any order.
func (c *Conn) EnsureStream(ctx context.Context, s Stream) error {
	return c.insist(ctx, s, c.ensure)
}

// EnsureSomeStream creates the stream where there is none of the name, and leaves
// one alone that is there: for who uses a stream whose limits are another's to
// set, and may start before that one.
func (c *Conn) EnsureSomeStream(ctx context.Context, s Stream) error {
	return c.insist(ctx, s, c.ensureSome)
}

// insist calls ensure until it succeeds or a cluster has had its time.
func (c *Conn) insist(ctx context.Context, s Stream, ensure func(context.Context, jetstream.StreamConfig) error) error {
	cfg := c.configOf(s)
	giveUp := time.Now().Add(ensureWindow)
	for {
		err := ensure(ctx, cfg)
		if err == nil || time.Now().After(giveUp) || ctx.Err() != nil {
			return ensured(s.Name, err)
		}
		select {
		case <-ctx.Done():
			return ensured(s.Name, err)
		case <-time.After(10 * retryPause):
		}
	}
}

func (c *Conn) configOf(s Stream) jetstream.StreamConfig {
	cfg := jetstream.StreamConfig{
		Name:       s.Name,
		Subjects:   s.Subjects,
		MaxAge:     s.MaxAge,
		MaxBytes:   s.MaxBytes,
		Duplicates: s.Duplicates,
		Storage:    jetstream.FileStorage,
		Replicas:   c.replicas,
		Discard:    jetstream.DiscardNew,

		AllowAtomicPublish: s.Batches,
	}
	if s.MaxBytes == 0 {
		cfg.MaxBytes = -1
	}
	if s.WorkQueue {
		cfg.Retention = jetstream.WorkQueuePolicy
	}
	if s.Duplicates == 0 {
		cfg.Duplicates = 2 * time.Minute
	}
	return cfg
}

// ensureSome changes nothing that is there, also where somebody else was faster.
func (c *Conn) ensureSome(ctx context.Context, cfg jetstream.StreamConfig) error {
	_, err := c.js.Stream(ctx, cfg.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = c.js.CreateStream(ctx, cfg)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil
	}
	return err
}

// ensure leaves a stream that is as it should be alone: every start of every
// replica comes by here, and an update is work for the whole cluster.
func (c *Conn) ensure(ctx context.Context, cfg jetstream.StreamConfig) error {
	existing, err := c.js.Stream(ctx, cfg.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = c.js.CreateStream(ctx, cfg) // of two that create the same, both succeed
	case err == nil && !sameStream(existing.CachedInfo().Config, cfg):
		_, err = c.js.UpdateStream(ctx, cfg)
	}
	return err
}

// sameStream compares what we set; the server fills in the rest.
func sameStream(a, b jetstream.StreamConfig) bool {
	return slices.Equal(a.Subjects, b.Subjects) && a.MaxAge == b.MaxAge && a.MaxBytes == b.MaxBytes &&
		a.Duplicates == b.Duplicates && a.Retention == b.Retention && a.Storage == b.Storage &&
		a.Replicas == b.Replicas && a.Discard == b.Discard && a.AllowAtomicPublish == b.AllowAtomicPublish
}

// ensureWindow is how long a cluster may take to be able to hold a stream.
const ensureWindow = 30 * time.Second

func ensured(name string, err error) error {
	if err != nil {
		return fmt.Errorf("ensure stream %s: %w", name, err)
	}
	return nil
}

// LastSequence returns the sequence of the last message that the stream took.
func (c *Conn) LastSequence(ctx context.Context, stream string) (uint64, error) {
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	return s.CachedInfo().State.LastSeq, nil
}
