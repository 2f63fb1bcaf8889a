package hostapi

import "github.com/dop251/goja"

// response is what the script gets from zitadel/http's fetch:
// status, body (a string), headers (canonical name to a list of values), json()
// and text().
type response struct {
	*session
	*answer
}

func (r *response) member(name string) goja.Value {
	switch name {
	case "status", "statusCode": // the latter is what old versions called it
		return r.vm.ToValue(r.status)
	case "body":
		return r.vm.ToValue(string(r.body))
	case "headers":
		return r.headers()
	case "json":
		return Native(r.vm, name, r.json)
	case "text":
		return Native(r.vm, name, func(goja.FunctionCall) goja.Value { return r.vm.ToValue(string(r.body)) })
	}
	return nil
}

func (r *response) headers() goja.Value {
	o := r.vm.NewObject()
	for name, values := range r.header {
		list := make([]any, len(values))
		for i, value := range values {
			list[i] = value
		}
		_ = o.Set(name, r.vm.NewArray(list...)) // new and plain, cannot fail
	}
	return o
}

func (r *response) json(goja.FunctionCall) goja.Value {
	v, err := r.Decode(r.body)
	if err != nil {
		r.throw("response body: " + err.Error())
	}
	return v
}
