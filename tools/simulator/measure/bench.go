package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

const (
	idleWindow    = 5 * time.Second
	settleTimeout = 2 * time.Minute
	// settlePause is how long everybody must have been quiet.
	settlePause = 500 * time.Millisecond
	// quiet is how much more CPU than when idle, of one core, is still quiet.
	quiet = 0.04
	// eventCallers publish batches of events: more would only make a backlog.
	eventCallers = 4
)

// bench measures.
type bench struct {
	house  *house
	load   *load
	window time.Duration
	out    io.Writer
	idle   cost.Amounts // a second
}

// atBench opens a house, hands it to work, and closes it.
func atBench(ctx context.Context, binaries string, window time.Duration, out io.Writer, work func(*bench) error) (err error) {
	h, err := open(ctx, binaries)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	l, err := newLoad(ctx, h)
	if err != nil {
		return err
	}
	defer l.close()
	return work(&bench{house: h, load: l, window: window, out: out})
}

// sheet does all work, one kind after the other.
func (b *bench) sheet(ctx context.Context) (cost.Sheet, error) {
	s := cost.Sheet{Machine: machine(ctx), Operations: map[cost.Operation]cost.Measured{}, Idle: map[string]cost.Idle{}}
	if err := b.warmUp(ctx); err != nil {
		return s, err
	}
	for _, w := range b.load.works() {
		m, err := b.measure(ctx, w)
		if err != nil {
			return s, err
		}
		s.Operations[w.op] = m
		if _, err := fmt.Fprintf(b.out, "%-18s %7.0f/s %8.0f us of CPU each: %s\n", w.op, m.PerSecond, m.Each.Kind("cpu"), shares(m.Each)); err != nil {
			return s, err
		}
	}
	all, err := processes()
	if err != nil {
		return s, err
	}
	for part, roots := range b.house.roots {
		s.Idle[part] = cost.Idle{CPUMicrosPerSecond: b.idle[cost.CPU(part)], PeakMemoryBytes: all.peakMemory(roots[0])}
		if _, err := fmt.Fprintf(b.out, "%-18s %7.1f MiB at most, %.0f us of CPU a second when idle\n", part, float64(s.Idle[part].PeakMemoryBytes)/(1<<20), b.idle[cost.CPU(part)]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// warmUp fills caches and pools with some of everything, and then learns what
// an idle house needs.
func (b *bench) warmUp(ctx context.Context) error {
	for _, w := range b.load.works() {
		if _, err := b.load.give(ctx, w, 4, b.window/8); err != nil {
			return err
		}
	}
	before, err := b.house.read(ctx)
	if err != nil {
		return err
	}
	after := before
	for { // until two looks in a row are alike
		if err := rest(ctx, idleWindow); err != nil {
			return err
		}
		now, err := b.house.read(ctx)
		if err != nil {
			return err
		}
		each := perSecond(after, now)
		settled := each.Kind("cpu") < 1.5*b.idle.Kind("cpu")+1e6*quiet
		b.idle, after = each, now
		if settled {
			return nil
		}
		if now.at.Sub(before.at) > settleTimeout {
			return errors.New("the house does not come to rest")
		}
	}
}

// measure gives one kind of work and waits until all of it is done.
func (b *bench) measure(ctx context.Context, w work) (cost.Measured, error) {
	before, err := b.house.read(ctx)
	if err != nil {
		return cost.Measured{}, err
	}
	got := b.load.receiver.got.Load()
	n := callers
	if w.units > 1 {
		n = eventCallers
	}
	calls, err := b.load.give(ctx, w, n, b.window)
	if err != nil {
		return cost.Measured{}, err
	}
	units := calls * w.units
	done, err := b.settle(ctx, got+int64(units*w.sends))
	if err != nil {
		return cost.Measured{}, fmt.Errorf("%s: %w", w.op, err)
	}
	after, err := b.house.read(ctx)
	if err != nil {
		return cost.Measured{}, err
	}
	took := after.at.Sub(before.at).Seconds()
	each := after.Minus(before.Amounts).Minus(b.idle.Times(took)).Times(1 / float64(units))
	return cost.Measured{Count: units, PerSecond: float64(units) / done.Sub(before.at).Seconds(), Each: each}, nil
}

// settle waits until the receiver has had so many, and then until nobody works
// any more; it returns when the work ended.
func (b *bench) settle(ctx context.Context, sends int64) (done time.Time, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, settleTimeout, errors.New("the work does not come to an end"))
	defer cancel()
	if err := poll(ctx, func() (bool, error) { return b.load.receiver.got.Load() >= sends, nil }); err != nil {
		return done, err
	}
	for {
		done = time.Now()
		before, err := b.house.read(ctx)
		if err != nil {
			return done, err
		}
		if err := rest(ctx, settlePause); err != nil {
			return done, err
		}
		after, err := b.house.read(ctx)
		if err != nil {
			return done, err
		}
		if perSecond(before, after).Kind("cpu") < b.idle.Kind("cpu")+1e6*quiet {
			return done, nil
		}
	}
}

func perSecond(before, after reading) cost.Amounts {
	return after.Minus(before.Amounts).Times(1 / after.at.Sub(before.at).Seconds())
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// shares are the CPU times of all parts that need a microsecond.
func shares(a cost.Amounts) string {
	var texts []string
	for _, part := range append([]string{cost.NATS, cost.Postgres, cost.Redis}, cost.Services...) {
		if us := a[cost.CPU(part)]; us >= 1 {
			texts = append(texts, fmt.Sprintf("%s %.0f", part, us))
		}
	}
	return strings.Join(texts, ", ")
}

// machine says where this is.
func machine(ctx context.Context) cost.Machine {
	m := cost.Machine{MeasuredAt: time.Now().UTC().Truncate(time.Second), CPU: "unknown", Cores: runtime.NumCPU(), Go: runtime.Version(),
		Revision: "unknown", PayloadBytes: payloadBytes, LargePayloadBytes: largeBytes, Callers: callers}
	text, _ := os.ReadFile("/proc/cpuinfo") // not there: unknown
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	if text, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		m.Revision = strings.TrimSpace(string(text))
	}
	return m
}
