package cachetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/fault"
)

// forever is a ttl that no test outlives.
const forever = time.Hour

// Run judges an implementation: open must return an empty cache each time it
// is called.
func Run(t *testing.T, open func(t *testing.T) cache.Cache) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, c cache.Cache)
	}{
		{"GetReturnsWhatWasSet", getReturnsWhatWasSet},
		{"SetReplaces", setReplaces},
		{"EmptyValueIsAValue", emptyValueIsAValue},
		{"ValueIsAnyBytes", valueIsAnyBytes},
		{"KeyIsAnyText", keyIsAnyText},
		{"UnknownKeyIsAMiss", unknownKeyIsAMiss},
		{"GetMultiReturnsWhatIsThere", getMultiReturnsWhatIsThere},
		{"GetMultiOfNothingIsEmpty", getMultiOfNothingIsEmpty},
		{"DeleteForgets", deleteForgets},
		{"DeleteOfNothingIsFine", deleteOfNothingIsFine},
		{"ValueExpires", valueExpires},
		{"TTLMustBePositive", ttlMustBePositive},
		{"CanceledContextIsAnError", canceledContextIsAnError},
		{"CallersRunSideBySide", callersRunSideBySide},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func getReturnsWhatWasSet(t *testing.T, c cache.Cache) {
	set(t, c, "key", "value")
	want(t, c, "key", "value")
}

func setReplaces(t *testing.T, c cache.Cache) {
	set(t, c, "key", "old")
	set(t, c, "key", "new")
	want(t, c, "key", "new")
}

func emptyValueIsAValue(t *testing.T, c cache.Cache) {
	set(t, c, "key", "")
	want(t, c, "key", "")
	found, err := c.GetMulti(t.Context(), "key")
	if value, ok := found["key"]; err != nil || !ok || len(value) != 0 {
		t.Errorf("GetMulti = %q, %v; want the empty value", found, err)
	}
}

func valueIsAnyBytes(t *testing.T, c cache.Cache) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	set(t, c, "key", string(bytes.Repeat(every, 256)))
	want(t, c, "key", string(bytes.Repeat(every, 256)))
}

func keyIsAnyText(t *testing.T, c cache.Cache) {
	for i, key := range []string{"", " ", "a:b", "ü/\r\n\x00", "{a}b"} {
		value := fmt.Sprint(i)
		set(t, c, key, value)
		want(t, c, key, value)
	}
}

func unknownKeyIsAMiss(t *testing.T, c cache.Cache) {
	wantMiss(t, c, "key")
}

func getMultiReturnsWhatIsThere(t *testing.T, c cache.Cache) {
	set(t, c, "a", "1")
	set(t, c, "c", "3")
	found, err := c.GetMulti(t.Context(), "a", "b", "c", "a")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || string(found["a"]) != "1" || string(found["c"]) != "3" {
		t.Errorf("GetMulti = %q, want a=1 and c=3", found)
	}
}

func getMultiOfNothingIsEmpty(t *testing.T, c cache.Cache) {
	if found, err := c.GetMulti(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("GetMulti = %q, %v; want nothing", found, err)
	}
}

func deleteForgets(t *testing.T, c cache.Cache) {
	set(t, c, "a", "1")
	set(t, c, "b", "2")
	set(t, c, "c", "3")
	if err := c.Delete(t.Context(), "a", "c", "unknown"); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, c, "a")
	want(t, c, "b", "2")
	wantMiss(t, c, "c")
}

func deleteOfNothingIsFine(t *testing.T, c cache.Cache) {
	if err := c.Delete(t.Context()); err != nil {
		t.Errorf("Delete = %v", err)
	}
}

// valueExpires asks until the value is gone; the test's own deadline is the
// only bound, so that a slow machine cannot fail it.
func valueExpires(t *testing.T, c cache.Cache) {
	set(t, c, "stays", "value")
	if err := c.Set(t.Context(), "goes", []byte("value"), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for {
		_, found, err := c.Get(t.Context(), "goes")
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			break
		}
	}
	want(t, c, "stays", "value")
}

func ttlMustBePositive(t *testing.T, c cache.Cache) {
	for _, ttl := range []time.Duration{0, -1, -time.Hour, time.Microsecond} {
		if err := c.Set(t.Context(), "key", nil, ttl); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("Set with ttl %s = %v, want a fault.Invalid", ttl, err)
		}
	}
	wantMiss(t, c, "key")
}

func canceledContextIsAnError(t *testing.T, c cache.Cache) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Get(ctx, "key"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get = %v, want %v", err, context.Canceled)
	}
	wantMiss(t, c, "key") // and others are not refused because of it
}

func callersRunSideBySide(t *testing.T, c cache.Cache) {
	var callers sync.WaitGroup
	for i := range 16 {
		callers.Go(func() {
			key := fmt.Sprint(i)
			if err := c.Set(t.Context(), key, []byte(key), forever); err != nil {
				t.Error(err)
			}
			if value, _, err := c.Get(t.Context(), key); err != nil || string(value) != key {
				t.Errorf("Get(%q) = %q, %v", key, value, err)
			}
		})
	}
	callers.Wait()
}

func set(t *testing.T, c cache.Cache, key, value string) {
	t.Helper()
	if err := c.Set(t.Context(), key, []byte(value), forever); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

func want(t *testing.T, c cache.Cache, key, value string) {
	t.Helper()
	got, found, err := c.Get(t.Context(), key)
	if err != nil || !found || string(got) != value {
		t.Errorf("Get(%q) = %.50q, %t, %v; want %.50q", key, got, found, err, value)
	}
}

func wantMiss(t *testing.T, c cache.Cache, key string) {
	t.Helper()
	if got, found, err := c.Get(t.Context(), key); err != nil || found {
		t.Errorf("Get(%q) = %q, %t, %v; want a miss", key, got, found, err)
	}
}
