package target

import (
	"time"

	"github.com/actionplane/actionplane/libs/fault"
)

// Error ids of the wire for a patch.
const (
	idPatchName     = "COMMAND-d1wx4lm0zr" // also a kind that does not exist
	idPatchTimeout  = "COMMAND-08b39vdi57"
	idPatchEndpoint = "COMMAND-jsbaera7b6"
)

// Patch is what to change about a target; nil leaves a part as it is.
type Patch struct {
	Name     *string
	Kind     *Kind
	Timeout  *time.Duration
	Endpoint *string
	Payload  *Payload
	// InterruptOnError goes with Kind: a new kind replaces both, without one it
	// says nothing.
	InterruptOnError bool
	// Overlap, when set, asks for a new signing key; the keys so far go on
	// signing for that long. ZITADEL's API allows 0 alone.
	Overlap *time.Duration
}

// Check reports what is wrong with the parts that are there, as an Invalid
// fault that names the field.
func (p Patch) Check() error {
	if p.Name != nil {
		if err := checkName(*p.Name, idPatchName); err != nil {
			return err
		}
	}
	if p.Kind != nil && (*p.Kind < Webhook || *p.Kind > Async) {
		return fault.Invalid("target takes one of restWebhook, restCall and restAsync").WithID(idPatchName)
	}
	if p.Timeout != nil {
		if err := checkTimeout(*p.Timeout, idPatchTimeout); err != nil {
			return err
		}
	}
	if p.Payload != nil {
		if err := checkPayload(*p.Payload); err != nil {
			return err
		}
	}
	if p.Endpoint != nil {
		return checkEndpoint(*p.Endpoint, idPatchEndpoint)
	}
	return nil
}

// Apply returns current with the patch's parts in place, and whether anything
// differs from before. A new signing key always does.
func (p Patch) Apply(current Config) (next Config, changed bool) {
	next = current
	replace(&next.Name, p.Name)
	replace(&next.Timeout, p.Timeout)
	replace(&next.Endpoint, p.Endpoint)
	replace(&next.Payload, p.Payload)
	if p.Kind != nil {
		next.Kind = *p.Kind
		next.InterruptOnError = p.InterruptOnError && *p.Kind != Async
	}
	return next, next != current || p.Overlap != nil
}

func replace[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
