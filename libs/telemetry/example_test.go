package telemetry_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/actionplane/actionplane/libs/telemetry"
)

func ExampleStart() {
	ctx := context.Background()
	running, err := telemetry.Start(ctx, telemetry.Config{Service: "dispatch", Version: "1.0.0", LogOutput: os.Stderr})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = running.Shutdown(ctx) }()

	ctx, span := running.Tracer("dispatch").Start(ctx, "deliver")
	defer span.End()
	attempts, err := running.Meter("dispatch").Int64Counter("actions.delivery.attempts")
	if err != nil {
		fmt.Println(err)
		return
	}
	attempts.Add(ctx, 1)
	running.Logger("dispatch").DebugContext(ctx, "delivery.attempted") // carries the span's ids

	scraped := httptest.NewRecorder()
	running.MetricsHandler().ServeHTTP(scraped, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))
	fmt.Println(strings.Contains(scraped.Body.String(), "actions_delivery_attempts_total"))
	// Output: true
}

func ExampleHeaderCarrier() {
	headers := map[string][]string{ // of a message from a publisher written in Java
		"traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	}
	propagator := telemetry.Nop().Propagator()
	ctx := propagator.Extract(context.Background(), telemetry.HeaderCarrier(headers))

	onward := telemetry.HeaderCarrier{}
	propagator.Inject(ctx, onward)
	fmt.Println(onward.Get("traceparent"))
	// Output: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
}
