// Package wirev2beta speaks the target half of
// zitadel.action.v2beta.ActionService: v2 without payload types and public
// keys. Every message of it is one of v2 with fields left out, to the byte, so
// it is read as such and handed to v2; a test holds the two contracts together.
package wirev2beta

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	"github.com/actionplane/actionplane/services/targets/internal/wirev2"
)

// Server answers the calls about targets.
type Server struct{ v2 *wirev2.Server }

// New returns a server that speaks for v2.
func New(v2 *wirev2.Server) *Server { return &Server{v2: v2} }

// CreateTarget makes a target and its first signing key.
func (s *Server) CreateTarget(ctx context.Context, in *actionv2beta.CreateTargetRequest) (*actionv2beta.CreateTargetResponse, error) {
	return through(ctx, in, new(actionv2.CreateTargetRequest), s.v2.CreateTarget, new(actionv2beta.CreateTargetResponse))
}

// UpdateTarget changes what is there and differs.
func (s *Server) UpdateTarget(ctx context.Context, in *actionv2beta.UpdateTargetRequest) (*actionv2beta.UpdateTargetResponse, error) {
	return through(ctx, in, new(actionv2.UpdateTargetRequest), s.v2.UpdateTarget, new(actionv2beta.UpdateTargetResponse))
}

// DeleteTarget removes a target; none is removed already.
func (s *Server) DeleteTarget(ctx context.Context, in *actionv2beta.DeleteTargetRequest) (*actionv2beta.DeleteTargetResponse, error) {
	return through(ctx, in, new(actionv2.DeleteTargetRequest), s.v2.DeleteTarget, new(actionv2beta.DeleteTargetResponse))
}

// GetTarget returns a target with its newest signing key in clear.
func (s *Server) GetTarget(ctx context.Context, in *actionv2beta.GetTargetRequest) (*actionv2beta.GetTargetResponse, error) {
	return through(ctx, in, new(actionv2.GetTargetRequest), s.v2.GetTarget, new(actionv2beta.GetTargetResponse))
}

// ListTargets returns a page of targets, each with its newest signing key in
// clear.
func (s *Server) ListTargets(ctx context.Context, in *actionv2beta.ListTargetsRequest) (*actionv2beta.ListTargetsResponse, error) {
	return through(ctx, in, new(actionv2.ListTargetsRequest), s.v2.ListTargets, new(actionv2beta.ListTargetsResponse))
}

// through makes a call of v2 out of one of v2beta: in is read as request, and
// what call answers is read into out.
func through[Request, Response, Out proto.Message](ctx context.Context, in proto.Message, request Request,
	call func(context.Context, Request) (Response, error), out Out,
) (Out, error) {
	// What v2beta does not know may be a field of v2, which is not meant.
	in.ProtoReflect().SetUnknown(nil)
	if err := reread(in, request); err != nil {
		return out, err
	}
	response, err := call(ctx, request)
	if err != nil {
		return out, err
	}
	return out, reread(response, out)
}

// reread reads from as another message, leaving out what that does not know.
func reread(from, as proto.Message) error {
	data, err := proto.Marshal(from)
	if err == nil {
		err = proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, as)
	}
	if err != nil {
		return fmt.Errorf("read %s as %s: %w", from.ProtoReflect().Descriptor().FullName(), as.ProtoReflect().Descriptor().FullName(), err)
	}
	return nil
}
