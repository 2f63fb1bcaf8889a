package dispatch

import (
	"github.com/actionplane/actionplane/libs/fault"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// kinds are the kinds of targets.
var kinds = map[targetsv1.Kind]run.Kind{
	targetsv1.Kind_KIND_WEBHOOK: run.Webhook,
	targetsv1.Kind_KIND_CALL:    run.Call,
	targetsv1.Kind_KIND_ASYNC:   run.Async,
}

// idUnknownKind is the wire's error id of a target of no known kind.
const idUnknownKind = "EXEC-auqnansr2m"

// stepsOf reads a chain.
func stepsOf(chain *dispatchv1.Chain) ([]run.Step, error) {
	steps := make([]run.Step, len(chain.GetSteps()))
	for i, t := range chain.GetSteps() {
		kind, ok := kinds[t.GetKind()]
		if !ok {
			return nil, fault.Internal("target %s is of an unknown kind", t.GetId()).WithID(idUnknownKind)
		}
		steps[i] = run.Step{
			TargetID: t.GetId(), TargetName: t.GetName(), Kind: kind, Endpoint: t.GetEndpoint(),
			Timeout: t.GetTimeout().AsDuration(), Interrupts: t.GetInterruptOnError(), Version: t.GetVersion(),
		}
	}
	return steps, nil
}
