package demand

import (
	"cmp"
	"math"
	"slices"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// Use is how far something is used.
type Use struct {
	What  string  `json:"what"`
	Share float64 `json:"share"` // of what there is; 1 is all of it
	// Busy is in its own unit, Of how much there is.
	Busy float64 `json:"busy"`
	Of   float64 `json:"of"`
	Unit string  `json:"unit"`
}

// Uses returns how far everything is used that can be used up, at these rates
// and replicas, the most used first: what is first will be the first to give.
func (m Model) Uses(r traffic.Rates, replicas map[string]int) []Use {
	needs, house := m.Needs(r), m.Profile.House
	uses := []Use{}
	add := func(what, unit string, busy, of float64) {
		uses = append(uses, Use{What: what, Share: busy / of, Busy: busy, Of: of, Unit: unit})
	}
	for _, s := range cost.Services {
		add(s+": CPU", "cores", m.Cores(needs, s), float64(replicas[s])*house.Cores)
	}
	add("Postgres: CPU", "cores", m.Cores(needs, cost.Postgres), house.PostgresCores)
	add("Postgres: connections", "connections", float64(m.Connections(replicas)), float64(house.PostgresConnections))
	add("NATS: CPU of the node that leads", "cores", m.Cores(needs, cost.NATS), house.NATSCores)
	add("Redis: CPU, of which it uses one", "cores", m.Cores(needs, cost.Redis), 1)
	dispatch := float64(replicas["dispatch"])
	add("dispatch: events in hand", "events", m.EventsInHand(r), dispatch*float64(house.EventWorkers))
	add("dispatch: first attempts", "attempts", m.firstAttempts(r), dispatch*float64(house.FirstAttempts))
	add("scripts: workers", "scripts", m.BusyWorkers(r), float64(replicas["scripts"]*house.ScriptWorkers))
	for i, t := range m.Profile.Targets {
		add("target "+t.Name+": concurrency", "attempts", m.Attempts(r, i)*t.MeanMilli()/1e3, m.Profile.Slots(t))
	}
	slices.SortStableFunc(uses, func(a, b Use) int { return -cmp.Compare(a.Share, b.Share) })
	return uses
}

// Connections is what all replicas together may hold of Postgres.
func (m Model) Connections(replicas map[string]int) (n int) {
	for _, s := range cost.Services {
		if s != "gateway" {
			n += replicas[s] * m.Profile.House.Connections
		}
	}
	return n
}

// Attempts is how many a target gets a second, hooks' and events'.
func (m Model) Attempts(r traffic.Rates, target int) float64 {
	p := m.Profile
	steps := (r.Hooks*p.MatchedHooks*(1-p.ScriptSteps) + r.Events*p.MatchedEvents) * p.Steps()
	return steps * p.Targets[target].Share
}

// firstAttempts is how many events' attempts are under way at once.
func (m Model) firstAttempts(r traffic.Rates) (busy float64) {
	only := traffic.Rates{Events: r.Events}
	for i, t := range m.Profile.Targets {
		busy += m.Attempts(only, i) * t.MeanMilli() / 1e3
	}
	return busy
}

// Room is how many times the traffic may come before something is used up;
// connections, which do not grow with traffic, aside.
func Room(uses []Use) (times float64, what string) {
	times = math.Inf(1)
	for _, u := range uses {
		if u.Share > 0 && u.Unit != "connections" && 1/u.Share < times {
			times, what = 1/u.Share, u.What
		}
	}
	return times, what
}
