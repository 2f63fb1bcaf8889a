package telemetry_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/telemetry"
)

func TestRemembered(t *testing.T) {
	t.Parallel()

	t.Run("WhoeverAsksItIsReadOnce", func(t *testing.T) {
		t.Parallel()
		reads := 0
		value := telemetry.Remembered(time.Hour, func(ctx context.Context) (int, error) {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("a reading is not bounded")
			}
			reads++
			return 7, nil
		})
		var asking sync.WaitGroup
		for range 10 {
			asking.Go(func() {
				if got, ok := value(context.Background()); got != 7 || !ok {
					t.Errorf("got %d, %t", got, ok)
				}
			})
		}
		asking.Wait()
		if reads != 1 {
			t.Errorf("read %d times", reads)
		}
	})

	t.Run("WhatCannotBeReadIsNotObserved", func(t *testing.T) {
		t.Parallel()
		away := errors.New("away")
		value := telemetry.Remembered(0, func(context.Context) (int, error) { return 7, away })
		if _, ok := value(t.Context()); ok {
			t.Error("a value was observed")
		}
		away = nil
		if got, ok := value(t.Context()); got != 7 || !ok {
			t.Errorf("afterwards %d, %t", got, ok)
		}
	})
}
