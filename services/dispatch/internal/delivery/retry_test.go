package delivery_test

import (
	"math"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"pgregory.net/rapid"
)

// half is the random number that leaves a wait as it is.
const half = 0.5

func TestNextFollowsStandardWebhooks(t *testing.T) {
	t.Parallel()
	want := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	policy := delivery.DefaultPolicy()
	if err := policy.Validate(); err != nil {
		t.Fatal(err)
	}
	for i, wait := range want {
		due, ok := delivery.Next(policy, i+1, delivery.OutcomeRetryable, 0, epoch, half)
		if !ok || due.Sub(epoch) != wait {
			t.Errorf("after attempt %d: %s, %v, want %s", i+1, due.Sub(epoch), ok, wait)
		}
	}
	if due, ok := delivery.Next(policy, len(want)+1, delivery.OutcomeRetryable, 0, epoch, half); ok {
		t.Errorf("after the last attempt: due %s, want none", due)
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	policy := delivery.Policy{
		Schedule:       []time.Duration{0, 10 * time.Second, 20 * time.Second},
		JitterFraction: 0.2,
		MaxRetryAfter:  time.Minute,
	}
	five := policy
	five.MaxAttempts = 5
	two := policy
	two.MaxAttempts = 2
	once := delivery.Policy{}

	const never = -1
	tests := []struct {
		name       string
		policy     delivery.Policy
		attempt    int
		outcome    delivery.Outcome
		retryAfter time.Duration
		random     float64
		want       time.Duration
	}{
		{"JitterDown", policy, 1, delivery.OutcomeRetryable, 0, 0, 8 * time.Second},
		{"NoJitter", policy, 1, delivery.OutcomeRetryable, 0, half, 10 * time.Second},
		{"SuccessIsNotRepeated", policy, 1, delivery.OutcomeSucceeded, 0, half, never},
		{"FailureIsNotRepeated", policy, 1, delivery.OutcomeFailed, time.Second, half, never},
		{"ScheduleEnds", policy, 3, delivery.OutcomeRetryable, 0, half, never},
		{"LastWaitRepeats", five, 4, delivery.OutcomeRetryable, 0, half, 20 * time.Second},
		{"MaxAttemptsEnds", five, 5, delivery.OutcomeRetryable, 0, half, never},
		{"MaxAttemptsCutsTheSchedule", two, 2, delivery.OutcomeRetryable, 0, half, never},
		{"EmptyPolicyTriesOnce", once, 1, delivery.OutcomeRetryable, 0, half, never},
		{"RetryAfterHeaderWins", policy, 1, delivery.OutcomeRetryable, 30 * time.Second, 0, 30 * time.Second},
		{"RetryAfterIsOnlySpreadUpwards", policy, 1, delivery.OutcomeRetryable, 30 * time.Second, half, 33 * time.Second},
		{"RetryAfterNeverShortens", policy, 2, delivery.OutcomeRetryable, time.Second, half, 20 * time.Second},
		{"RetryAfterIsCapped", policy, 1, delivery.OutcomeRetryable, time.Hour, 0, time.Minute},
		{"RetryAfterGrantsNoExtraAttempt", policy, 3, delivery.OutcomeRetryable, time.Second, half, never},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			due, ok := delivery.Next(tt.policy, tt.attempt, tt.outcome, tt.retryAfter, epoch, tt.random)
			if ok != (tt.want != never) {
				t.Fatalf("due %s, %v", due, ok)
			}
			if ok && due.Sub(epoch) != tt.want {
				t.Errorf("wait %s, want %s", due.Sub(epoch), tt.want)
			}
		})
	}
}

// TestNextStaysWithinBounds: no wait leaves the jitter around what the
// schedule or the target says, and a delivery always comes to an end.
func TestNextStaysWithinBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := drawPolicy().Draw(t, "policy")
		if err := policy.Validate(); err != nil {
			t.Fatal(err)
		}
		attempts := 0
		for ok := true; ok; {
			attempts++
			retryAfter := time.Duration(rapid.Int64Min(-1).Draw(t, "retryAfter"))
			var due time.Time
			due, ok = delivery.Next(policy, attempts, delivery.OutcomeRetryable, retryAfter, epoch, rapid.Float64Range(0, 0.999999).Draw(t, "random"))
			if ok {
				checkWait(t, policy, attempts, retryAfter, due.Sub(epoch))
			}
		}
		if attempts != policy.Attempts() {
			t.Fatalf("%d attempts, want %d", attempts, policy.Attempts())
		}
	})
}

func checkWait(t *rapid.T, policy delivery.Policy, attempt int, retryAfter, wait time.Duration) {
	planned := float64(policy.Schedule[min(attempt, len(policy.Schedule)-1)])
	asked := math.Max(0, math.Min(float64(retryAfter), float64(policy.MaxRetryAfter)))
	low := math.Max(planned*(1-policy.JitterFraction), asked)
	high := math.Max(planned, asked) * (1 + policy.JitterFraction)
	if got := float64(wait); got < low-1 || got > high+1 {
		t.Fatalf("attempt %d: wait %s, want %s to %s", attempt, wait, time.Duration(low), time.Duration(high))
	}
}

func drawPolicy() *rapid.Generator[delivery.Policy] {
	wait := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(30*24*time.Hour)).Draw(t, "wait"))
	})
	return rapid.Custom(func(t *rapid.T) delivery.Policy {
		return delivery.Policy{
			MaxAttempts:    rapid.IntRange(0, 20).Draw(t, "max"),
			Schedule:       rapid.SliceOfN(wait, 1, 12).Draw(t, "schedule"),
			JitterFraction: rapid.Float64Range(0, 1).Draw(t, "jitter"),
			MaxRetryAfter:  wait.Draw(t, "cap"),
		}
	})
}

func TestPolicyValidate(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, policy := range map[string]delivery.Policy{
		"NegativeAttempts":   {MaxAttempts: -1},
		"TooManyAttempts":    {MaxAttempts: 101, Schedule: []time.Duration{0}},
		"TooLongSchedule":    {Schedule: make([]time.Duration, 101)},
		"NoSchedule":         {MaxAttempts: 2},
		"NegativeWait":       {Schedule: []time.Duration{0, -1}},
		"EndlessWait":        {Schedule: []time.Duration{31 * day}},
		"NegativeJitter":     {JitterFraction: -0.1},
		"TooMuchJitter":      {JitterFraction: 1.1},
		"JitterIsNoNumber":   {JitterFraction: math.NaN()},
		"NegativeRetryAfter": {MaxRetryAfter: -1},
		"EndlessRetryAfter":  {MaxRetryAfter: 31 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := policy.Validate(); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("got %v, want an invalid-argument fault", err)
			}
		})
	}
}

func TestConclude(t *testing.T) {
	t.Parallel()
	policy := delivery.Policy{Schedule: []time.Duration{0, time.Minute}}
	retryable := delivery.Verdict{Outcome: delivery.OutcomeRetryable}
	tests := []struct {
		name    string
		sending delivery.Delivery
		verdict delivery.Verdict
		want    delivery.Delivery
	}{
		{"Success", delivery.Delivery{Attempt: 1}, delivery.Verdict{Outcome: delivery.OutcomeSucceeded},
			delivery.Delivery{State: delivery.Succeeded, Attempt: 1, Changed: epoch}},
		{"Failure", delivery.Delivery{Attempt: 1}, delivery.Verdict{Outcome: delivery.OutcomeFailed, Reason: delivery.TargetGone},
			delivery.Delivery{State: delivery.Failed, Attempt: 1, Reason: delivery.TargetGone, Changed: epoch}},
		{"AttemptIsLeft", delivery.Delivery{Attempt: 1}, retryable,
			delivery.Delivery{State: delivery.BackingOff, Attempt: 1, Due: epoch.Add(time.Minute), Changed: epoch}},
		{"NoAttemptIsLeft", delivery.Delivery{Attempt: 2}, retryable,
			delivery.Delivery{State: delivery.Exhausted, Attempt: 2, Reason: delivery.OutOfAttempts, Changed: epoch}},
		{"EarlierRoundsDoNotCount", delivery.Delivery{Attempt: 3, Earlier: 2}, retryable,
			delivery.Delivery{State: delivery.BackingOff, Attempt: 3, Earlier: 2, Due: epoch.Add(time.Minute), Changed: epoch}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.sending.State = delivery.Sending
			got, err := tt.sending.Apply(tt.sending.Conclude(policy, tt.verdict, 0, epoch, half))
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for header, want := range map[string]time.Duration{
		"":                                 0,
		"0":                                0,
		"120":                              2 * time.Minute,
		" 120 ":                            2 * time.Minute,
		"-5":                               0,
		"+5":                               0,
		"1.5":                              0,
		"soon":                             0,
		"99999999999":                      year,
		"99999999999999999999999999999999": year,
		"Sat, 21 Nov 2026 12:00:30 GMT":    30 * time.Second,
		"Saturday, 21-Nov-26 12:00:30 GMT": 30 * time.Second,
		"Sat Nov 21 12:00:30 2026":         30 * time.Second,
		"Sat, 21 Nov 2026 11:59:30 GMT":    0,
		"Fri, 31 Dec 9999 23:59:59 GMT":    year,
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			if got := delivery.ParseRetryAfter(header, epoch); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Sat, 21 Nov 2026 12:00:30 GMT")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, header string) {
		if got := delivery.ParseRetryAfter(header, epoch); got < 0 || got > 366*24*time.Hour {
			t.Errorf("ParseRetryAfter(%q) = %s", header, got)
		}
	})
}
