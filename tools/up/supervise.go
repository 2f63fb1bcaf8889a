package main

import (
	"os"
	"path/filepath"
	"time"
)

const (
	// awayDir, in the data directory, names those that are not to be started
	// again for now.
	awayDir = "away"
	// awayPause is how often it is looked at.
	awayPause = 10 * time.Millisecond
)

// supervise reports a child that ends by itself, or, where that is wanted,
// starts it again when somebody has ended it.
func (f *fleet) supervise(r *replica) {
	f.work.Go(func() {
		for {
			c := f.current(r)
			<-c.done
			if c.asked() {
				return
			}
			if !f.cfg.restart || !c.killed() && c.err != nil {
				f.fail(c.died())
				return
			}
			f.awaitReturn(c.name)
			if again, err := f.replace(r, c.command); err != nil || !again {
				f.fail(err)
				return
			}
		}
	})
}

// awaitReturn waits for as long as a child is to stay away, or until all ends.
func (f *fleet) awaitReturn(name string) {
	tick := time.NewTicker(awayPause)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Join(f.cfg.dir, awayDir, name)); err != nil || f.isEnding() {
			return
		}
		<-tick.C
	}
}

// replace starts a child again, unless all is ending.
func (f *fleet) replace(r *replica, c command) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending {
		return false, nil
	}
	again, err := start(c)
	if err != nil {
		return false, err
	}
	r.child = again
	return true, f.writeSummary()
}

func (f *fleet) current(r *replica) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	return r.child
}
