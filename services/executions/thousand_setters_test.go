package executions_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

const setters = 1000

// order returns the nth order of the targets "0" to "6", of which there are
// 5040: a chain that is torn is none that anybody wrote.
func order(n int) []string {
	left := strings.Split("0123456", "")
	var out []string
	for i := len(left); i > 0; i-- {
		out, left, n = append(out, left[n%i]), slices.Delete(left, n%i, n%i+1), n/i
	}
	return out
}

// setAny sets a list through one of two versions of the API.
func (w *world) setAny(ctx context.Context, t testing.TB, n int, id string, targets []string) (at time.Time, err error) {
	if n%2 == 0 {
		out, err := w.SetExecution(ctx, setRequest(id, targets...))
		return out.GetDetails().GetChanged().AsTime(), err
	}
	out, err := actionv2.NewActionServiceBusClient(w.conn).SetExecution(ctx, &actionv2.SetExecutionRequest{
		Condition: same(t, wire(id), new(actionv2.Condition)), Targets: targets,
	})
	return out.GetSetDate().AsTime(), err
}

// all starts setters at once and returns when they are done.
func all(ctx context.Context, set func(ctx context.Context, n int)) {
	ctx, cancel := context.WithTimeout(ctx, 4*patience)
	defer cancel()
	start := make(chan struct{})
	var done sync.WaitGroup
	for n := range setters {
		done.Go(func() {
			<-start
			set(ctx, n)
		})
	}
	close(start)
	done.Wait()
}

// found reads an execution as it is listed.
func (w *world) found(ctx context.Context, t testing.TB) (targets []string, changed time.Time) {
	t.Helper()
	out, err := w.SearchExecutions(ctx, &actionv3alpha.SearchExecutionsRequest{})
	if err != nil || len(out.GetResult()) != 1 {
		t.Fatalf("got %v, %v", out, err)
	}
	for _, line := range out.GetResult()[0].GetExecution().GetTargets() {
		targets = append(targets, line.GetTarget())
	}
	return targets, out.GetResult()[0].GetDetails().GetChanged().AsTime()
}

// TestThousandSettersHaveOneWinner has one thousand callers write the same
// execution at once, in two replicas with eight connections each.
func TestThousandSettersHaveOneWinner(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("0", "1", "2", "3", "4", "5", "6")
	ctx := as(t)
	var mu sync.Mutex
	written := map[string]time.Time{}
	all(ctx, func(ctx context.Context, n int) {
		at, err := w.setAny(ctx, t, n, "request", order(n))
		if err != nil {
			t.Errorf("setter %d: %v", n, err)
		}
		mu.Lock()
		defer mu.Unlock()
		written[strings.Join(order(n), ",")] = at
	})
	targets, changed := w.found(ctx, t)
	at, ok := written[strings.Join(targets, ",")]
	if !ok || !at.Equal(changed) || len(written) != setters {
		t.Fatalf("%v of %s was written at %s, by one of %d", targets, changed, at, len(written))
	}
	eventually(t, "the winner is what is called", func() bool {
		_, called := w.request(ctx, t, "/a.S/M")
		return slices.Equal(called, targets)
	})
}

// TestThousandSettersAndDeletedTargets has targets deleted meanwhile: whoever
// comes too late is told so, and what stays is a list that was written, but
// for what is gone.
func TestThousandSettersAndDeletedTargets(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	w.targets.put("0", "1", "2", "3", "4", "5", "6")
	ctx := as(t)
	w.set(ctx, t, "request", "5", "6")
	all(ctx, func(ctx context.Context, n int) {
		if n%200 == 100 { // "0" to "4" go
			w.deleteTarget(ctx, t, strconv.Itoa(n/200))
			return
		}
		targets := order(n)
		if n%4 == 0 {
			targets = slices.DeleteFunc(targets, func(id string) bool { return id < "5" })
		}
		if _, err := w.setAny(ctx, t, n, "request", targets); err != nil {
			wantFault(t, err, fault.CodeNotFound, "COMMAND-17e8fq1ggk")
		}
	})
	eventually(t, "what is gone is in no list", func() bool {
		targets, _ := w.found(ctx, t)
		slices.Sort(targets)
		return slices.Equal(targets, []string{"5", "6"})
	})
}
