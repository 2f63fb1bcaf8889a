// Package day replays a day of events second by second, with whole events: what
// waits in stream EVENTS, what backs off, what a target's outage leaves behind,
// and how long it takes until that is gone.
//
// Hooks, flows and calls are served as they come and take their CPU first;
// events get what that leaves, and wait where it is not enough. How long those
// wait for whom somebody waits is package delay's.
//
// What is simpler here than in the house: attempts take no time beyond their
// slot, so that nothing is under way between two seconds; steps never hold each
// other back; ordering keys, rate limits and the shares of tenants do not exist.
package day

import (
	"maps"
	"slices"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// minute is how often rates may change, in seconds.
const minute = 60

// longest is how long a replay goes on for what is left of the first day.
const longest = 3 * traffic.Day

// Ledger counts where events and deliveries are. Published is the sum of the
// next three, Deliveries that of the last three.
type Ledger struct {
	Published  int `json:"published"`
	Unmatched  int `json:"unmatched"`
	InEvents   int `json:"inEvents"` // wait in stream EVENTS
	Handled    int `json:"handled"`  // have become deliveries
	Deliveries int `json:"deliveries"`
	Attempts   int `json:"attempts"`
	Succeeded  int `json:"succeeded"`
	Dead       int `json:"dead"` // letters
	Waiting    int `json:"waiting"`
}

// Trouble is what an outage or a burst did.
type Trouble struct {
	What        string  `json:"what"`
	Minutes     int     `json:"minutes"`
	Most        int     `json:"most"`        // that waited at once
	DrainedIn   int     `json:"drainedIn"`   // seconds from its end until nothing was late; -1: not within three days
	DrainedRate float64 `json:"drainedRate"` // a second, from the first success on
}

// Result is what a replay comes to. Ledger and ages are those of the first day,
// at its last second.
type Result struct {
	Ledger   Ledger       `json:"ledger"`
	Age      Ages         `json:"streamSeconds"` // how long events waited in the stream, first attempts
	MostBack int          `json:"mostInStream"`
	Troubles []Trouble    `json:"troubles"`
	Needs    cost.Amounts `json:"needs"` // of the whole first day
}

// Ages are percentiles, in seconds; 0 is less than one.
type Ages struct {
	P50 int `json:"p50"`
	P99 int `json:"p99"`
	Max int `json:"max"`
}

// Replay plays the day, and goes on with the same hours, without outages and
// bursts, until nothing of them is left.
func Replay(m demand.Model, replicas map[string]int, seed uint64) Result {
	p := newPlay(m, replicas, seed)
	var first Result
	for t := 0; t < longest && (t < traffic.Day || p.watching()); t++ {
		p.second(t)
		if t == traffic.Day-1 {
			first = p.result()
		}
	}
	first.Troubles = p.troubles()
	return first
}

// play is a day under way.
type play struct {
	model    demand.Model
	replicas map[string]int
	random   draw
	event    cost.Amounts // the average one's, whether it has a chain or not
	shares   []float64    // of the targets

	events   line
	targets  []*target
	ledger   Ledger
	ages     map[int]int
	mostBack int
	watches  []*watch
	needs    cost.Amounts

	rates   traffic.Rates      // of this minute
	waiting cost.Amounts       // that those need who wait
	left    map[string]float64 // to events, of each second
}

func newPlay(m demand.Model, replicas map[string]int, seed uint64) *play {
	p := &play{model: m, replicas: replicas, random: newDraw(seed), ages: map[int]int{}}
	matched := m.Profile.MatchedEvents
	p.event = m.Event().Times(matched).Plus(1-matched, m.Tariff.EventMiss)
	for _, t := range m.Profile.Targets {
		p.targets = append(p.targets, newTarget(m.Profile, t))
		p.shares = append(p.shares, t.Share)
	}
	p.watches = watches(m.Profile)
	return p
}

// begin begins a minute, in which nothing of the profile changes.
func (p *play) begin(t int) {
	profile := p.model.Profile
	p.rates = profile.At(t)
	p.waiting = p.model.Waiting(p.rates)
	p.left = p.budget()
	if t < traffic.Day {
		p.needs = p.needs.Plus(minute, p.model.Needs(p.rates))
	}
	for i, target := range p.targets {
		target.out = profile.Out(i, t)
	}
}

// second plays one.
func (p *play) second(t int) {
	if t%minute == 0 {
		p.begin(t)
	}
	n := p.random.poisson(p.rates.Events)
	p.ledger.Published += n
	p.events.push(t, n)
	left := maps.Clone(p.left)
	for _, target := range p.targets {
		target.wake(t)
	}
	p.retry(t, left)
	p.deliver(t, left)
	p.mostBack = max(p.mostBack, p.events.length)
	p.watch(t)
}

// result is what has come of it so far.
func (p *play) result() Result {
	p.ledger.InEvents, p.ledger.Waiting = p.events.length, 0
	for _, t := range p.targets {
		p.ledger.Waiting += t.waiting()
	}
	return Result{Ledger: p.ledger, Age: agesOf(p.ages), MostBack: p.mostBack, Needs: p.needs}
}

// agesOf returns percentiles of a histogram.
func agesOf(counts map[int]int) (a Ages) {
	total, seen := 0, 0
	for _, n := range counts {
		total += n
	}
	p50, p99 := false, false
	for _, age := range slices.Sorted(maps.Keys(counts)) {
		seen += counts[age]
		if !p50 && 2*seen >= total {
			a.P50, p50 = age, true
		}
		if !p99 && 100*seen >= 99*total {
			a.P99, p99 = age, true
		}
		a.Max = age
	}
	return a
}
