package scripts

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/journal"
)

// call is what a program is called with.
type call struct {
	trigger invocation.Trigger // zero: as a target
	input   json.RawMessage
	changes json.RawMessage
	runID   string
}

// request returns the invocation of p. It may make outgoing calls.
func (c call) request(tenantID string, p program) invocation.Request {
	r := invocation.Request{
		Tenant: tenantID, ActionID: p.GetActionId(), Name: p.GetName(), Source: p.GetScript(), Style: invocation.StyleTarget,
		Trigger: c.trigger, Input: c.input, Changes: c.changes, Secrets: p.GetSecrets(), Timeout: p.GetTimeout().AsDuration(), AllowHTTP: true,
	}
	if c.trigger != (invocation.Trigger{}) {
		r.Style = invocation.StyleFlow
	}
	if sum := p.GetSha256(); len(sum) == len(r.Hash) {
		r.Hash = invocation.Hash(sum)
	}
	return r
}

// call calls a program and has it recorded, which nobody waits for. The error
// is not the script's doing; then nothing is recorded either.
func (s *Service) call(ctx context.Context, p program, c call) (journal.ID, invocation.Result, error) {
	tenantID := string(tenant.From(ctx).Tenant)
	id, err := journal.ParseID(s.ids.Next())
	if err != nil {
		return 0, invocation.Result{}, err
	}
	e := journal.Entry{
		ID: id, Tenant: tenantID, Organization: p.GetOrganizationId(), ActionID: p.GetActionId(), ActionName: p.GetName(),
		Version: p.GetVersion(), Trigger: c.trigger, RunID: c.runID, Started: time.Now().UTC(), AllowedToFail: p.GetAllowedToFail(),
	}
	ctx, span := begin(ctx, &e)
	result, err := s.pool.Invoke(ctx, c.request(tenantID, p))
	if err == nil {
		e.Fill(result)
	}
	end(span, &e, err)
	if err != nil {
		return 0, invocation.Result{}, err
	}
	s.tell(ctx, finished{Entry: e, queue: max(0, time.Since(e.Started)-result.Duration), sent: len(c.input), received: len(result.Output)})
	s.recorder.Record(e)
	return id, result, nil
}

// maxReserve is kept back of the caller's time, so that the answer arrives in
// time even when the last script uses all it was given.
const maxReserve = 25 * time.Millisecond

// reserve returns ctx with a deadline that leaves time to answer.
func reserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(maxReserve, time.Until(deadline)/10)))
}

// object returns the input, {} for none. INVALID_ARGUMENT: it is no JSON
// object.
func object(field string, input []byte) (json.RawMessage, error) {
	trimmed := bytes.TrimLeft(input, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return json.RawMessage("{}"), nil
	case trimmed[0] != '{', !json.Valid(input):
		return nil, fault.Invalid("%s: must be a JSON object", field)
	}
	return input, nil
}
