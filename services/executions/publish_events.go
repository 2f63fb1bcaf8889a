package executions

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
)

// PublishEvents puts several events into the stream, in their order, and
// answers once all of them are stored. Nothing is taken of a batch that has an
// invalid event. A batch that meets nothing it holds already is stored as a
// whole or not at all (bus.PublishAll); where only some are stored, the answer
// says which, for an event without an id of its own would be stored twice if
// it were sent again.
func (s *Service) PublishEvents(ctx context.Context, in *actionplanev1.PublishEventsRequest) (*actionplanev1.PublishEventsResponse, error) {
	if err := s.checkBatch(in.GetEvents()); err != nil {
		return nil, err
	}
	out := &actionplanev1.PublishEventsResponse{}
	messages := make([]bus.Outgoing, len(in.GetEvents()))
	for i, event := range in.GetEvents() {
		var err error
		if messages[i], err = message(ctx, event); err != nil {
			return nil, err
		}
		out.Ids = append(out.Ids, event.GetId())
	}
	if err := s.bus.PublishAll(ctx, messages); err != nil {
		return nil, batchError(err)
	}
	return out, nil
}

// checkBatch names the first event that cannot be taken.
func (s *Service) checkBatch(events []*eventsv1.Event) error {
	if len(events) > s.cfg.EventBatchMaxCount {
		return fault.Invalid("events: at most %d are allowed at once, not %d", s.cfg.EventBatchMaxCount, len(events))
	}
	size, places := 0, map[string]int{}
	for i, event := range events {
		field := fmt.Sprintf("events[%d]", i)
		if event == nil { // JSON null
			return fault.Invalid("%s: must not be null", field)
		}
		if err := checkEvent(field, event); err != nil {
			return err
		}
		if first, taken := places[event.GetId()]; taken && event.GetId() != "" {
			return fault.Invalid("%s.id: is that of events[%d]", field, first)
		}
		places[event.GetId()] = i
		if size += proto.Size(event); size > s.cfg.EventBatchMaxBytes {
			return fault.Invalid("%s: with it the batch has more than %d bytes", field, s.cfg.EventBatchMaxBytes)
		}
	}
	return nil
}

// batchError says which events are stored, where only some are.
func batchError(err error) error {
	partial := new(bus.PartialError)
	if !errors.As(err, &partial) {
		return err
	}
	return fault.Unavailable("the bus stored only some of the events: events[%s]; publish the others again", ranges(partial.Stored)).Because(err)
}

// ranges writes places that are true as "0-3,7".
func ranges(places []bool) string {
	var out []string
	for i := 0; i < len(places); i++ {
		if !places[i] {
			continue
		}
		first := i
		for i+1 < len(places) && places[i+1] {
			i++
		}
		text := strconv.Itoa(first)
		if i > first {
			text += "-" + strconv.Itoa(i)
		}
		out = append(out, text)
	}
	return strings.Join(out, ",")
}
