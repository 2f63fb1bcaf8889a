package dispatch_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sinktest"
	"github.com/actionplane/actionplane/libs/tenant"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

// BenchmarkOvertake is a tenant who publishes all b.N events at once, and another
// who publishes one every 20 ms until those are done. What it reports as its time is
// how long the other's took to their receiver at most: where events never overtake,
// as long as the flood.
func BenchmarkOvertake(b *testing.B) {
	for _, shape := range []struct {
		name string
		most int
	}{{"never", 0}, {"default", quick().Overtake}} {
		b.Run(shape.name, func(b *testing.B) {
			asHosted(b)
			h := newHouse(b)
			cfg := quick()
			cfg.Overtake = shape.most
			flood, small := kind{"00000000-0000-4000-8000-00000000000f", "bulk.import"}, kind{string(tenant.Default), "a.b"}
			receiver, came := sinktest.New(b), make(chan time.Time, 1)
			single := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- time.Now() }))
			b.Cleanup(single.Close)
			h.executions.answer(flood, target("1", receiver.URL, webhook, false))
			h.executions.answer(small, target("2", single.URL, webhook, false))
			var publishing sync.WaitGroup
			for worker := range 8 {
				publishing.Go(func() {
					for i := worker; i < b.N; i += 8 {
						h.announce(b, flood, &eventsv1.Event{Id: fmt.Sprint("flood-", i), Payload: kilobyte})
					}
				})
			}
			publishing.Wait()
			b.ResetTimer()
			all := receiver.Expect(b.N)
			h.start(b, cfg)
			latencies := trickle(b, h, small, came, all)
			b.StopTimer()
			h.handled(b, 0)
			b.ReportMetric(float64(slices.Max(latencies)), "ns/op")
		})
	}
}

// trickle publishes an event every 20 ms, or once the one before has come, until
// the flood is over, and returns how long each took.
func trickle(b *testing.B, h *house, k kind, came <-chan time.Time, over <-chan struct{}) (latencies []time.Duration) {
	b.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		published := time.Now()
		h.announce(b, k, &eventsv1.Event{Id: fmt.Sprint("small-", n), Payload: kilobyte})
		latencies = append(latencies, (<-came).Sub(published))
		select {
		case <-over:
			return latencies
		case <-tick.C:
		}
	}
}
