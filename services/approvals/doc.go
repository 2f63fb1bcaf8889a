// Package approvals makes sure that nobody changes what matters alone: an
// organization that turns approvals on has sensitive changes wait for other
// people.
//
// # NOT ENFORCED YET
//
// So far this room keeps an organization's settings and nothing asks for them.
// approvalEnabled is stored and reported as it was asked for, because clients
// of the published API expect that, but IT PROTECTS NOTHING: gated methods run
// at once, whatever it says, and no request or audit entry is written. Turning
// it on logs the warning approvals.not_enforced. The tables of the workflow
// are here, so that their rules are agreed on before the code that obeys them.
//
// # In and out
//
//	in   actionplane.approvals.v1.rpc.get_organization_settings
//	in   actionplane.approvals.v1.rpc.update_organization_settings
//	out  actionplane.access.v1.rpc.count_reviewers   before a threshold is taken
//	out  actionplane.changes.v1.<tenant>.settings    the change feed
//
// # Tables
//
//	organization_settings  one row per organization, from the first write on; until then defaults hold
//	approval_requests      who wants to do what, as frozen bytes; the policy that holds for it; its execution (unused)
//	decisions              who said what to a request; never changed (unused)
//	audit_entries          what happened, a hash chain per organization; never changed (unused)
//	outbox                 changes on their way to the feed
//
// # Settings
//
// Defaults: off, a request lives 24 hours, one approval besides the
// submitter's wish. An update changes only the fields that are present. A
// threshold that is set, or holds when the workflow is turned on, must be
// within the number of reviewers less one, else APPROVAL_THRESHOLD_TOO_HIGH;
// with a single reviewer the workflow cannot be turned on at all. Reviewers are
// counted before the settings are locked: people may leave in between as they
// may at any time after, and a threshold that has become too high is not
// lowered.
//
// # States of a request (agreed on, not built)
//
//	         +-- threshold met, before expiry ------> approved
//	         +-- one denial, before expiry ---------> denied
//	pending -+-- by its submitter, before expiry ---> canceled       on the wire: denied, resolution "canceled"
//	         +-- expires_at reached ----------------> expired
//	(none) ---- approvals are off ------------------> auto_approved  the owner ran it; a record only
//
// All but pending are final. An approved request is executed; the transaction
// that approves it also queues it, and nothing else does:
//
//	queued --lease--> executing --done--> executed
//	                  executing --its service refused or broke--> failed --retry--> queued
//	                  executing --the world has moved--> stale
//	                  executing --lease ran out--> executing, by another
//	                  queued, failed --given up--> abandoned
//
// What the tables enforce by themselves, whichever code writes them: one
// decision per person and request; never the submitter's; one denial; no
// approval, denial or cancellation after expiry and no expiry before it; a
// payload that matches its hash, and does not change once somebody has decided
// about it; execution of approved requests only; audit entries without gaps,
// forks or edits. Approvals are counted from decisions, never kept as a number.
//
// # When a neighbour is away
//
//	Postgres   calls fail with UNAVAILABLE
//	access     settings can be read, turned off, and given another life span; a threshold or turning on is
//	           UNAVAILABLE and changes nothing
//	NATS       nobody can ask; changes that were made reach the feed once it is back
package approvals
