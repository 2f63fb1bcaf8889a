package wirev2

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// UpdateTarget changes what is there and differs.
func (s *Server) UpdateTarget(ctx context.Context, in *actionv2.UpdateTargetRequest) (*actionv2.UpdateTargetResponse, error) {
	updated, key, err := s.targets.Patch(ctx, in.GetId(), patchOf(in))
	if err != nil {
		return nil, err
	}
	out := &actionv2.UpdateTargetResponse{ChangeDate: date(updated.Changed)}
	if !key.IsZero() {
		out.SigningKey = proto.String(key.Reveal())
	}
	return out, nil
}

func patchOf(in *actionv2.UpdateTargetRequest) target.Patch {
	p := target.Patch{
		Name:     in.Name,
		Timeout:  duration(in.GetTimeout()),
		Endpoint: in.Endpoint,
		Overlap:  duration(in.GetExpirationSigningKey()),
	}
	if kind, interruptOnError, ok := kindOf(in); ok {
		p.Kind, p.InterruptOnError = &kind, interruptOnError
	}
	if in.GetPayloadType() != actionv2.PayloadType_PAYLOAD_TYPE_UNSPECIFIED {
		payload := target.Payload(in.GetPayloadType()) // numbered alike
		p.Payload = &payload
	}
	return p
}

// duration returns nil for nil.
func duration(d *durationpb.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	v := d.AsDuration()
	return &v
}
