package wirev3alpha

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// PatchTarget changes what is there and differs.
func (s *Server) PatchTarget(ctx context.Context, in *actionv3alpha.PatchTargetRequest) (*actionv3alpha.PatchTargetResponse, error) {
	patched, key, err := s.targets.Patch(ctx, in.GetId(), patchOf(in.GetTarget()))
	if err != nil {
		return nil, err
	}
	out := &actionv3alpha.PatchTargetResponse{Details: details(ctx, patched)}
	if !key.IsZero() {
		out.SigningKey = proto.String(key.Reveal())
	}
	return out, nil
}

// patchOf reads a patch from the wire.
func patchOf(m *actionv3alpha.PatchTarget) target.Patch {
	p := target.Patch{
		Name:     m.Name,
		Timeout:  duration(m.GetTimeout()),
		Endpoint: m.Endpoint,
		Overlap:  duration(m.GetExpirationSigningKey()),
	}
	if kind, interruptOnError, ok := kindOf(m); ok {
		p.Kind, p.InterruptOnError = &kind, interruptOnError
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
