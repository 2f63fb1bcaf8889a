package day

import (
	"math"

	"github.com/actionplane/actionplane/tools/simulator/internal/cost"
)

// budget is the CPU time of a second that those leave to events for whom
// somebody waits, in microseconds as they were measured.
func (p *play) budget() map[string]float64 {
	house := p.model.Profile.House
	cores := map[string]float64{cost.Postgres: house.PostgresCores, cost.NATS: house.NATSCores, cost.Redis: 1}
	for _, s := range cost.Services {
		cores[s] = float64(p.replicas[s]) * house.Cores
	}
	for part, n := range cores {
		cores[part] = max(0, n*1e6*house.Speed-p.waiting[cost.CPU(part)])
	}
	return cores
}

// handling are the parts that an event needs, and a further attempt at it. NATS's
// share is the stream's and the questions'; what publishing takes of the gateway
// and of executions was paid when it came.
var handling = []string{"executions", cost.Redis, "dispatch", "targets", "scripts", "actions", cost.Postgres, cost.NATS}

// afford is how many of a price the budget's parts can pay; at least one where
// there is anything, or a small house would stand still for rounding.
func afford(left map[string]float64, price cost.Amounts, share float64) int {
	n := math.Inf(1)
	for _, part := range handling {
		if each := price[cost.CPU(part)]; each > 0 {
			n = min(n, left[part]*share/each)
		}
	}
	if n > 0 && n < 1 {
		return 1
	}
	return int(min(n, 1e9))
}

func pay(left map[string]float64, price cost.Amounts, n int) {
	for _, part := range handling {
		left[part] = max(0, left[part]-float64(n)*price[cost.CPU(part)])
	}
}

// deliver takes events from their stream, those with and without a chain as
// they come, and makes first attempts.
func (p *play) deliver(t int, left map[string]float64) {
	house, profile := p.model.Profile.House, p.model.Profile
	n := afford(left, p.event, 1)
	if held := p.held() * profile.MatchedEvents; held > 0 {
		n = min(n, int(min(float64(p.replicas["dispatch"]*house.EventWorkers)/held, 1e9)))
	}
	matched := 0
	n = p.events.take(n, t, func(age, count int) {
		k := p.random.binomial(count, profile.MatchedEvents)
		p.ages[age] += k
		matched += k
	})
	pay(left, p.event, n)
	p.ledger.Unmatched += n - matched
	p.ledger.Handled += matched
	deliveries := 0
	for i, k := range p.random.split(matched, profile.StepsWeights) {
		deliveries += (i + 1) * k
	}
	p.ledger.Deliveries += deliveries
	for i, k := range p.random.split(deliveries, p.shares) {
		p.first(t, i, k)
	}
}

// held is for how many seconds an event that has a chain is in hand: a target that is out and
// left alone holds nobody.
func (p *play) held() (seconds float64) {
	for _, t := range p.targets {
		if !t.open {
			seconds += t.Share * min(t.MeanMilli(), p.model.Profile.House.HoldMilli) / 1e3
		}
	}
	return seconds
}

// first makes first attempts, as far as the target is tried and has slots; the
// rest are rows that are due.
func (p *play) first(t, i, n int) {
	target := p.targets[i]
	if target.open {
		target.ready[0] += n
		return
	}
	now := min(n, target.perSecond())
	target.ready[0] += n - now
	taken := make([]int, len(target.ready))
	taken[0] = now
	p.attempt(t, i, taken)
}

// retry makes attempts of what is due. First attempts have half of what there
// is, where any wait.
func (p *play) retry(t int, left map[string]float64) {
	share := 1.0
	if p.events.length > 0 {
		share = 0.5
	}
	house := p.model.Profile.House
	n := afford(left, p.model.Tariff.EventAttempt, share)
	slots := float64(p.replicas["dispatch"]*house.Retries) / float64(max(1, p.tried(t)))
	for i, target := range p.targets {
		var most int
		switch {
		case target.open && t < target.until:
			continue
		case target.open:
			most = p.replicas["dispatch"] // a probe each
		default:
			most = int(min(float64(target.perSecond()), slots/(target.MeanMilli()/1e3)))
		}
		taken := target.takeReady(min(n, max(1, most)))
		made := p.attempt(t, i, taken)
		n -= made
		pay(left, p.model.Tariff.EventAttempt, made)
	}
}

// tried counts the targets of which something is due, and may be tried.
func (p *play) tried(t int) (n int) {
	for _, target := range p.targets {
		if target.late() > 0 && (!target.open || t >= target.until) {
			n++
		}
	}
	return n
}

// attempt tries what was taken, by attempts made before, and returns how many
// that were.
func (p *play) attempt(t, i int, taken []int) (made int) {
	target := p.targets[i]
	if target.out {
		made = p.fail(t, i, taken)
		p.ledger.Attempts += made
		return made
	}
	for attempts, n := range taken {
		failed := p.random.binomial(n, target.Failures)
		made += n
		p.ledger.Succeeded += n - failed
		p.backOff(t, target, attempts+1, failed)
	}
	if made > 0 {
		target.works()
	}
	p.ledger.Attempts += made
	return made
}

// fail tries a target that is out: as many as it takes until every replica
// leaves it alone. The others were not tried.
func (p *play) fail(t, i int, taken []int) (made int) {
	target := p.targets[i]
	most := max(1, circuitFailures*p.replicas["dispatch"]-target.broke)
	for attempts, n := range taken {
		now := n
		if !target.open {
			now = min(n, most-made)
		}
		made += now
		target.ready[attempts] += n - now
		p.backOff(t, target, attempts+1, now)
	}
	target.broke += made
	if target.open && made > 0 || made >= most {
		target.trip(t)
	}
	return made
}

// handfuls is how many times is drawn at most for what fails in one second.
const handfuls = 100

func (p *play) backOff(t int, target *target, attempts, n int) {
	for each := (n + handfuls - 1) / handfuls; n > 0; n -= each {
		each = min(each, n)
		if !target.backOff(attempts, t, each, p.random.Float64()) {
			p.ledger.Dead += each
		}
	}
}
