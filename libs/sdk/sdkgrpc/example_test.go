package sdkgrpc_test

import (
	"context"
	"log"

	"google.golang.org/grpc"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkgrpc"
)

func Example() {
	client, err := sdk.Connect(context.Background(), sdk.Config{URL: "nats://localhost:4222", Name: "sessions"})
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(sdkgrpc.UnaryServerInterceptor(sdkgrpc.Config{
		Guard: sdk.Guard{Client: client},
		Skip:  func(method string) bool { return method == "/grpc.health.v1.Health/Check" },
	})))
	_ = server // register services and serve
}
