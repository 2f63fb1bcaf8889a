package approvals

import (
	"crypto/sha256"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/seal"
	"github.com/actionplane/actionplane/services/approvals/internal/request"
	"github.com/actionplane/actionplane/services/approvals/internal/store"
)

// encryption is what the key of payloads is derived for. A changed text is
// another key.
const encryption = "actionplane approvals payload encryption v1"

// sealed returns a request as it is kept: payloads may hold secrets, which the
// owner of a change keeps encrypted as well. The hash is of what was sealed.
func (h *handlers) sealed(r store.Request) store.Request {
	sum := sha256.Sum256(r.Payload)
	s := h.box.Seal(config.NewSecret(string(r.Payload)), payloadOwner(r))
	r.Payload, r.PayloadKey, r.PayloadSHA256 = s.Data, s.KeyID, sum[:]
	return r
}

// payload returns the bytes that people approved. What does not open, or is
// not what its hash says, was edited.
func (h *handlers) payload(r store.Request) ([]byte, error) {
	plain := r.Payload
	if r.PayloadKey != "" {
		opened, err := h.box.Open(seal.Sealed{KeyID: r.PayloadKey, Data: r.Payload}, payloadOwner(r))
		if err != nil {
			return nil, fault.Conflict("the payload cannot be decrypted").WithReason(request.CodePayloadChanged).Because(err)
		}
		plain = []byte(opened.Reveal())
	}
	if sum := sha256.Sum256(plain); string(sum[:]) != string(r.PayloadSHA256) {
		return nil, fault.Conflict("the payload is not the one that was submitted").WithReason(request.CodePayloadChanged)
	}
	return plain, nil
}

// payloadOwner is what a payload is bound to: it opens in no other request.
func payloadOwner(r store.Request) string {
	return string(r.Tenant) + "/" + string(r.Organization) + "/" + r.ID
}
