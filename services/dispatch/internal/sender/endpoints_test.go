package sender

import (
	"fmt"
	"testing"
)

func TestEndpoints(t *testing.T) {
	t.Parallel()

	t.Run("AreThoseOfParseEndpoint", func(t *testing.T) {
		t.Parallel()
		all := newEndpoints()
		for _, url := range []string{"https://example.com/hook", "http://example.com:8080/?a=b", "https://example.com/hook"} {
			want, _ := parseEndpoint(url)
			if got, err := all.of(url); err != nil || got != want {
				t.Errorf("%s: %+v, %v; want %+v", url, got, err, want)
			}
		}
	})

	t.Run("WhatCannotBeReadIsNotRemembered", func(t *testing.T) {
		t.Parallel()
		all := newEndpoints()
		for range 2 {
			if _, err := all.of("ftp://example.com"); err == nil {
				t.Error("was taken")
			}
		}
		if len(all.known) != 0 {
			t.Errorf("%d are remembered", len(all.known))
		}
	})

	t.Run("AreOnlySoMany", func(t *testing.T) {
		t.Parallel()
		all := newEndpoints()
		for i := range 3 * maxEndpoints {
			if _, err := all.of(fmt.Sprintf("https://example.com/%d", i)); err != nil {
				t.Fatal(err)
			}
			if len(all.known) > maxEndpoints {
				t.Fatalf("%d are remembered", len(all.known))
			}
		}
	})
}
