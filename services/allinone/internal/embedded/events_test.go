package embedded

import "testing"

func TestEventsLimit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ wanted, store, aside, want int64 }{
		"RoomForAll":               {400, 1000, 0, 400},
		"NoLimitIsNone":            {0, 1000, 0, 0},
		"RoomForTheOthers":         {400, 300, 0, 240},
		"WhatWasSetAsideStays":     {400, 300, 350, 350},
		"LessIsWantedThanIsAside":  {200, 1000, 350, 200},
		"MoreIsFreeThanAtTheStart": {400, 1000, 240, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := eventsLimit(tc.wanted, tc.store, tc.aside); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
