package rest

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
)

// route is what REST knows of a method beside its contract.
type route struct {
	method *contract.Method
	input  protoreflect.MessageDescriptor
	// bodyField is the JSON name of the field that the body fills; "" where it
	// fills the whole request.
	bodyField string
}

// routes are the methods by "/pkg.Service/Method".
type routes map[string]route

func newRoutes() routes {
	all := routes{}
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			all[m.FullName] = newRoute(m)
		}
	}
	return all
}

func newRoute(m *contract.Method) route {
	r := route{method: m}
	name := strings.ReplaceAll(strings.TrimPrefix(m.FullName, "/"), "/", ".")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return r // errors will name no fields
	}
	d, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return r
	}
	r.input = d.Input()
	rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
	if f := r.input.Fields().ByName(protoreflect.Name(rule.GetBody())); f != nil {
		r.bodyField = f.JSONName()
	}
	return r
}

// of returns the route of the call at hand.
func (rs routes) of(ctx context.Context) route {
	name, _ := runtime.RPCMethod(ctx)
	return rs["/"+strings.TrimPrefix(name, "/")]
}

// queryProblem returns which query parameter brought about an error of
// grpc-gateway's, whose text names the last part of it alone.
func (r route) queryProblem(query url.Values, cause error) *wirejson.Problem {
	if r.input == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		m := dynamicpb.NewMessage(r.input)
		err := runtime.PopulateQueryParameters(m, url.Values{name: query[name]}, utilities.NewDoubleArray(nil))
		if err == nil || !strings.HasSuffix(cause.Error(), err.Error()) {
			continue
		}
		return &wirejson.Problem{Path: name, Reason: r.expected(name, len(query[name]))}
	}
	return nil
}

// expected words what a query parameter must be.
func (r route) expected(name string, values int) string {
	d := r.input
	var f protoreflect.FieldDescriptor
	for part := range strings.SplitSeq(name, ".") {
		if d == nil {
			return "must not have parts"
		}
		if f = d.Fields().ByJSONName(part); f == nil {
			f = d.Fields().ByName(protoreflect.Name(part))
		}
		if f == nil {
			return "has a wrong value"
		}
		d = f.Message()
	}
	switch {
	case values > 1 && !f.IsList():
		return "must be given once"
	case f.ContainingOneof() != nil && !f.ContainingOneof().IsSynthetic() && f.Message() == nil && f.Kind() == protoreflect.StringKind:
		return "cannot be set beside its siblings"
	default:
		return "must be " + wirejson.Expected(f)
	}
}
