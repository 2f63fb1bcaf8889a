package sandbox

import (
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
)

// menu is the members of an object of api, and those of the objects in it.
// Menus are never written to.
type menu struct {
	names []string
	inner map[string]menu
}

// offer is what a trigger's actions get: their api, and the shape of their ctx.
type offer struct {
	api menu
	ctx *payload.Shape
}

func functions(names ...string) menu { return menu{names: names} }

// with adds objects to a menu.
func (m menu) with(name string, inner menu) menu {
	out := menu{names: append(append([]string{}, m.names...), name), inner: map[string]menu{name: inner}}
	for n, i := range m.inner {
		out.inner[n] = i
	}
	return out
}

// offers is actions-v1 2.3. deny is ours.
var offers = func() map[invocation.Trigger]*offer {
	claims := functions("setClaim", "appendLogIntoClaims")
	appending := functions().with("user", functions("appendMetadata"))
	setting := functions("setMetadata")
	profile := []string{
		"deny", "metadata", "setFirstName", "setLastName", "setNickName", "setDisplayName", "setPreferredLanguage",
		"setEmail", "setEmailVerified", "setPhone", "setPhoneVerified",
	}
	external := functions(append(profile, "setPreferredUsername")...).with("v1", appending)
	creation := functions(append(append([]string{}, profile...), "setUsername", "setGender")...).with("v1", appending)
	created := functions("deny", "userGrants").with("v1", functions("appendUserGrant"))
	internal := functions("deny", "metadata").with("v1", appending)
	token := functions("deny").with("v1", functions().with("claims", claims).with("userinfo", claims).with("user", setting))
	saml := functions("deny").with("v1", functions().with("attributes", functions("setCustomAttribute")).with("user", setting))
	return map[invocation.Trigger]*offer{
		{Flow: 1, Type: 1}: {external, externalContext},
		{Flow: 1, Type: 2}: {creation, creationContext},
		{Flow: 1, Type: 3}: {created, createdContext},
		{Flow: 2, Type: 4}: {token, tokenContext},
		{Flow: 2, Type: 5}: {token, tokenContext},
		{Flow: 3, Type: 1}: {internal, internalContext},
		{Flow: 3, Type: 2}: {creation, creationContext},
		{Flow: 3, Type: 3}: {created, createdContext},
		{Flow: 4, Type: 6}: {saml, samlContext},
	}
}()
