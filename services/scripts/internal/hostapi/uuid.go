package hostapi

import (
	"crypto/rand"

	"github.com/dop251/goja"
	"github.com/google/uuid"
)

var uuidNames = []string{
	"v1", "v3", "v4", "v5", "v7", "namespaceDNS", "namespaceURL", "namespaceOID", "namespaceX500",
}

// uuidModule is zitadel/uuid. Namespaces are strings; any UUID's text will do
// as one.
func (s *session) uuidModule() *goja.Object { return Lazy(s.vm, uuidNames, s.uuidMember) }

func (s *session) uuidMember(name string) goja.Value {
	switch name {
	case "v1":
		return s.newUUID(name, newV1)
	case "v3":
		return s.nameUUID(name, uuid.NewMD5)
	case "v4":
		return s.newUUID(name, uuid.NewRandom)
	case "v5":
		return s.nameUUID(name, uuid.NewSHA1)
	case "v7":
		return s.newUUID(name, uuid.NewV7)
	case "namespaceDNS":
		return s.vm.ToValue(uuid.NameSpaceDNS.String())
	case "namespaceURL":
		return s.vm.ToValue(uuid.NameSpaceURL.String())
	case "namespaceOID":
		return s.vm.ToValue(uuid.NameSpaceOID.String())
	case "namespaceX500":
		return s.vm.ToValue(uuid.NameSpaceX500.String())
	}
	return nil
}

// newV1 is a time-based UUID with a random node (RFC 9562, 6.10): the usual one
// would tell scripts the machine's hardware address.
func newV1() (uuid.UUID, error) {
	u, err := uuid.NewUUID()
	if err != nil {
		return u, err
	}
	if _, err := rand.Read(u[10:]); err != nil {
		return u, err
	}
	u[10] |= 1 // the multicast bit: not a real address
	return u, nil
}

// newUUID returns a function that makes a new UUID.
func (s *session) newUUID(name string, generate func() (uuid.UUID, error)) goja.Value {
	return Native(s.vm, name, func(goja.FunctionCall) goja.Value {
		u, err := generate()
		if err != nil {
			s.throw("uuid: " + err.Error())
		}
		return s.vm.ToValue(u.String())
	})
}

// nameUUID returns a function (namespace, data) that makes the UUID of a name.
func (s *session) nameUUID(name string, derive func(uuid.UUID, []byte) uuid.UUID) goja.Value {
	return Native(s.vm, name, func(call goja.FunctionCall) goja.Value {
		namespace, err := uuid.Parse(call.Argument(0).String())
		if err != nil {
			s.throw("uuid: " + err.Error())
		}
		return s.vm.ToValue(derive(namespace, []byte(call.Argument(1).String())).String())
	})
}
