// Package wireown speaks actionplane.v1.TargetService: settings, state, key
// rotation and web keys. No secret is in its answers but a signing key that was
// just made.
package wireown

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/services/targets/internal/registry"
)

// Server answers the calls.
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
