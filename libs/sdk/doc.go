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
// The SDK needs nats.go and protobuf. A service in another language needs a
// NATS client: the subjects, headers and messages are those of the proto files
// actionplane/hooks/v1 and actionplane/events/v1, in protobuf or, with header
// Content-Type: application/json, in JSON.
package sdk
