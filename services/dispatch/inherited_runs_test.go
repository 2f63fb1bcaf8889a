package dispatch_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
)

// inherit hands an event's run over, as executions of the release before does,
// and returns the run's id.
func (h *house) inherit(t *testing.T, eventID string, steps ...*targetsv1.TargetSnapshot) string {
	t.Helper()
	runID := h.ids.Next()
	data, err := proto.Marshal(&dispatchv1.DeliverEventCommand{
		RunId: runID, Chain: &dispatchv1.Chain{Condition: "event/inherited", Steps: steps}, EventSequence: 1,
		Event: &eventsv1.Event{Id: eventID, Type: kindOf(eventID).eventType, Payload: payloadOf(eventID)},
	})
	if err != nil {
		t.Fatal(err)
	}
	of := string(tenant.Default)
	if err := h.conn.Publish(t.Context(), contract.DeliverEventSubject(of), contract.EventMessageID(of, eventID), nil, data); err != nil {
		t.Fatal(err)
	}
	return runID
}

func TestInheritedRuns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, got := receiver(t, ok)
	var ids []string
	for i := range 20 {
		id := fmt.Sprintf("both-%d", i)
		h.inherit(t, id, target("1", url, webhook, false))
		ids = append(ids, h.publish(t, id, target("1", url, webhook, false)))
	}
	runID := h.inherit(t, "inherited", target("1", url, webhook, false))
	ids = append(ids, "inherited")
	h.start(t, quick())

	r := h.settled(t, "inherited")
	if s := story(r); !slices.Equal(s, []string{"SUCCEEDED 1:succeeded/200"}) || r.GetId() != runID || r.GetCondition() != "event/inherited" {
		t.Errorf("got %q of %v", s, r)
	}
	h.handled(t, 0)
	eventually(t, "every run to be handled", func() bool {
		acked, last, err := h.conn.Backlog(t.Context(), contract.RunsStream, "dispatch")
		return err == nil && acked == last
	})
	times := map[string]int{}
	for len(got) > 0 {
		times[(<-got).body]++
	}
	for _, id := range ids {
		if r := h.settled(t, id); r.GetEventId() != id { // fails where there are two
			t.Errorf("got %v", r)
		}
	}
	for body, n := range times {
		if n != 1 {
			t.Errorf("sent %d times: %s", n, body)
		}
	}
	if len(times) != len(ids) {
		t.Errorf("%d of %d events were sent", len(times), len(ids))
	}
}
