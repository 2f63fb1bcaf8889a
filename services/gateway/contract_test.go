package gateway_test

import (
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
)

// owners are the services that serve methods.
var owners = []string{"access", "actions", "approvals", "dispatch", "executions", "scripts", "targets"}

// TestEveryMethodIsDescribed walks what is offered: the gateway serves whatever
// the protos say, so they must say everything.
func TestEveryMethodIsDescribed(t *testing.T) {
	t.Parallel()
	routes, subjects := map[string]string{}, map[string]string{}
	for _, s := range edge.Services {
		if methods := descriptorOf(t, s.Methods[0]).Parent().(protoreflect.ServiceDescriptor).Methods(); methods.Len() != len(s.Methods) {
			t.Errorf("%s offers %d of its %d methods", s.Name, len(s.Methods), methods.Len())
		}
		for _, m := range s.Methods {
			d := descriptorOf(t, m)
			if m.Permission == "" || m.Permission == contract.Internal || m.Scope == contract.ScopeUnspecified {
				t.Errorf("%s: permission %q, scope %d", m.FullName, m.Permission, m.Scope)
			}
			if !slices.Contains(owners, m.Owner()) || subjects[m.Subject] != "" {
				t.Errorf("%s: subject %q is nobody's or %q's too", m.FullName, m.Subject, subjects[m.Subject])
			}
			subjects[m.Subject] = m.FullName
			if m.SuccessStatus < 200 || m.SuccessStatus > 299 {
				t.Errorf("%s: success is %d", m.FullName, m.SuccessStatus)
			}
			route := routeOf(d)
			if route == "" || routes[route] != "" {
				t.Errorf("%s: route %q is none or %q's too", m.FullName, route, routes[route])
			}
			routes[route] = m.FullName
			checkNamedField(t, m, d, m.OrganizationField, func(f protoreflect.FieldDescriptor) bool {
				return f.Kind() == protoreflect.StringKind && !f.IsList() && m.Scope == contract.ScopeOrganization
			})
			checkNamedField(t, m, d, m.TimeoutField, func(f protoreflect.FieldDescriptor) bool {
				return f.Message() != nil && f.Message().FullName() == "google.protobuf.Duration"
			})
			for _, field := range unbounded(d.Input(), map[protoreflect.FullName]bool{}) {
				t.Errorf("%s: %s has no rule that bounds it", m.FullName, field)
			}
		}
	}
}

// routeOf returns "GET /path" of a method, "" where it has no binding. Names of
// parameters do not tell routes apart.
func routeOf(d protoreflect.MethodDescriptor) string {
	rule, _ := proto.GetExtension(d.Options(), annotations.E_Http).(*annotations.HttpRule)
	var verb, path string
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		verb, path = "GET", p.Get
	case *annotations.HttpRule_Put:
		verb, path = "PUT", p.Put
	case *annotations.HttpRule_Post:
		verb, path = "POST", p.Post
	case *annotations.HttpRule_Delete:
		verb, path = "DELETE", p.Delete
	case *annotations.HttpRule_Patch:
		verb, path = "PATCH", p.Patch
	default:
		return ""
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}" + s[strings.LastIndex(s, "}")+1:]
		}
	}
	return verb + " " + strings.Join(segments, "/")
}

// checkNamedField checks a field that the contract names.
func checkNamedField(t *testing.T, m *contract.Method, d protoreflect.MethodDescriptor, name string, fits func(protoreflect.FieldDescriptor) bool) {
	t.Helper()
	if name == "" {
		return
	}
	if f := d.Input().Fields().ByName(protoreflect.Name(name)); f == nil || !fits(f) {
		t.Errorf("%s: field %q is not there or does not fit", m.FullName, name)
	}
}

// unbounded returns the string fields below d that no rule bounds, and the
// lists and maps without a largest size. Google's messages are their own
// business.
func unbounded(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) []string {
	if seen[d.FullName()] || strings.HasPrefix(string(d.FullName()), "google.") {
		return nil
	}
	seen[d.FullName()] = true
	var found []string
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
		value, below := f, f.Message()
		switch {
		case f.IsMap():
			if rules.GetMap().GetMaxPairs() == 0 || !bounds(rules.GetMap().GetKeys()) {
				found = append(found, string(f.FullName()))
			}
			value, below, rules = f.MapValue(), f.MapValue().Message(), rules.GetMap().GetValues()
		case f.IsList():
			if rules.GetRepeated().GetMaxItems() == 0 {
				found = append(found, string(f.FullName()))
			}
			rules = rules.GetRepeated().GetItems()
		}
		if value.Kind() == protoreflect.StringKind && !bounds(rules) {
			found = append(found, string(f.FullName()))
		}
		if below != nil {
			found = append(found, unbounded(below, seen)...)
		}
	}
	return found
}

// bounds reports whether a string rule allows finitely many strings, or a
// pattern decides.
func bounds(rules *validate.FieldRules) bool {
	s := rules.GetString()
	return s.GetMaxLen() > 0 || s.GetMaxBytes() > 0 || s.GetLen() > 0 || s.HasPattern() || s.HasConst() || len(s.GetIn()) > 0
}
