// Package targets is the owner of targets: named things that executions call,
// with all that calling them takes: keys that sign, keys to encrypt for,
// retries, limits, headers, certificates.
//
// # In and out
//
// It serves, in queue group "targets" and for whatever tenant ends the subject,
// actionplane.targets.v1.rpc.…
//
//	create_target, patch_target, delete_target,      v3alpha (internal/wirev3alpha)
//	get_target, search_targets
//	v2_create_target, …, v2_list_public_keys         v2 (internal/wirev2)
//	v2beta_create_target, …, v2beta_list_targets     v2beta (internal/wirev2beta), by way of v2
//	get_target_settings, update_target_settings,     our own (internal/wireown)
//	rotate_signing_key, enable_target,
//	disable_target_by_operator, get_web_keys
//	get_target_snapshots                             for executions (internal/wirepeer)
//	get_sending_profile, disable_target              for dispatch (internal/wirepeer)
//
// and, as to gated changes, calls actionplane.approvals.v1.rpc.… and publishes
// to stream APPROVALS (libs/approval). It announces every change on stream
// CHANGES as a change of resource "target", also one of settings and keys. A
// call that changes something answers once its change is on the feed, or after
// half a second without.
//
// The wires are thin: internal/registry holds the one set of targets that all
// of them show, and its mutate is the one door through which any of them
// changes one. Changes of one target come one after another.
//
// # Tables
//
// targets, signing_keys, ed25519_keys, settings, public_keys, web_keys and
// outbox, and approved_changes of libs/approval, in schema "targets". Secrets are encrypted under
// ACTIONPLANE_MASTER_KEY and bound to tenant, target and purpose. A service that
// finds secrets under another master key does not start.
//
// # A target's life
//
//	create ──▶ version 1 ──▶ version 2 ──▶ … ──▶ delete: gone
//	                  a change of the target, its settings or its keys; one
//	                  that says what is there succeeds and changes nothing
//
//	enabled ──▶ disabled   by an operator, or because it answered 410 Gone
//	        ◀──            by an operator
//
// The newest HMAC key is the one that the API shows. expirationSigningKey of
// ZITADEL's API makes a new one and ends the old at once; RotateSigningKey lets
// both sign for a while. Executions may still list a target that was deleted:
// they leave it out when they are resolved.
//
// # Payload types
//
// A target of type JWT or JWE is signed for with the tenant's web key (ES256),
// made by whoever first needs it and shown at /actionplane/v1/keys. The newest
// signs; older ones would be shown until they expire. JWE is encrypted for the
// target's one active public key; while there is none, or it is expired,
// nothing may be sent.
//
// # When a neighbour is away
//
//	Postgres   every call is UNAVAILABLE; nothing is cached here
//	NATS       no calls come; committed changes wait in the outbox
//	approvals  gated changes are UNAVAILABLE, unless the organization was known to require no approvals
//	executions, dispatch   not noticed: they ask us, we never ask them
//
// # Error ids
//
// Those that are known are ZITADEL's, to the letter; the texts are our own. Of
// the errors of public keys the original's names are known and no ids: the
// names stand for them (ErrPublicKeyFormat, ErrExpirationDateBeforeNow,
// ErrPublicKeyDeleteActiveKey). What the original says on reading an unknown
// target is not known: here it is QUERY-t4rg3tg0ne. Ids that begin with TARGET-
// are ours. A secret that cannot be decrypted is EXEC-thiiCh5b wherever it is
// met.
package targets
