package sandbox

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// runFlow runs actions one after the other, as those of one trigger; each is
// called "a" and is an expression.
func runFlow(t *testing.T, trigger invocation.Trigger, input string, actions ...string) invocation.Result {
	t.Helper()
	var res invocation.Result
	for _, action := range actions {
		res = runWith(t, Config{MaxChanges: 100}, invocation.Request{
			Name: "a", Source: "const a = " + action, Style: invocation.StyleFlow, Trigger: trigger,
			Input: json.RawMessage(input), Changes: res.Changes,
		})
	}
	return res
}

func trigger(flow, typ uint8) invocation.Trigger { return invocation.Trigger{Flow: flow, Type: typ} }

func TestFlowChanges(t *testing.T) {
	t.Parallel()
	const token = `{"v1":{"claims":{"sub":"me"},"user":{"metadata":[{"key":"m","value":"old"}]}}}`
	const creation = `{"v1":{"user":{"username":"u","human":{"firstName":"F","email":""}}}}`
	const external = `{"v1":{"externalUser":{"human":{"firstName":"F"}}}}`
	for _, test := range []struct {
		name    string
		trigger invocation.Trigger
		input   string
		actions []string
		want    string
		kind    invocation.Kind
	}{
		{"ClaimsAreNotOverwritten", trigger(2, 4), token, []string{`(ctx, api) => { delete ctx.v1.claims.sub; api.v1.claims.setClaim("sub", 1); api.v1.claims.setClaim("new", {d: new Date(0)}); api.v1.userinfo.setClaim("new", 2) }`}, `{"claims":{"new":{"d":"1970-01-01T00:00:00.000Z"}},"logClaims":{"urn:zitadel:iam:action:a:log":["key \"sub\" already exists","key \"new\" already exists"]}}`, 0},
		{"ClaimsOfTheFirstExistForTheSecond", trigger(2, 5), token, []string{`(ctx, api) => api.v1.claims.setClaim("x", 1)`, `(ctx, api) => { api.v1.claims.setClaim("x", 2); api.v1.claims.setClaim("seen", ctx.v1.claims.x) }`}, `{"claims":{"seen":1,"x":1},"logClaims":{"urn:zitadel:iam:action:a:log":["key \"x\" already exists"]}}`, 0},
		{"ReservedClaimsAreDropped", trigger(2, 4), token, []string{`(ctx, api) => api.v1.claims.setClaim("urn:zitadel:iam:x", 1)`}, ``, 0},
		{"LinesAreAppended", trigger(2, 4), token, []string{`(ctx, api) => { api.v1.userinfo.appendLogIntoClaims("one"); api.v1.claims.appendLogIntoClaims(2) }`}, `{"logClaims":{"urn:zitadel:iam:action:a:log":["one","2"]}}`, 0},
		{"ClaimsTakeAnything", trigger(2, 4), token, []string{`(ctx, api) => { const s = api.v1.claims.setClaim; s("u"); s("l", [undefined, 1.5]); s("t", "x"); s("b", false) }`}, `{"claims":{"b":false,"l":[null,1.5],"t":"x","u":null}}`, 0},
		{"MetadataIsShownAtOnceWhenItIsSet", trigger(2, 4), token, []string{`(ctx, api) => { api.v1.user.setMetadata("m", "new"); api.v1.user.setMetadata("n", {b: [1]}) }`, `(ctx, api) => api.v1.claims.setClaim("c", ctx.v1.user.getMetadata().metadata.map(m => m.value))`}, `{"claims":{"c":["new",{"b":[1]}]},"metadata":[{"key":"m","value":"new","immediate":true},{"key":"n","value":{"b":[1]},"immediate":true}]}`, 0},
		{"MetadataTakesTwo", trigger(2, 4), token, []string{`(ctx, api) => api.v1.user.setMetadata("m")`}, ``, invocation.KindThrown},
		{"WhatCameBeforeAFailureStays", trigger(2, 4), token, []string{`(ctx, api) => { api.v1.claims.setClaim("c", 1); throw 1 }`}, `{"claims":{"c":1}}`, invocation.KindThrown},
		{"WhatCameBeforeATimeoutStays", trigger(1, 2), creation, []string{`(ctx, api) => { api.setFirstName("x"); api.metadata.push({key: "k", value: 1}); for (;;); }`}, `{"metadata":[{"key":"k","value":1}],"user":{"firstName":"x"}}`, invocation.KindTimeout},
		{"ReturnedValuesAreIgnored", trigger(2, 4), token, []string{`() => ({x: 1n})`}, ``, 0},
		{"SettersConvert", trigger(1, 2), creation, []string{`(ctx, api) => { api.setFirstName(undefined); api.setLastName(null); api.setNickName(5); api.setDisplayName({}); api.setUsername("me"); api.setPhone("+1"); api.setPhoneVerified("yes"); api.setGender("2"); api.setPreferredLanguage("de") }`}, `{"user":{"displayName":"[object Object]","firstName":"","gender":2,"isPhoneVerified":true,"lastName":"","nickName":"5","phone":"+1","preferredLanguage":"de","username":"me"}}`, 0},
		{"VerifiedNeedsSomethingToVerify", trigger(3, 2), creation, []string{`(ctx, api) => { api.setEmailVerified(true); api.setPhoneVerified(true) }`}, ``, 0},
		{"VerifiedDoesNotAskOfExternalUsers", trigger(1, 1), external, []string{`(ctx, api) => api.setEmailVerified(0)`}, `{"user":{"isEmailVerified":false}}`, 0},
		{"SettersShowInTheNextContext", trigger(1, 1), external, []string{`(ctx, api) => { api.setFirstName("G"); api.setEmail("e") }`, `(ctx, api) => api.setNickName(ctx.v1.externalUser.human.firstName + ctx.v1.externalUser.human.email)`}, `{"user":{"email":"e","firstName":"G","nickName":"Ge"}}`, 0},
		{"SettersOfATriggerOnly", trigger(1, 2), creation, []string{`(ctx, api) => api.setPreferredUsername("x")`}, ``, invocation.KindThrown},
		{"GenderIsBounded", trigger(1, 2), creation, []string{`(ctx, api) => api.setGender(4)`}, ``, invocation.KindThrown},
		{"MetadataArrayIsTheSameList", trigger(3, 1), `{}`, []string{`(ctx, api) => { api.v1.user.appendMetadata("a", 1); api.metadata.push({key: "b", value: [2]}); api.v1.user.appendMetadata("c", 3) }`, `(ctx, api) => { api.metadata = api.metadata; if (api.metadata.length === 3) api.v1.user.appendMetadata("d", api.metadata[1].value) }`}, `{"metadata":[{"key":"a","value":1},{"key":"b","value":[2]},{"key":"c","value":3},{"key":"d","value":[2]}]}`, 0},
		{"GrantsTakeBothSpellings", trigger(1, 3), `{}`, []string{`(ctx, api) => { api.userGrants.push({projectID: "1", projectGrantID: "g", roles: ["r"]}); api.v1.appendUserGrant({projectId: "2", roles: []}) }`, `(ctx, api) => { api.v1.appendUserGrant({projectId: "n" + api.userGrants.length + api.userGrants[0].projectID, projectGrantId: "x"}) }`}, `{"userGrants":[{"projectId":"1","projectGrantId":"g","roles":["r"]},{"projectId":"2","roles":[]},{"projectId":"n21","projectGrantId":"x","roles":[]}]}`, 0},
		{"GrantNeedsAProject", trigger(3, 3), `{}`, []string{`(ctx, api) => api.v1.appendUserGrant({roles: ["x"]})`}, ``, invocation.KindThrown},
		{"PushedGrantNeedsAProject", trigger(3, 3), `{}`, []string{`(ctx, api) => { api.userGrants.push({projectID: "1", roles: []}, {}) }`}, `{"userGrants":[{"projectId":"1","roles":[]}]}`, invocation.KindOutput},
		{"AttributesAreNotOverwritten", trigger(4, 6), `{}`, []string{`(ctx, api) => api.v1.attributes.setCustomAttribute("n", "f", "a", 1)`, `(ctx, api) => { api.v1.attributes.setCustomAttribute("n", "f", "b"); api.v1.attributes.setCustomAttribute("o", "") }`}, `{"attributes":[{"name":"n","nameFormat":"f","values":["a","1"]},{"name":"o","nameFormat":"","values":[]}]}`, 0},
		{"ChangesAreBounded", trigger(2, 4), `{}`, []string{`(ctx, api) => { for (let i = 0; ; i++) { if (i === 100) try { api.v1.claims.setClaim("c" + i, i) } catch (e) { throw e.message } else api.v1.claims.setClaim("c", i) } }`}, ``, invocation.KindThrown},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var res invocation.Result
			if test.kind == invocation.KindTimeout {
				res = runWith(t, Config{}, invocation.Request{
					Name: "a", Source: "const a = " + test.actions[0], Style: invocation.StyleFlow, Trigger: test.trigger,
					Input: json.RawMessage(test.input), Timeout: 20_000_000,
				})
			} else {
				res = runFlow(t, test.trigger, test.input, test.actions...)
			}
			if test.kind == 0 && res.Error != nil || test.kind != 0 && !errors.Is(res.Error, &invocation.Error{Kind: test.kind}) {
				t.Errorf("error is %v", res.Error)
			}
			if test.name != "ChangesAreBounded" && string(res.Changes) != test.want || res.Output != nil {
				t.Errorf("changes are %s\nwant        %s", res.Changes, test.want)
			}
		})
	}
}

func TestFlowDeny(t *testing.T) {
	t.Parallel()
	for _, trigger := range invocation.Triggers() {
		res := runFlow(t, trigger, `{}`, `(ctx, api) => api.deny("no", 403)`)
		if res.Error != nil || res.Veto == nil || *res.Veto != (invocation.Veto{Reason: "no", Code: 403}) {
			t.Errorf("%v gives %+v, %v", trigger, res.Veto, res.Error)
		}
	}
}

// What ctx shows, as text of an expression.
func TestFlowContext(t *testing.T) {
	t.Parallel()
	const date = `"2023-11-14T22:13:20.005Z"`
	for _, test := range []struct {
		name       string
		trigger    invocation.Trigger
		input, get string
		want       string
	}{
		{"PrimitivesAreTrue", trigger(3, 1), `{"v1":{"authMethod":"password","authRequest":{"maxAuthAge":null,"mfasVerified":[0]}}}`, `[ctx.v1.authMethod === "password", typeof ctx.v1.authMethod, ctx.v1.authRequest.maxAuthAge, ctx.v1.authRequest.mfasVerified.includes(0), ctx.v1.authError]`, `[true,"string",null,true,"none"]`},
		{"DatesAreDates", trigger(1, 1), `{"v1":{"authRequest":{"creationDate":` + date + `}}}`, `(d => [d instanceof Date, d.getTime(), "at " + d, JSON.stringify(d), new Date(d).getTime(), d.unix(), d.getFullYear(), d < new Date(), d - 5])(ctx.v1.authRequest.creationDate)`, `[true,1700000000005,"at 2023-11-14 22:13:20.005 +0000 UTC","\"2023-11-14T22:13:20.005Z\"",1700000000005,1700000000,2023,true,1700000000000]`},
		{"DatesThatAreSetAreOthers", trigger(1, 1), `{"v1":{"authRequest":{"creationDate":` + date + `}}}`, `(d => { d.setTime(0); return ["" + d, d.toJSON()] })(ctx.v1.authRequest.creationDate)`, `["1970-01-01T00:00:00.000Z","1970-01-01T00:00:00.000Z"]`},
		{"WhatIsNoDateStays", trigger(1, 1), `{"v1":{"authRequest":{"creationDate":"soon"}}}`, `ctx.v1.authRequest.creationDate`, `"soon"`},
		{"ClaimsOfTheIDToken", trigger(1, 1), `{"claims":{"a":{"b":1},"n":null},"idToken":"x"}`, `[ctx.getClaim("a").b, ctx.getClaim("none"), ctx.claimsJSON(), ctx.idToken, ctx.accessToken]`, `[1,null,"{\"a\":{\"b\":1},\"n\":null}","x",""]`},
		{"NoIDToken", trigger(1, 1), `{}`, `[ctx.getClaim("a"), ctx.claimsJSON(), ctx.idToken, ctx.v1.authError]`, `[null,null,"","none"]`},
		{"UserOfTheToken", trigger(2, 4), `{"v1":{"user":{"id":"1","changeDate":` + date + `,"human":{"firstName":"F"}}}}`, `[ctx.v1.getUser().id, ctx.v1.getUser().human.firstName, ctx.v1.getUser().changeDate.getTime(), ctx.v1.user.id]`, `["1","F",1700000000005,"1"]`},
		{"UserThatWasCreated", trigger(3, 3), `{"v1":{"user":{"id":"1"}}}`, `ctx.v1.getUser().id`, `"1"`},
		{"NothingIsThere", trigger(2, 5), ``, `[ctx.v1.user.getMetadata().count, ctx.v1.user.grants.count, ctx.v1.org.getMetadata().metadata.length, ctx.v1.application.getClientId(), ctx.v1.actor, ctx.v1.claims, ctx.v1.getUser()]`, `[0,0,0,"",null,{},null]`},
		{"MetadataIsDecoded", trigger(2, 4), `{"v1":{"user":{"metadata":{"count":3,"sequence":7,"timestamp":` + date + `,"metadata":[{"key":"a","value":"123"},{"key":"b","value":"true"},{"key":"c","value":"{\"x\":[1]}"},{"key":"d","value":"plain"},{"key":"e","value":{"y":1}}]}}}}`, `(m => [m.count, m.timestamp.getTime(), m.metadata.map(e => e.value), m.metadata[2].value.x[0]])(ctx.v1.user.getMetadata())`, `[3,1700000000005,[123,true,{"x":[1]},"plain",{"y":1}],1]`},
		{"GrantsHaveTheirOrgsMetadata", trigger(4, 6), `{"v1":{"user":{"grants":[{"projectId":"p","roles":["r"],"creationDate":` + date + `,"orgMetadata":[{"key":"k","value":"v"}]},{"projectId":"q"}]}}}`, `(g => [g.count, g.grants.length, g.grants[0].getOrgMetadata().metadata[0].value, g.grants[1].getOrgMetadata().count, g.grants[0].creationDate.unix()])(ctx.v1.user.grants)`, `[2,2,"v",0,1700000000]`},
		{"ApplicationAndActor", trigger(2, 4), `{"v1":{"application":{"clientId":"c@p"},"actor":{"userId":"1","issuer":"i"}}}`, `[ctx.v1.application.getClientId(), ctx.v1.actor.userId]`, `["c@p","1"]`},
		{"ContextIsTheScriptsOwn", trigger(1, 1), `{"v1":{"externalUser":{"human":{"firstName":"F"}}}}`, `(ctx.v1.externalUser.human.firstName = "G", ctx.v1.externalUser.human.firstName)`, `"G"`},
		{"HostObjectsArePrinted", trigger(1, 1), `{"v1":{"authRequest":{"id":"1","creationDate":` + date + `}}}`, `(ctx.v1.authRequest.creationDate, JSON.parse(JSON.stringify(ctx.v1)))`, `{"authRequest":{"id":"1","creationDate":"2023-11-14T22:13:20.005Z"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			res := runFlow(t, test.trigger, test.input, `(ctx, api) => console.log("%j", `+test.get+`)`)
			if res.Error != nil || logged(res) != test.want {
				t.Errorf("it is %s, %v\nwant  %s", logged(res), res.Error, test.want)
			}
		})
	}
	t.Run("NoJSON", func(t *testing.T) {
		t.Parallel()
		if res := runFlow(t, trigger(2, 4), `{`, `() => 1`); !errors.Is(res.Error, &invocation.Error{Kind: invocation.KindInput}) {
			t.Errorf("error is %v", res.Error)
		}
	})
}
