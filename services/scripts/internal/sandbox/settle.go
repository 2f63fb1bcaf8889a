package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/loop"
)

// errPending is a promise that nothing can settle any more: all jobs have run,
// and there is nothing outside to wait for.
var errPending = errors.New("the returned promise never settles")

var typeOfPromise = reflect.TypeFor[*goja.Promise]()

// rejection is the reason of a rejected promise.
type rejection struct{ reason goja.Value }

func (*rejection) Error() string { return "promise rejected" }

// settle waits for everything that is pending and returns what v stands for:
// the value of a fulfilled promise, or v itself. The call that returned v has
// run all promise jobs.
func (c *call) settle(ctx context.Context, v goja.Value) (goja.Value, error) {
	promise := promiseOf(v)
	rejected := func() bool { return promise != nil && promise.State() == goja.PromiseStateRejected }
	err := c.loop.Run(ctx, c.limit.deadline(), rejected)
	c.warnOfRejections(promise)
	switch {
	case errors.Is(err, loop.ErrDeadline):
		return nil, &invocation.Error{Kind: invocation.KindTimeout, Message: "interrupt: time is over while the script waits"}
	case err != nil && ctx.Err() != nil:
		return nil, &invocation.Error{Kind: invocation.KindCanceled, Message: "interrupt: the caller went away"}
	case err != nil:
		return nil, err
	case promise == nil:
		return v, nil
	}
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return promise.Result(), nil
	case goja.PromiseStateRejected:
		return nil, &rejection{reason: promise.Result()}
	default:
		return nil, errPending
	}
}

// promiseOf asks for the type first: exporting any other object would copy it.
func promiseOf(v goja.Value) *goja.Promise {
	o, ok := v.(*goja.Object)
	if !ok || o.ExportType() != typeOfPromise {
		return nil
	}
	p, _ := o.Export().(*goja.Promise)
	return p
}

// maxRejections is how many rejections are told of.
const maxRejections = 10

// rejections are the promises that were rejected while nobody listened.
type rejections struct {
	promises []*goja.Promise
}

// track is goja's goja.PromiseRejectionTracker.
func (r *rejections) track(p *goja.Promise, operation goja.PromiseRejectionOperation) {
	if operation == goja.PromiseRejectionReject {
		if len(r.promises) < maxRejections {
			r.promises = append(r.promises, p)
		}
		return
	}
	for i := range r.promises {
		if r.promises[i] == p {
			r.promises = append(r.promises[:i], r.promises[i+1:]...)
			return
		}
	}
}

// warnOfRejections logs rejections that nobody handled, except of the promise
// that the function returned.
func (c *call) warnOfRejections(returned *goja.Promise) {
	for _, p := range c.unhandled.promises {
		if p == returned {
			continue
		}
		if e := c.rejected(p.Result()); e != nil {
			c.logs.Add(time.Now(), slog.LevelWarn, "unhandled promise rejection: "+e.Message)
		}
	}
}
