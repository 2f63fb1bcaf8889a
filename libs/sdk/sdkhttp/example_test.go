package sdkhttp_test

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkhttp"
)

func Example() {
	client, err := sdk.Connect(context.Background(), sdk.Config{URL: "nats://localhost:4222", Name: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	guard := sdkhttp.Middleware(sdkhttp.Config{
		Guard:  sdk.Guard{Client: client},
		Method: func(*http.Request) string { return "/shop.v1.Orders/Create" },
		Caller: func(r *http.Request) sdk.Caller { return sdk.Caller{User: r.Header.Get("X-User")} },
	})
	orders := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux := http.NewServeMux()
	mux.Handle("POST /orders", guard(orders))
	server := &http.Server{Addr: ":8081", Handler: mux, ReadHeaderTimeout: time.Second}
	log.Fatal(server.ListenAndServe())
}
