// Package dispatch owns what is done about a chain: runs, their deliveries and
// the attempts of those. It runs chains for hooks while the caller waits, and
// gets events to targets however long that takes.
//
// Subjects in (queue group "dispatch", each followed by the tenant):
//
//	actionplane.dispatch.v1.rpc.run_hook                 handed on by executions
//	                                                     with the caller's inbox
//	actionplane.dispatch.v1.rpc.{get,list}_{run,delivery}…, summarize_deliveries,
//	{replay,cancel}_{delivery,deliveries}, get_circuit
//	stream EVENTS, consumer "executions"                 whose it was before; the
//	                                                     stream is executions' own
//	stream RUNS, consumer "dispatch"                     declared here: what
//	                                                     executions of the release
//	                                                     before has handed over
//	stream CHANGES, followed                             rotated and deleted keys
//
// Subjects out:
//
//	actionplane.executions.v1.rpc.resolve_events         the chains of events that
//	                                                     came together
//	actionplane.targets.v1.rpc.get_sending_profile       kept for a minute
//	actionplane.targets.v1.rpc.disable_target            it answered 410
//	streams EVENTS and RUNS, their consumers' progress   for ordering keys
//	stream EVENTS, messages by subject                   for events that overtake
//	and how far back they go                             for retention
//	actionplane.scripts.v1.rpc.invoke                    endpoints action://<id>
//	<subject>                                            endpoints nats://<subject>,
//	                                                     never one of ours
//
// Tables (schema dispatch): runs, deliveries, attempts; circuits, a row for each
// target that ever failed too often; senders, the replicas that are alive;
// overtaking, events in hand before their turn; clock, one row, by which due times
// and leases are told (internal/clock), so that no clock that is set makes anything
// wait or be taken for lost. An attempt that succeeded and was the only one is in
// its delivery's row. The states of a delivery are drawn in internal/delivery,
// those of a circuit in internal/circuit. What is over is deleted after a time, see
// Retention.
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
// Which chain that is, executions says: dispatch takes events from their own
// stream and asks for the chains of all that came together, each kind (tenant and
// type) once, by one question over the bus. What is not at hand there, because
// Postgres or targets have to be asked first, is answered as pending and asked for
// alone, by a question that waits; the others do not. An event nobody waits for is
// acknowledged, one of a type that there cannot be, or that cannot be read
// (internal/announced), is terminated; both without a run. Whatever else is wrong
// with an answer is no fault of the events: they come again.
//
// The design has executions take events and emit a run for each, to a stream
// between the two. That stream held every event again: published, stored,
// deduplicated, consumed and acknowledged a second time, which was a third of the
// CPU time that an event cost all the way when it went (BenchmarkEventsAllTheWay:
// 7.9 times that of as many bare posts with it, 5.3 times without; by now 2.0 to
// 3.7, by how events come) and a hop of latency, while one question serves
// all events that come together. What the design is after stays: executions alone
// resolves, and what is promised about an event begins when EVENTS has it and ends
// when its run is committed.
//
// A message of EVENTS may hold up to 64 events of one tenant and type (header
// Actionplane-Events): the SDK's PublishAll makes such where its
// Config.EventsPerMessage says so, and the API's PublishEvents where
// ACTIONPLANE_EVENTS_PER_MESSAGE does. A stream costs by message, not by event: of
// what an event costs all the way to its commit, a quarter less is left. Each of
// them is an event like any other, with its own run and its share of
// ACTIONPLANE_DELIVERY_EVENT_WORKERS; the message is acknowledged when all are
// done, and where one has to come again all do, of which the others are known then.
// The release before does not know such messages: publishers begin with them when
// the fleet is of this one.
//
// RUNS remains for what executions of the release before hands over while a fleet
// is upgraded replica by replica (inherited_runs.go). Both releases take events
// under the name of one consumer, for a work queue has one; an event that came by
// both ways is one event. The next release needs neither.
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
// Nobody waits for an event. Messages that came meanwhile are taken together
// (bus.ConsumeTogether), resolved by one question to executions and looked up by
// one to the database; each attempt has a goroutine, and what it comes to moves
// its run on (internal/courier, firsts); runs that are ready share a transaction
// (internal/groupcommit), in which they are copied into the three tables by one
// message (pg.CopyAll), and are acknowledged when it is committed. A copy cannot
// leave out what is not new: where another replica was faster, the group is
// written once more, by a statement that can. A second transaction beside the
// first is begun for 128 runs, not for one: a small one costs nearly as much as a
// large one.
//
// The retry loop of any replica claims due rows with SKIP LOCKED; a lease that
// ran out is due, and its attempt is recorded as lost.
//
// Whose fault a failure is decides where it goes. A target's (HTTP 500, time-out,
// a script that throws) is an attempt, a row, and a due time. Ours is not counted
// against the target: see below. A delivery to a deleted target is canceled when
// it comes up. One to a disabled target fails with "target_disabled", without an
// attempt: it is a dead letter, to be replayed once the target is enabled again,
// instead of a row that comes up in vain for days. 410 disables the target,
// unless its retry policy says to try again.
//
// # Isolation
//
// Every attempt, a hook's or a delivery's, passes internal/gate: the target's
// concurrency, its rate and its circuit. A hook waits for room as long as it has
// time, a first attempt as long as its message is held, a retry not at all; an
// open circuit fails a hook at once (UNAVAILABLE) and puts deliveries off, which
// does not count as an attempt. The gate decides from memory, so that it costs
// no question and hooks run on while Postgres is away. Replicas share circuits
// in Postgres when they open or close, never per attempt, and read them once per
// ACTIONPLANE_DELIVERY_POLL; limits are divided by the number of senders that
// signed in within ten seconds. So for a poll's time a dying target is tried by
// each replica as often as its policy says, and every replica makes one probe
// per pause of its own.
//
// Slots are of two kinds (internal/courier, slots): half of them at most for
// targets that have lately kept one for longer than ACTIONPLANE_DELIVERY_HOLD,
// and an attempt that lasts moves over. A tenant has at most three quarters of
// either. What is due is claimed target by target: tenants take turns, and a
// tenant's targets do (internal/fairness), also where 100,000 rows of one are
// due before the one of another.
//
// Between tenants, then: retries, hooks' asynchronous steps and whatever found no
// slot share alike. First attempts follow the stream, which is one queue for all:
// an event waits for those published before it, for as long as it takes to send or
// to write down those, and for no answer longer than ACTIONPLANE_DELIVERY_HOLD.
//
// # Overtaking
//
// So that nobody waits behind a flood, events overtake where more than
// ACTIONPLANE_DELIVERY_OVERTAKE of them wait (overtake.go). Whose: those of all
// tenants but the one of whom most wait, those of whom least do first
// (internal/overtaking). One replica at a time, by an advisory lock, looks five
// times a second how much waits, reads such events where they lie in EVENTS,
// by subject, writes their runs down as due, and deletes the messages. What is
// sent for them is the retry loop's, which is fair. So they cost two to three
// times what they would in their turn, which is why only those overtake of whom
// little waits, and only then; a flood itself goes by as before.
//
// Two never do the same. The replica first claims the events, in a table that the
// look-up of events (One event, one run) reads as well, and then looks how far the
// consumer is: one that has been handed out by then it leaves to its turn, for
// somebody may have looked it up before it was claimed; of the others whoever comes
// to the message finds the claim, and later the run. Claims of a replica that was
// killed go when somebody meets them. What would be reached within a quarter of a
// second, at the consumer's pace, is not claimed in the first place. What is left
// is found in its turn: an event whose chain is not at hand until it is, and all of
// them while nobody is at it. With 40,000 events of one tenant waiting, another's
// arrived after 35 ms in the median and 250 ms at most, where they used to wait for
// all of those (BenchmarkOvertake).
//
// A queue of each tenant's own would do the same without a second way. It takes a
// consumer for every tenant, or subjects that say which part of all tenants an
// event is of; those that are published today do not, and a stream that writes
// them anew would not be understood by a release before.
//
// # Order
//
// The deliveries of a target whose events have the same ordering key go one at a
// time, in the order of stream EVENTS: the next when the one before has ended,
// well or not, over retries, replicas and restarts. They are rows first, state
// "queued", and their turn is given in a transaction that one replica makes at a
// time. Events are resolved and handled side by side, so that a later one may be
// here before an earlier one, all the more where the earlier one's chain had to be
// asked for: nobody's turn comes before everything up to its event is known to be
// here, which the progress of EVENTS tells, and of RUNS for what took that way
// (internal/horizon); of an event that has overtaken others, that no message of its
// tenant is left before it. Other keys pass. A delivery that blocks its key is skipped
// by canceling it. A replayed one takes its turn before those that wait, and
// after the one that is going.
//
// # Dead letters
//
// Failed and exhausted deliveries stay, to be listed, counted by target, and
// replayed one by one or by filter. A replay keeps webhook-id, counts attempts
// on, gives the retry policy a new start, takes its turn where there is a key,
// and holds the steps again that were canceled because this one had failed. It
// goes to the endpoint that the run was made with. By filter at most 1000 are
// handled by a call, oldest first; it answers where to go on.
//
// # One event, one run
//
// A stream remembers a message's id for two minutes. An event that its publisher
// publishes again later comes as another message; one that was handled and not
// acknowledged comes again as the same, and one that executions of the release
// before has resolved may come by RUNS as well.
// So every event is looked up before anything is sent for it, and one that has
// its run is not sent again (internal/doorman; counted as events_known). Many
// share a look-up in the index runs_event: 2.6 microseconds each by 256, a
// round trip for one that is alone. Nobody takes an event in hand that is in
// hand in the same replica already.
//
// What remains is sent twice: what was sent and could not be committed, under
// the same webhook-id, which is made of the event's place and time in stream
// EVENTS; and an event published twice, more than two minutes apart, of which
// two replicas take one message each before either has committed, after an
// outage, under two; so does one that is published both alone and in a batch, or in
// two different ones, at the same time. None makes a second record.
//
// # Retention
//
// What is over is deleted: deliveries that succeeded after
// ACTIONPLANE_RETENTION_SUCCEEDED, dead letters (failed, exhausted, canceled)
// after ACTIONPLANE_RETENTION_DEAD_LETTERS, counted from when they ended, and
// runs of hooks after ACTIONPLANE_RETENTION_HOOKS. A run goes as a whole, with
// the last of its deliveries to expire; one of which anything waits, is held,
// queued or being sent stays (internal/retention).
//
// A run is also what its event is known by. An event can come again for as long
// as stream EVENTS keeps messages, so its run stays for at least as long, read
// from the stream and not from our configuration; and neither ages while a
// message as old lies in EVENTS or RUNS, so that one that was handled and not
// acknowledged finds its run however long everybody was away. There are no
// tombstones. An event published again after that is another event. A message
// of either that is never handled therefore stops the deletion of events' runs,
// of which the log warns after a day.
//
// internal/sweeper deletes page by page, in the order of ids, with rests, one
// replica at a time (an advisory lock of the transaction), after a look at rows
// that nobody else has reason to lock: about 20 microseconds a run. What it had
// to pass by is looked at again once a day, so that things may stay a day longer
// than said. The earlier of our clock and the database's counts. What was
// deleted is NOT_FOUND, which says so where the id is old enough.
//
// # What a target gets
//
// A POST of the envelope (internal/envelope) with ZITADEL-Signature and the
// Standard Webhooks headers over the exact bytes. webhook-id is
// "<run id>-<position>": the same for every attempt, also when the message is
// handled again by another replica. Actionplane-Timeout-Ms says how many
// milliseconds the target has. nats:// targets get the same headers and bytes as
// a request; an action:// target gets the bytes as its input. A traceparent goes
// along where the target's policy, or ACTIONPLANE_TRACE_CONTEXT, says so.
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
//	              events are handed back to the stream with a delay, unsent;
//	              those that were just being sent come again, with the same
//	              webhook-id; retries wait, and nothing is deleted
//	executions    no hook comes in; events wait in EVENTS, handed back with a
//	              delay after each question, which waits up to three seconds for
//	              somebody to answer; retries go on. Events that wait for their
//	              chain because targets, or its Postgres, is away wait likewise,
//	              and those of kinds that are at hand pass
//	targets       steps whose keys are not at hand fail in a hook; deliveries
//	              are put off and not counted as tried
//	scripts       the same, for action:// targets
//	NATS          nothing comes in, and nothing is deleted; retries go on while
//	              keys are at hand, and turns are given as far as the order was
//	              known before
//	a target      its own deliveries wait, as its retry policy says, by default
//	              three days (ten attempts), then they are dead letters
package dispatch
