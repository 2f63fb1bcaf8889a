package day

import (
	"fmt"

	"github.com/actionplane/actionplane/tools/simulator/internal/traffic"
)

// watch looks at an outage or a burst until it is over and nothing of it late.
type watch struct {
	Trouble
	target   int // -1: a burst
	from, to int
	over     bool
	began    int // second of the first success after it; 0: none yet
}

func watches(p traffic.Profile) (all []*watch) {
	for _, o := range p.Outages {
		from, to := o.Span()
		all = append(all, &watch{Trouble: Trouble{What: fmt.Sprintf("target %s away from %s", o.Target, o.At), Minutes: o.Minutes},
			target: p.TargetIndex(o.Target), from: from, to: to})
	}
	for _, b := range p.Bursts {
		from, to := b.Span()
		all = append(all, &watch{Trouble: Trouble{What: fmt.Sprintf("%g times the %s from %s", b.Times, b.What, b.At), Minutes: b.Minutes},
			target: -1, from: from, to: to})
	}
	return all
}

func (p *play) watching() bool {
	for _, w := range p.watches {
		if !w.over {
			return true
		}
	}
	return false
}

// watch looks at the end of a second.
func (p *play) watch(t int) {
	for _, w := range p.watches {
		if !w.over && t >= w.from {
			p.look(w, t)
		}
	}
}

func (p *play) look(w *watch, t int) {
	late, open := p.events.length, false
	if w.target >= 0 {
		late, open = p.targets[w.target].late(), p.targets[w.target].open
	}
	w.Most = max(w.Most, late)
	if t < w.to || open {
		return
	}
	if w.began == 0 {
		w.began = t
	}
	if float64(late) > p.rates.Events {
		return
	}
	w.over = true
	w.DrainedIn = t - w.to
	w.DrainedRate = float64(w.Most) / float64(t-w.began+1)
}

func (p *play) troubles() []Trouble {
	all := []Trouble{}
	for _, w := range p.watches {
		if !w.over {
			w.DrainedIn = -1
		}
		all = append(all, w.Trouble)
	}
	return all
}
