// Package executions owns which targets are called when something happens:
// executions, their includes, the catalog of what internal services offer, and
// the resolution of a trigger into the one chain that answers to it.
//
// Subjects in (queue group "executions", each followed by the tenant):
//
//	actionplane.executions.v1.rpc.{set_execution,search_executions,list_execution_*}
//	actionplane.executions.v1.rpc.{v2,v2beta}_*          the same in two more versions
//	actionplane.executions.v1.rpc.{announce_catalog,list_catalog,list_unannounced_conditions}
//	actionplane.executions.v1.rpc.publish_event{,s}      into EVENTS
//	actionplane.executions.v1.rpc.run_{request,response,function}_hook
//	                                                     resolve, hand on to dispatch
//	actionplane.executions.v1.rpc.list_conditions        for the index of the SDK
//	actionplane.executions.v1.rpc.resolve_events         the chains of all events that
//	                                                     dispatch took together: those
//	                                                     at hand in one answer, each
//	                                                     other to who waits for it
//	stream CHANGES, consumer "executions-targets"        deleted targets leave the lists
//	stream CHANGES, followed                             epochs of the resolver
//
// Subjects out:
//
//	actionplane.targets.v1.rpc.get_target_snapshots
//	actionplane.dispatch.v1.rpc.run_hook                 with the caller's reply inbox
//	stream EVENTS                                        what is published, for dispatch;
//	                                                     its limits are set here
//	stream CHANGES, resource "execution"
//	actionplane.approvals.v1.rpc.*, stream APPROVALS     gated changes (libs/approval)
//
// Tables (schema executions): executions, entries, catalog, outbox, and
// approved_changes of libs/approval.
//
// A trigger has one winner: method > service > all; event > longest group >
// all; a function by name (internal/condition). An execution with an empty
// list is a noop that wins like any other and so shadows broader ones; the
// original forgets one that is emptied before it was ever filled, here it is
// kept, because whoever sets an empty list means it. Where the original runs a
// chain in reverse, refuses a target that is listed twice, or loses the
// condition in searches, this room does not (spec sheet, 2.6, 2.8, 4.3).
//
// Every version of the API sees the same executions; v2 and v2beta, which know
// no includes, see what these come to (actionV2). A condition on something that
// nobody has announced is accepted and listed as such
// (ListUnannouncedConditions), or refused where ACTIONPLANE_CATALOG_STRICT says
// so. Setters of one tenant come one after the other, under a lock of its own
// in Postgres: of a thousand who write the same list at once, one is last.
//
// When a neighbour is away:
//
//	Postgres      what is cached goes on being resolved; changes and the rest
//	              answer UNAVAILABLE; other events wait in the stream
//	targets       the same, for chains that are not cached
//	approvals     lists cannot be set (UNAVAILABLE), unless the organization was known
//	              to require no approvals
//	Redis         slower, not wrong
//	dispatch      the caller of a hook waits up to bus.ReconnectWindow, then
//	              gets UNAVAILABLE; events wait in EVENTS
package executions
