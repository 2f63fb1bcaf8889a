package queue

import "container/heap"

// moment is when a visit ends.
type moment struct {
	at      float64
	order   int // tells equal times apart, so that a seed gives one result
	job     *job
	replica *replica // nil: a delay
}

// moments are those to come, the first of which is at hand.
type moments struct {
	list   byTime
	pushed int
}

func (m *moments) Len() int { return len(m.list) }

func (m *moments) first() float64 { return m.list[0].at }

func (m *moments) push(one moment) {
	m.pushed++
	one.order = m.pushed
	heap.Push(&m.list, one)
}

func (m *moments) pop() moment {
	one, _ := heap.Pop(&m.list).(moment)
	return one
}

// byTime is a heap.
type byTime []moment

func (b byTime) Len() int { return len(b) }

func (b byTime) Less(i, j int) bool {
	return b[i].at < b[j].at || b[i].at == b[j].at && b[i].order < b[j].order
}

func (b byTime) Swap(i, j int) { b[i], b[j] = b[j], b[i] }

func (b *byTime) Push(x any) {
	one, _ := x.(moment)
	*b = append(*b, one)
}

func (b *byTime) Pop() any {
	last := len(*b) - 1
	one := (*b)[last]
	*b = (*b)[:last]
	return one
}
