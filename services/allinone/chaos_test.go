package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// Variables of TestChaos.
const (
	// chaosOn asks for all scenarios; unset: the short ones, with few events.
	chaosOn = "ACTIONPLANE_CHAOS"
	// chaosEvents is how many events a scenario publishes.
	chaosEvents = "ACTIONPLANE_CHAOS_EVENTS"
	// chaosRate is how many it publishes a second, where it is not kept from it.
	chaosRate = "ACTIONPLANE_CHAOS_RATE"
)

// chaos says how hard the scenarios are.
type chaos struct {
	full         bool
	events, rate int
	// away is how long Postgres is gone.
	away  time.Duration
	table table
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{full: os.Getenv(chaosOn) != "", events: 300, rate: 300, away: 2 * time.Second}
	if c.full {
		c.events, c.rate, c.away = 10_000, 1000, 30*time.Second
	}
	for name, into := range map[string]*int{chaosEvents: &c.events, chaosRate: &c.rate} {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 100 || n > 1_000_000 {
			t.Fatalf("%s must be 100 to 1000000", name)
		}
		*into = n
	}
	return c
}

// scenario is one fault in the middle of many events.
type scenario struct {
	name  string
	short bool // is part of every test run
	// scripted lets every event pass a script on its way to the sink.
	scripted bool
	// sick sends every tenth event to sick targets, too.
	sick bool
	// flaky lets the sink refuse every tenth event at first.
	flaky bool
	// slow lets it take its time over those events.
	slow bool
	// padding is how many bytes an event has beside its own.
	padding int
	// fault breaks something, calls st.struck once it is broken, and returns
	// when it is whole again.
	fault func(t *testing.T, st *stage)
}

// TestChaos breaks what events pass through in the middle of them, and looks
// afterwards: every event that was accepted must have been delivered, nothing
// may be in limbo, nothing may have been left open. What came twice is counted.
// See the README on how to run it.
func TestChaos(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a process per service takes a while: not with -short")
	}
	c := newChaos(t)
	t.Cleanup(c.table.print)
	for _, group := range []struct {
		name      string
		short     bool
		start     func(*testing.T) *fleet
		scenarios []scenario
	}{
		{"House", true, startPlainFleet, append(kills(),
			scenario{name: "NATSKilled", short: true, fault: natsKilled},
			scenario{name: "RedisAway", short: true, fault: redisAway},
			scenario{name: "PostgresKilled", short: true, fault: postgresKilled},
			scenario{name: "PostgresAway", short: true, fault: c.postgresAway},
			scenario{name: "StreamFull", short: true, padding: 8 << 10, fault: streamFull},
			scenario{name: "SickTargets", short: true, sick: true, fault: sickTargets},
		)},
		{"ThreeNATSNodes", false, startCluster, []scenario{{name: "LeaderKilled", fault: leaderKilled}}},
		{"SmallDisk", false, startOnSmallDisk, []scenario{
			{name: "FullOfEvents", padding: 8 << 10, fault: streamFull},
			{name: "FullOfOtherThings", padding: 8 << 10, fault: diskFull},
		}},
		{"OtherClock", false, startWithOtherClock, []scenario{
			{name: "PostgresAnHourAhead", flaky: true, fault: postgresJumps("+1h")},
			{name: "PostgresAnHourBehind", flaky: true, fault: postgresJumps("-1h")},
			{name: "PostgresBackAgain", flaky: true, fault: postgresJumps("+0")},
		}},
		{"OwnClocks", false, startWithOwnClocks, []scenario{
			{name: "ServicesAnHourAhead", flaky: true, slow: true, fault: servicesJump(time.Hour, everyReplica)},
			{name: "ServicesAnHourBehind", flaky: true, slow: true, fault: servicesJump(-time.Hour, everyReplica)},
			{name: "OneOfTwoAnHourAhead", flaky: true, slow: true, fault: servicesJump(time.Hour, firstReplica)},
			{name: "AheadAndTargetsSick", sick: true, fault: func(t *testing.T, st *stage) {
				servicesJump(time.Hour, secondReplica)(t, st)
				sickTargets(t, st)
			}},
			{name: "ServicesBackAgain", flaky: true, slow: true, scripted: true, fault: servicesJump(0, everyReplica)},
			{name: "NATSAnHourAhead", flaky: true, slow: true, fault: natsJumps(time.Hour)},
			{name: "NATSAnHourBehind", flaky: true, slow: true, fault: natsJumps(-time.Hour)},
			{name: "NATSBackAgain", flaky: true, slow: true, fault: natsJumps(0)},
		}},
	} {
		if !c.full && !group.short {
			continue
		}
		t.Run(group.name, func(t *testing.T) {
			var f *fleet // started by the first scenario that is run
			for _, s := range group.scenarios {
				if !c.full && !s.short {
					continue
				}
				t.Run(s.name, func(st *testing.T) {
					if f == nil {
						f = group.start(t) // for all scenarios, so it ends with the group
					}
					c.play(st, f, s)
				})
			}
		})
	}
}

// kills kills all replicas of every service, one service after the other.
func kills() (all []scenario) {
	for _, service := range []string{"executions", "dispatch", "targets", "scripts", "actions", "gateway", "access", "approvals"} {
		scripted := service == "scripts" || service == "actions"
		all = append(all, scenario{name: "Killed_" + service, scripted: scripted, fault: func(t *testing.T, st *stage) {
			before := st.kill(t, service)
			st.struck()
			st.awaitBack(t, service, before)
		}})
	}
	return all
}

// stage is a scenario under way.
type stage struct {
	*fleet
	*load
	healed time.Time // where the fault ended before it had seen enough
}

// play plays one scenario and adds a line to the table.
func (c *chaos) play(t *testing.T, f *fleet, s scenario) {
	st := &stage{fleet: f, load: newLoad(t, f, c, s)}
	before := f.quiet(t, st.load)
	f.resetPeaks(t)
	line := &line{scenario: t.Name(), events: c.events}
	defer func() {
		line.lost, line.twice = st.sink.lost(), st.sink.twice()
		line.failed = t.Failed()
		c.table.add(*line)
	}()
	st.begin(t)
	c.await(t, "a third is delivered", func() bool { return st.sink.distinct() >= c.events/3 })
	s.fault(t, st)
	if st.healed.IsZero() {
		st.healed = time.Now()
	}
	st.wait(t)
	c.await(t, "all events are delivered", func() bool { return st.sink.distinct() == c.events })
	c.await(t, "nothing is in limbo", func() bool { line.limbo = st.limbo(t); return line.limbo == 0 })
	line.recovery = time.Since(st.healed)
	st.wantRecorded(t)
	after := f.leftOpen(t, before, st.load)
	line.usage(before, after)
}

// await is as patient as the scenarios are hard.
func (c *chaos) await(t *testing.T, what string, f func() bool) {
	t.Helper()
	awaitWithin(t, patience+time.Duration(c.events)*10*time.Millisecond, what, f)
}

// line is what is told of a scenario.
type line struct {
	scenario                   string
	events, lost, twice, limbo int
	recovery                   time.Duration
	goroutines, descriptors    [2]int // before and after, of processes that survived
	peak                       int    // MiB of the largest process
	largest                    string // that process
	failed                     bool
}

func (l *line) usage(before, after usages) {
	for pid, b := range before {
		a, survived := after[pid]
		if !survived {
			continue
		}
		l.goroutines[0], l.goroutines[1] = l.goroutines[0]+b.goroutines, l.goroutines[1]+a.goroutines
		l.descriptors[0], l.descriptors[1] = l.descriptors[0]+b.descriptors, l.descriptors[1]+a.descriptors
	}
	for _, a := range after {
		if a.peak > l.peak {
			l.peak, l.largest = a.peak, a.service
		}
	}
}

// table is what is printed at the end.
type table struct{ lines []line }

func (t *table) add(l line) { t.lines = append(t.lines, l) }

func (t *table) print() {
	fmt.Printf("\n%-42s %7s %5s %6s %6s %9s  %-13s %-13s %s\n", "scenario", "events", "lost", "twice", "limbo", "recovery", "goroutines", "descriptors", "largest process")
	for _, l := range t.lines {
		note := ""
		if l.failed {
			note = "  FAILED"
		}
		fmt.Printf("%-42s %7d %5d %6d %6d %8.1fs  %-13s %-13s %s %d MiB%s\n", l.scenario, l.events, l.lost, l.twice, l.limbo,
			l.recovery.Seconds(), fmt.Sprintf("%d / %d", l.goroutines[0], l.goroutines[1]),
			fmt.Sprintf("%d / %d", l.descriptors[0], l.descriptors[1]), l.largest, l.peak, note)
	}
}
