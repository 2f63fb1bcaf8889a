package scripts

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/scripts/internal/flow"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
	"github.com/actionplane/actionplane/services/scripts/internal/store"
)

// Page sizes.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// ListInvocations returns an organization's invocations, newest first.
func (s *Service) ListInvocations(ctx context.Context, in *actionplanev1.ListInvocationsRequest) (*actionplanev1.ListInvocationsResponse, error) {
	filter, err := filterOf(in)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Invocations(ctx, scope(ctx), filter)
	if err != nil {
		return nil, err
	}
	out := &actionplanev1.ListInvocationsResponse{}
	for _, e := range found {
		out.Invocations = append(out.Invocations, invocationMessage(e))
	}
	return out, nil
}

// scope is whose invocations the call is about.
func scope(ctx context.Context) store.Scope {
	who := tenant.From(ctx)
	return store.Scope{Tenant: string(who.Tenant), Organization: string(who.Organization)}
}

func filterOf(in *actionplanev1.ListInvocationsRequest) (store.Filter, error) {
	f := store.Filter{
		ActionID: in.GetActionId(), Outcome: outcomeOf(in.GetResult()), RunID: in.GetRunId(), Limit: limit(in.GetLimit()),
		From: moment(in.GetFrom()), To: moment(in.GetTo()),
		Trigger: invocation.Trigger{Flow: flow.ParseFlow(in.GetFlow()), Type: flow.ParseType(in.GetTrigger())},
	}
	switch {
	case in.GetFlow() != "" && f.Trigger.Flow == 0:
		return f, flow.ErrNoFlow
	case in.GetTrigger() != "" && f.Trigger.Type == 0:
		return f, flow.ErrNoTrigger
	case in.GetBefore() == "":
		return f, nil
	}
	before, err := journal.ParseID(in.GetBefore())
	if err != nil {
		return f, fault.Invalid("before: must be the id of an invocation")
	}
	f.Before = before
	return f, nil
}

func limit(asked uint32) int {
	if asked == 0 {
		return defaultLimit
	}
	return int(min(asked, maxLimit))
}

// moment returns the zero time for none.
func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
