package approval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/fault"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
)

// Transaction is a room's transaction.
type Transaction interface {
	// Pgx returns what it runs in.
	Pgx() pgx.Tx
}

// Change is what a gated call is about to change, as its room knows it. The
// zero value is for calls that are not gated.
type Change[T Transaction] struct {
	// EntityType and EntityID name it to people, e.g. "target". While a
	// request about it waits, another one of the same method is refused.
	EntityType, EntityID string
	// State returns it as JSON, read, and best locked, in the transaction; nil
	// where it does not exist. The same state must give the same bytes, and
	// secrets must not be in it. What it leaves out may change unnoticed
	// between approval and execution.
	State func(ctx context.Context, tx T) ([]byte, error)
	// Harmless reports whether a change from before to after needs nobody's
	// approval; nil: every change does.
	Harmless func(before, after []byte) bool
	// Decides: Harmless alone decides, without a look at whether approvals are
	// on. For the settings that say so: what is remembered of them is old.
	Decides bool
}

// Unchanged reports, as Change.Harmless, whether a change leaves everything as
// it is. For states that hold all that a change may change, if only as the
// number of a version.
func Unchanged(before, after []byte) bool { return before != nil && bytes.Equal(before, after) }

// Begin runs fn in a transaction, again where that lost a race, and commits
// unless fn fails.
type Begin[T Transaction] func(ctx context.Context, fn func(ctx context.Context, tx T) error) error

// errRehearsed rolls back a change that went well.
var errRehearsed = errors.New("rehearsed")

// Do makes a change in a transaction of begin, or has it wait: see the package
// comment. mutate must change nothing but the transaction.
func Do[T Transaction](ctx context.Context, d *Door, c Change[T], begin Begin[T], mutate func(context.Context, T) error) error {
	made, gated := ctx.Value(callKey{}).(*call)
	if !gated {
		return begin(ctx, mutate)
	}
	g := gate[T]{door: d, call: made, change: c, begin: begin, mutate: mutate}
	if made.approval != "" {
		return g.execute(ctx)
	}
	if c.Decides {
		return g.queue(ctx)
	}
	on, err := d.modes.on(ctx)
	if err != nil {
		return err
	}
	if !on {
		return g.release(ctx)
	}
	return g.queue(ctx)
}

// gate is one change at the door.
type gate[T Transaction] struct {
	door   *Door
	call   *call
	change Change[T]
	begin  Begin[T]
	mutate func(context.Context, T) error
}

// release makes the change and has the outbox tell approvals.
func (g gate[T]) release(ctx context.Context) error {
	return g.begin(ctx, func(ctx context.Context, tx T) error {
		before, after, err := g.try(ctx, tx)
		if err != nil {
			return err
		}
		return g.record(ctx, tx, before, after)
	})
}

// queue rehearses the change and submits it. Between the two, others may
// change what it is about: then the request is stale from the start, and
// executing it will say so.
func (g gate[T]) queue(ctx context.Context) error {
	var before, after []byte
	err := g.begin(ctx, func(ctx context.Context, tx T) (err error) {
		if before, after, err = g.try(ctx, tx); err != nil {
			return err
		}
		if g.change.Harmless != nil && g.change.Harmless(before, after) {
			return g.record(ctx, tx, before, after)
		}
		return errRehearsed
	})
	if !errors.Is(err, errRehearsed) {
		return err
	}
	err = g.submit(ctx, before, after)
	if hasReason(err, ReasonNotGated) { // turned off meanwhile
		g.door.modes.forget()
		return g.release(ctx)
	}
	return err
}

// try makes the change and returns the states around it.
func (g gate[T]) try(ctx context.Context, tx T) (before, after []byte, err error) {
	if before, err = g.state(ctx, tx); err != nil {
		return nil, nil, err
	}
	if err = g.mutate(ctx, tx); err != nil {
		return nil, nil, err
	}
	after, err = g.state(ctx, tx)
	return before, after, err
}

func (g gate[T]) state(ctx context.Context, tx T) ([]byte, error) {
	if g.change.State == nil {
		return nil, nil
	}
	return g.change.State(ctx, tx)
}

func (g gate[T]) submit(ctx context.Context, before, after []byte) error {
	frozen, err := g.freeze(before, after)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, g.door.cfg.Timeout)
	defer cancel()
	out, err := g.door.approvals.SubmitChange(ctx, &approvalsv1.SubmitChangeRequest{Change: frozen})
	if err != nil {
		return err
	}
	return queued(out.GetRequestId(), out.GetMessage(), out.GetAnswer())
}

// execute makes a change that was approved.
func (g gate[T]) execute(ctx context.Context) error {
	confirmed, err := g.confirm(ctx)
	if err != nil {
		return err
	}
	return g.begin(ctx, func(ctx context.Context, tx T) error {
		first, err := Claim(ctx, tx.Pgx(), g.call.approval)
		if err != nil {
			return err
		}
		if !first {
			return applied()
		}
		before, err := g.state(ctx, tx)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(before); string(sum[:]) != string(confirmed.GetPreviousSha256()) {
			return drifted()
		}
		return g.mutate(ctx, tx)
	})
}

// confirm asks approvals whether the call is what it says. Without an answer
// it is not.
func (g gate[T]) confirm(ctx context.Context) (*approvalsv1.ConfirmExecutionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, g.door.cfg.Timeout)
	defer cancel()
	sum := sha256.Sum256(g.call.received)
	out, err := g.door.approvals.ConfirmExecution(ctx, &approvalsv1.ConfirmExecutionRequest{
		RequestId: g.call.approval, Subject: g.call.method.Subject, PayloadSha256: sum[:],
	})
	if fault.CodeOf(err) == fault.CodeInvalid {
		return nil, fault.PermissionDenied("no such request is being executed").WithReason(ReasonNotExecuting)
	}
	return out, err
}
