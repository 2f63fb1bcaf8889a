package sdk_test

import (
	"context"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	payload := []byte(`{"a":1}`)
	hook := sdk.Hook{Method: method, Payload: payload}
	type seen struct {
		method string
		err    error
	}
	guard := func(t *testing.T, failOpen bool, answer sdktest.Answer) (sdk.Guard, *sdktest.Actionplane, *[]seen) {
		t.Helper()
		a, through := sdktest.Start(t, answering(answer)), &[]seen{}
		return sdk.Guard{Client: a.Client(t), FailOpen: failOpen, OnLetThrough: func(_ context.Context, method string, err error) {
			*through = append(*through, seen{method, err})
		}}, a, through
	}
	brief := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	t.Run("OutageIsARefusal", func(t *testing.T) {
		t.Parallel()
		g, a, through := guard(t, false, sdktest.Answer{})
		a.StopServing(t)
		for _, run := range []func(context.Context, sdk.Hook) (sdk.Result, error){g.Request, g.Response} {
			if _, err := run(brief(t), hook); !sdk.Unavailable(err) {
				t.Errorf("got %v", err)
			}
		}
		if len(*through) != 0 {
			t.Errorf("let through %v", *through)
		}
	})
	t.Run("FailOpenLetsAnOutageThrough", func(t *testing.T) {
		t.Parallel()
		g, a, through := guard(t, true, sdktest.Answer{})
		a.StopServing(t)
		for _, run := range []func(context.Context, sdk.Hook) (sdk.Result, error){g.Request, g.Response} {
			got, err := run(brief(t), hook)
			if err != nil || got.Changed || &got.Payload[0] != &payload[0] {
				t.Errorf("got %+v, %v", got, err)
			}
		}
		if len(*through) != 2 || (*through)[0].method != method || !sdk.Unavailable((*through)[0].err) {
			t.Errorf("let through %v", *through)
		}
		g.OnLetThrough = nil
		if _, err := g.Request(brief(t), hook); err != nil {
			t.Error(err)
		}
	})
	t.Run("FailOpenKeepsRefusalsAndDeadlines", func(t *testing.T) {
		t.Parallel()
		g, _, through := guard(t, true, sdktest.Answer{Veto: &sdk.Error{Code: sdk.CodePermissionDenied, Message: "no"}})
		if _, err := g.Request(t.Context(), hook); err == nil {
			t.Error("a refusal was let through")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Request(ctx, hook); err == nil {
			t.Error("a canceled call was let through")
		}
		if len(*through) != 0 {
			t.Errorf("let through %v", *through)
		}
	})
}
