package targets

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// GetTargetSnapshots returns those of the targets that exist, without secrets,
// in no particular order.
func (s *Service) GetTargetSnapshots(ctx context.Context, in *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error) {
	found, err := s.store.Targets(ctx, targetIDs(in.GetIds()))
	if err != nil {
		return nil, err
	}
	out := &targetsv1.GetTargetSnapshotsResponse{}
	for _, t := range found {
		out.Targets = append(out.Targets, snapshot(t))
	}
	return out, nil
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

// targetIDs returns what in raw can name a target.
func targetIDs(raw []string) []target.ID {
	ids := make([]target.ID, 0, len(raw)) // not nil: Postgres would read that as NULL
	for _, r := range raw {
		if id, ok := target.ParseID(r); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
