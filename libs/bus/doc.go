// Package bus is how services meet: typed calls and durable messages over
// NATS. It knows subjects, headers, deadlines and retries, and no domain.
//
//	call     Conn.Call carries a generated client's request to the owner of
//	         the method; a Server answers. Subject: the method's own subject
//	         followed by the tenant; queue group: the owner's name.
//	forward  a handler hands a call on to another owner with the caller's
//	         reply inbox, so that the answer does not travel back through it;
//	         it waits only until that owner says it has taken the call.
//	request  Conn.Request asks a subject that is not one of ours.
//	publish  Conn.Publish waits until JetStream has the message, PublishAll
//	         until it has several.
//	consume  Conn.Consume runs a durable consumer with bounded concurrency;
//	         disposition.go decides ack, nak or term from the error's class.
//	follow   Conn.Follow reads a stream in order, from its end onwards, into
//	         caches and indexes; nothing is acknowledged.
//
// Tenant, identity, remaining time and trace context travel in headers
// (proto/contract); bodies are protobuf. A caller in any language may send JSON
// instead, with Content-Type: application/json, and gets JSON back.
//
// A call that no owner is up to take is tried again until its deadline, at
// most for ReconnectWindow: services start in any order. Requests reach one
// handler at most once; the caller of a call that timed out cannot know
// whether it ran.
//
// The nats.go micro package does not serve here: it runs the handlers of an
// endpoint one at a time, knows no per-request deadline, and its Stop returns
// while a handler still runs, so that all it would do for us is to subscribe.
package bus
