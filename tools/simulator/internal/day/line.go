package day

// batch is what came in one second.
type batch struct{ second, count int }

// line is first come, first served: a stream.
type line struct {
	batches []batch
	length  int
}

func (l *line) push(second, count int) {
	if count == 0 {
		return
	}
	l.batches = append(l.batches, batch{second, count})
	l.length += count
}

// take takes up to n, the oldest first, and tells how old they were.
func (l *line) take(n, now int, aged func(seconds, count int)) (taken int) {
	for taken < n && len(l.batches) > 0 {
		first := &l.batches[0]
		k := min(n-taken, first.count)
		aged(now-first.second, k)
		taken += k
		if first.count -= k; first.count == 0 {
			l.batches = l.batches[1:]
		}
	}
	l.length -= taken
	return taken
}
