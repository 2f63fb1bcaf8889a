package day

import (
	"math"
	"math/rand/v2"
)

// few is up to where numbers are drawn one by one; above, the normal
// distribution is close enough.
const few = 50

// draw is a source of chance; the same seed draws the same.
type draw struct{ *rand.Rand }

func newDraw(seed uint64) draw { return draw{rand.New(rand.NewPCG(seed, 1))} }

// poisson is how many come where so many are expected.
func (d draw) poisson(mean float64) int {
	if mean > few {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	n, left := 0, math.Exp(-mean)
	for p := d.Float64(); p > left; p *= d.Float64() {
		n++
	}
	return n
}

// binomial is how many of n it happens to, each with probability p.
func (d draw) binomial(n int, p float64) int {
	if p <= 0 || n == 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	mean := float64(n) * p
	if n > few && mean > few/5 && float64(n)-mean > few/5 {
		k := math.Round(mean + math.Sqrt(mean*(1-p))*d.NormFloat64())
		return int(min(max(k, 0), float64(n)))
	}
	return d.oneByOne(n, p)
}

// oneByOne jumps from one to the next that it happens to.
func (d draw) oneByOne(n int, p float64) (hit int) {
	log := math.Log1p(-p)
	for at := 0.0; ; at++ {
		if at += math.Floor(math.Log(1-d.Float64()) / log); at >= float64(n) {
			return hit
		}
		hit++
	}
}

// split deals n out by weights that add up to total.
func (d draw) split(n int, weights []float64) []int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	parts := make([]int, len(weights))
	for i, w := range weights[:len(weights)-1] {
		if total <= 0 {
			break
		}
		parts[i] = d.binomial(n, w/total)
		n -= parts[i]
		total -= w
	}
	parts[len(parts)-1] = n
	return parts
}
