// Package sdk is what an internal service imports to be extended and guarded:
// before it handles a request, before it sends a response, while it runs a
// function it asks Actionplane whether anybody wants to see or change it, and
// it publishes what happened.
//
//	client, err := sdk.Connect(ctx, sdk.Config{URL: "nats://localhost:4222"})
//	result, err := client.Request(ctx, sdk.Hook{
//		Method:  "/zitadel.session.v2.SessionService/ListSessions",
//		Payload: []byte(`{"query":{"limit":10}}`),
//	})
//
// Package sdkgrpc does this around every method of a gRPC server, package
// sdkhttp around net/http handlers, package sdkfiber around those of Fiber.
// Package sdktest is an Actionplane for the tests of a service.
//
// # The index
//
// Most methods have nobody who listens. A client therefore keeps the
// conditions of its tenant's executions, from a list and the change feed
// behind it, and answers a hook that none of them matches by itself: no
// message, no time. What it was given is not looked at then: that a payload is
// no JSON shows only once somebody listens.
//
// The index counts only while it is seen to be up to date. Before it is read,
// after a lost connection, behind a feed that lags or is gone, every hook asks.
// So an outage never switches a guard off, but a change takes a moment: a hook
// that runs within milliseconds of the answer of SetExecution may miss it, and
// one of a client that is cut off and cannot know, for at most IndexLease. Who
// cannot have that sets NoIndex.
//
// # Flows
//
// RunFlow runs the scripts that an organization has bound to a trigger of a
// login or a token, and returns what they want changed. It always asks.
//
// # Traces
//
// What is sent carries the trace of the context it is sent under, and what
// Actionplane does then is part of that trace: the hook's steps and their
// attempts, an event's deliveries and their retries. Package sdkotel does this
// for services that use OpenTelemetry; package sdk itself imports nothing for
// it. A hook that nobody listens to makes no span.
//
// # Without the SDK
//
// The SDK needs nats.go and protobuf. A service in another language needs a
// NATS client: the subjects, headers and messages are those of the proto files
// actionplane/hooks/v1, actionplane/flows/v1 and actionplane/events/v1, in
// protobuf or, with header Content-Type: application/json, in JSON.
package sdk
