package executions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/proto/contract"
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
	messages, events, err := s.messages(ctx, in.GetEvents())
	if err != nil {
		return nil, err
	}
	if err := s.bus.PublishAll(ctx, messages); err != nil {
		return nil, batchError(err, events)
	}
	out := &actionplanev1.PublishEventsResponse{}
	for _, event := range in.GetEvents() {
		out.Ids = append(out.Ids, event.GetId())
	}
	return out, nil
}

// messages returns how events travel, and how many each message holds: one, or as
// many as may share it. One with an id of its own is alone, for it is stored once
// under that, whatever it is published with.
func (s *Service) messages(ctx context.Context, events []*eventsv1.Event) (messages []bus.Outgoing, counts []int, err error) {
	for len(events) > 0 {
		n := contract.EventsTogether(len(events), s.cfg.EventsPerMessage, func(i int) contract.Packing {
			e := events[i]
			return contract.Packing{Type: e.GetType(), Alone: e.GetId() != "" || e.GetOrderingKey() != "", Size: proto.Size(e)}
		})
		m, err := together(ctx, events[:n])
		if err != nil {
			return nil, nil, err
		}
		messages, counts, events = append(messages, m), append(counts, n), events[n:]
	}
	return messages, counts, nil
}

// together returns how events of one type travel as one message, and completes
// them first.
func together(ctx context.Context, events []*eventsv1.Event) (bus.Outgoing, error) {
	if len(events) == 1 {
		return message(ctx, events[0])
	}
	for _, e := range events {
		complete(e)
	}
	data, err := proto.Marshal(&eventsv1.EventBatch{Events: events})
	if err != nil {
		return bus.Outgoing{}, fault.Internal("encode events").Because(err)
	}
	m := outgoing(ctx, events[0].GetType(), "batch-"+ident.NewUUID(), data)
	m.Header = map[string][]string{contract.HeaderEvents: {strconv.Itoa(len(events))}}
	return m, nil
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

// batchError says which events are stored, where only some are, given how many
// each message holds.
func batchError(err error, counts []int) error {
	partial := new(bus.PartialError)
	if !errors.As(err, &partial) {
		return err
	}
	var stored []bool
	for i, is := range partial.Stored {
		stored = append(stored, slices.Repeat([]bool{is}, counts[i])...)
	}
	return fault.Unavailable("the bus stored only some of the events: events[%s]; publish the others again", ranges(stored)).Because(err)
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
