package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/actionplane/actionplane/libs/sdk"
)

func ExampleClient_Request() {
	ctx := context.Background()
	client, err := sdk.Connect(ctx, sdk.Config{URL: "nats://localhost:4222", Name: "sessions"})
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Request(ctx, sdk.Hook{
		Method:  "/zitadel.session.v2.SessionService/ListSessions",
		Payload: []byte(`{"query":{"limit":10}}`),
	})
	var refusal *sdk.Error
	switch {
	case sdk.Unavailable(err):
		// Actionplane could not be asked: go on or not, as the service sees fit.
	case errors.As(err, &refusal):
		fmt.Println("refused with code", refusal.Code, refusal.Message)
	case err == nil:
		fmt.Printf("go on with %s", result.Payload)
	}
}

func ExampleClient_Publish() {
	ctx := context.Background()
	client, err := sdk.Connect(ctx, sdk.Config{URL: "nats://localhost:4222", Name: "users"})
	if err != nil {
		log.Fatal(err)
	}
	id, err := client.Publish(ctx, sdk.Event{
		ID:          "user-4711-added", // the same when it is published again
		Type:        "user.human.added",
		OrderingKey: "4711",
		Payload:     []byte(`{"userName":"ada"}`),
	})
	fmt.Println(id, err)
}

func ExampleError() {
	err := fmt.Errorf("list sessions: %w", &sdk.Error{Code: sdk.CodePermissionDenied, ID: "EXEC-reUaUZCzCp", Message: "not at night"})
	fmt.Println(err)
	fmt.Println(sdk.Unavailable(err))
	// Output:
	// list sessions: not at night (EXEC-reUaUZCzCp)
	// false
}
