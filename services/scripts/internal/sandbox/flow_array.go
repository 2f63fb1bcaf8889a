package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// errArray is an array of api that is none any more.
var errArray = errors.New("is no longer an array")

// setMetadata(key, value) stores metadata at once.
func (f *flow) setMetadata(call goja.FunctionCall) goja.Value {
	m := f.metadataOf(call)
	m.Immediate = true
	f.changes.Metadata = append(f.changes.Metadata, m)
	return goja.Undefined()
}

// appendMetadata(key, value) stores metadata after the trigger. It shows in
// api.metadata.
func (f *flow) appendMetadata(call goja.FunctionCall) goja.Value {
	m := f.metadataOf(call)
	if f.metadata != nil {
		f.push(f.metadata, f.metadataElement(m))
		return goja.Undefined()
	}
	f.changes.Metadata = append(f.changes.Metadata, m)
	return goja.Undefined()
}

func (f *flow) metadataOf(call goja.FunctionCall) invocation.Metadata {
	if len(call.Arguments) != 2 {
		hostapi.Throw(f.vm, "exactly 2 (key, value) arguments expected")
	}
	key := text(call.Argument(0))
	return invocation.Metadata{Key: key, Value: f.add(key, call.Argument(1))}
}

func (f *flow) metadataElement(m invocation.Metadata) *goja.Object {
	o := f.vm.NewObject()
	value, err := f.doc.Decode(m.Value)
	if err != nil {
		value = goja.Null() // ours, hence valid
	}
	_ = o.Set("key", m.Key) // new and plain, cannot fail, as below
	_ = o.Set("value", value)
	return o
}

// metadataArray is api.metadata, the deprecated way to append.
func (f *flow) metadataArray() goja.Value {
	items := make([]any, len(f.changes.Metadata))
	for i, m := range f.changes.Metadata {
		items[i] = f.metadataElement(m)
	}
	f.metadata = f.vm.NewArray(items...)
	return f.metadata
}

// grantsArray is api.userGrants. Its elements have names of their own.
func (f *flow) grantsArray() goja.Value {
	items := make([]any, len(f.changes.UserGrants))
	for i, g := range f.changes.UserGrants {
		items[i] = f.grantElement(g)
	}
	f.grants = f.vm.NewArray(items...)
	return f.grants
}

func (f *flow) grantElement(g invocation.UserGrant) *goja.Object {
	roles := make([]any, len(g.Roles))
	for i, role := range g.Roles {
		roles[i] = role
	}
	o := f.vm.NewObject()
	_ = o.Set("projectID", g.ProjectID)
	_ = o.Set("projectGrantID", g.ProjectGrantID)
	_ = o.Set("roles", f.vm.NewArray(roles...))
	return o
}

// push appends to an array of the script's, past whatever it made of push.
func (f *flow) push(array, element *goja.Object) {
	length := array.Get("length").ToInteger()
	if err := array.Set(fmt.Sprint(length), element); err != nil {
		panic(err)
	}
}

// appendUserGrant({projectId, projectGrantId, roles}) adds a grant.
func (f *flow) appendUserGrant(call goja.FunctionCall) goja.Value {
	o, ok := call.Argument(0).(*goja.Object)
	if len(call.Arguments) != 1 || !ok {
		hostapi.Throw(f.vm, "exactly one argument expected")
	}
	g, err := f.readGrant(o)
	if err != nil {
		hostapi.Throw(f.vm, err.Error())
	}
	f.count(len(g.ProjectID) + len(g.ProjectGrantID))
	if f.grants != nil {
		f.push(f.grants, f.grantElement(g))
		return goja.Undefined()
	}
	f.changes.UserGrants = append(f.changes.UserGrants, g)
	return goja.Undefined()
}

// readGrant takes both spellings of the ids.
func (f *flow) readGrant(o *goja.Object) (invocation.UserGrant, error) {
	g := invocation.UserGrant{
		ProjectID: either(o, "projectId", "projectID"), ProjectGrantID: either(o, "projectGrantId", "projectGrantID"), Roles: []string{},
	}
	if g.ProjectID == "" {
		return g, errors.New("a user grant needs a projectId")
	}
	roles, ok := o.Get("roles").(*goja.Object)
	if !ok {
		return g, nil
	}
	raw, err := f.encode(roles)
	if err != nil {
		return g, err
	}
	if err := json.Unmarshal(raw, &g.Roles); err != nil {
		return g, errors.New("the roles of a user grant must be a list of texts")
	}
	return g, nil
}

func either(o *goja.Object, names ...string) string {
	for _, name := range names {
		if v := o.Get(name); v != nil && text(v) != "" {
			return text(v)
		}
	}
	return ""
}

// readArrays takes over what the script made of api.metadata and
// api.userGrants.
func (f *flow) readArrays() error {
	var problems []error
	if f.metadata != nil {
		list, err := readArray(f, f.metadata, f.readMetadata)
		f.changes.Metadata = list
		problems = append(problems, wrapped("api.metadata", err))
	}
	if f.grants != nil {
		list, err := readArray(f, f.grants, f.readGrant)
		f.changes.UserGrants = list
		problems = append(problems, wrapped("api.userGrants", err))
	}
	return errors.Join(problems...)
}

func wrapped(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (f *flow) readMetadata(o *goja.Object) (invocation.Metadata, error) {
	m := invocation.Metadata{Key: either(o, "key")}
	raw, err := f.encode(o.Get("value"))
	if err != nil {
		return m, err
	}
	if raw == nil {
		raw = json.RawMessage("null")
	}
	m.Value = raw
	f.bytes += len(raw)
	if f.bytes > f.cfg.MaxOutput {
		return m, errors.New("too many changes")
	}
	return m, nil
}

// readArray reads the elements that are objects, up to the first that cannot
// be read.
func readArray[T any](f *flow, array *goja.Object, read func(*goja.Object) (T, error)) ([]T, error) {
	if array.ClassName() != "Array" {
		return nil, errArray
	}
	var list []T
	length := array.Get("length").ToInteger()
	if length > int64(f.cfg.MaxChanges) {
		return nil, errors.New("too many changes")
	}
	for i := range length {
		o, ok := array.Get(fmt.Sprint(i)).(*goja.Object)
		if !ok {
			return list, fmt.Errorf("element %d is no object", i)
		}
		element, err := read(o)
		if err != nil {
			return list, fmt.Errorf("element %d: %w", i, err)
		}
		list = append(list, element)
	}
	return list, nil
}
