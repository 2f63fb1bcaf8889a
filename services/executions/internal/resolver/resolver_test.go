package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/fault"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
	"github.com/actionplane/actionplane/services/executions/internal/resolver"
)

// owners hold what is configured: the lists of one tenant, and any target.
type owners struct {
	mu    sync.Mutex
	lists map[string][]chain.Entry
	away  error
	block chan struct{} // when set, a read waits until it is closed
	reads atomic.Int64
}

func newOwners(lists map[string][]chain.Entry) *owners { return &owners{lists: lists} }

func (o *owners) set(id string, entries ...chain.Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lists[id] = entries
}

func (o *owners) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = err
}

func (o *owners) Closure(ctx context.Context, _ string, _ []string) (map[string]chain.Execution, error) {
	o.reads.Add(1)
	o.mu.Lock()
	block := o.block
	o.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	all := map[string]chain.Execution{}
	for id, entries := range o.lists {
		all[id] = chain.Execution{ConditionID: id, Entries: entries}
	}
	return all, o.away
}

func (o *owners) GetTargetSnapshots(_ context.Context, in *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error) {
	out := &targetsv1.GetTargetSnapshotsResponse{}
	for _, id := range in.GetIds() {
		if id != "gone" {
			out.Targets = append(out.Targets, &targetsv1.TargetSnapshot{Id: id})
		}
	}
	return out, nil
}

func newResolver(t testing.TB, o *owners, shared cache.Cache, e *resolver.Epochs) *resolver.Resolver {
	t.Helper()
	r := resolver.New(o, o, shared, e, nil, slog.New(slog.DiscardHandler))
	t.Cleanup(r.Close)
	return r
}

func started(base uint64) *resolver.Epochs {
	e := resolver.NewEpochs()
	e.Start(base)
	return e
}

var (
	call     = condition.Trigger{Kind: condition.Request, Name: "/a.S/M"}
	one, two = chain.Entry{Target: "1"}, chain.Entry{Target: "2"}
)

func resolve(t testing.TB, r *resolver.Resolver, tenant string, trigger condition.Trigger) *dispatchv1.Chain {
	t.Helper()
	c, err := r.Resolve(t.Context(), tenant, trigger, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantSteps(t testing.TB, c *dispatchv1.Chain, want ...string) {
	t.Helper()
	var got []string
	for _, s := range c.GetSteps() {
		got = append(got, s.GetId())
	}
	if !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()

	t.Run("LeavesOutTargetsThatAreGone", func(t *testing.T) {
		t.Parallel()
		o := newOwners(map[string][]chain.Entry{"request": {two, {Target: "gone"}, one, two}})
		wantSteps(t, resolve(t, newResolver(t, o, nil, started(1)), "t", call), "2", "1", "2")
	})
	t.Run("RemembersThatNothingMatches", func(t *testing.T) {
		t.Parallel()
		o, shared := newOwners(nil), cachetest.New(t)
		first := newResolver(t, o, shared, started(1))
		for range 3 {
			if c := resolve(t, first, "t", call); c.GetCondition() != "" {
				t.Fatalf("got %v", c)
			}
		}
		resolve(t, newResolver(t, o, shared, started(1)), "t", call) // another replica: from Redis
		if n := o.reads.Load(); n != 1 {
			t.Errorf("read %d times", n)
		}
	})
	t.Run("RemembersNothingWhileTheEpochIsUnknown", func(t *testing.T) {
		t.Parallel()
		o := newOwners(map[string][]chain.Entry{"request": {one}})
		r := newResolver(t, o, cachetest.New(t), resolver.NewEpochs())
		wantSteps(t, resolve(t, r, "t", call), "1")
		o.set("request", two)
		wantSteps(t, resolve(t, r, "t", call), "2")
	})
	t.Run("ForgetsATenantWhenItChangesAndNoOther", func(t *testing.T) {
		t.Parallel()
		o, e := newOwners(map[string][]chain.Entry{"request": {one}}), started(1)
		r := newResolver(t, o, cachetest.New(t), e)
		resolve(t, r, "t", call)
		resolve(t, r, "other", call)
		o.set("request", two)
		e.Advance(2, "t")
		wantSteps(t, resolve(t, r, "t", call), "2")
		wantSteps(t, resolve(t, r, "other", call), "1")
	})
	t.Run("NeverServesAnOlderEpochFromRedis", func(t *testing.T) {
		t.Parallel()
		o, shared := newOwners(map[string][]chain.Entry{"request": {one}}), cachetest.New(t)
		late := started(1) // a replica that has not heard of the change yet
		resolve(t, newResolver(t, o, shared, late), "t", call)
		o.set("request", two)
		fresh := started(1)
		fresh.Advance(2, "t")
		wantSteps(t, resolve(t, newResolver(t, o, shared, fresh), "t", call), "2")
		wantSteps(t, resolve(t, newResolver(t, o, shared, started(3)), "t", call), "2") // started later
	})
	t.Run("ALateReplicaDoesNotSpoilWhatIsNew", func(t *testing.T) {
		t.Parallel()
		o, shared := newOwners(map[string][]chain.Entry{"request": {one}}), cachetest.New(t)
		o.block = make(chan struct{})
		e := started(1)
		r := newResolver(t, o, shared, e)
		done := make(chan struct{})
		go func() { // reads under epoch 1, and stores after epoch 2 has begun
			defer close(done)
			_, _ = r.Resolve(context.Background(), "t", call, 1)
		}()
		for o.reads.Load() == 0 {
			<-time.After(time.Millisecond)
		}
		e.Advance(2, "t")
		close(o.block)
		<-done
		o.set("request", two)
		wantSteps(t, resolve(t, r, "t", call), "2")
	})
	t.Run("WithoutRedisIsRight", func(t *testing.T) {
		t.Parallel()
		o, e := newOwners(map[string][]chain.Entry{"request": {one}}), started(1)
		r := newResolver(t, o, cachetest.Open(t, "redis://127.0.0.1:1"), e)
		wantSteps(t, resolve(t, r, "t", call), "1")
		o.set("request", two)
		wantSteps(t, resolve(t, r, "t", call), "1")
		e.Advance(2, "t")
		wantSteps(t, resolve(t, r, "t", call), "2")
	})
	t.Run("GarbageInRedisIsAMiss", func(t *testing.T) {
		t.Parallel()
		o, shared := newOwners(map[string][]chain.Entry{"request": {one}}), cachetest.New(t)
		if err := shared.Set(t.Context(), "chain:t:1:request:/a.S/M", []byte{0xff}, time.Minute); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, resolve(t, newResolver(t, o, shared, started(1)), "t", call), "1")
	})
	t.Run("OwnersAwayWhatIsRememberedGoesOn", func(t *testing.T) {
		t.Parallel()
		o, e := newOwners(map[string][]chain.Entry{"request": {one}}), started(1)
		r := newResolver(t, o, cachetest.New(t), e)
		resolve(t, r, "t", call)
		o.fail(fault.Unavailable("away"))
		wantSteps(t, resolve(t, r, "t", call), "1")
		if _, err := r.Resolve(t.Context(), "t", condition.Trigger{Kind: condition.Function, Name: "f"}, 1); fault.CodeOf(err) != fault.CodeUnavailable {
			t.Errorf("got %v", err)
		}
		o.fail(nil)
		if c := resolve(t, r, "t", condition.Trigger{Kind: condition.Function, Name: "f"}); c.GetCondition() != "" {
			t.Errorf("got %v", c)
		}
	})
	t.Run("ACallerWhoGivesUpTakesNobodyAlong", func(t *testing.T) {
		t.Parallel()
		o := newOwners(map[string][]chain.Entry{"request": {one}})
		o.block = make(chan struct{})
		r := newResolver(t, o, nil, started(1))
		hasty, giveUp := context.WithCancel(t.Context())
		gone, patient := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := r.Resolve(hasty, "t", call, 1)
			gone <- err
		}()
		for o.reads.Load() == 0 {
			<-time.After(time.Millisecond)
		}
		go func() {
			_, err := r.Resolve(context.Background(), "t", call, 1)
			patient <- err
		}()
		giveUp()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("the hasty one got %v", err)
		}
		close(o.block)
		if err := <-patient; err != nil {
			t.Errorf("the patient one got %v", err)
		}
	})
}

// TestNobodySeesLessThanWasInForce has replicas on one Redis resolve while the
// configuration changes. The list always holds one target, the number of the
// change, and a replica must never show one older than its epoch.
func TestNobodySeesLessThanWasInForce(t *testing.T) {
	t.Parallel()
	o, shared := newOwners(map[string][]chain.Entry{"request": {{Target: "00"}}}), cachetest.New(t)
	const changes = 60
	var replicas [3]*resolver.Epochs
	var running sync.WaitGroup
	stop := make(chan struct{})
	for i := range replicas {
		e := started(0)
		replicas[i] = e
		r := newResolver(t, o, shared, e)
		for range 3 {
			running.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					epoch, _ := e.Of("t")
					c, err := r.Resolve(context.Background(), "t", call, 1)
					if err != nil || c.GetSteps()[0].GetId() < fmt.Sprintf("%02d", epoch) {
						t.Errorf("in epoch %d: got %v, %v", epoch, c, err)
						return
					}
				}
			})
		}
	}
	for n := 1; n <= changes; n++ {
		o.set("request", chain.Entry{Target: chain.TargetID(fmt.Sprintf("%02d", n))}) // committed first
		for i := range replicas {
			replicas[(i+n)%len(replicas)].Advance(uint64(n), "t") // then heard of, one replica after the other
		}
	}
	close(stop)
	running.Wait()
}
