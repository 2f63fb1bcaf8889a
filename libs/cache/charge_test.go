package cache_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/fault"
)

func TestCharge(t *testing.T) {
	t.Parallel()
	url, prefix := cachetest.URL(t), cache.WithPrefix(rand.Text())
	one, two := cachetest.Open(t, url, prefix), cachetest.Open(t, url, prefix)
	if _, err := one.Charge(t.Context(), []cache.Charge{{Key: "a", Amount: time.Hour}, {Key: "b", Amount: time.Minute}, {Key: "d", Amount: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	debts, err := two.Charge(t.Context(), []cache.Charge{
		{Key: "b", Most: time.Hour}, {Key: "a", Amount: time.Hour, Most: time.Hour}, {Key: "c", Most: time.Hour},
		{Key: "d", Amount: time.Minute, Most: time.Minute}, // as if the clock had been set back
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{time.Minute, 2 * time.Hour, 0, time.Minute} {
		if debts[i] > want || debts[i] < want-30*time.Second || debts[i] < 0 {
			t.Errorf("debt %d is %s, want %s and what time has paid off", i, debts[i], want)
		}
	}
	if debts, err := one.Charge(t.Context(), nil); err != nil || len(debts) != 0 {
		t.Errorf("got %v, %v", debts, err)
	}
	away := cachetest.Open(t, "redis://127.0.0.1:1")
	if _, err := away.Charge(t.Context(), []cache.Charge{{Key: "a"}}); fault.CodeOf(err) != fault.CodeUnavailable {
		t.Errorf("got %v", err)
	}
}
