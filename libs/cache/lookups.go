package cache

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/actionplane/actionplane/libs/telemetry"
)

// Layer is where something was looked for.
type Layer string

// The layers, nearest first.
const (
	Memory Layer = "memory" // of this process
	Shared Layer = "redis"
	Owner  Layer = "owner" // whoever knows: a service, a database
)

// Lookups counts what was found in each layer of one cache. A nil one counts
// nothing. It is safe for concurrent use, and costs a few nanoseconds.
type Lookups struct {
	layers map[Layer]found
}

type found struct{ hit, miss *telemetry.Count }

// NewLookups registers the counter of a cache of some layers.
func NewLookups(meter metric.Meter, cache string, layers ...Layer) (*Lookups, error) {
	tally, err := telemetry.NewTally(meter, "actionplane.cache.lookups", "{lookup}",
		"what was looked for in a cache, by layer; what one misses is looked for in the next, and the owner misses what there is not, or what it could not tell")
	if err != nil {
		return nil, err
	}
	l := &Lookups{layers: map[Layer]found{}}
	for _, layer := range layers {
		of := func(result string) *telemetry.Count {
			return tally.Of(attribute.String("cache", cache), attribute.String("layer", string(layer)), attribute.String("result", result))
		}
		l.layers[layer] = found{hit: of("hit"), miss: of("miss")}
	}
	return l, nil
}

// Count counts one lookup in a layer that NewLookups was told of.
func (l *Lookups) Count(layer Layer, hit bool) {
	if l == nil {
		return
	}
	if f := l.layers[layer]; hit {
		f.hit.Add(1)
	} else {
		f.miss.Add(1)
	}
}
