// Package sandbox makes one call of an action in a VM of its own: the compiled
// script runs, the function named like the action is looked up and called with
// (ctx, api), what it left pending is waited for, and what it returned, asked
// for and logged is collected.
//
// A VM is never used twice. It holds no Go values, only functions and plain
// data, and everything it can allocate or print is bounded here, except memory
// and instructions that do not look up (a backtracking regular expression, a
// gigantic string): those are bounded by the worker process around it.
//
// How a function is called, and what ctx and api offer, is a convention
// (flow.go, target.go).
//
// # The end of a run
//
// A run ends when nothing is pending: promise jobs, timers and fetches are
// waited for, whether the function returned a promise or not, up to the
// action's timeout. A rejected promise that the function returned ends it at
// once and fails it; so does what a timer's callback throws. Other rejections
// that nobody handles are logged as warnings and fail nothing, as on the
// original platform. AbortSignal.timeout is not waited for; a setTimeout that
// lost a race is, unless the script clears it.
//
// # The context of flows
//
// Input is a JSON object with the names that ctx has (actions-v1 2.3, 2.4).
// Where ctx has a function getX, the document has a member x in the same place:
//
//	accessToken, idToken        1/1
//	claims                      1/1, for getClaim and claimsJSON; without it the
//	                            payload of idToken, when that is a JWT
//	v1.externalUser, v1.providerInfo, v1.authRequest, v1.httpRequest, v1.authError
//	v1.authMethod               3/1
//	v1.user                     1/2, 3/2 as ctx.v1.user; elsewhere for v1.getUser()
//	v1.user.metadata            for v1.user.getMetadata(): the result object
//	                            {count, sequence, timestamp, metadata: [{key, value, ...}]}
//	                            or only its list; a value is text, which is shown
//	                            decoded when it is JSON, or already JSON
//	v1.user.grants              the result object {count, ..., grants: [...]}, or
//	                            only its list; a grant's orgMetadata, like metadata,
//	                            is for getOrgMetadata()
//	v1.org.metadata             for v1.org.getMetadata()
//	v1.application.clientId     for v1.application.getClientId()
//	v1.claims, v1.actor         2/4, 2/5
//
// Dates are RFC 3339 texts. What is missing is empty (metadata, grants, claims)
// or undefined. Further members are handed on as they are.
//
// What the trigger's actions before this one did (Request.Changes) shows in ctx
// where it would on the original platform: claims in v1.claims, setters in
// v1.externalUser and v1.user, metadata of setMetadata in v1.user.getMetadata().
package sandbox
