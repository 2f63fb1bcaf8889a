package dispatch

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/proto/contract"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/announced"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// runsConsumer is the durable consumer of RUNS that replicas share.
const runsConsumer = "dispatch"

// runsStream is where executions of the release before put the runs of events.
// The next release needs neither it nor this file.
func runsStream() bus.Stream {
	return bus.Stream{Name: contract.RunsStream, Subjects: []string{contract.DeliverEventSubjects}, WorkQueue: true}
}

// consumeRuns delivers what the release before has resolved.
func (s *Service) consumeRuns(ctx context.Context) error {
	return s.bus.ConsumeTogether(ctx, bus.Consumer{Stream: contract.RunsStream, Name: runsConsumer, Concurrency: s.cfg.EventWorkers}, s.deliverRuns)
}

func (s *Service) deliverRuns(ctx context.Context, messages []*bus.Taken) {
	arrivals := make([]*arrival, 0, len(messages))
	now := time.Now()
	for _, m := range messages {
		r, err := readRun(m, now)
		if err != nil {
			m.Settle(err)
			continue
		}
		arrivals = append(arrivals, &arrival{message: m, ctx: m.Context(), run: r})
	}
	s.deliver(ctx, arrivals, s.courier.Deliver)
}

// readRun reads the run that a message asks for.
func readRun(m *bus.Taken, now time.Time) (run.Run, error) {
	cmd := new(dispatchv1.DeliverEventCommand)
	if err := proto.Unmarshal(m.Data, cmd); err != nil {
		return run.Run{}, fault.Invalid("run: malformed").Because(err)
	}
	id, err := run.ParseID(cmd.GetRunId())
	if err != nil {
		return run.Run{}, err
	}
	steps, err := stepsOf(cmd.GetChain())
	if err != nil {
		return run.Run{}, err
	}
	if cmd.GetEvent().GetId() == "" {
		return run.Run{}, fault.Invalid("event.id: is missing")
	}
	kind := announced.Kind{Tenant: strings.TrimPrefix(m.Subject, contract.DeliverEventSubject("")), Type: cmd.GetEvent().GetType()}
	return eventRun(announced.Event{Kind: kind, Event: cmd.GetEvent()}, id,
		chain{condition: cmd.GetChain().GetCondition(), steps: steps}, cmd.GetEventSequence(), now), nil
}
