package bus_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/proto/contract"
	scriptsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/scripts/v1"
)

// measured returns a connection and what Prometheus would read of it.
func measured(t *testing.T) (*bus.Conn, func() string) {
	t.Helper()
	tel, err := telemetry.Start(t.Context(), telemetry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := bus.Connect(t.Context(), bus.Config{InProcess: bustest.Start(t).Server}, bus.Deps{Metrics: tel.MeterProvider()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(conn.Close(ctx), tel.Shutdown(ctx)); err != nil {
			t.Error(err)
		}
	})
	return conn, func() string {
		r := httptest.NewRecorder()
		tel.MetricsHandler().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		return r.Body.String()
	}
}

// wantSeries looks for a series of a metric that has all labels and the value.
func wantSeries(t *testing.T, scraped, metric, value string, labels ...string) {
	t.Helper()
	var near []string
	for line := range strings.Lines(scraped) {
		if strings.HasPrefix(line, metric) {
			near = append(near, line)
		}
		ok := strings.HasPrefix(line, metric+"{") && strings.HasSuffix(line, "} "+value+"\n")
		for _, l := range labels {
			ok = ok && strings.Contains(line, l)
		}
		if ok {
			return
		}
	}
	t.Errorf("no %s %v with %s among\n%s", metric, labels, value, near)
}

func TestCallsAreMeasuredByMethodAndClass(t *testing.T) {
	t.Parallel()
	conn, scrape := measured(t)
	server := conn.NewServer(bus.ServerConfig{})
	scriptsv1.RegisterScriptsScriptsServer(server, scripts(func(_ context.Context, in *scriptsv1.InvokeRequest) (*scriptsv1.InvokeResponse, error) {
		switch in.GetActionId() {
		case "gone":
			return nil, fault.NotFound("gone")
		case "broken":
			return nil, fault.Internal("broken")
		}
		return &scriptsv1.InvokeResponse{}, nil
	}))
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- server.Run(ctx) }()
	client := scriptsv1.NewScriptsBusClient(conn)
	for _, id := range []string{"1", "2", "gone", "broken"} {
		_, _ = client.Invoke(t.Context(), &scriptsv1.InvokeRequest{ActionId: id})
	}
	stop() // a call is measured once it is answered
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	scraped := scrape()
	for _, side := range []string{"rpc_client_call_duration_seconds_count", "rpc_server_call_duration_seconds_count"} {
		wantSeries(t, scraped, side, "2", `rpc_method="actionplane.scripts.v1.Scripts/Invoke"`, `rpc_response_status_code="OK"`, `rpc_system_name="nats"`)
		wantSeries(t, scraped, side, "1", `rpc_response_status_code="Internal"`, `error_type="Internal"`)
		wantSeries(t, scraped, side, "1", `rpc_response_status_code="NotFound"`)
	}
	wantSeries(t, scraped, "rpc_client_call_duration_seconds_count", "1", `error_type="NotFound"`)
	for line := range strings.Lines(scraped) {
		if strings.HasPrefix(line, "rpc_server_call") && strings.Contains(line, `error_type="NotFound"`) {
			t.Errorf("a refusal is called a failure of the owner: %s", line)
		}
	}
}

func TestMessagesAreMeasuredByKindAndConsumer(t *testing.T) {
	t.Parallel()
	conn, scrape := measured(t)
	if err := conn.EnsureStream(t.Context(), bus.Stream{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}, WorkQueue: true}); err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"a.first", "a.second"} {
		if err := conn.Publish(t.Context(), contract.EventSubject("t1", event), event, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Publish(t.Context(), "nobody.listens.to_this", "", nil, nil); err == nil {
		t.Fatal("published to nobody")
	}
	held, release := make(chan struct{}), make(chan struct{})
	bustest.Run(t, func(ctx context.Context) error {
		return conn.Consume(ctx, bus.Consumer{Stream: contract.EventsStream, Name: "readers", Concurrency: 1}, func(context.Context, bus.Message) error {
			held <- struct{}{}
			<-release
			return nil
		})
	})
	<-held // the server knows of an acknowledgement some time after it was sent: lag is asked before there is one
	wantSeries(t, scrape(), "actionplane_consumer_lag", "2", `stream="EVENTS"`, `consumer="readers"`)
	release <- struct{}{}
	<-held
	scraped := scrape()
	close(release)

	kind := `messaging_destination_template="actionplane.events.v1.{tenant}.{type}"`
	wantSeries(t, scraped, "messaging_client_sent_messages_total", "2", kind, `messaging_operation_name="send"`, `messaging_system="nats"`)
	wantSeries(t, scraped, "messaging_client_operation_duration_seconds_count", "2", kind)
	wantSeries(t, scraped, "messaging_client_sent_messages_total", "1", `messaging_destination_template="other"`, `error_type="Unavailable"`)
	wantSeries(t, scraped, "messaging_client_consumed_messages_total", "1", kind, `messaging_consumer_group_name="readers"`, `messaging_operation_name="process"`)
	wantSeries(t, scraped, "messaging_process_duration_seconds_count", "1", kind, `messaging_consumer_group_name="readers"`)
	if !strings.Contains(scraped, "actionplane_stream_bytes{") || strings.Contains(scraped, "actionplane_stream_limit_bytes") {
		t.Error("no size of the stream, or a limit that it has not")
	}
	if !strings.Contains(scraped, "actionplane_consumer_oldest_seconds{") || strings.Contains(scraped, "to_this") {
		t.Error("no age, or a label that is not bounded")
	}
}
