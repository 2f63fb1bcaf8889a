// Package oidc reads JSON Web Tokens of OIDC issuers: it finds the issuer's
// keys by discovery, checks signature, issuer, audience and times, and returns
// what the token says of its subject. What that means here, who the subject is
// and what he may do, is decided elsewhere.
//
// # Keys
//
//	(unknown) --fetch--> fresh --KeysTTL--> stale --KeysMaxAge--> (unknown)
//
// Stale keys go on verifying, while every RefreshInterval one call tries to
// fetch them anew. So does a token that names a key we do not have, for issuers
// rotate; a flood of such tokens makes one fetch in each interval, and the rest
// are refused at once. Where no keys are known, or a key may be too new for us
// because the issuer cannot be asked, the answer is UNAVAILABLE: to say that a
// good token is bad would send people to log in again.
package oidc
