package courier

import (
	"sync"

	"github.com/actionplane/actionplane/libs/stack"
)

// maxResting is how many of a crew rest: as many as an attempt each of a batch of
// events keeps busy. Each keeps a stack of 16 KiB.
const maxResting = 128

// crew does work on goroutines that rest between one piece of it and the next: an
// attempt needs so much stack that to grow one, for a goroutine that is made for
// it alone, costs as much as all the rest that is ours of an attempt.
type crew struct {
	most  int // that rest
	hands sync.WaitGroup

	mu      sync.Mutex
	resting []chan<- func() // how to reach them; the latest last, whose stack is warm
	over    bool            // nobody rests any more
}

// Go has work done beside its caller.
func (c *crew) Go(work func()) {
	if rested := c.rested(); rested != nil {
		rested <- work
		return
	}
	c.hands.Go(func() { c.serve(work) })
}

// rested returns how to reach one who rests; nil: nobody does.
func (c *crew) rested() chan<- func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.resting) - 1
	if last < 0 {
		return nil
	}
	rested := c.resting[last]
	c.resting = c.resting[:last]
	return rested
}

func (c *crew) serve(work func()) {
	stack.Reserve()
	for next := make(chan func(), 1); work != nil; work = c.rest(next) {
		work()
	}
}

// rest returns what comes over next; nil: nothing will.
func (c *crew) rest(next chan func()) func() {
	c.mu.Lock()
	if c.over || len(c.resting) >= c.most {
		c.mu.Unlock()
		return nil
	}
	c.resting = append(c.resting, next)
	c.mu.Unlock()
	return <-next
}

// dismiss waits until all that was given is done and nobody rests.
func (c *crew) dismiss() {
	c.mu.Lock()
	c.over = true
	for _, rested := range c.resting {
		close(rested)
	}
	c.resting = nil
	c.mu.Unlock()
	c.hands.Wait()
}
