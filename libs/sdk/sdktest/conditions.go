package sdktest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
)

// conditions is what executions wait for, where a test says so.
type conditions struct {
	mu  sync.Mutex
	js  jetstream.JetStream // nil: clients are not told, and ask about everything
	ids []string            // sorted
}

// Listen says that executions of the default tenant wait for conditions, e.g.
// "request/pkg.Service/Method", besides those of earlier calls. Without it
// clients have no index and ask about every hook; from the first call on they
// ask, once they have read it, only about what is listened to.
func (a *Actionplane) Listen(t testing.TB, ids ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	c := &a.conditions
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.js == nil {
		a.openFeed(ctx, t)
	}
	for _, id := range ids {
		data, err := proto.Marshal(&changesv1.Change{
			Tenant: sdk.DefaultTenant, Resource: "execution", Id: id, Operation: changesv1.Operation_OPERATION_CREATED,
		})
		if err != nil {
			t.Fatal(err)
		}
		if i, found := slices.BinarySearch(c.ids, id); !found { // as with the real one, it is there before it is told
			c.ids = slices.Insert(c.ids, i, id)
		}
		if _, err := c.js.Publish(ctx, contract.ChangeSubject(sdk.DefaultTenant, "execution"), data); err != nil {
			t.Fatal(err)
		}
	}
}

// openFeed starts the change feed and what lists the conditions before it. The
// lock is held.
func (a *Actionplane) openFeed(ctx context.Context, t testing.TB) {
	t.Helper()
	js, err := jetstream.New(a.serves)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: contract.ChangesStream, Subjects: []string{contract.ChangeSubjects}}); err != nil {
		t.Fatal(err)
	}
	sub, err := a.serves.Subscribe(hooksv1.ConditionsListConditions.Subject+"."+sdk.DefaultTenant, func(msg *nats.Msg) { //nolint:contextcheck // ctx is for opening; this serves on
		a.inFlight.Go(func() { a.listConditions(t, msg) })
	})
	if err != nil {
		t.Fatal(err)
	}
	a.subs, a.conditions.js = append(a.subs, sub), js
}

func (a *Actionplane) listConditions(t testing.TB, msg *nats.Msg) {
	in, c := new(hooksv1.ListConditionsRequest), &a.conditions
	if err := proto.Unmarshal(msg.Data, in); err != nil {
		t.Errorf("list of conditions: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	stream, err := c.js.Stream(ctx, contract.ChangesStream)
	if err != nil {
		return // the feed was taken away
	}
	const page = 1000
	behind, _ := slices.BinarySearch(c.ids, in.GetAfter())
	rest := c.ids[behind:]
	if len(rest) > 0 && rest[0] == in.GetAfter() {
		rest = rest[1:]
	}
	data, err := proto.Marshal(&hooksv1.ListConditionsResponse{
		ConditionIds: rest[:min(page, len(rest))], Sequence: stream.CachedInfo().State.LastSeq, More: len(rest) > page,
	})
	if err != nil {
		t.Errorf("list of conditions: %v", err)
		return
	}
	_ = msg.Respond(data) // the caller may have gone
}
