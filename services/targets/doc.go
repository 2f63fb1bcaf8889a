// Package targets is the owner of targets: named things that executions call,
// with the keys that sign what is sent to them.
//
// # In and out
//
// It serves, in queue group "targets" and for whatever tenant ends the subject,
//
//	actionplane.targets.v1.rpc.create_target          CreateTarget
//	actionplane.targets.v1.rpc.patch_target           PatchTarget
//	actionplane.targets.v1.rpc.delete_target          DeleteTarget
//	actionplane.targets.v1.rpc.get_target             GetTarget
//	actionplane.targets.v1.rpc.search_targets         SearchTargets
//	actionplane.targets.v1.rpc.get_target_snapshots   GetTargetSnapshots, for executions
//	actionplane.targets.v1.rpc.get_signing_keys       GetSigningKeys, for dispatch
//
// and announces every change on stream CHANGES as a change of resource
// "target". A call that changes something answers once its change is on the
// feed, or after half a second without.
//
// # Tables
//
// targets, signing_keys and outbox, in schema "targets". Signing keys are
// encrypted under ACTIONPLANE_MASTER_KEY and bound to tenant and target. A
// service that finds keys under another master key does not start.
//
// # A target's life
//
//	create ──▶ version 1 ──▶ version 2 ──▶ … ──▶ delete: gone
//	                  a patch that differs; one that does not
//	                  succeeds and changes nothing
//
// A patch with expirationSigningKey makes a new key, which counts as a
// difference; the old key ends at once. Executions may still list a target that
// was deleted: they leave it out when they are resolved.
//
// # When a neighbour is away
//
//	Postgres   every call is UNAVAILABLE; nothing is cached here
//	NATS       no calls come; committed changes wait in the outbox
//	executions, dispatch   not noticed: they ask us, we never ask them
//
// # Error ids
//
// They are ZITADEL's, to the letter; the texts are our own. What the original
// says on reading an unknown target is not known: here it is QUERY-t4rg3tg0ne,
// from GetTarget and GetSigningKeys. A signing key that cannot be decrypted is
// EXEC-thiiCh5b wherever it is met.
package targets
