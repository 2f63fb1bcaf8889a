package sandbox

import (
	"errors"
	"reflect"

	"github.com/dop251/goja"
)

// errPending is a promise that nothing can settle any more: all jobs have run,
// and there is nothing outside to wait for.
var errPending = errors.New("the returned promise never settles")

var typeOfPromise = reflect.TypeFor[*goja.Promise]()

// rejection is the reason of a rejected promise.
type rejection struct{ reason goja.Value }

func (*rejection) Error() string { return "promise rejected" }

// settle returns what v stands for: the value of a fulfilled promise, or v
// itself. The call that returned v has run all promise jobs.
func settle(v goja.Value) (goja.Value, error) {
	o, ok := v.(*goja.Object)
	if !ok {
		return v, nil
	}
	promise, ok := promiseOf(o)
	if !ok {
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
func promiseOf(o *goja.Object) (*goja.Promise, bool) {
	if o.ExportType() != typeOfPromise {
		return nil, false
	}
	p, ok := o.Export().(*goja.Promise)
	return p, ok
}
