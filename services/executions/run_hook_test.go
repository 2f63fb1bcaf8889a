package executions_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	"github.com/actionplane/actionplane/services/executions"
)

func TestHook(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1", "2")

	t.Run("WithoutAMatchAnswersThePayloadAndNoRun", func(t *testing.T) {
		t.Parallel()
		out, err := w.hooks.RunRequestHook(as(t), &hooksv1.RunRequestHookRequest{Method: "/a.S/M", Payload: []byte(` { "b":1.0 }`)})
		if err != nil || string(out.GetPayload()) != ` { "b":1.0 }` || out.GetRunId() != "" || out.GetCondition() != "" {
			t.Fatalf("got %v, %v", out, err)
		}
	})
	t.Run("NoopNamesItsConditionAndRunsNothing", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "response", "1")
		w.set(ctx, t, "response/a.S")
		out, err := w.hooks.RunResponseHook(ctx, &hooksv1.RunResponseHookRequest{Method: "/a.S/M", Payload: []byte(`{}`)})
		if err != nil || out.GetCondition() != "response/a.S" || out.GetRunId() != "" || string(out.GetPayload()) != "{}" {
			t.Fatalf("got %v, %v", out, err)
		}
	})
	t.Run("FunctionWithoutAMatchAnswersNothing", func(t *testing.T) {
		t.Parallel()
		out, err := w.hooks.RunFunctionHook(as(t), &hooksv1.RunFunctionHookRequest{Function: "f", Payload: []byte(`{"a":1}`)})
		if err != nil || len(out.GetPayload()) != 0 {
			t.Fatalf("got %v, %v", out, err)
		}
	})
	t.Run("DispatchAnswersTheCaller", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "function/f", "2", "1")
		out, err := w.hooks.RunFunctionHook(ctx, &hooksv1.RunFunctionHookRequest{Function: "f"})
		if err != nil || out.GetRunId() == "" || string(out.GetPayload()) != `{"function":true}` {
			t.Fatalf("got %v, %v", out, err)
		}
		if c, ids := answer(out); c != "function/f" || !slices.Equal(ids, []string{"2", "1"}) {
			t.Fatalf("%s called %v", c, ids)
		}
	})
	t.Run("RequestedDeadlineReachesDispatch", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		w.set(ctx, t, "request", "1")
		long, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		for asked, want := range map[time.Duration]string{3 * time.Second: `"3s"`, 2 * time.Minute: `"1m0s"`} {
			out, err := w.hooks.RunRequestHook(long, &hooksv1.RunRequestHookRequest{Method: "/a.S/M", Deadline: durationpb.New(asked), Explain: true})
			if err != nil || string(out.GetPayload()) != want {
				t.Errorf("asked for %s: got %s, %v", asked, out.GetPayload(), err)
			}
		}
	})
	t.Run("RefusesWhatNoConditionCanName", func(t *testing.T) {
		t.Parallel()
		for _, method := range []string{"nomethod", "/a.S/", "/a..S/M", "/a.S/M/N", "/a.*/M"} {
			_, err := w.hooks.RunRequestHook(as(t), &hooksv1.RunRequestHookRequest{Method: method})
			wantFault(t, err, fault.CodeInvalid, "COMMAND-3tkej630e6")
		}
		_, err := w.hooks.RunFunctionHook(as(t), &hooksv1.RunFunctionHookRequest{Function: strings.Repeat("x", 1001)})
		if fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TenantsDoNotSeeEachOther", func(t *testing.T) {
		t.Parallel()
		w.set(as(t), t, "request", "1")
		if c, ids := w.request(as(t), t, "/a.S/M"); c != "" || ids != nil {
			t.Fatalf("%s called %v", c, ids)
		}
	})
}

func TestHookOfManyTargets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cfg := executions.DefaultConfig()
	cfg.ExecutionMaxTargets = 1000
	w.start(t, cfg)
	ctx := as(t)
	var want []string
	for i := range 1000 {
		id := strings.Repeat("9", i%15+1) + string(rune('0'+i%10))
		w.targets.put(id)
		want = append(want, id)
	}
	w.set(ctx, t, "request", want...)
	if _, ids := w.request(ctx, t, "/a.S/M"); !slices.Equal(ids, want) {
		t.Fatal("the order is lost")
	}
	_, err := w.SetExecution(ctx, setRequest("request", append(want, "1")...))
	if err == nil {
		t.Fatal("1001 entries were taken")
	}
}

func TestMostTrafficMatchesNothingAndIsRemembered(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	ctx := as(t)
	w.request(ctx, t, "/a.S/M")
	// With the tables gone, only memory can answer.
	w.exec(t, `ALTER TABLE executions RENAME TO hidden`)
	if c, _ := w.request(ctx, t, "/a.S/M"); c != "" {
		t.Fatalf("%s won", c)
	}
	if _, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: "/a.S/Other"}); err == nil {
		t.Fatal("what is not remembered was answered")
	}
}

func TestPostgresAwayWhatIsCachedGoesOn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.targets.put("1")
	db := w.open(t)
	w.startWith(t, executions.DefaultConfig(), host.Deps{DB: db, Cache: cachetest.Open(t, w.redis)})
	ctx := as(t)
	w.set(ctx, t, "request/a.S", "1")
	w.request(ctx, t, "/a.S/M")
	w.request(ctx, t, "/b.S/M")
	db.Close()
	if c, ids := w.request(ctx, t, "/a.S/M"); c != "request/a.S" || !slices.Equal(ids, []string{"1"}) {
		t.Fatalf("%s called %v", c, ids)
	}
	if c, _ := w.request(ctx, t, "/b.S/M"); c != "" {
		t.Fatalf("%s won", c)
	}
	_, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: "/a.S/N"})
	wantFault(t, err, fault.CodeUnavailable, "")
	_, err = w.SetExecution(ctx, setRequest("request/a.S"))
	wantFault(t, err, fault.CodeUnavailable, "")
}

func TestTargetsAwayIsUnavailableAndNotRemembered(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	ctx := as(t)
	w.set(ctx, t, "request", "1")
	w.targets.setAway(true)
	_, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: "/a.S/M"})
	wantFault(t, err, fault.CodeUnavailable, "")
	w.targets.setAway(false)
	if _, ids := w.request(ctx, t, "/a.S/M"); !slices.Equal(ids, []string{"1"}) {
		t.Fatalf("called %v", ids)
	}
}

func TestChangedTargetIsSeen(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("1")
	ctx := as(t)
	w.set(ctx, t, "request", "1")
	eventually(t, "the chain is cached everywhere", func() bool {
		before := w.targets.count()
		for range 12 {
			w.request(ctx, t, "/a.S/M")
		}
		return w.targets.count() == before
	})
	w.targets.mu.Lock()
	w.targets.known["1"].Name = "renamed"
	w.targets.mu.Unlock()
	w.changed(ctx, t, "target", "1", changesv1.Operation_OPERATION_CHANGED)
	inARow := 0
	eventually(t, "both replicas see the new name", func() bool {
		out, err := w.hooks.RunRequestHook(ctx, &hooksv1.RunRequestHookRequest{Method: "/a.S/M"})
		if err != nil || out.GetSteps()[0].GetTargetName() != "renamed" {
			inARow = 0
		} else {
			inARow++
		}
		return inARow == 12
	})
}

func TestChangesOfOtherThingsForgetNothing(t *testing.T) {
	t.Parallel()
	w := begun(t, 1)
	w.targets.put("1")
	ctx := as(t)
	w.set(ctx, t, "request", "1")
	w.request(ctx, t, "/a.S/M")
	before := w.targets.count()
	w.changed(ctx, t, "action", "1", changesv1.Operation_OPERATION_CHANGED)
	w.set(as(t), t, "request") // another tenant; settles the feed
	w.request(ctx, t, "/a.S/M")
	if got := w.targets.count(); got != before {
		t.Fatalf("targets was asked %d times more", got-before)
	}
}

func (w *world) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := w.db.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}
