// Package hook runs a chain while somebody waits for it: strictly in order,
// each step with the payload as the steps before left it, within the caller's
// deadline.
package hook

import (
	"bytes"
	"context"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/attempt"
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
	"github.com/actionplane/actionplane/services/dispatch/internal/patch"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Hook is a chain to run.
type Hook struct {
	Run     run.ID
	Tenant  string
	Message Message
	Steps   []run.Step
	Explain bool // keep the payload before and after each step
}

// Outcome is what the chain came to.
type Outcome struct {
	Payload []byte
	Steps   []run.StepResult // those that ran
	// Err is why the caller is refused: the failure of the step that
	// interrupted.
	Err error
}

// caller makes one try of a step; its errors are our own faults.
type caller interface {
	Attempt(context.Context, attempt.Request) (attempt.Result, error)
}

// queue makes an asynchronous step durable.
type queue interface {
	Enqueue(ctx context.Context, hook run.ID, tenant string, position int, step run.Step, body []byte) error
}

// Runner runs chains. It is safe for concurrent use.
type Runner struct {
	caller    caller
	queue     queue
	maxAnswer int64
}

// NewRunner returns a runner. maxAnswer bounds in bytes what a call can make of
// the message.
func NewRunner(c caller, q queue, maxAnswer int64) *Runner {
	return &Runner{caller: c, queue: q, maxAnswer: maxAnswer}
}

// Run runs the chain. ctx has the caller's deadline.
func (r *Runner) Run(ctx context.Context, h Hook) Outcome {
	out := Outcome{Payload: h.Message.Start(), Steps: make([]run.StepResult, 0, len(h.Steps))}
	for i, step := range h.Steps {
		result, payload, err := r.step(ctx, h, i+1, step, out.Payload)
		if h.Explain {
			result.Before, result.After = out.Payload, payload
		}
		out.Steps = append(out.Steps, result)
		if result.Outcome == run.Interrupted {
			out.Err = err
			return out
		}
		out.Payload = payload
	}
	return out
}

// step runs one step. After a failure the payload is unchanged.
func (r *Runner) step(ctx context.Context, h Hook, position int, step run.Step, payload []byte) (run.StepResult, []byte, error) {
	ctx, span := begin(ctx, h.Run, position, step)
	result, next, err := r.result(ctx, h, position, step, payload)
	end(span, result)
	return result, next, err
}

func (r *Runner) result(ctx context.Context, h Hook, position int, step run.Step, payload []byte) (run.StepResult, []byte, error) {
	result := run.StepResult{Position: position, TargetID: step.TargetID, TargetName: step.TargetName}
	start := time.Now()
	next, err := r.try(ctx, h, position, step, payload, &result)
	result.Duration = time.Since(start)
	switch {
	case err == nil && step.Kind == run.Async:
		result.Outcome = run.Queued
	case err == nil:
		result.Outcome = run.Succeeded
		result.Changed, result.Patch = !bytes.Equal(payload, next), patch.Of(payload, next)
		return result, next, nil
	case step.Interrupts && step.Kind != run.Async: // nobody waits for an asynchronous one
		result.Outcome, result.Error = run.Interrupted, err.Error()
	default:
		result.Outcome, result.Error = run.PassedOver, err.Error()
	}
	return result, payload, err
}

// try does what a step's kind asks for, and says in told what the target did.
func (r *Runner) try(ctx context.Context, h Hook, position int, step run.Step, payload []byte, told *run.StepResult) (next []byte, err error) {
	if step.Kind == run.Async {
		return nil, r.queue.Enqueue(ctx, h.Run, h.Tenant, position, step, h.Message.Envelope(payload))
	}
	timeout, ok := allowance(ctx, step.Timeout, shares(h.Steps[position-1:]))
	if !ok {
		return nil, fault.Deadline("no time was left for %s", step.Called())
	}
	result, err := r.caller.Attempt(ctx, attempt.Request{
		Tenant: h.Tenant, Run: h.Run, Position: position, Step: step,
		Body: h.Message.Envelope(payload), Timeout: timeout, KeepAnswer: true,
	})
	told.Status, told.Target = result.Status, result.Duration
	if err != nil {
		return nil, unable(step, err)
	}
	if result.Err != nil {
		return nil, result.Err
	}
	return r.use(h.Message, step, result, payload)
}

// use returns the payload after a success.
func (r *Runner) use(m Message, step run.Step, result attempt.Result, payload []byte) ([]byte, error) {
	answer := envelope.ReadAnswer(step.Called(), result.Answer)
	if err := answer.Forwarded(); err != nil {
		return nil, err
	}
	if step.Kind != run.Call {
		return payload, nil
	}
	if int64(len(result.Answer)) <= r.maxAnswer {
		next, err := m.Apply(answer, payload, result.Whole)
		if err != nil || int64(len(next)) <= r.maxAnswer {
			return next, err
		}
	}
	return nil, fault.Exhausted("the answer of %s makes more than the %d bytes that can be handed on", step.Called(), r.maxAnswer)
}

// unable words a fault of our own for the caller.
func unable(step run.Step, err error) error {
	if fault.CodeOf(err) == fault.CodeNotFound {
		return fault.FailedPrecondition("%s is deleted", step.Called()).Because(err)
	}
	return err
}
