// Package approvals makes sure that nobody changes what matters alone: an
// organization that turns approvals on has sensitive changes wait for other
// people.
//
// # What waits
//
// Gated methods, that is those whose proto option has a gate: their owners
// (access, actions, executions, targets, and this room) have put libs/approval
// around their servers and into their one mutating function, so that every entry
// point is behind it. And actions of the types that internal services register
// (RegisterActionType), which anybody with the permission asks for
// (SubmitAction).
//
// With approvals off all of this is done at once, and recorded: an action as
// it is submitted, a gated change through its owner's outbox, as an
// auto_approved request and its audit entry in one transaction.
//
// # In and out
//
//	in   actionplane.approvals.v1.rpc.*              the admin-action API (dynamic.v0) and what it lacks (actionplane.v1)
//	in   actionplane.approvals.v1.rpc.get_gate, .submit_change, .confirm_execution   owners, by libs/approval
//	in   stream APPROVALS                            owners, of gated changes that were made at once
//	out  actionplane.access.v1.rpc.count_reviewers, .list_reviewers, .get_eligibility
//	out  the subject of an approved change, or of an action's type   to carry it out
//	out  stream CHANGES                              settings that changed
//	out  stream EVENTS                               actionplane.approval.<type of the audit entry>, with the entry as payload
//	out  stream AUDIT_HEADS                          the head of an organization's audit chain, at each entry, kept for ever
//	out  SMTP                                        where it is configured
//
// # Tables
//
//	organization_settings  one row per organization, from the first write on; until then defaults hold
//	approval_requests      who wants to do what, as frozen bytes, encrypted; the policy that holds for it; its execution
//	decisions              who said what to a request; never changed
//	audit_entries          what happened, a hash chain per organization; never changed
//	audit_heads            the end of each chain; who appends locks it
//	action_types           which service carries out which actions
//	notices                e-mails that are due
//	approved_changes       libs/approval's: changes of settings that were carried out
//	outbox                 changes, events and audit heads on their way
//
// Payloads are encrypted under ACTIONPLANE_MASTER_KEY, each bound to its
// request: a change may set secrets. The hash that people see is of the payload
// in clear. What is shown, sent and told of a request has no secrets: fields that
// a contract marks with debug_redact, members that are called like secrets, and
// passwords of URLs. Of changes that were made at once, owners send no secrets.
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
// lowered. While approvals are on, turning them off, a lower threshold and a
// longer life of requests wait for approval; everything else is immediate.
//
// # States of a request
//
//	         +-- threshold met, before expiry ------> approved
//	         +-- glass broken, before expiry -------> approved       resolution "break_glass"
//	         +-- one denial, before expiry ---------> denied
//	pending -+-- by its submitter, before expiry ---> canceled       on the wire: denied, resolution "canceled"
//	         +-- expires_at reached ----------------> expired
//	(none) ---- approvals are off ------------------> auto_approved
//
// All but pending are final. An approved request is executed; the transaction
// that approves it also queues it, and nothing else does:
//
//	queued --lease--> executing --done--> executed
//	                  executing --its service refused, or gave no answer too often--> failed --retry--> queued
//	                  executing --the world has moved--> stale
//	                  executing --lease ran out--> executing, by another
//	                  failed --its submitter cancels--> abandoned
//
// # A decision
//
// One transaction locks the request, reads the database's clock, asks access
// who the submitter, the reviewer and all who decided before are now, and
// writes the decision, what follows from it, the audit entry and the events.
// Access is asked while the lock is held, for AccessTimeout at most; without its
// answer there is no decision. So no decision rests on what was so before an
// earlier one; a role that is taken while the answer travels is taken just
// after the decision.
//
// The submitter never decides, nor anybody who is the same human, nor who holds
// a token made for him by that human. An approval counts as long as the
// approver may review; the threshold is the request's or today's, whichever is
// higher. A late decision marks the request as expired and is refused: the
// sweeper is for lists and letters. Repeating one's decision answers 200 and
// changes nothing, also once the request is resolved; any other second decision
// is refused. Every refusal has a code, see package request.
//
// Breaking glass, where it is configured, is one instance owner's approval,
// also of his own request: an event, an audit entry, a WARN line, and letters to
// all reviewers.
//
// # An execution
//
// Any replica leases what is queued, compares payload, decisions and audit
// chain once more, and hands the stored bytes to the subject that was frozen
// with them, in the submitter's name. A gated method's owner gets the header
// Actionplane-Approval, asks ConfirmExecution whether it is true, compares the
// state and writes the request's id in the transaction of the change: once,
// however often it is asked. A registered service gets the request's id as
// Idempotency-Key, in a NATS request; an answer is success, an error answer by
// NATS's service headers with a code below 500 failure (412: stale). Without an
// answer, or with a code from 500 on, it is asked again with the same key, after
// pauses that double, MaxAttempts times; a service must therefore remember
// keys (approval.Claim does).
//
// # The audit chain
//
// Entries of one organization are numbered without gaps and each hash covers
// the one before. The database refuses edits, gaps and forks; verify finds what
// somebody did who could take these rules off, and names the entry: an edit, a
// deletion, a swap by the chain alone, a truncation and a chain that was
// written anew by the heads in JetStream. Whoever can write both is not found.
//
// # When a neighbour is away
//
//	Postgres   calls fail with UNAVAILABLE
//	access     lists are shown, without who may decide; nobody decides, submits or retries (UNAVAILABLE).
//	           Settings can be read, strengthened in all but the threshold, and, while approvals are off, given
//	           another life span
//	an owner   what was approved waits for it, and fails after MaxAttempts
//	NATS       nobody can ask; what was decided reaches the streams once it is back
//	SMTP       letters are tried again every few minutes, and given up after ACTIONPLANE_APPROVALS_MAIL_ATTEMPTS
package approvals
