// Package wirev2 speaks the target half of zitadel.action.v2.ActionService:
// flat messages, plain dates, searches that begin with the newest, deletions of
// what is not there succeed.
package wirev2

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/services/targets/internal/registry"
)

// Server answers the calls about targets and their public keys.
type Server struct{ targets *registry.Registry }

// New returns a server of targets.
func New(targets *registry.Registry) *Server { return &Server{targets: targets} }

// date writes t; the zero time is absent.
func date(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
