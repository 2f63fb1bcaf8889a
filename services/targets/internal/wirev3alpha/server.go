// Package wirev3alpha speaks zitadel.resources.action.v3alpha.ZITADELActions:
// nested messages, details with an owner, ascending searches.
package wirev3alpha

import (
	"github.com/actionplane/actionplane/services/targets/internal/registry"
)

// Server answers the calls about targets.
type Server struct{ targets *registry.Registry }

// New returns a server of targets.
func New(targets *registry.Registry) *Server { return &Server{targets: targets} }
