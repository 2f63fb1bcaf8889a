// Package wirepeer speaks actionplane.targets.v1.Targets, what the other
// services ask of us. A sending profile is the one answer that holds secrets;
// it never leaves the bus.
package wirepeer

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/targets/internal/registry"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// Server answers the calls.
type Server struct{ targets *registry.Registry }

// New returns a server of targets.
func New(targets *registry.Registry) *Server { return &Server{targets: targets} }

// GetTargetSnapshots returns those of the targets that exist, without secrets,
// in no particular order.
func (s *Server) GetTargetSnapshots(ctx context.Context, in *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error) {
	found, err := s.targets.Snapshots(ctx, in.GetIds())
	if err != nil {
		return nil, err
	}
	out := &targetsv1.GetTargetSnapshotsResponse{}
	for _, t := range found {
		out.Targets = append(out.Targets, snapshot(t))
	}
	return out, nil
}

// DisableTarget stops sending to a target that asked for it.
func (s *Server) DisableTarget(ctx context.Context, in *targetsv1.DisableTargetRequest) (*targetsv1.DisableTargetResponse, error) {
	if _, err := s.targets.Disable(ctx, in.GetTargetId(), in.GetReason()); err != nil {
		return nil, err
	}
	return &targetsv1.DisableTargetResponse{}, nil
}

func snapshot(t target.Target) *targetsv1.TargetSnapshot {
	return &targetsv1.TargetSnapshot{
		Id:               string(t.ID),
		Name:             t.Name,
		Kind:             targetsv1.Kind(t.Kind), // numbered alike
		Endpoint:         t.Endpoint,
		Timeout:          durationpb.New(t.Timeout),
		InterruptOnError: t.InterruptOnError,
		Version:          t.Version,
	}
}
