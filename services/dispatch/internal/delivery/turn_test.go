package delivery_test

import (
	"testing"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

func TestTurn(t *testing.T) {
	t.Parallel()
	for _, state := range delivery.States() {
		for _, active := range []bool{false, true} {
			for _, complete := range []bool{false, true} {
				want := state == delivery.Queued && !active && complete
				if got := delivery.Turn(delivery.Queue{First: state, Active: active, Complete: complete}); got != want {
					t.Errorf("first %s, active %v, complete %v: %v", state, active, complete, got)
				}
			}
		}
	}
}
