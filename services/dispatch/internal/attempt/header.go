package attempt

import (
	"context"
	"strconv"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/profile"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/sender"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// HeaderTimeout tells a target how long it has, in whole milliseconds, counted
// from when we sent. Whoever cannot make it may as well stop.
const HeaderTimeout = "Actionplane-Timeout-Ms"

// headers returns what goes out beside the body: the signatures over exactly
// these bytes, the time that is left, the trace as far as the target is told of
// it, and the target's own headers.
func (m *Maker) headers(ctx context.Context, req Request, p *profile.Profile) ([]sender.Field, error) {
	fields := make([]sender.Field, 0, 7+len(p.Header))
	now := time.Now()
	if !p.Signer.Empty() {
		standard, err := p.Signer.Standard(run.MessageID(req.Run, req.Position), now, req.Body)
		if err != nil {
			return nil, err
		}
		if value := p.Signer.Sign(now, req.Body); value != "" {
			fields = append(fields, sender.Field{Name: signature.Header, Value: value})
		}
		fields = append(fields,
			sender.Field{Name: signature.HeaderID, Value: standard.ID},
			sender.Field{Name: signature.HeaderTimestamp, Value: standard.Timestamp},
			sender.Field{Name: signature.HeaderSignature, Value: standard.Signature})
	}
	ms := req.left().Milliseconds()
	fields = append(fields, sender.Field{Name: HeaderTimeout, Value: strconv.FormatInt(ms, 10)})
	if told := m.traceparent(ctx, p); told != "" {
		fields = append(fields, sender.Field{Name: "traceparent", Value: told})
	}
	return append(fields, p.Header...), nil
}
