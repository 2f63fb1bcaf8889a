package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/hostapi"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
)

// What of ctx is not its JSON.
const (
	kindDate          payload.Kind = iota + 1 // a Date
	kindMetadata                              // a result object of metadata, or its list
	kindMetadataValue                         // text that may be JSON
	kindGrants                                // a result object of grants, or its list

	// Objects with members beside those of their JSON.
	kindRoot
	kindV1
	kindUser
	kindOrg
	kindApplication
	kindGrant
)

// The shapes of ctx (actions-v1 2.3, 2.4). They are never written to.
var (
	dateShape   = &payload.Shape{Kind: kindDate}
	grantsShape = &payload.Shape{Kind: kindGrants}

	// What the results are when they are result objects.
	metadataResult = &payload.Shape{Members: map[string]*payload.Shape{
		"timestamp": dateShape,
		"metadata": {Elements: &payload.Shape{Members: map[string]*payload.Shape{
			"creationDate": dateShape, "changeDate": dateShape, "value": {Kind: kindMetadataValue},
		}}},
	}}
	grantsResult = &payload.Shape{Members: map[string]*payload.Shape{
		"timestamp": dateShape,
		"grants": {Elements: &payload.Shape{
			Members:   map[string]*payload.Shape{"creationDate": dateShape, "changeDate": dateShape},
			AddedKind: kindGrant, Added: []string{"getOrgMetadata"},
		}},
	}}

	plainUser   = &payload.Shape{Members: map[string]*payload.Shape{"creationDate": dateShape, "changeDate": dateShape}}
	authRequest = &payload.Shape{Members: map[string]*payload.Shape{
		"creationDate": dateShape, "changeDate": dateShape, "authTime": dateShape,
	}}
	// tokenUser is ctx.v1.user where v1.getUser() is the user.
	tokenUser = &payload.Shape{
		Members:   map[string]*payload.Shape{"creationDate": dateShape, "changeDate": dateShape, "grants": grantsShape},
		AddedKind: kindUser, Added: []string{"getMetadata", "grants"},
	}
	org         = &payload.Shape{AddedKind: kindOrg, Added: []string{"getMetadata"}}
	application = &payload.Shape{AddedKind: kindApplication, Added: []string{"getClientId"}}

	externalContext = root([]string{"accessToken", "idToken", "getClaim", "claimsJSON"}, map[string]*payload.Shape{"authRequest": authRequest}, "authError")
	creationContext = root(nil, map[string]*payload.Shape{"authRequest": authRequest, "user": plainUser})
	createdContext  = root(nil, map[string]*payload.Shape{"authRequest": authRequest, "user": plainUser}, "getUser")
	internalContext = root(nil, map[string]*payload.Shape{"authRequest": authRequest}, "authError")
	tokenContext    = root(nil, map[string]*payload.Shape{"user": tokenUser, "org": org, "application": application},
		"getUser", "user", "org", "application", "claims", "actor")
	samlContext = root(nil, map[string]*payload.Shape{"user": tokenUser, "org": org}, "getUser", "user", "org")
)

func root(added []string, v1 map[string]*payload.Shape, v1Added ...string) *payload.Shape {
	return &payload.Shape{
		AddedKind: kindRoot, Added: append(added, "v1"),
		Members: map[string]*payload.Shape{"v1": {Members: v1, AddedKind: kindV1, Added: v1Added}},
	}
}

// emptyObject is what is missing.
var emptyObject = []byte(`{}`)

// context returns ctx, with what the actions before this one did.
func (f *flow) context() (goja.Value, error) {
	input := []byte(f.req.Input)
	if len(input) == 0 {
		input = emptyObject
	}
	ctx, err := f.doc.DecodeAs(input, f.offer.ctx, f)
	if err != nil {
		return nil, err
	}
	if !f.changes.Empty() {
		err = f.protect(func() error { return f.overlay(ctx) })
	}
	return ctx, err
}

// Read returns a value that is not plain JSON; nil for one that is after all.
func (f *flow) Read(kind payload.Kind, raw []byte) goja.Value {
	switch kind {
	case kindDate:
		return f.date(raw)
	case kindMetadata:
		return f.doc.Shaped(result(raw, "metadata"), metadataResult)
	case kindMetadataValue:
		return f.metadataValue(raw)
	case kindGrants:
		return f.doc.Shaped(result(raw, "grants"), grantsResult)
	}
	return nil
}

// Add makes the functions of ctx, and what ctx has even when the document has
// not.
func (f *flow) Add(kind payload.Kind, name string, object []byte) goja.Value {
	switch kind {
	case kindRoot:
		return f.addRoot(name, object)
	case kindV1:
		return f.addV1(name, object)
	case kindUser:
		if name == "grants" {
			return f.Read(kindGrants, []byte("[]"))
		}
		return f.getMetadata(name, f.withMetadata(payload.Member(object, "metadata")))
	case kindOrg:
		return f.getMetadata(name, payload.Member(object, "metadata"))
	case kindGrant:
		return f.getMetadata(name, payload.Member(object, "orgMetadata"))
	case kindApplication:
		return f.getter(name, func() goja.Value {
			id, _ := payload.Text(payload.Member(object, "clientId"))
			return f.vm.ToValue(id)
		})
	}
	return nil
}

func (f *flow) addRoot(name string, object []byte) goja.Value {
	switch name {
	case "v1":
		return f.doc.Shaped(emptyObject, f.offer.ctx.Members["v1"])
	case "getClaim":
		claims := idClaims(object)
		return hostapi.Native(f.vm, name, func(call goja.FunctionCall) goja.Value {
			raw := payload.Member(claims, call.Argument(0).String())
			if raw == nil {
				return goja.Null()
			}
			return f.doc.Shaped(raw, nil)
		})
	case "claimsJSON":
		return f.getter(name, func() goja.Value {
			if claims := idClaims(object); claims != nil {
				return f.vm.ToValue(string(claims))
			}
			return goja.Null()
		})
	}
	return f.vm.ToValue("") // a token that there is none of
}

func (f *flow) addV1(name string, object []byte) goja.Value {
	switch name {
	case "getUser":
		return f.getter(name, func() goja.Value {
			if raw := payload.Member(object, "user"); raw != nil {
				return f.doc.Shaped(raw, plainUser)
			}
			return goja.Null()
		})
	case "user", "org", "application":
		return f.doc.Shaped(emptyObject, f.offer.ctx.Members["v1"].Members[name])
	case "claims":
		return f.doc.Shaped(emptyObject, nil)
	case "actor":
		return goja.Null()
	}
	return f.vm.ToValue("none") // authError
}

func (f *flow) getter(name string, get func() goja.Value) goja.Value {
	return hostapi.Native(f.vm, name, func(goja.FunctionCall) goja.Value { return get() })
}

func (f *flow) getMetadata(name string, raw []byte) goja.Value {
	return f.getter(name, func() goja.Value {
		if raw == nil {
			return f.Read(kindMetadata, []byte("[]"))
		}
		return f.Read(kindMetadata, raw)
	})
}

// result makes a result object of a list.
func result(raw []byte, name string) []byte {
	if len(raw) == 0 || raw[0] != '[' {
		return raw
	}
	out := append([]byte(`{"count":`), strconv.Itoa(payload.Count(raw))...)
	out = append(out, `,"sequence":0,"timestamp":"0001-01-01T00:00:00Z","`+name+`":`...)
	return append(append(out, raw...), '}')
}

// date reads RFC 3339; other texts stay what they are.
func (f *flow) date(raw []byte) goja.Value {
	text, ok := payload.Text(raw)
	if !ok {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil
	}
	return f.session.Date(t, text)
}

// metadataValue decodes a text that is JSON.
func (f *flow) metadataValue(raw []byte) goja.Value {
	text, ok := payload.Text(raw)
	if !ok {
		return nil
	}
	if inner, ok := payload.Valid([]byte(text)); ok {
		return f.doc.Shaped(inner, nil)
	}
	return f.vm.ToValue(text)
}

// idClaims returns the claims of the ID token, nil where there is none.
func idClaims(object []byte) []byte {
	if claims := payload.Member(object, "claims"); len(claims) > 0 && claims[0] == '{' {
		return claims
	}
	token, _ := payload.Text(payload.Member(object, "idToken"))
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	claims, ok := payload.Valid(decoded)
	if !ok || claims[0] != '{' {
		return nil
	}
	return claims
}

// withMetadata returns the user's metadata as setMetadata left it.
func (f *flow) withMetadata(raw []byte) []byte {
	set := make(map[string]json.RawMessage)
	for _, m := range f.changes.Metadata {
		if m.Immediate {
			set[m.Key] = m.Value
		}
	}
	if len(set) == 0 {
		return raw
	}
	var entries []map[string]json.RawMessage
	list := raw
	if len(raw) > 0 && raw[0] == '{' {
		list = payload.Member(raw, "metadata")
	}
	if len(list) > 0 && json.Unmarshal(list, &entries) != nil {
		return raw
	}
	for _, entry := range entries {
		key, _ := payload.Text(entry["key"])
		if value, ok := set[key]; ok {
			entry["value"] = value
			delete(set, key)
		}
	}
	for _, m := range f.changes.Metadata {
		if value, ok := set[m.Key]; ok {
			key, _ := json.Marshal(m.Key) // a text, cannot fail
			entries = append(entries, map[string]json.RawMessage{"key": key, "value": value})
			delete(set, m.Key)
		}
	}
	merged, err := json.Marshal(entries)
	if err != nil {
		return raw
	}
	return merged
}

// overlay shows in ctx what the actions before this one did.
func (f *flow) overlay(ctx goja.Value) error {
	v1, ok := memberOf(ctx, "v1")
	if !ok {
		return nil
	}
	if claims, ok := memberOf(v1, "claims"); ok {
		for key, raw := range f.changes.Claims {
			if err := f.put(claims, key, raw); err != nil {
				return err
			}
		}
	}
	user, ok := memberOf(v1, "externalUser")
	if !ok {
		user, ok = memberOf(v1, "user")
	}
	if !ok || len(f.changes.User) == 0 {
		return nil
	}
	human, ok := memberOf(user, "human")
	if !ok {
		human = f.vm.NewObject()
		if err := user.Set("human", human); err != nil {
			return err
		}
	}
	for field, raw := range f.changes.User {
		at := human
		if field == "username" || field == "preferredUsername" {
			at = user
		}
		if err := f.put(at, field, raw); err != nil {
			return err
		}
	}
	return nil
}

func memberOf(v goja.Value, name string) (*goja.Object, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	member, ok := o.Get(name).(*goja.Object)
	return member, ok
}

func (f *flow) put(o *goja.Object, name string, raw []byte) error {
	v, err := f.doc.Decode(raw)
	if err != nil {
		return err
	}
	return o.Set(name, v)
}
