package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// mixtures are what a check gives, by callers of each kind: chains of two steps,
// which were not measured. The first fill the machine with one kind of work, as
// the costs were measured; in the last every process has a little of it.
var mixtures = []map[string]int{
	{"hooks": callers},
	{"events": eventCallers},
	{"stored": callers},
	{"hooks": 12, "unmatched": 4, "events": 2, "stored": 2, "calls": 4, "flows": 2},
}

// compare predicts what mixtures need, and measures it.
func compare(ctx context.Context, binaries, path string, window time.Duration, out io.Writer) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	sheet, err := cost.Parse(text)
	if err != nil {
		return err
	}
	return atBench(ctx, binaries, window, out, func(b *bench) error { return b.compare(ctx, sheet) })
}

func (b *bench) compare(ctx context.Context, sheet cost.Sheet) error {
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	for _, m := range mixtures {
		counts, got, took, err := b.mix(ctx, m)
		if err != nil {
			return err
		}
		if err := b.print(sheet, counts, got, took); err != nil {
			return err
		}
	}
	return nil
}

// mixed are the kinds of work of the mixture.
func (l *load) mixed() map[string]work {
	works := map[string]work{
		"hooks":     {"hooks", 1, 2, l.hook("two", l.small)},
		"unmatched": {"unmatched", 1, 0, l.hook("none", l.small)},
		"events":    {"events", batch, 2, l.events("two", l.small)},
		"stored":    {"stored", 1, 2, l.stored("two")},
	}
	for _, w := range l.works() {
		switch w.op {
		case cost.Call:
			works["calls"] = w
		case cost.Trigger:
			works["flows"] = w
		}
	}
	return works
}

// mix gives everything at once and returns how much of each was done, and what
// that took.
func (b *bench) mix(ctx context.Context, callers map[string]int) (counts map[string]float64, got cost.Amounts, took time.Duration, err error) {
	before, err := b.house.read(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	works, sends := b.load.mixed(), b.load.receiver.got.Load()
	counts = map[string]float64{}
	var mu sync.Mutex
	var all sync.WaitGroup
	var problems []error
	for kind, n := range callers {
		all.Go(func() {
			w := works[kind]
			calls, err := b.load.give(ctx, w, n, b.window)
			mu.Lock()
			defer mu.Unlock()
			counts[kind] = float64(calls * w.units)
			sends += int64(calls * w.units * w.sends)
			problems = append(problems, err)
		})
	}
	all.Wait()
	if err := errors.Join(problems...); err != nil {
		return nil, nil, 0, err
	}
	done, err := b.settle(ctx, sends)
	if err != nil {
		return nil, nil, 0, err
	}
	after, err := b.house.read(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	idle := b.idle.Times(after.at.Sub(before.at).Seconds())
	return counts, after.Minus(before.Amounts).Minus(idle), done.Sub(before.at), nil
}

// print sets both beside each other.
func (b *bench) print(sheet cost.Sheet, counts map[string]float64, got cost.Amounts, took time.Duration) error {
	hooks := counts["hooks"] + counts["unmatched"]
	p := traffic.Profile{MatchedHooks: counts["hooks"] / max(1, hooks), MatchedEvents: 1, StepsWeights: []float64{0, 1},
		PayloadBytes: payloadBytes, OverREST: 1, House: traffic.House{Speed: 1}}
	m := demand.New(p, sheet)
	stored := m.Event().Times(counts["stored"])
	m.Tariff.Event = sheet.Operations[cost.Event1].Each.Minus(m.Tariff.EventStep) // in batches by REST, as it was measured
	m.Tariff.EventDoor = nil
	m.Tariff.Trigger = sheet.Operations[cost.Trigger].Each // by REST
	want := m.Needs(traffic.Rates{Hooks: hooks, Events: counts["events"], Calls: counts["calls"], Flows: counts["flows"]}).Plus(1, stored)
	rows := []cost.Resource{cost.NATSMessages, cost.NATSBytes, cost.WALBytes, cost.Disk("dispatch"), cost.Disk("scripts")}
	_, err := fmt.Fprintf(b.out, "in %.1f s: %.0f hooks of two steps, %.0f unmatched, %.0f events of two steps by REST, %.0f by the bus, %.0f calls, %.0f flows\n%-24s %12s %12s %8s\n",
		took.Seconds(), counts["hooks"], counts["unmatched"], counts["events"], counts["stored"], counts["calls"], counts["flows"], "", "predicted", "measured", "error")
	line := func(what string, predicted, measured float64) {
		if err == nil && measured > 0 {
			_, err = fmt.Fprintf(b.out, "%-24s %12.2f %12.2f %+7.0f %%\n", what, predicted, measured, 100*(predicted/measured-1))
		}
	}
	for _, part := range slices.Concat(cost.Services, []string{cost.Postgres, cost.NATS, cost.Redis}) {
		if got[cost.CPU(part)] >= 1e5 { // below, ticks are too coarse
			line(part+", CPU s", want[cost.CPU(part)]/1e6, got[cost.CPU(part)]/1e6)
		}
	}
	line("all, CPU s", want.Kind("cpu")/1e6, got.Kind("cpu")/1e6)
	for _, r := range rows {
		line(string(r), want[r], got[r])
	}
	if err == nil {
		_, err = fmt.Fprintln(b.out)
	}
	return err
}
