package profile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/egress"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/signature"
)

// parse makes a profile of what the targets service says. What cannot be used
// of it is Broken; the rest is there all the same.
func parse(in *targetsv1.GetSendingProfileResponse) *Profile {
	p := &Profile{
		Version: in.GetVersion(), Retry: retryOf(in.GetRetry()), Limits: limitsOf(in.GetLimits()), Disabled: in.GetDisabledReason(),
	}
	var problems []error
	broken := func(what string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("the target's %s: %w", what, err))
		}
	}
	var err error
	p.Signer, err = signerOf(in)
	broken("signing keys", err)
	p.Allow, err = egress.ParseAllow(strings.Join(in.GetEgressAllow(), ","))
	broken("egress allow list", err)
	p.Broken = errors.Join(problems...)
	return p
}

func signerOf(in *targetsv1.GetSendingProfileResponse) (*signature.Signer, error) {
	keys := make([]signature.Key, len(in.GetSigningKeys()))
	for i, key := range in.GetSigningKeys() {
		keys[i] = signature.Key(key)
	}
	return signature.NewSigner(keys...), nil
}

func retryOf(in *targetsv1.RetryPolicy) Retry {
	return Retry{
		MaxAttempts: int(in.GetMaxAttempts()), Schedule: durations(in.GetSchedule()),
		FinalStatuses: ints(in.GetFinalStatuses()), RetryableStatuses: ints(in.GetRetryableStatuses()),
	}
}

func limitsOf(in *targetsv1.Limits) Limits {
	return Limits{
		MaxConcurrency: int(in.GetMaxConcurrency()), RatePerSecond: in.GetRatePerSecond(),
		CircuitFailures: int(in.GetCircuitFailures()), CircuitPause: in.GetCircuitPause().AsDuration(),
	}
}

func durations(in []*durationpb.Duration) []time.Duration {
	var out []time.Duration
	for _, d := range in {
		out = append(out, d.AsDuration())
	}
	return out
}

func ints(in []uint32) []int {
	var out []int
	for _, n := range in {
		out = append(out, int(n))
	}
	return out
}
