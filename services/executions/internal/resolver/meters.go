package resolver

import (
	"errors"

	"go.opentelemetry.io/otel/attribute"

	"github.com/actionplane/actionplane/libs/cache"
	"github.com/actionplane/actionplane/libs/telemetry"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

// Meters count what is resolved, and where it is found. A nil one counts
// nothing.
type Meters struct {
	lookups *cache.Lookups
	results map[condition.Kind]results
}

type results struct{ match, none, failed *telemetry.Count }

// NewMeters registers the metrics of a resolver.
func NewMeters(t *telemetry.Telemetry) (*Meters, error) {
	meter := t.Meter("executions")
	lookups, lookupsErr := cache.NewLookups(meter, "chain", cache.Memory, cache.Shared, cache.Owner)
	resolved, resolvedErr := telemetry.NewTally(meter, "actionplane.resolve", "{trigger}",
		"triggers that were resolved: whether an execution matched, none did, or it could not be told")
	if err := errors.Join(lookupsErr, resolvedErr); err != nil {
		return nil, err
	}
	m := &Meters{lookups: lookups, results: map[condition.Kind]results{}}
	for _, kind := range [...]condition.Kind{condition.Request, condition.Response, condition.Function, condition.Event} {
		of := func(result string) *telemetry.Count {
			return resolved.Of(attribute.String("kind", string(kind)), attribute.String("result", result))
		}
		m.results[kind] = results{match: of("match"), none: of("none"), failed: of("error")}
	}
	return m, nil
}

func (m *Meters) looked(layer cache.Layer, found bool) {
	if m != nil {
		m.lookups.Count(layer, found)
	}
}

func (m *Meters) resolved(kind condition.Kind, times int, found *dispatchv1.Chain, err error) {
	if m == nil {
		return
	}
	switch r := m.results[kind]; {
	case err != nil:
		r.failed.Add(int64(times))
	case found.GetCondition() == "":
		r.none.Add(int64(times))
	default:
		r.match.Add(int64(times))
	}
}
