package courier

import (
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/dispatch/internal/gate"
)

func TestSlowness(t *testing.T) {
	t.Parallel()
	const hold = 250 * time.Millisecond
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	one := gate.Target{Tenant: "t", ID: "1"}
	for name, tt := range map[string]struct {
		every, took time.Duration
		late        int // every how manyth answer is late; 0: none
		still       bool
	}{
		"ForgivesWhoAnswersWell":            {every: time.Millisecond, took: 20 * time.Millisecond},
		"RemembersWhoAnswersRarely":         {every: 100 * time.Millisecond, took: 100 * time.Millisecond, still: true},
		"RemembersWhoAnswersLate":           {every: time.Millisecond, took: hold, still: true},
		"RemembersWhoAnswersLateNowAndThen": {every: time.Millisecond, took: 20 * time.Millisecond, late: 40, still: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSlowness(hold)
			defer s.close()
			s.blame(one)
			for i := range 10 * enoughQuick {
				took := tt.took
				if tt.late > 0 && i%tt.late == 0 {
					took = time.Second
				}
				s.answered(one, took, now.Add(time.Duration(i)*tt.every))
			}
			if s.of(one) != tt.still {
				t.Errorf("slow: %v", s.of(one))
			}
		})
	}
}
