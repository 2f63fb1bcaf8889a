// Package stack makes the stacks of short-lived goroutines large at once.
//
// A goroutine begins with 2 KiB. One that goes deep has its stack doubled on the
// way down, two or three times, and each time all that is on it is moved and its
// pointers are corrected. While there is nothing on it yet, growing costs half of
// that (BenchmarkGoroutine).
package stack

// size is how much is reserved, in bytes; the stack is the power of two above.
const size = 7 << 10

// Reserve makes room for what a call over the bus, or an attempt at a target,
// needs. Call it first thing in a goroutine.
func Reserve() { reserve(0) }

// reserve writes where the compiler cannot know, so that it cannot leave the room
// out.
//
//go:noinline
func reserve(at uint16) byte {
	var room [size]byte
	room[at%size] = 1
	return room[(at+1)%size]
}
