package traffic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Kinds of traffic that a burst may multiply.
var Kinds = []string{"hooks", "events", "calls", "flows"}

// most bounds every number of a profile, so that no day takes for ever.
const most = 1e7

// Parse reads a profile, fills in defaults, and reports everything that is
// wrong with it.
func Parse(text []byte) (Profile, error) {
	var p Profile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	p.House = p.House.withDefaults()
	if err := p.Validate(); err != nil {
		return Profile{}, fmt.Errorf("profile: %w", err)
	}
	return p, nil
}

// Validate reports everything that is wrong.
func (p Profile) Validate() error {
	var c check
	for kind, rates := range p.rates() {
		if len(rates) != Hours {
			c.add("%sPerSecond must have %d values", kind, Hours)
		}
		for _, r := range rates {
			c.within(kind+"PerSecond", r, 0, 1e6)
		}
	}
	c.within("matchedHooks", p.MatchedHooks, 0, 1)
	c.within("matchedEvents", p.MatchedEvents, 0, 1)
	c.within("overREST", p.OverREST, 0, 1)
	c.within("changingCalls", p.ChangingCalls, 0, 1)
	c.within("scriptSteps", p.ScriptSteps, 0, 1)
	c.within("scriptWaitMilli", p.ScriptWaitMilli, 0, 20_000)
	c.within("payloadBytes", p.PayloadBytes, 1, 4<<20)
	c.within("tenants", float64(p.Tenants), 1, most)
	c.within("conditions", float64(p.Conditions), 0, most)
	if len(p.StepsWeights) == 0 || len(p.StepsWeights) > 100 || !anyPositive(p.StepsWeights) {
		c.add("stepsWeights must have 1 to 100 values, one of them positive")
	}
	for _, w := range p.StepsWeights {
		c.within("stepsWeights", w, 0, most)
	}
	p.checkTargets(&c)
	p.checkTimes(&c)
	p.House.check(&c)
	return errors.Join(c.problems...)
}

func (p Profile) rates() map[string][]float64 {
	return map[string][]float64{"hooks": p.HooksPerSecond, "events": p.EventsPerSecond, "calls": p.CallsPerSecond, "flows": p.FlowsPerSecond}
}

func (p Profile) checkTargets(c *check) {
	if len(p.Targets) == 0 || len(p.Targets) > 100 {
		c.add("targets: there must be 1 to 100")
	}
	sum := 0.0
	for _, t := range p.Targets {
		at := "targets: " + t.Name + ": "
		c.within(at+"share", t.Share, 0, 1)
		c.within(at+"medianMilli", t.MedianMilli, 0.01, 600_000)
		c.within(at+"p99Milli", t.P99Milli, t.MedianMilli, 600_000)
		c.within(at+"failures", t.Failures, 0, 1)
		c.within(at+"concurrency", float64(t.Concurrency), 0, most)
		c.within(at+"count", float64(t.Count), 0, most)
		sum += t.Share
	}
	if math.Abs(sum-1) > 0.001 {
		c.add("targets: the shares must add up to 1")
	}
}

func (p Profile) checkTimes(c *check) {
	for _, o := range p.Outages {
		if p.TargetIndex(o.Target) < 0 {
			c.add("outages: there is no target %q", o.Target)
		}
		c.clock("outages", o.At)
		c.within("outages: minutes", float64(o.Minutes), 1, 24*60)
	}
	for _, b := range p.Bursts {
		if !slices.Contains(Kinds, b.What) {
			c.add("bursts: what must be one of %v", Kinds)
		}
		c.clock("bursts", b.At)
		c.within("bursts: minutes", float64(b.Minutes), 1, 24*60)
		c.within("bursts: times", b.Times, 0, 1000)
	}
}

func (h House) check(c *check) {
	c.within("house: speed", h.Speed, 0.01, 100)
	c.within("house: cores", h.Cores, 0.01, 1024)
	c.within("house: postgresCores", h.PostgresCores, 0.01, 1024)
	c.within("house: natsCores", h.NATSCores, 0.01, 1024)
	c.within("house: natsNodes", float64(h.NATSNodes), 1, 5)
	c.within("house: utilization", h.Utilization, 0.01, 0.95)
	c.within("house: holdMilli", h.HoldMilli, 0.01, 60_000)
	for name, n := range map[string]int{
		"postgresConnections": h.PostgresConnections, "connections": h.Connections, "eventWorkers": h.EventWorkers, "firstAttempts": h.FirstAttempts,
		"retries": h.Retries, "targetConcurrency": h.TargetConcurrency, "scriptWorkers": h.ScriptWorkers,
	} {
		c.within("house: "+name, float64(n), 1, most)
	}
	for service, n := range h.Fixed {
		c.within("house: replicas: "+service, float64(n), 1, 1000)
	}
	if len(h.RetrySeconds) > 99 {
		c.add("house: retrySeconds: at most 99")
	}
	for _, wait := range h.RetrySeconds {
		c.within("house: retrySeconds", wait, 0, 30*86400)
	}
	for name, days := range map[string]float64{
		"succeeded": h.RetentionDays.Succeeded, "deadLetters": h.RetentionDays.DeadLetters, "hooks": h.RetentionDays.Hooks, "invocations": h.RetentionDays.Invocations,
	} {
		c.within("house: retentionDays: "+name, days, 0.01, 36500)
	}
}

// check collects problems.
type check struct{ problems []error }

func (c *check) add(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *check) within(name string, v, least, atMost float64) {
	if !(v >= least && v <= atMost) { // NaN is neither
		c.add("%s must be %g to %g", name, least, atMost)
	}
}

func (c *check) clock(name, at string) {
	if _, err := second(at); err != nil {
		c.add("%s: at must be a time of day such as 09:30", name)
	}
}

func anyPositive(values []float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return v > 0 })
}

// second returns the second of the day.
func second(at string) (int, error) {
	t, err := time.Parse("15:04", at)
	if err != nil {
		return 0, err
	}
	return t.Hour()*3600 + t.Minute()*60, nil
}
