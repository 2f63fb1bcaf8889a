package actions

import (
	"crypto/sha256"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	"github.com/actionplane/actionplane/services/actions/internal/action"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// programMessage returns the wire's form of a program, the one message that
// holds secrets in clear.
func (h *handler) programMessage(in tenant.ID, p store.Program) (*actionsv1.GetProgramResponse, error) {
	secrets, err := h.openSecrets(in, p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(p.Script))
	return &actionsv1.GetProgramResponse{
		ActionId:       string(p.ID),
		OrganizationId: string(p.Organization),
		Name:           p.Name,
		Script:         p.Script,
		Timeout:        durationpb.New(action.EffectiveTimeout(p.Timeout)),
		AllowedToFail:  p.AllowedToFail,
		Active:         p.State == action.Active,
		Version:        uint32(p.Version),
		Sha256:         sum[:],
		Secrets:        secrets,
	}, nil
}

// openSecrets returns the secrets of a program by their names. The action's own
// come last, and so hide the organization's.
func (h *handler) openSecrets(in tenant.ID, p store.Program) (map[string]string, error) {
	values := map[string]string{}
	for _, s := range p.Secrets {
		owner := secretOwner(store.Scope{Tenant: in, Organization: p.Organization}, s.Action, s.Name)
		value, err := h.box.Open(s.Sealed, owner)
		if err != nil {
			return nil, fault.Internal("Secret %s of action %s cannot be decrypted", s.Name, p.ID).WithID("ACTIONS-b4ds3cret").Because(err)
		}
		values[s.Name] = value.Reveal()
	}
	return values, nil
}
