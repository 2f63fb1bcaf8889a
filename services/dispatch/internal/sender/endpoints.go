package sender

import "sync"

// maxEndpoints is how many endpoints are remembered: more than most houses have
// targets.
const maxEndpoints = 4096

// endpoints remembers the endpoints of URLs: a target's is read once and not for
// every attempt.
type endpoints struct {
	mu    sync.RWMutex
	known map[string]endpoint
}

func newEndpoints() *endpoints { return &endpoints{known: map[string]endpoint{}} }

// of is parseEndpoint. What cannot be read is not remembered.
func (e *endpoints) of(url string) (endpoint, error) {
	e.mu.RLock()
	found, ok := e.known[url]
	e.mu.RUnlock()
	if ok {
		return found, nil
	}
	found, err := parseEndpoint(url)
	if err != nil {
		return found, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.known) >= maxEndpoints {
		clear(e.known) // those that are in use come back
	}
	e.known[url] = found
	return found, nil
}
