// Package actions owns JavaScript actions with their versions and secrets, and
// the flows that say at which triggers they run. It keeps them; running them is
// the scripts service's.
//
// # Subjects
//
// In, request and reply, each followed by the tenant:
//
//	actionplane.actions.v1.rpc.{list,get,create,update,deactivate,reactivate,delete}_action(s)
//	actionplane.actions.v1.rpc.{list_flow_types,list_flow_trigger_types,get_flow,clear_flow,set_trigger_actions}
//	    zitadel.management.v1.ManagementService, for the organization of the call
//	actionplane.actions.v1.rpc.{save_draft,list_versions,get_version,publish_version,rollback,discard_draft}
//	actionplane.actions.v1.rpc.{set,list,delete}_{secret(s),organization_secret(s)}
//	    actionplane.v1.ActionService, for the organization of the call
//	actionplane.actions.v1.rpc.{get_program,get_trigger_programs}
//	    actionplane.actions.v1.Actions, internal: any organization of the tenant
//
// Out:
//
//	actionplane.scripts.v1.rpc.check         what looks wrong with a script that is saved
//
// Out, on stream CHANGES by way of the outbox:
//
//	actionplane.changes.v1.<tenant>.action   id: the action; also a change of its versions or secrets.
//	                                         No id: all actions of the change's organization, whose
//	                                         secrets changed
//	actionplane.changes.v1.<tenant>.flow     id: the flow's type, "1" to "4", of the change's organization
//
// # Tables
//
// Schema "actions": actions; action_versions, contents that never change, of
// which an action points at the one that runs; secrets; flows and flow_actions,
// the ordered actions of each trigger; outbox;
// approved_changes of libs/approval.
//
// # States
//
//	create ──> active ──deactivate──> inactive
//	             ^─────reactivate───────┘
//
// Both can be changed, bound to flows and deleted; an inactive action stays
// bound and is skipped when its flow runs. To delete an action takes it out of
// every flow. What lies in another organization does not exist.
//
//	save ──> draft ──publish──> published ──another is──> superseded
//	           └─discard─> gone     ^────────rollback─────────┘
//
// Create and UpdateAction make a version that is published at once. An action
// has one published version at any time. Only so many versions are kept: the
// oldest goes when one is saved, never the published one. Numbers are not given
// twice. A draft does not change the action: neither its sequence nor its dates.
//
// # Secrets
//
// They are of one action or of all of an organization's; the action's own hide
// the organization's of the same name. They are kept encrypted under
// ACTIONPLANE_MASTER_KEY, bound to tenant, organization, action and name; a
// service that finds some under another master key does not start. They leave
// the room in the answers of get_program and get_trigger_programs alone, on the
// bus.
//
// # Languages
//
// Names of flows and triggers are English for everybody: the bus carries no
// language of the caller's.
//
// # Neighbours
//
// Postgres away: every call but the two static lists is UNAVAILABLE. NATS away:
// nobody can ask; changes made before wait in the outbox. Scripts away: saving
// waits for ACTIONS_CHECK_TIMEOUT and keeps the version as one that nobody
// checked. Replicas share nothing but the database.
package actions
