package approval

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// freeze returns the change as approvals keeps it.
func (g gate[T]) freeze(before, after []byte) (*approvalsv1.Change, error) {
	display, err := Display(g.call.request)
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", g.call.method.FullName, err)
	}
	previous := sha256.Sum256(before)
	m := g.call.method
	return &approvalsv1.Change{
		Method:           m.FullName,
		Subject:          m.Subject,
		Category:         m.Gate.Category,
		DisplayName:      m.Gate.DisplayName,
		ActionType:       ActionType(m),
		PayloadType:      string(g.call.request.ProtoReflect().Descriptor().FullName()),
		Payload:          g.call.payload,
		Display:          display,
		TargetEntityType: g.change.EntityType,
		TargetEntityId:   g.change.EntityID,
		PreviousState:    before,
		NextState:        after,
		PreviousSha256:   previous[:],
	}, nil
}

// record has the outbox tell approvals of a change that was made at once. The
// relay that sends it knows nobody: identity goes along. A change without an
// organization is in nobody's records. Nobody carries a record out, so that it
// needs no secrets, and neither has the outbox, nor the stream, to keep them.
func (g gate[T]) record(ctx context.Context, tx T, before, after []byte) error {
	if tenant.From(ctx).Organization == "" {
		return nil
	}
	frozen, err := g.freeze(before, after)
	if err != nil {
		return err
	}
	if frozen.Payload, err = marshal(withoutSecrets(g.call.request)); err != nil {
		return fmt.Errorf("record %s: %w", g.call.method.FullName, err)
	}
	id := ident.NewUUID()
	data, err := proto.Marshal(&approvalsv1.RecordChangeCommand{Id: id, Change: frozen})
	if err != nil {
		return fmt.Errorf("encode a record of %s: %w", g.call.method.FullName, err)
	}
	who := tenant.From(ctx)
	return outbox.Add(ctx, tx.Pgx(), outbox.Message{
		Subject: contract.RecordChangeSubject(string(who.Tenant)),
		ID:      id,
		Header: map[string][]string{
			contract.HeaderTenant:       {string(who.Tenant)},
			contract.HeaderOrganization: {string(who.Organization)},
			contract.HeaderPerson:       {string(who.Person)},
			contract.HeaderRoles:        {strings.Join(who.Roles, ",")},
		},
		Data: data,
	})
}

// ActionType is what the admin-action API calls requests of a gated method:
// the vendor's "settings_change" for settings, else the method's name, e.g.
// "delete_target".
func ActionType(m *contract.Method) string {
	if m.Gate != nil && m.Gate.Category == "settings" {
		return "settings_change"
	}
	name := m.FullName[strings.LastIndexByte(m.FullName, '/')+1:]
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Display returns m as JSON for people, without what its contract marks with
// debug_redact.
func Display(m proto.Message) ([]byte, error) {
	return wirejson.Default().Marshal(withoutSecrets(m))
}

// withoutSecrets returns m without what its contract marks with debug_redact.
func withoutSecrets(m proto.Message) proto.Message {
	shown := proto.Clone(m)
	redact(shown.ProtoReflect())
	return shown
}

// marshal returns the one form of a message that is frozen.
func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

func redact(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case secret(f):
			hide(m, f)
		case f.IsMap() && f.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				redact(v.Message())
				return true
			})
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				redact(v.List().Get(i).Message())
			}
		case f.Message() != nil && !f.IsMap():
			redact(v.Message())
		}
		return true
	})
}

func secret(f protoreflect.FieldDescriptor) bool {
	options, _ := f.Options().(*descriptorpb.FieldOptions)
	return options.GetDebugRedact()
}

// hide says that there was something, where the field can.
func hide(m protoreflect.Message, f protoreflect.FieldDescriptor) {
	if f.Kind() == protoreflect.StringKind && !f.IsList() && !f.IsMap() {
		m.Set(f, protoreflect.ValueOfString(redacted))
		return
	}
	m.Clear(f)
}
