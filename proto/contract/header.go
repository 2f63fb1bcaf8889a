package contract

// Headers of every message on the bus. Names that begin with "Nats-" belong to
// NATS.
const (
	HeaderTenant       = "Actionplane-Tenant"
	HeaderOrganization = "Actionplane-Organization"
	HeaderPerson       = "Actionplane-Person"
	HeaderRoles        = "Actionplane-Roles" // comma separated
	// HeaderTimeout is the time left for a call, as a Go duration. It is
	// relative, so that clocks need not agree.
	HeaderTimeout = "Actionplane-Timeout"
	// HeaderChecked is set by the edge on requests whose validation rules it
	// has checked already.
	HeaderChecked = "Actionplane-Checked"
	// HeaderContentType "application/json" means that the body is JSON, and
	// that the answer shall be; otherwise both are protobuf.
	HeaderContentType = "Content-Type"
	// HeaderAccept "application/json" asks for a JSON answer alone.
	HeaderAccept = "Accept"

	// HeaderEvents says of a message of stream EVENTS that it holds an
	// actionplane.events.v1.EventBatch, and of how many events.
	HeaderEvents = "Actionplane-Events"

	// HeaderApproval is the id of the approved request that a call executes.
	// approvals alone sends it, the edge never does; who gets it asks approvals
	// whether it is true.
	HeaderApproval = "Actionplane-Approval"

	// HeaderReplyTo is the inbox of the caller of a call that was handed on.
	// Its owner answers there; the message's own reply takes an empty message
	// that says the call was taken.
	HeaderReplyTo = "Actionplane-Reply-To"

	// Error answers: NATS's own service headers, and ours. The body of an error
	// answer is empty, or the JSON document that REST answers with.
	HeaderErrorText   = "Nats-Service-Error"
	HeaderErrorCode   = "Nats-Service-Error-Code" // a gRPC status code
	HeaderErrorID     = "Actionplane-Error-Id"
	HeaderErrorReason = "Actionplane-Error-Reason"
	// HeaderErrorStatus is the HTTP status where it is not the code's.
	HeaderErrorStatus = "Actionplane-Error-Status"
)
