package sandbox

import (
	"encoding/json"
	"strconv"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
)

// conversion is what becomes of a setter's argument.
type conversion uint8

const (
	asText   conversion = iota // nothing is empty, numbers are texts
	asFlag                     // truthy is true
	asGender                   // 0 to 3
)

// setter is a function of api that sets one field of the user.
type setter struct {
	field string // by the name that ctx has for it
	as    conversion
	// needs is a field without which, when a user is about to be created, the
	// setter does nothing.
	needs string
}

var setters = map[string]setter{
	"setFirstName":         {field: "firstName"},
	"setLastName":          {field: "lastName"},
	"setNickName":          {field: "nickName"},
	"setDisplayName":       {field: "displayName"},
	"setPreferredLanguage": {field: "preferredLanguage"},
	"setPreferredUsername": {field: "preferredUsername"},
	"setUsername":          {field: "username"},
	"setGender":            {field: "gender", as: asGender},
	"setEmail":             {field: "email"},
	"setEmailVerified":     {field: "isEmailVerified", as: asFlag, needs: "email"},
	"setPhone":             {field: "phone"},
	"setPhoneVerified":     {field: "isPhoneVerified", as: asFlag, needs: "phone"},
}

func (f *flow) setter(s setter) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		if s.needs != "" && f.req.Trigger.Type == invocation.TypePreCreation && !f.hasField(s.needs) {
			return goja.Undefined()
		}
		value := f.convert(s.as, call.Argument(0))
		f.count(len(value))
		f.changes.SetUser(s.field, value)
		return goja.Undefined()
	}
}

func (f *flow) convert(as conversion, v goja.Value) json.RawMessage {
	switch as {
	case asFlag:
		return strconv.AppendBool(nil, v.ToBoolean())
	case asGender:
		gender := v.ToInteger()
		if gender < 0 || gender > 3 {
			hostapi.Throw(f.vm, "gender must be 0 to 3")
		}
		return strconv.AppendInt(nil, gender, 10)
	}
	raw, err := f.encode(f.vm.ToValue(text(v)))
	if err != nil {
		hostapi.Throw(f.vm, err.Error())
	}
	return raw
}

// hasField reports whether the user about to be created has an email address or
// a phone number.
func (f *flow) hasField(name string) bool {
	if _, ok := f.changes.User[name]; ok {
		return true
	}
	human := payload.Member(payload.Member(payload.Member(f.req.Input, "v1"), "user"), "human")
	value := payload.Member(human, name)
	return len(value) > 0 && string(value) != `""` && string(value) != "null"
}
