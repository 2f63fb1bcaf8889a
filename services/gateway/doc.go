// Package gateway is the edge: the public API over REST, gRPC, gRPC-Web (binary
// and text) and Connect, in clear and over TLS, on one port. It owns no tables
// and keeps no state but a short memory of who holds which token and how fast
// he calls; any number of replicas may run.
//
// The way of a call:
//
//	port (internal/listen)
//	 ├─ HTTP/1.1 ─ Fiber, internal/bridge ─┐
//	 └─ HTTP/2 ─── net/http ───────────────┴─ internal/rest  REST paths, grpc-gateway
//	                                          internal/rpc   /pkg.Service/Method, connect-go
//	                                               └─ internal/edge  who, may he, valid? ─ bus ─ owner
//
// Nothing here knows a method by name: what is offered, to whom and who serves
// it is read from the proto options (proto/gen/go/edge). REST is served over
// HTTP/2 too, so that a browser that negotiates it over TLS finds the same
// API; only HTTP/1.1 goes through Fiber.
//
// POST /actionplane/v1/events takes CloudEvents too (internal/cloudevents).
// Pages of other origins may call over every protocol (internal/cors).
//
// What is wrong with a request is told by the path of its field, in the text
// and as google.rpc.BadRequest; our texts are our own (libs/wirejson), not
// those of libraries. Malformed bodies of all kinds are the client's mistake on
// every protocol.
//
// Limits: size of body and header, connections, streams of a connection,
// requests at once, and requests a second of one token, which replicas share
// through Redis without waiting for it (internal/rate). Who tries wrong tokens
// is slowed by his address, and may still use a token that was right before.
//
// Every call has a span, continues the caller's trace, and counts in the
// histogram actionplane.edge.duration (seconds; method, protocol, code).
//
// To stop is to go on for LameDuck while clients are told to go (Connection:
// close), to close the port, tell the others (GOAWAY) and finish every call in
// hand. A client that is still sending its request
// has until RequestTimeout.
//
// Subjects out: every method's own, and actionplane.access.v1.rpc.authenticate.
// Subjects in: none.
//
// When a neighbour is away:
//
//	access        tokens seen within AuthTTL go on working; others get
//	              UNAVAILABLE (503)
//	an owner      its methods answer UNAVAILABLE after bus.ReconnectWindow;
//	              the others do not notice
//	Redis         each replica counts for itself: nobody waits, nobody is
//	              refused for it
//	the bus       all calls answer UNAVAILABLE; /readyz says so
package gateway
