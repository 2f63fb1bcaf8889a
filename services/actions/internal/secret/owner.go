package secret

import (
	"encoding/binary"

	"github.com/actionplane/actionplane/libs/tenant"
)

// Owner is what a secret belongs to.
type Owner struct {
	Tenant       tenant.ID
	Organization tenant.OrganizationID
	Action       string // empty: all of the organization's
	Name         string
}

// bytes returns the owner as no other owner has it: each part behind its
// length.
func (o Owner) bytes() []byte {
	var b []byte
	for _, part := range []string{string(o.Tenant), string(o.Organization), o.Action, o.Name} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}
