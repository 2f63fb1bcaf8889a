package cache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
)

func newLocal(t *testing.T, maxEntries int) *cache.Local[string, int] {
	t.Helper()
	l := cache.NewLocal[string, int](maxEntries, time.Hour)
	t.Cleanup(l.Close)
	return l
}

func TestLocal(t *testing.T) {
	t.Parallel()

	t.Run("GetReturnsWhatWasSet", func(t *testing.T) {
		t.Parallel()
		l := newLocal(t, 10)
		if _, found := l.Get("key"); found {
			t.Error("an empty cache has a value")
		}
		l.Set("key", 1)
		l.Set("key", 2)
		if value, found := l.Get("key"); !found || value != 2 {
			t.Errorf("Get = %d, %t; want 2", value, found)
		}
	})

	t.Run("DeleteAndClearForget", func(t *testing.T) {
		t.Parallel()
		l := newLocal(t, 10)
		for i, key := range []string{"a", "b", "c", "d"} {
			l.Set(key, i)
		}
		l.Delete("a", "c", "unknown")
		for key, want := range map[string]bool{"a": false, "b": true, "c": false, "d": true} {
			if _, found := l.Get(key); found != want {
				t.Errorf("Get(%q) found = %t after Delete, want %t", key, found, want)
			}
		}
		l.Clear()
		if _, found := l.Get("b"); found {
			t.Error("Get found a value after Clear")
		}
	})

	t.Run("LoadRunsOnceForAllWhoWait", func(t *testing.T) {
		t.Parallel()
		l := newLocal(t, 10)
		var loads atomic.Int64
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				value, err := l.GetOrLoad(t.Context(), "key", func(context.Context, string) (int, error) {
					loads.Add(1)
					return 7, nil
				})
				if err != nil || value != 7 {
					t.Errorf("GetOrLoad = %d, %v; want 7", value, err)
				}
			})
		}
		callers.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("loaded %d times", n)
		}
	})

	t.Run("FailedLoadIsNotKept", func(t *testing.T) {
		t.Parallel()
		l := newLocal(t, 10)
		failure := errors.New("away")
		_, err := l.GetOrLoad(t.Context(), "key", func(context.Context, string) (int, error) { return 0, failure })
		if !errors.Is(err, failure) {
			t.Errorf("GetOrLoad = %v, want %v", err, failure)
		}
		if _, found := l.Get("key"); found {
			t.Error("the failure was kept")
		}
	})

	t.Run("LoadRunsAgainWhenItsKeyWasDeletedMeanwhile", func(t *testing.T) {
		t.Parallel()
		l := newLocal(t, 10)
		read, deleted := make(chan struct{}), make(chan struct{})
		var loads int
		var caller sync.WaitGroup
		caller.Go(func() {
			value, err := l.GetOrLoad(t.Context(), "key", func(context.Context, string) (int, error) {
				if loads++; loads == 1 {
					close(read)
					<-deleted
				}
				return loads, nil
			})
			if err != nil || value != 2 {
				t.Errorf("GetOrLoad = %d, %v; want 2", value, err)
			}
		})
		<-read
		l.Delete("key") // the change that the first load has not seen
		close(deleted)
		caller.Wait()
		if value, _ := l.Get("key"); value != 2 {
			t.Errorf("Get = %d, want 2", value)
		}
	})
}

func TestLocalExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := cache.NewLocal[string, int](10, time.Minute)
		defer l.Close()
		l.Set("key", 1)
		time.Sleep(59 * time.Second) //nolint:forbidigo // the clock of the bubble
		if _, found := l.Get("key"); !found {
			t.Error("the value went before its time")
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock of the bubble
		if _, found := l.Get("key"); found {
			t.Error("the value outlived its time, though it was read meanwhile")
		}
	})
}
