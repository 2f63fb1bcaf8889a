// Package actions owns JavaScript actions with their script versions, and the
// flows that say at which triggers they run. It keeps them; running them is the
// scripts service's.
//
// # Subjects
//
// In, request and reply, each followed by the tenant:
//
//	actionplane.actions.v1.rpc.{list,get,create,update,deactivate,reactivate,delete}_action(s)
//	actionplane.actions.v1.rpc.{list_flow_types,list_flow_trigger_types,get_flow,clear_flow,set_trigger_actions}
//	    zitadel.management.v1.ManagementService, for the organization of the call
//	actionplane.actions.v1.rpc.get_program
//	    actionplane.actions.v1.Actions, internal: any organization of the tenant
//
// Out, on stream CHANGES by way of the outbox:
//
//	actionplane.changes.v1.<tenant>.action   id: the action
//	actionplane.changes.v1.<tenant>.flow     id: the flow's type, "1" to "4", of the change's organization
//
// # Tables
//
// Schema "actions": actions; action_versions, scripts that never change, of
// which an action points at the one that runs; flows and flow_actions, the
// ordered actions of each trigger; outbox.
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
// # Neighbours
//
// Postgres away: every call but the two static lists is UNAVAILABLE. NATS away:
// nobody can ask; changes made before wait in the outbox. Scripts away: nothing
// here notices. Replicas share nothing but the database.
package actions
