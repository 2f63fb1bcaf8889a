package traffic

import (
	"math"
	"slices"
)

// Day is how many seconds a day has.
const Day = Hours * 3600

// Rates are arrivals a second.
type Rates struct{ Hooks, Events, Calls, Flows float64 }

// At returns the rates at a second, counted from the midnight at which the
// replay begins; days repeat. Bursts and outages happen on the first day.
func (p Profile) At(t int) Rates {
	r := p.Hour(t / 3600 % Hours)
	for _, b := range p.Bursts {
		if from, _ := second(b.At); t >= from && t < from+60*b.Minutes {
			r = r.times(b.What, b.Times)
		}
	}
	return r
}

// Hour returns the rates of an hour without bursts.
func (p Profile) Hour(h int) Rates {
	return Rates{Hooks: p.HooksPerSecond[h], Events: p.EventsPerSecond[h], Calls: p.CallsPerSecond[h], Flows: p.FlowsPerSecond[h]}
}

// Burst returns the rates of an hour with every burst that touches it; those of
// events only where they are asked for, because events may wait.
func (p Profile) Burst(h int, events bool) Rates {
	r := p.Hour(h)
	for _, b := range p.Bursts {
		from, _ := second(b.At)
		if from/3600 <= h && h <= (from+60*b.Minutes-1)/3600 && (events || b.What != "events") {
			r = r.times(b.What, max(1, b.Times))
		}
	}
	return r
}

func (r Rates) times(what string, n float64) Rates {
	switch what {
	case "hooks":
		r.Hooks *= n
	case "events":
		r.Events *= n
	case "calls":
		r.Calls *= n
	case "flows":
		r.Flows *= n
	}
	return r
}

// Times returns a profile with n times the traffic.
func (p Profile) Times(n float64) Profile {
	for _, rates := range []*[]float64{&p.HooksPerSecond, &p.EventsPerSecond, &p.CallsPerSecond, &p.FlowsPerSecond} {
		scaled := slices.Clone(*rates)
		for i := range scaled {
			scaled[i] *= n
		}
		*rates = scaled
	}
	return p
}

// Out reports whether a target fails at a second.
func (p Profile) Out(target, t int) bool {
	for _, o := range p.Outages {
		if from, _ := second(o.At); p.Targets[target].Name == o.Target && t >= from && t < from+60*o.Minutes {
			return true
		}
	}
	return false
}

// Span returns when an outage begins and ends.
func (o Outage) Span() (from, to int) {
	from, _ = second(o.At)
	return from, from + 60*o.Minutes
}

// Span returns when a burst begins and ends.
func (b Burst) Span() (from, to int) {
	from, _ = second(b.At)
	return from, from + 60*b.Minutes
}

// TargetIndex returns the place of the target of a name, -1 for none.
func (p Profile) TargetIndex(name string) int {
	return slices.IndexFunc(p.Targets, func(t Target) bool { return t.Name == name })
}

// Steps returns how many steps a chain has on average.
func (p Profile) Steps() float64 {
	sum, weights := 0.0, 0.0
	for i, w := range p.StepsWeights {
		sum += float64(i+1) * w
		weights += w
	}
	return sum / weights
}

// MeanMilli is the average latency of a target that answers as a log-normal
// distribution of that median and 99th percentile does.
func (t Target) MeanMilli() float64 {
	sigma := t.Sigma()
	return t.MedianMilli * math.Exp(sigma*sigma/2)
}

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// Sigma is the shape of the log-normal distribution.
func (t Target) Sigma() float64 { return math.Log(t.P99Milli/t.MedianMilli) / z99 }

// Endpoints returns how many there are.
func (t Target) Endpoints() int { return max(1, t.Count) }

// Slots returns how many attempts all endpoints may have under way at once.
func (p Profile) Slots(t Target) float64 {
	each := t.Concurrency
	if each == 0 {
		each = p.House.TargetConcurrency
	}
	return float64(each * t.Endpoints())
}
