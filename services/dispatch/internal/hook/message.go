package hook

import (
	"github.com/actionplane/actionplane/services/dispatch/internal/envelope"
)

// Message is what a chain passes from step to step.
type Message interface {
	// Start is the payload before the first step.
	Start() []byte
	// Envelope is what a target is sent while the payload is what it is.
	Envelope(payload []byte) []byte
	// Apply returns the payload after a call's answer. Whole says that the
	// answer is the message as it shall be, and not a change of it.
	Apply(answer envelope.Answer, payload []byte, whole bool) ([]byte, error)
}

// Request is the request of a method before it is handled.
type Request struct{ envelope.Call }

// Start returns the request.
func (m Request) Start() []byte { return m.Call.Request }

// Envelope writes the body around the request.
func (m Request) Envelope(payload []byte) []byte {
	m.Call.Request = payload
	return m.Append(buffer(payload))
}

// Apply changes or replaces the request.
func (m Request) Apply(answer envelope.Answer, payload []byte, whole bool) ([]byte, error) {
	return apply(answer, payload, whole)
}

// Response is the response of a method before it is sent.
type Response struct{ envelope.Call }

// Start returns the response.
func (m Response) Start() []byte { return m.Response }

// Envelope writes the body around the response; the request stands beside it.
func (m Response) Envelope(payload []byte) []byte {
	m.Call.Response = payload
	return m.Append(buffer(payload))
}

// Apply changes or replaces the response.
func (m Response) Apply(answer envelope.Answer, payload []byte, whole bool) ([]byte, error) {
	return apply(answer, payload, whole)
}

func apply(answer envelope.Answer, payload []byte, whole bool) ([]byte, error) {
	if whole {
		return answer.Replace(payload)
	}
	return answer.Merge(payload)
}

// Function is a function that collects what targets add.
type Function struct{ envelope.Function }

// Start is nothing: targets add to it.
func (m Function) Start() []byte { return nil }

// Envelope writes the function's context and what is collected.
func (m Function) Envelope(payload []byte) []byte {
	m.Response = payload
	return m.Append(buffer(m.Context))
}

// Apply merges, for there is no message: targets add to what there is.
func (m Function) Apply(answer envelope.Answer, payload []byte, _ bool) ([]byte, error) {
	return answer.Merge(payload)
}

// buffer returns room for an envelope around payload.
func buffer(payload []byte) []byte { return make([]byte, 0, len(payload)+512) }
