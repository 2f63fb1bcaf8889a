// Package demand says what a rate of traffic needs of every part, and how many
// replicas of each service that comes to.
package demand

import (
	"math"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

const (
	// leastReplicas of a service, so that one may go.
	leastReplicas = 2
	// tight is the utilization that replicas may come to when one is missing.
	tight = 0.95
)

// Model is a profile with its costs.
type Model struct {
	Profile traffic.Profile
	Tariff  cost.Tariff
	Idle    map[string]cost.Idle
	Base    float64 // bytes of payload that the tariff's steps are with
}

// New puts a profile and measured costs together.
func New(p traffic.Profile, s cost.Sheet) Model {
	return Model{Profile: p, Tariff: s.Tariff(), Idle: s.Idle, Base: float64(s.Machine.PayloadBytes)}
}

// Needs returns what everything that comes in at these rates needs a second:
// microseconds of CPU, messages, bytes. What is tried again is included by
// share of the targets' failures.
func (m Model) Needs(r traffic.Rates) cost.Amounts {
	return m.Waiting(r).Plus(1, m.Events(r.Events))
}

// Waiting is the part of Needs for which somebody waits: hooks, flows, calls.
func (m Model) Waiting(r traffic.Rates) cost.Amounts {
	p := m.Profile
	return m.Call().Times(r.Calls).
		Plus(r.Flows, m.Tariff.Trigger).
		Plus(r.Hooks*(1-p.MatchedHooks), m.Tariff.HookMiss).
		Plus(r.Hooks*p.MatchedHooks, m.Hook()).
		Plus(r.Hooks*p.OverREST, m.Tariff.HookDoor)
}

// Events is the part of Needs that may wait in the stream.
func (m Model) Events(perSecond float64) cost.Amounts {
	p := m.Profile
	return m.Tariff.EventMiss.Times(perSecond*(1-p.MatchedEvents)).
		Plus(perSecond*p.MatchedEvents, m.Event()).
		Plus(perSecond*p.OverREST, m.Tariff.EventDoor).
		Plus(perSecond*p.MatchedEvents*p.Steps()*m.failures(), m.Tariff.EventAttempt)
}

// Call is what one call of the public API needs.
func (m Model) Call() cost.Amounts {
	changing := m.Profile.ChangingCalls
	return m.Tariff.Call.Times(1-changing).Plus(changing, m.Tariff.Change)
}

// Hook is what one hook needs that has a chain.
func (m Model) Hook() cost.Amounts {
	steps, scripts := m.Profile.Steps(), m.Profile.ScriptSteps
	return m.Tariff.Hook.
		Plus(steps*(1-scripts), m.Tariff.HookStep).
		Plus(steps*scripts, m.Tariff.ScriptStep).
		Plus(steps*m.extraKiB(), m.Tariff.HookKiB)
}

// Event is what one event needs that has a chain, first attempts included.
func (m Model) Event() cost.Amounts {
	steps := m.Profile.Steps()
	return m.Tariff.Event.Plus(steps, m.Tariff.EventStep).Plus(steps*m.extraKiB(), m.Tariff.EventKiB)
}

// extraKiB is how much more payload there is than was measured; a smaller one
// saves nothing.
func (m Model) extraKiB() float64 { return max(0, m.Profile.PayloadBytes-m.Base) / 1024 }

// failures is the share of attempts that fail.
func (m Model) failures() (share float64) {
	for _, t := range m.Profile.Targets {
		share += t.Share * t.Failures
	}
	return share
}

// Cores is how many of the house's cores a part needs.
func (m Model) Cores(needs cost.Amounts, part string) float64 {
	return needs[cost.CPU(part)] / 1e6 / m.Profile.House.Speed
}

// Replicas returns how many of each service the day needs. Waiting callers are
// served at once, through every burst; events are served at once at the busiest
// hour, and wait through a burst. Then a replica's CPU is used as far as is
// aimed at, and no further than it goes when one replica is missing.
func (m Model) Replicas() map[string]int {
	all := map[string]int{}
	for _, service := range cost.Services {
		n := leastReplicas
		for h := range traffic.Hours {
			n = max(n, m.replicasOf(service, m.Profile.Burst(h, false)))
		}
		if fixed, ok := m.Profile.House.Fixed[service]; ok {
			n = fixed
		}
		all[service] = n
	}
	return all
}

func (m Model) replicasOf(service string, r traffic.Rates) int {
	house := m.Profile.House
	cores := m.Cores(m.Needs(r), service) / house.Cores
	n := enough(cores, house.Utilization)
	switch service {
	case "scripts":
		n = max(n, enough(m.BusyWorkers(r)/float64(house.ScriptWorkers), house.Utilization))
	case "dispatch":
		n = max(n, enough(m.EventsInHand(r)/float64(house.EventWorkers), house.Utilization),
			enough(m.firstAttempts(r)/float64(house.FirstAttempts), house.Utilization))
	}
	return int(n)
}

// enough is how many replicas there must be of what keeps so many of them busy,
// so that none is used further than is aimed at, nor further than it goes when
// one is missing.
func enough(busy, aim float64) float64 {
	return max(math.Ceil(busy/aim), 1+math.Ceil(busy/tight))
}

// BusyWorkers is how many scripts run at once, by Little's law: their own work
// and what they wait for.
func (m Model) BusyWorkers(r traffic.Rates) float64 {
	p := m.Profile
	perSecond := r.Flows + r.Hooks*p.MatchedHooks*p.Steps()*p.ScriptSteps
	work := m.Tariff.Trigger[cost.CPU("scripts")] / 1e6 / p.House.Speed
	return perSecond * (work + p.ScriptWaitMilli/1e3)
}

// EventsInHand is how many events the stream waits for at once: an event's
// steps are sent side by side, so it is in hand for about as long as a target
// takes, and never longer than the hold.
func (m Model) EventsInHand(r traffic.Rates) float64 {
	held := 0.0
	for _, t := range m.Profile.Targets {
		held += t.Share * min(t.MeanMilli(), m.Profile.House.HoldMilli) / 1e3
	}
	return r.Events * m.Profile.MatchedEvents * held
}

// Busiest returns the hour in which events and everything else together need
// the most CPU of the services.
func (m Model) Busiest() (hour int) {
	most := -1.0
	for h := range traffic.Hours {
		if need := m.Needs(m.Profile.Hour(h)).Kind("cpu"); need > most {
			hour, most = h, need
		}
	}
	return hour
}
