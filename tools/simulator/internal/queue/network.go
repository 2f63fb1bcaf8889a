package queue

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Station is where work is served, first come first served: some replicas, each
// with a queue of its own, as a queue group of the bus deals out what comes.
type Station struct {
	Name     string
	Replicas int
	Servers  int // of one replica: its cores
}

// Visit is a stop of a job at a station, or, where Station is negative, a delay
// that holds nobody up.
type Visit struct {
	Station int
	Mean    float64 // seconds
	// Sigma is the shape of a log-normal delay of that mean; work at a station
	// is exponential.
	Sigma float64
	// After marks what is done after the caller was answered.
	After bool
}

// Route is a kind of job: how often it comes, and where it goes.
type Route struct {
	Name   string
	Rate   float64 // a second
	Visits []Visit
}

// Network is played through by Run.
type Network struct {
	Stations []Station
	Routes   []Route
}

// Stay is what jobs of one route had.
type Stay struct {
	Jobs      int
	Total     float64   // seconds in the network, of all jobs
	Waited    []float64 // seconds of each job in queues, sorted
	Responses []float64 // seconds of each job from its arrival to the answer, delays left out, sorted
}

// Result is one play.
type Result struct {
	Duration float64 // seconds of simulated time, until the last job was done
	Arrived  int
	Done     int
	InSystem float64     // jobs in the network, average over the duration
	Stays    []Stay      // by route
	Waits    [][]float64 // by station, seconds of each visit, sorted
	Use      []float64   // by station, of its servers
}

// Run plays jobs through the network until all that arrived are done. The same
// seed gives the same result.
func (n Network) Run(seed uint64, jobs int) (Result, error) {
	if err := n.validate(); err != nil {
		return Result{}, err
	}
	p := newPlay(n, seed)
	p.play(jobs)
	return p.result(), nil
}

func (n Network) validate() error {
	var problems []error
	for _, s := range n.Stations {
		if s.Replicas < 1 || s.Servers < 1 {
			problems = append(problems, fmt.Errorf("station %s: there must be a replica with a server", s.Name))
		}
	}
	rate := 0.0
	for _, r := range n.Routes {
		rate += r.Rate
		for _, v := range r.Visits {
			if v.Station >= len(n.Stations) || v.Mean < 0 || r.Rate < 0 {
				problems = append(problems, fmt.Errorf("route %s: no such station, or a negative rate or time", r.Name))
			}
		}
	}
	if rate <= 0 {
		problems = append(problems, errors.New("nothing ever arrives"))
	}
	return errors.Join(problems...)
}

// job is on its way.
type job struct {
	route          int
	next           int     // index of the visit
	arrived        float64 // seconds
	queued         float64 // since when it waits at a station
	waited, served float64
	answered       bool
}

// replica is one of a station's.
type replica struct {
	free    int
	waiting []*job
	head    int // of waiting
}

func (r *replica) push(j *job) { r.waiting = append(r.waiting, j) }

func (r *replica) pop() *job {
	if r.head == len(r.waiting) {
		return nil
	}
	j := r.waiting[r.head]
	r.waiting[r.head] = nil
	if r.head++; r.head == len(r.waiting) {
		r.waiting, r.head = r.waiting[:0], 0
	}
	return j
}

// play is a network under way.
type play struct {
	Network
	random   *rand.Rand
	replicas [][]replica // by station
	moments  moments
	now      float64
	inside   int
	area     float64 // integral of inside
	arrived  int
	done     int
	rate     float64
	stays    []Stay
	waits    [][]float64
	busy     []float64
}

func newPlay(n Network, seed uint64) *play {
	p := &play{Network: n, random: rand.New(rand.NewPCG(seed, 0)), stays: make([]Stay, len(n.Routes)),
		waits: make([][]float64, len(n.Stations)), busy: make([]float64, len(n.Stations))}
	for _, s := range n.Stations {
		all := make([]replica, s.Replicas)
		for i := range all {
			all[i].free = s.Servers
		}
		p.replicas = append(p.replicas, all)
	}
	for _, r := range n.Routes {
		p.rate += r.Rate
	}
	return p
}

func (p *play) play(jobs int) {
	arrival := p.random.ExpFloat64() / p.rate
	for p.arrived < jobs || p.moments.Len() > 0 {
		if p.arrived < jobs && (p.moments.Len() == 0 || arrival <= p.moments.first()) {
			p.at(arrival)
			arrival += p.random.ExpFloat64() / p.rate
			p.arrive()
			continue
		}
		m := p.moments.pop()
		p.at(m.at)
		p.leave(m)
	}
}

// at moves the clock on.
func (p *play) at(t float64) {
	p.area += float64(p.inside) * (t - p.now)
	p.now = t
}

// arrive lets in a job of one of the routes.
func (p *play) arrive() {
	p.arrived++
	p.inside++
	at := p.random.Float64() * p.rate
	route := 0
	for at >= p.Routes[route].Rate && route < len(p.Routes)-1 {
		at -= p.Routes[route].Rate
		route++
	}
	p.enter(&job{route: route, arrived: p.now})
}

// enter begins the job's next visit, or ends the job.
func (p *play) enter(j *job) {
	visits := p.Routes[j.route].Visits
	if !j.answered && (j.next == len(visits) || visits[j.next].After) {
		p.answer(j)
	}
	if j.next == len(visits) {
		p.finish(j)
		return
	}
	v := visits[j.next]
	if v.Station < 0 {
		p.moments.push(moment{at: p.now + p.delay(v), job: j})
		return
	}
	r := &p.replicas[v.Station][p.random.IntN(len(p.replicas[v.Station]))]
	j.queued = p.now
	if r.free > 0 {
		p.serve(j, r)
	} else {
		r.push(j)
	}
}

func (p *play) serve(j *job, r *replica) {
	v := p.Routes[j.route].Visits[j.next]
	took, waited := p.random.ExpFloat64()*v.Mean, p.now-j.queued
	r.free--
	p.busy[v.Station] += took
	p.waits[v.Station] = append(p.waits[v.Station], waited)
	j.waited += waited
	j.served += took
	p.moments.push(moment{at: p.now + took, job: j, replica: r})
}

// leave ends a visit.
func (p *play) leave(m moment) {
	if r := m.replica; r != nil {
		r.free++
		if next := r.pop(); next != nil {
			p.serve(next, r)
		}
	}
	m.job.next++
	p.enter(m.job)
}

// delay is log-normal.
func (p *play) delay(v Visit) float64 {
	return v.Mean * math.Exp(v.Sigma*p.random.NormFloat64()-v.Sigma*v.Sigma/2)
}

func (p *play) answer(j *job) {
	j.answered = true
	s := &p.stays[j.route]
	s.Waited = append(s.Waited, j.waited)
	s.Responses = append(s.Responses, j.waited+j.served)
}

func (p *play) finish(j *job) {
	p.inside--
	p.done++
	s := &p.stays[j.route]
	s.Jobs++
	s.Total += p.now - j.arrived
}

func (p *play) result() Result {
	r := Result{Duration: p.now, Arrived: p.arrived, Done: p.done, Stays: p.stays, Waits: p.waits, Use: make([]float64, len(p.Stations))}
	if p.now > 0 {
		r.InSystem = p.area / p.now
	}
	for i, s := range p.Stations {
		if p.now > 0 {
			r.Use[i] = p.busy[i] / p.now / float64(s.Replicas*s.Servers)
		}
		slices.Sort(p.waits[i])
	}
	for i := range r.Stays {
		slices.Sort(r.Stays[i].Waited)
		slices.Sort(r.Stays[i].Responses)
	}
	return r
}

// Percentile returns the value below which p of 100 of the sorted ones lie; 0
// where there are none.
func Percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(float64(len(sorted)-1)*p/100)]
}
