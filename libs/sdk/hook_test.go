package sdk_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
	"github.com/actionplane/actionplane/proto/contract"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
)

const method = "/pkg.Service/Method"

// kinds are the three hooks.
var kinds = map[string]func(*sdk.Client, context.Context, sdk.Hook) (sdk.Result, error){
	"request": (*sdk.Client).Request, "response": (*sdk.Client).Response, "function": (*sdk.Client).Function,
}

func answering(a sdktest.Answer) func(sdktest.Call) sdktest.Answer {
	return func(sdktest.Call) sdktest.Answer { return a }
}

func TestHook(t *testing.T) {
	t.Parallel()
	for kind, run := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a := sdktest.Start(t, answering(sdktest.Answer{RunID: "7", Condition: kind, Payload: []byte(`{"b": 2}`)}))
			hook := sdk.Hook{
				Method: method, Payload: []byte(`{"a":1}`), Caller: sdk.Caller{Organization: "o", Project: "p", User: "u"}, Explain: true,
				Headers: map[string][]string{"Origin": {"x", "y"}, "Cookie": {"secret"}, "Authorization": {"secret"}},
			}
			if kind == "response" {
				hook.Request = []byte(`{"r":1}`)
			}
			got, err := run(a.Client(t), t.Context(), hook)
			if err != nil || got.RunID != "7" || got.Condition != kind || string(got.Payload) != `{"b": 2}` || !got.Changed {
				t.Fatalf("got %+v, %v", got, err)
			}
			call := a.Calls()[0]
			if call.Kind != kind || call.Name != method || string(call.Payload) != `{"a":1}` || call.Caller != hook.Caller || !call.Explain ||
				string(call.Request) != string(hook.Request) || call.Tenant != sdk.DefaultTenant {
				t.Errorf("sent %+v", call)
			}
			if kind != "function" && (len(call.Headers) != 1 || !slices.Equal(call.Headers["Origin"], []string{"x", "y"})) {
				t.Errorf("sent headers %v", call.Headers)
			}
		})
	}
}

func TestUnchangedPayloadIsTheVerySlice(t *testing.T) {
	t.Parallel()
	payload := []byte(`{"a":1}`)
	for name, answer := range map[string][]byte{"Empty": nil, "Equal": []byte(`{"a":1}`)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := sdktest.Start(t, answering(sdktest.Answer{Payload: answer})).Client(t)
			for _, run := range []func(context.Context, sdk.Hook) (sdk.Result, error){client.Request, client.Response} {
				got, err := run(t.Context(), sdk.Hook{Method: method, Payload: payload})
				if err != nil || got.Changed || &got.Payload[0] != &payload[0] {
					t.Errorf("got %+v, %v", got, err)
				}
			}
		})
	}
}

func TestFunctionAnswersWhatTargetsSaid(t *testing.T) {
	t.Parallel()
	context := []byte(`{"a":1}`)
	for name, said := range map[string]string{"Nothing": "", "SomethingElse": `{"append_claims":[]}`, "TheContextItself": string(context)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := sdktest.Start(t, answering(sdktest.Answer{Payload: []byte(said)})).Client(t)
			got, err := client.Function(t.Context(), sdk.Hook{Method: "preuserinfo", Payload: context})
			if err != nil || string(got.Payload) != said || got.Changed != (said != "") {
				t.Fatalf("got %+v, %v", got, err)
			}
		})
	}
}

func TestVeto(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		sent sdk.Error
		want sdk.Error
		text string
	}{
		{"CodeMessageAndID", sdk.Error{Code: 7, Message: "not you", ID: "EXEC-1"}, sdk.Error{Code: sdk.CodePermissionDenied, Message: "not you", ID: "EXEC-1"}, "not you (EXEC-1)"},
		{"WithoutID", sdk.Error{Code: 9, Message: "no"}, sdk.Error{Code: sdk.CodeFailedPrecondition, Message: "no"}, "no"},
		{"UnknownCode", sdk.Error{Code: 99, Message: "odd"}, sdk.Error{Code: sdk.CodeInternal, Message: "odd"}, "odd"},
		{"CodeThatSaysSuccess", sdk.Error{Code: 0, Message: "odd"}, sdk.Error{Code: sdk.CodeInternal, Message: "odd"}, "odd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := sdktest.Start(t, answering(sdktest.Answer{Veto: &tt.sent})).Client(t).Request(t.Context(), sdk.Hook{Method: method})
			var got *sdk.Error
			if !errors.As(err, &got) || *got != tt.want || err.Error() != tt.text || sdk.Unavailable(err) {
				t.Fatalf("got %#v", err)
			}
		})
	}
}

func TestDeadlineTravelsWithTheHook(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	client := a.Client(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, ctx := range []context.Context{ctx, t.Context()} {
		if _, err := client.Request(ctx, sdk.Hook{Method: method}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []time.Duration{time.Minute, 10 * time.Second} {
		got, err := time.ParseDuration(a.Calls()[i].Metadata[contract.HeaderTimeout][0])
		if err != nil || got > want || got < want-5*time.Second {
			t.Errorf("call %d has %s, %v; want almost %s", i, got, err, want)
		}
	}
}

func TestSlowTargetIsADeadlineNotAnOutage(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	client := sdktest.Start(t, func(sdktest.Call) sdktest.Answer { <-release; return sdktest.Answer{} }).Client(t)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := client.Request(ctx, sdk.Hook{Method: method})
	var got *sdk.Error
	if !errors.As(err, &got) || got.Code != sdk.CodeDeadline || sdk.Unavailable(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %#v", err)
	}
	canceled, cancelNow := context.WithCancel(t.Context())
	cancelNow()
	if _, err := client.Request(canceled, sdk.Hook{Method: method}); !errors.Is(err, context.Canceled) || sdk.Unavailable(err) {
		t.Fatalf("got %#v", err)
	}
}

func TestOutageIsUnavailable(t *testing.T) {
	t.Parallel()
	t.Run("NobodyServes", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		client := a.Client(t)
		a.StopServing(t)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := client.Request(ctx, sdk.Hook{Method: method}); !sdk.Unavailable(err) {
			t.Fatalf("got %#v", err)
		}
	})
	t.Run("NATSIsAway", func(t *testing.T) {
		t.Parallel()
		a := sdktest.Start(t, nil)
		nc := a.Connect(t)
		client, err := sdk.New(nc, sdk.Config{})
		if err != nil {
			t.Fatal(err)
		}
		a.Stop()
		again := time.NewTicker(time.Millisecond)
		defer again.Stop()
		for nc.IsConnected() { // until the client has noticed
			<-again.C
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := client.Request(ctx, sdk.Hook{Method: method}); !sdk.Unavailable(err) {
			t.Fatalf("got %#v", err)
		}
		if ctx.Err() != nil {
			t.Fatal("it waited until the deadline")
		}
	})
}

func TestHookThatCannotSucceedCostsNoMessage(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	client := a.Client(t)
	for _, h := range []sdk.Hook{{}, {Method: method, Payload: []byte(`{`)}, {Method: method, Request: []byte(`x`)}} {
		_, err := client.Response(t.Context(), h)
		if got := new(sdk.Error); !errors.As(err, &got) || got.Code != sdk.CodeInvalid {
			t.Errorf("%+v: got %v", h, err)
		}
	}
	_, err := client.Request(t.Context(), sdk.Hook{Method: method, Payload: []byte(`"` + strings.Repeat("x", 9<<20) + `"`)})
	if got := new(sdk.Error); !errors.As(err, &got) || got.Code != sdk.CodeInvalid {
		t.Errorf("too large: got %v", err)
	}
	if n := len(a.Calls()); n != 0 {
		t.Errorf("%d messages", n)
	}
}

func TestStepsAreReadable(t *testing.T) {
	t.Parallel()
	client := sdktest.Start(t, answering(sdktest.Answer{Steps: []*hooksv1.StepResult{
		{Position: 1, TargetId: "4", TargetName: "n", Outcome: hooksv1.StepOutcome_STEP_OUTCOME_FAILED, StatusCode: http.StatusInternalServerError, Error: "e",
			Duration: durationpb.New(time.Second), PayloadBefore: []byte("{}"), PayloadAfter: []byte("[]"), Changed: true},
		{Position: 2, Outcome: hooksv1.StepOutcome(9)},
	}})).Client(t)
	got, err := client.Request(t.Context(), sdk.Hook{Method: method})
	if err != nil || len(got.Steps) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	s := got.Steps[0]
	if s.Position != 1 || s.TargetID != "4" || s.TargetName != "n" || s.Outcome != "failed" || s.StatusCode != http.StatusInternalServerError || s.Error != "e" ||
		s.Duration != time.Second || !s.Changed || string(s.Before) != "{}" || string(s.After) != "[]" {
		t.Errorf("got %+v", s)
	}
	if got.Steps[1].Outcome != "outcome 9" {
		t.Errorf("got %+v", got.Steps[1])
	}
}

func TestInjectAddsHeaders(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, nil)
	client, err := sdk.New(a.Connect(t), sdk.Config{Inject: func(_ context.Context, h map[string][]string) { h["traceparent"] = []string{"00-1"} }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Request(t.Context(), sdk.Hook{Method: method}); err != nil {
		t.Fatal(err)
	}
	if got := a.Calls()[0].Metadata["traceparent"]; !slices.Equal(got, []string{"00-1"}) {
		t.Fatalf("got %v", got)
	}
}
