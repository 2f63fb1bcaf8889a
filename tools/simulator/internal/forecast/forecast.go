// Package forecast puts together what a day needs: replicas, stores, disks,
// delays, what gives first, and how troubles end.
package forecast

import (
	"fmt"
	"math"
	"time"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
	"github.com/actionplane/actionplane/tools/simulator/internal/day"
	"github.com/actionplane/actionplane/tools/simulator/internal/delay"
	"github.com/actionplane/actionplane/tools/simulator/internal/demand"
	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// Forecast is everything; JSON of it is the output of -json.
type Forecast struct {
	Profile  string     `json:"profile"`
	About    string     `json:"about"`
	Costs    string     `json:"costs"`
	Seed     uint64     `json:"seed"`
	Busiest  int        `json:"busiestHour"`
	Services []Service  `json:"services"`
	Postgres Postgres   `json:"postgres"`
	NATS     NATS       `json:"nats"`
	Redis    Redis      `json:"redis"`
	Moments  []Moment   `json:"moments"`
	Times    float64    `json:"room"`  // how many times the busiest hour's traffic may come
	First    string     `json:"first"` // what is used up then
	Day      day.Result `json:"day"`
}

// Service is one's replicas; shares are of their CPU.
type Service struct {
	Name     string  `json:"name"`
	Replicas int     `json:"replicas"`
	Cores    float64 `json:"cores"` // needed at the busiest hour
	Busiest  float64 `json:"busiest"`
	OneLess  float64 `json:"oneLess"`   // at the busiest hour with a replica missing
	Burst    float64 `json:"burst"`     // at the most that bursts come to
	Memory   float64 `json:"memoryMiB"` // of a replica, as measured
}

// Postgres is what it needs.
type Postgres struct {
	Cores         float64 `json:"cores"` // at the busiest hour
	OfCores       float64 `json:"ofCores"`
	Connections   int     `json:"connections"`
	OfConnections int     `json:"ofConnections"`
	Transactions  float64 `json:"transactionsPerSecond"`
	WALMiB        float64 `json:"walMiBPerSecond"`
	GrowthGiB     float64 `json:"growthGiBPerDay"`
	KeptGiB       float64 `json:"keptGiB"`      // once retention deletes as much as comes
	WALGiB        float64 `json:"walGiBPerDay"` // to be archived
}

// NATS is what it needs.
type NATS struct {
	Cores    float64 `json:"cores"`
	OfCores  float64 `json:"ofCores"`
	Messages float64 `json:"messagesPerSecond"`
	MiB      float64 `json:"miBPerSecond"`
	Storage  float64 `json:"storageMiB"` // of each node, at the most that waited
}

// Redis is what it needs.
type Redis struct {
	Cores    float64 `json:"cores"`
	Commands float64 `json:"commandsPerSecond"`
	Memory   float64 `json:"memoryMiB"`
}

// Moment is a time of the day at which those who wait are looked at.
type Moment struct {
	When       string        `json:"when"`
	Rates      traffic.Rates `json:"rates"`
	Delays     []delay.Delay `json:"delays"`
	Overloaded string        `json:"overloaded,omitempty"` // what has no end then
	Uses       []demand.Use  `json:"uses"`
}

const (
	// chainBytes is about what a chain takes of Redis, key and all.
	chainBytes = 2048
	// redisBase is what an empty Redis takes.
	redisBase = 8 << 20
	// messageOverhead is what a stored event has beside its payload: its other
	// fields, subject, headers, NATS's own.
	messageOverhead = 550
	// changeBytes is about a message of stream CHANGES, which keeps them for
	// thirty days.
	changeBytes = 1024
	changesDays = 30
	mib, gib    = 1 << 20, 1 << 30
)

// Make simulates the day.
func Make(p traffic.Profile, s cost.Sheet, seed uint64, now time.Time) (Forecast, error) {
	m := demand.New(p, s)
	replicas := m.Replicas()
	f := Forecast{Profile: p.Name, About: p.About, Costs: s.Whence(now), Seed: seed, Busiest: m.Busiest()}
	f.Day = day.Replay(m, replicas, seed)
	busiest := m.Needs(p.Hour(f.Busiest))
	f.Services = services(m, s, replicas, f.Busiest)
	f.Postgres = postgres(m, replicas, busiest, f.Day)
	f.NATS = nats(m, busiest, f.Day)
	f.Redis = Redis{Cores: m.Cores(busiest, cost.Redis), Commands: busiest[cost.RedisCommands],
		Memory: float64(redisBase+p.Tenants*p.Conditions*chainBytes) / mib}
	if times, first := demand.Room(m.Uses(p.Hour(f.Busiest), replicas)); !math.IsInf(times, 0) {
		f.Times, f.First = times, first
	}
	var err error
	f.Moments, err = moments(m, replicas, f.Busiest, seed)
	return f, err
}

func services(m demand.Model, s cost.Sheet, replicas map[string]int, hour int) (all []Service) {
	p := m.Profile
	busiest := m.Needs(p.Hour(hour))
	for _, name := range cost.Services {
		cores, n := m.Cores(busiest, name), float64(replicas[name])*p.House.Cores
		burst := 0.0
		for h := range traffic.Hours {
			burst = max(burst, m.Cores(m.Needs(p.Burst(h, true)), name)/n)
		}
		one := Service{Name: name, Replicas: replicas[name], Cores: cores, Busiest: cores / n, Burst: burst,
			Memory: float64(s.Idle[name].PeakMemoryBytes) / mib}
		if replicas[name] > 1 {
			one.OneLess = cores / (n - p.House.Cores)
		}
		all = append(all, one)
	}
	return all
}

func postgres(m demand.Model, replicas map[string]int, busiest cost.Amounts, d day.Result) Postgres {
	house := m.Profile.House
	return Postgres{
		Cores: m.Cores(busiest, cost.Postgres), OfCores: house.PostgresCores,
		Connections: m.Connections(replicas), OfConnections: house.PostgresConnections,
		Transactions: busiest[cost.Transactions], WALMiB: busiest[cost.WALBytes] / mib,
		GrowthGiB: d.Needs.Kind("disk") / gib, KeptGiB: kept(m, d) / gib, WALGiB: d.Needs[cost.WALBytes] / gib,
	}
}

// kept is what the tables come to once as much is deleted as is written. What
// calls write stays, and is no more than configuration: a day's.
func kept(m demand.Model, d day.Result) float64 {
	p, days := m.Profile, m.Profile.House.RetentionDays
	var hooks, flows float64
	for h := range traffic.Hours {
		r := p.Hour(h)
		hooks += 3600 * r.Hooks
		flows += 3600 * r.Flows
	}
	dispatch, scripts := cost.Disk("dispatch"), cost.Disk("scripts")
	hook, event := m.Hook(), m.Event()
	events := float64(d.Ledger.Handled)*event[dispatch] + float64(d.Ledger.Attempts-d.Ledger.Deliveries)*m.Tariff.EventAttempt[dispatch]
	dead := 0.0
	if d.Ledger.Deliveries > 0 {
		dead = float64(d.Ledger.Dead) / float64(d.Ledger.Deliveries)
	}
	return hooks*p.MatchedHooks*hook[dispatch]*days.Hooks +
		max(0, events)*((1-dead)*days.Succeeded+dead*days.DeadLetters) +
		(hooks*p.MatchedHooks*hook[scripts]+flows*m.Tariff.Trigger[scripts])*days.Invocations
}

func nats(m demand.Model, busiest cost.Amounts, d day.Result) NATS {
	p := m.Profile
	changes := 0.0
	for _, calls := range p.CallsPerSecond {
		changes += 3600 * calls * p.ChangingCalls
	}
	stored := float64(d.MostBack)*(p.PayloadBytes+messageOverhead) + changes*changesDays*changeBytes
	return NATS{Cores: m.Cores(busiest, cost.NATS), OfCores: p.House.NATSCores, Messages: busiest[cost.NATSMessages],
		MiB: busiest[cost.NATSBytes] / mib, Storage: stored / mib}
}

// moments are the busiest hour, the same with a replica of each service
// missing, and every burst.
func moments(m demand.Model, replicas map[string]int, hour int, seed uint64) (all []Moment, err error) {
	fewer := map[string]int{}
	for s, n := range replicas {
		fewer[s] = max(1, n-1)
	}
	add := func(when string, r traffic.Rates, replicas map[string]int) {
		if err != nil {
			return
		}
		one := Moment{When: when, Rates: r, Uses: m.Uses(r, replicas)}
		one.Delays, one.Overloaded, err = delay.At(m, r, replicas, seed)
		all = append(all, one)
	}
	rates := m.Profile.Hour(hour)
	add(fmt.Sprintf("the busiest hour, %02d:00", hour), rates, replicas)
	add("the same, one replica less of each service", rates, fewer)
	for _, b := range m.Profile.Bursts {
		from, _ := b.Span()
		add(fmt.Sprintf("%g times the %s at %s", b.Times, b.What, b.At), m.Profile.At(from), replicas)
	}
	return all, err
}
