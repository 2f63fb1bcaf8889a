// Package approval is the door that stands before every change that other
// people may have to approve. An owner of gated methods puts it around its
// server and into the one function in which it mutates:
//
//	door := approval.NewDoor(approval.DefaultConfig(), approval.Deps{Bus: deps.Bus, Log: deps.Log})
//	somev1.RegisterOwnerSomeServer(door.Guard(server), handlers)   // server marks calls of gated methods
//	approval.Do(ctx, door, change, store.Tx, mutate)                // mutate, in a transaction, or not
//	host.Together(ctx, server.Run, relay.Run, door.Run)             // the door hears of settings that change
//
// and applies Schema in a migration. It ensures Stream before its relay runs.
//
// # What Do does
//
//	a call of a method that is not gated    mutates
//	approvals off                           mutates; the outbox tells approvals, in the same transaction
//	approvals on                            rehearses: mutates, reads the states before and after, and rolls
//	                                        back. What would fail, fails now; what would not, is submitted to
//	                                        approvals and answered with APPROVAL_REQUIRED
//	a harmless change (Change.Harmless)     as if approvals were off
//	an approved request                     asks approvals whether it is being executed by this very call;
//	                                        mutates where the state still is what the request was made in,
//	                                        else STATE_DRIFT; once, whatever happens: the request's id is
//	                                        written in the same transaction, and the second time is
//	                                        ALREADY_APPLIED
//
// The organization whose settings hold is the one in the caller's identity.
// For methods of the instance (targets, executions), that is the caller's own.
// Who comes without an organization is held to the strictest of the tenant.
//
// # What it costs
//
// Whether approvals are on is remembered for Config.ModeTTL and forgotten when
// the change feed says that settings changed: one look into a map per gated
// call. A change that is under way while approvals are turned on is still made.
//
// # When approvals is away
//
// An organization that was known to have approvals off at most
// Config.ModeStale ago goes on: who could turn them on is away as well. With
// approvals on, or not known, gated calls are UNAVAILABLE.
//
// # Who can forge an approval
//
// Whoever may send on the bus may name any person anyway; from the edge nobody
// can, for the gateway sends no header of its callers on. And a call that says
// it executes a request is believed by no owner: it asks approvals, which
// compares subject, organization and the hash of the very bytes.
package approval
