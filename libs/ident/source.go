package ident

import (
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	nodeBits     = 10
	sequenceBits = 12

	nodeMask     = 1<<nodeBits - 1
	sequenceMask = 1<<sequenceBits - 1

	// epochMillis is 2015-01-01T00:00:00Z. It lies this far back so that every
	// id made until the 41 bits run out, in September 2084, has 19 digits:
	// ids that are compared as text then sort by time.
	epochMillis = 1_420_070_400_000
)

// Source makes snowflake ids. It is safe for concurrent use and never blocks.
type Source struct {
	node uint64
	now  func() time.Time

	// last is the newest id without its node: milliseconds, then sequence. One
	// word, so that taking the next id is one compare-and-swap and a burst of
	// more than 4096 ids in a millisecond simply carries into the next one.
	last atomic.Uint64
}

// NewSource returns a source for a node of 0 to 1023; higher bits are ignored.
// Two sources of the same node, anywhere, may make the same id.
func NewSource(node uint16) *Source {
	return &Source{node: uint64(node & nodeMask), now: time.Now}
}

// RandomNode returns a node for this process, see the package comment for the
// odds that another process has the same.
func RandomNode() uint16 {
	return uint16(rand.UintN(1 << nodeBits))
}

// Next returns an id greater than all that this source returned before, also
// when the clock was set back meanwhile.
func (s *Source) Next() string { return strconv.FormatInt(s.NextNumber(), 10) }

// NextNumber is Next for who has ids as numbers.
func (s *Source) NextNumber() int64 {
	for {
		last := s.last.Load()
		next := max(s.fresh(), last+1)
		if s.last.CompareAndSwap(last, next) {
			return int64(s.compose(next))
		}
	}
}

// fresh returns the current millisecond with a random sequence number. The
// random start makes two sources of the same node collide 4096 times less
// often than if both counted from zero.
func (s *Source) fresh() uint64 {
	millis := max(s.now().UnixMilli()-epochMillis, 0)
	return uint64(millis)<<sequenceBits | rand.Uint64N(1<<sequenceBits)
}

// compose puts the node between the milliseconds and the sequence.
func (s *Source) compose(tick uint64) uint64 {
	millis, sequence := tick>>sequenceBits, tick&sequenceMask
	return millis<<(nodeBits+sequenceBits) | s.node<<sequenceBits | sequence
}
