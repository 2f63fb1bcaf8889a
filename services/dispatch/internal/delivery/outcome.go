package delivery

import "slices"

// Outcome is what one attempt came to.
type Outcome string

// The outcomes. The values are stored and shown.
const (
	OutcomeSucceeded Outcome = "succeeded"
	OutcomeRetryable Outcome = "retryable" // may heal with time
	OutcomeFailed    Outcome = "failed"    // will not
)

// Transport is how far an attempt got: the class of the sender's error. There
// is no class for our own faults: an attempt that we held back was never
// started, and one that we broke off is abandoned.
type Transport string

// The classes.
const (
	Answered        Transport = "answered"         // a status arrived
	Unresolved      Transport = "unresolved"       // the name has no address
	Unreachable     Transport = "unreachable"      // refused, reset, no route
	Insecure        Transport = "insecure"         // the TLS handshake failed
	TimedOut        Transport = "timed_out"        // connect, headers or body took too long
	BrokenAnswer    Transport = "broken_answer"    // not HTTP, or cut short
	AnswerTooLarge  Transport = "answer_too_large" // the body passed the limit
	Denied          Transport = "denied"           // the address guard or the scheme forbids the endpoint
	InvalidEndpoint Transport = "invalid_endpoint" // the endpoint cannot be parsed
)

// TargetGone is the reason of a delivery to which the target answered 410.
const TargetGone Reason = "target_gone"

// Refused is the reason of a delivery to which the target answered with a
// status that its policy says not to retry.
const Refused Reason = "refused"

// statusGone is how a receiver takes itself off the list (Standard Webhooks).
const statusGone = 410

// Verdict is an attempt's outcome with what follows from it.
type Verdict struct {
	Outcome       Outcome
	Reason        Reason // set with OutcomeFailed
	DisableTarget bool   // the target asked not to be called any more
}

// Classify says what an attempt came to. status is looked at only where
// transport is Answered.
//
// 2xx is success. Everything else may heal, by Standard Webhooks: a receiver
// answers 404 or 400 for an hour because of a bad deployment, and 3xx, which
// is never followed, because of a misconfigured proxy. Exceptions: 410, which
// also disables the target, the statuses that policy names, endpoints that
// must not be called, and answers that will be too large again.
func Classify(policy Policy, transport Transport, status int) Verdict {
	switch transport {
	case Answered:
		return classifyStatus(policy, status)
	case Denied, InvalidEndpoint, AnswerTooLarge:
		return Verdict{Outcome: OutcomeFailed, Reason: Reason(transport)}
	default:
		return Verdict{Outcome: OutcomeRetryable}
	}
}

func classifyStatus(policy Policy, status int) Verdict {
	switch {
	case status >= 200 && status <= 299:
		return Verdict{Outcome: OutcomeSucceeded}
	case slices.Contains(policy.RetryableStatuses, status):
		return Verdict{Outcome: OutcomeRetryable}
	case status == statusGone:
		return Verdict{Outcome: OutcomeFailed, Reason: TargetGone, DisableTarget: true}
	case slices.Contains(policy.FatalStatuses, status):
		return Verdict{Outcome: OutcomeFailed, Reason: Refused}
	default:
		return Verdict{Outcome: OutcomeRetryable}
	}
}
