package delivery_test

import (
	"strconv"
	"testing"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

func TestClassifyStatus(t *testing.T) {
	t.Parallel()
	var (
		succeeded = delivery.Verdict{Outcome: delivery.OutcomeSucceeded}
		retryable = delivery.Verdict{Outcome: delivery.OutcomeRetryable}
		gone      = delivery.Verdict{Outcome: delivery.OutcomeFailed, Reason: delivery.TargetGone, DisableTarget: true}
		refused   = delivery.Verdict{Outcome: delivery.OutcomeFailed, Reason: delivery.Refused}
	)
	policy := delivery.DefaultPolicy()
	policy.FatalStatuses = []int{422, 410}
	want := map[int]delivery.Verdict{
		0: retryable, 100: retryable, 199: retryable,
		200: succeeded, 202: succeeded, 204: succeeded, 299: succeeded,
		300: retryable, 301: retryable, 304: retryable, 308: retryable,
		400: retryable, 401: retryable, 404: retryable, 408: retryable, 409: retryable, 429: retryable,
		410: gone, 422: refused,
		500: retryable, 501: retryable, 502: retryable, 503: retryable, 504: retryable, 999: retryable,
	}
	for status, verdict := range want {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			if got := delivery.Classify(policy, delivery.Answered, status); got != verdict {
				t.Errorf("got %+v, want %+v", got, verdict)
			}
		})
	}
}

func TestClassifyTransport(t *testing.T) {
	t.Parallel()
	want := map[delivery.Transport]delivery.Outcome{
		delivery.Unresolved:      delivery.OutcomeRetryable,
		delivery.Unreachable:     delivery.OutcomeRetryable,
		delivery.Insecure:        delivery.OutcomeRetryable,
		delivery.TimedOut:        delivery.OutcomeRetryable,
		delivery.BrokenAnswer:    delivery.OutcomeRetryable,
		delivery.AnswerTooLarge:  delivery.OutcomeFailed,
		delivery.Denied:          delivery.OutcomeFailed,
		delivery.InvalidEndpoint: delivery.OutcomeFailed,
	}
	for transport, outcome := range want {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			// A status that was seen before the connection broke must not count.
			got := delivery.Classify(delivery.DefaultPolicy(), transport, 200)
			if got.Outcome != outcome || got.DisableTarget || (got.Reason != "") != (outcome == delivery.OutcomeFailed) {
				t.Errorf("got %+v, want %s", got, outcome)
			}
		})
	}
}
