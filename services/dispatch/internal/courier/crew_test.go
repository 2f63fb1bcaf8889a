package courier

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCrew(t *testing.T) {
	t.Parallel()

	t.Run("DoesAllThatItIsGivenBeforeItIsDismissed", func(t *testing.T) {
		t.Parallel()
		c := crew{most: 4}
		var done atomic.Int64
		var givers sync.WaitGroup
		for range 8 {
			givers.Go(func() {
				for range 200 {
					c.Go(func() {
						c.Go(func() { done.Add(1) })
						done.Add(1)
					})
				}
			})
		}
		givers.Wait()
		c.dismiss()
		if done.Load() != 8*200*2 {
			t.Errorf("did %d", done.Load())
		}
	})

	t.Run("OnlySoManyRest", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := crew{most: 2}
			var all sync.WaitGroup
			all.Add(5)
			for range 5 {
				c.Go(func() { all.Done(); all.Wait() })
			}
			synctest.Wait()
			if len(c.resting) != 2 {
				t.Errorf("%d rest", len(c.resting))
			}
			c.dismiss()
		})
	})

	t.Run("WorksOnWhenDismissed", func(t *testing.T) {
		t.Parallel()
		c := crew{most: 2}
		c.dismiss()
		done := make(chan struct{})
		c.Go(func() { close(done) })
		<-done
		c.dismiss()
	})
}

func TestInFlight(t *testing.T) {
	t.Parallel()
	type key struct{}

	t.Run("WorkCarriesWhatItsCallerDoesAndOutlivesIt", func(t *testing.T) {
		t.Parallel()
		caller, leave := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
		ctx := newInFlight().begin(caller)
		leave()
		if ctx.Err() != nil || ctx.Value(key{}) != "v" {
			t.Errorf("got %v, %v", ctx.Err(), ctx.Value(key{}))
		}
	})

	t.Run("WhatTakesLongerThanGraceIsCanceled", func(t *testing.T) {
		t.Parallel()
		f := newInFlight()
		ctx := f.begin(t.Context())
		f.Go(func() { <-ctx.Done() })
		f.drain(time.Millisecond)
		if f.begin(t.Context()).Err() == nil {
			t.Error("what begins afterwards goes on")
		}
	})
}
