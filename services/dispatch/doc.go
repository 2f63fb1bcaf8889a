// Package dispatch owns what is done about a chain: runs, their deliveries and
// the attempts of those. It runs chains for hooks while the caller waits, and
// gets events to targets however long that takes.
//
// Subjects in (queue group "dispatch", each followed by the tenant):
//
//	actionplane.dispatch.v1.rpc.run_hook                 handed on by executions
//	                                                     with the caller's inbox
//	actionplane.dispatch.v1.rpc.{get,list}_{run,delivery}…
//	stream RUNS, consumer "dispatch"                     declared here
//	stream CHANGES, followed                             rotated and deleted keys
//
// Subjects out:
//
//	actionplane.targets.v1.rpc.get_sending_profile       kept for a minute
//	actionplane.scripts.v1.rpc.invoke                    endpoints action://<id>
//	<subject>                                            endpoints nats://<subject>,
//	                                                     never one of ours
//
// Tables (schema dispatch): runs, deliveries, attempts. The states of a
// delivery are drawn in internal/delivery.
//
// # Hooks
//
// internal/hook runs the steps strictly in order, each with the payload as the
// ones before left it and no longer than the caller's deadline leaves; one that
// does not interrupt takes at most half of that, so that a target which hangs is
// not what those behind it fail of. A failed
// step that interrupts ends the chain with its error; another is passed over,
// recorded and counted. An asynchronous step is a row before the hook is
// answered and is then delivered like an event's; where the row cannot be
// written the step has failed. The run itself is recorded after the answer, from
// a bounded buffer (internal/recorder): what does not fit is dropped and
// counted, never waited for.
//
// A call's answer is merged into the message (internal/envelope, Answer.Merge):
// what it names changes, what it does not name stays, null takes away. A target
// that answers something else than the message wipes nothing. What a script
// returns is the message, as it shall be. What a step changed is recorded as a
// JSON Patch (internal/patch), worked out when the record is written.
//
// # Events
//
// An event makes one run, by the event's id, and a delivery for every step,
// whatever its target's kind: here nobody waits. A step that interrupts holds
// back those behind it until it has succeeded; one that does not holds nobody.
//
// The first attempts are made while the event's message is held, and run,
// deliveries and attempts are committed with their outcome in one transaction
// before the message is acknowledged: a target that answers costs no second
// write. Three rules keep a slow target from holding the stream
// (internal/courier):
//
//   - the message waits for attempts no longer than ACTIONPLANE_DELIVERY_HOLD,
//     and not at all for a target that recently took longer. What is not done by
//     then is committed as "sending" under a lease longer than the target's
//     timeout; the attempt goes on and reports its result itself;
//   - where no slot is free for an attempt, its delivery is committed as due,
//     and the retry loop makes it, with slots of its own;
//   - nothing is cut short for the stream's sake, so nothing is sent twice for
//     it.
//
// Many events share a transaction (internal/groupcommit). The retry loop of any
// replica claims due rows with SKIP LOCKED; a lease that ran out is due, and its
// attempt is recorded as lost.
//
// Whose fault a failure is decides where it goes. A target's (HTTP 500, time-out,
// a script that throws) is an attempt, a row, and a due time. Ours is not counted
// against the target: see below. A delivery to a deleted target is canceled when
// it comes up.
//
// # What a target gets
//
// A POST of the envelope (internal/envelope) with ZITADEL-Signature and the
// Standard Webhooks headers over the exact bytes. webhook-id is
// "<run id>-<position>": the same for every attempt, also when the message is
// handled again by another replica. Actionplane-Timeout-Ms says how many
// milliseconds the target has. nats:// targets get the same headers and bytes as
// a request; an action:// target gets the bytes as its input.
//
// All that a target's operator may set comes as its sending profile
// (internal/profile): keys, of which two sign while a rotation overlaps, each
// with a v1 part in either notation, ed25519 keys with v1a; payload type JWT or
// JWE (internal/seal), then the signatures are over that text and Content-Type
// stays application/json; headers, which never take the place of ours; CA and
// client certificate, beyond which no connection is shared; addresses that it
// alone may reach. Everything else that is not public is refused when it is
// dialed (libs/egress), redirects are failures, proxies are ignored
// (internal/sender). Failures name the target, the phase and the cause.
//
// A receiver verifies webhook-signature with the library of its choice: the
// secret is "whsec_" and the base64 of the key's characters; the bare key, which
// those libraries read as base64, works too.
//
// When a neighbour is away:
//
//	Postgres      hooks run on, unrecorded, and their asynchronous steps fail;
//	              events are handed back to the stream with a delay, and come
//	              again: a target may get them twice, with the same webhook-id;
//	              retries wait
//	targets       steps whose keys are not at hand fail in a hook; deliveries
//	              are put off and not counted as tried
//	scripts       the same, for action:// targets
//	NATS          nothing comes in; retries go on while keys are at hand
//	a target      its own deliveries wait, at most three days (ten attempts)
//
// What is to come has its place: a target's own retry policy, circuit and limits
// stand before courier's attempts, where the policy and the slots are now;
// ordering keys are one more reason to hold a delivery; replay and cancel are
// events that internal/delivery knows already.
package dispatch
