// Package delay says how long those wait who wait for an answer: it plays some
// seconds of traffic, request by request, through queues in front of every
// replica's cores.
//
// Service times are exponential around the measured CPU time, which is wider
// than what was measured; replicas are chosen blindly, as the bus does; NATS and
// Postgres are one queue each with their cores. The network between machines is
// not in it: add its way for every hop, six for a hook.
package delay

import (
	"math"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
	"github.com/actionplane/actionplane/tools/simulator/internal/queue"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// Jobs is how many requests are played.
const Jobs = 30_000

// Delay is of one kind of traffic, in milliseconds.
type Delay struct {
	Kind string `json:"kind"`
	// Waited is spent in queues alone; Added is that and the house's own work,
	// without what targets take.
	WaitedP50 float64 `json:"waitedP50"`
	WaitedP99 float64 `json:"waitedP99"`
	AddedP50  float64 `json:"addedP50"`
	AddedP99  float64 `json:"addedP99"`
}

// At plays the rates against the replicas. Where a part has less than the rates
// need nobody's wait has an end: then overloaded names it.
func At(m demand.Model, r traffic.Rates, replicas map[string]int, seed uint64) (delays []Delay, overloaded string, err error) {
	b := newBuilder(m, replicas)
	if part := b.overloaded(m.Needs(r)); part != "" {
		return nil, part, nil
	}
	p := m.Profile
	b.route("hooks, matched", r.Hooks*p.MatchedHooks, m.Hook().Plus(p.OverREST, m.Tariff.HookDoor), "dispatch")
	b.route("hooks, unmatched", r.Hooks*(1-p.MatchedHooks), m.Tariff.HookMiss.Plus(p.OverREST, m.Tariff.HookDoor), "")
	b.route("events", r.Events*p.MatchedEvents, m.Event().Plus(p.OverREST, m.Tariff.EventDoor), "dispatch")
	b.route("events, unmatched", r.Events*(1-p.MatchedEvents), m.Tariff.EventMiss.Plus(p.OverREST, m.Tariff.EventDoor), "")
	b.route("flows", r.Flows, m.Tariff.Trigger, "")
	b.route("calls", r.Calls, m.Call(), "")
	if len(b.network.Routes) == 0 {
		return nil, "", nil
	}
	result, err := b.network.Run(seed, Jobs)
	if err != nil {
		return nil, "", err
	}
	for i, s := range result.Stays {
		milli := func(sorted []float64, p float64) float64 { return 1e3 * queue.Percentile(sorted, p) }
		delays = append(delays, Delay{Kind: b.network.Routes[i].Name,
			WaitedP50: milli(s.Waited, 50), WaitedP99: milli(s.Waited, 99), AddedP50: milli(s.Responses, 50), AddedP99: milli(s.Responses, 99)})
	}
	return delays, "", nil
}

// order is that in which a request passes the parts.
var order = []string{"gateway", "access", cost.NATS, "executions", "targets", cost.Redis, "dispatch", "scripts", "actions", "approvals", cost.Postgres}

// builder makes a network of a house.
type builder struct {
	network queue.Network
	model   demand.Model
	cores   map[string]float64
	station map[string]int
}

func newBuilder(m demand.Model, replicas map[string]int) *builder {
	b := &builder{model: m, cores: map[string]float64{}, station: map[string]int{}}
	house := m.Profile.House
	for _, part := range order {
		n, cores := 1, house.Cores
		switch part {
		case cost.Postgres:
			cores = house.PostgresCores
		case cost.NATS:
			cores = house.NATSCores
		case cost.Redis:
			cores = 1
		default:
			n = replicas[part]
		}
		b.cores[part] = float64(n) * cores
		b.station[part] = len(b.network.Stations)
		b.network.Stations = append(b.network.Stations, queue.Station{Name: part, Replicas: n, Servers: max(1, int(math.Round(cores)))})
	}
	return b
}

// overloaded names a part of which more is needed than there is.
func (b *builder) overloaded(needs cost.Amounts) string {
	for _, part := range order {
		if b.model.Cores(needs, part) >= b.cores[part] {
			return part
		}
	}
	return ""
}

// route adds what one kind visits. Hooks are recorded after their answer, and
// events after their targets have answered: for nobody there is a wait for
// Postgres, except for calls, which ask it.
func (b *builder) route(name string, rate float64, needs cost.Amounts, target string) {
	if rate <= 0 {
		return
	}
	r := queue.Route{Name: name, Rate: rate}
	for _, part := range order {
		seconds := b.model.Cores(needs, part)
		if seconds == 0 {
			continue
		}
		i := b.station[part]
		// A replica of less or more than whole cores serves as many with
		// slower or faster ones.
		s := b.network.Stations[i]
		speed := b.cores[part] / float64(s.Replicas*s.Servers)
		r.Visits = append(r.Visits, queue.Visit{Station: i, Mean: seconds / speed, After: part == cost.Postgres && name != "calls"})
		if part == target {
			r.Visits = append(r.Visits, b.targets()...)
		}
	}
	b.network.Routes = append(b.network.Routes, r)
}

// targets is the time in which they answer: the average one's.
func (b *builder) targets() []queue.Visit {
	mean, sigma := 0.0, 0.0
	for _, t := range b.model.Profile.Targets {
		mean += t.Share * t.MeanMilli() / 1e3
		sigma += t.Share * t.Sigma()
	}
	return []queue.Visit{{Station: -1, Mean: mean, Sigma: sigma}}
}
