package program

import (
	"errors"
	"fmt"

	"github.com/maypok86/otter/v2"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// ErrHash is a source that is not what its hash says.
var ErrHash = errors.New("source does not match its hash")

// DefaultMaxBytes is the source a cache holds unless told otherwise. Compiled
// code takes some 13 times the room of its source.
const DefaultMaxBytes = 1 << 20

// entryOverhead is counted for each script besides its length, so that very
// many very small ones are bounded too.
const entryOverhead = 512

// Config bounds a cache.
type Config struct {
	MaxBytes int // of source, overhead included; zero means DefaultMaxBytes
}

// Cache keeps the outcome of compiling, errors included, by the script's hash.
// What was not used lately makes room. It may be used by several goroutines.
type Cache struct {
	outcomes *otter.Cache[invocation.Hash, outcome]
}

type outcome struct {
	program *Program
	err     error
	size    uint32
}

// NewCache returns an empty cache.
func NewCache(cfg Config) (*Cache, error) {
	maxBytes := cfg.MaxBytes
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	outcomes, err := otter.New(&otter.Options[invocation.Hash, outcome]{
		MaximumWeight: uint64(maxBytes),
		Weigher:       func(_ invocation.Hash, o outcome) uint32 { return o.size },
		// Eviction in the caller's goroutine: nothing runs behind its back.
		Executor: func(task func()) { task() },
	})
	if err != nil {
		return nil, fmt.Errorf("create program cache: %w", err)
	}
	return &Cache{outcomes: outcomes}, nil
}

// Lookup returns what compiling the script came to, and whether that is known.
// err is a *SyntaxError.
func (c *Cache) Lookup(hash invocation.Hash) (p *Program, found bool, err error) {
	o, found := c.outcomes.GetIfPresent(hash)
	return o.program, found, o.err
}

// Compile compiles source, or finds it compiled, and keeps the outcome. The
// error is a *SyntaxError, or ErrHash when source is not what hash names.
func (c *Cache) Compile(hash invocation.Hash, source string) (*Program, error) {
	if p, found, err := c.Lookup(hash); found {
		return p, err
	}
	if invocation.HashOf(source) != hash {
		return nil, ErrHash
	}
	p, err := Compile(DefaultName, source)
	if p != nil {
		p.tree = nil // nobody asks, and it is large
	}
	c.outcomes.Set(hash, outcome{program: p, err: err, size: uint32(len(source)) + entryOverhead})
	return p, err
}
