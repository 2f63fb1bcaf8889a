package stack

import "testing"

// BenchmarkGoroutine is a goroutine that goes as deep as a call does, with its
// stack reserved and without.
func BenchmarkGoroutine(b *testing.B) {
	for name, begin := range map[string]func(){"Reserved": Reserve, "Grown": func() {}} {
		b.Run(name, func(b *testing.B) {
			done := make(chan byte)
			for b.Loop() {
				go func() {
					begin()
					done <- descend(12)
				}()
				<-done
			}
		})
	}
}

//go:noinline
func descend(n int) byte {
	var frame [400]byte
	frame[n] = byte(n)
	if n == 0 {
		return frame[0]
	}
	return descend(n-1) + frame[n]
}
