package egress

import (
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/actionplane/actionplane/libs/telemetry"
)

// Blocked counts what was denied, by the name of the rule. It is safe for
// concurrent use.
type Blocked struct {
	rules map[string]*telemetry.Count
	other *telemetry.Count
}

// NewBlocked registers the counter.
func NewBlocked(meter metric.Meter) (*Blocked, error) {
	tally, err := telemetry.NewTally(meter, "actionplane.egress.blocked", "{connection}",
		"connections that were not made because their address, or the notation of it, is denied, by rule")
	if err != nil {
		return nil, err
	}
	b := &Blocked{rules: map[string]*telemetry.Count{}, other: tally.Of(attribute.String("rule", telemetry.Other))}
	for _, rules := range [][]Rule{v4Rules(), v6Rules()} {
		for _, r := range rules {
			if b.rules[r.Name] == nil {
				b.rules[r.Name] = tally.Of(attribute.String("rule", r.Name))
			}
		}
	}
	return b, nil
}

// RuleOf returns the name of the rule by which err is a *[Denial]; "" where it is
// none.
func RuleOf(err error) string {
	var denial *Denial
	if !errors.As(err, &denial) {
		return ""
	}
	return denial.Rule.Name
}

// Count counts what RuleOf has returned.
func (b *Blocked) Count(rule string) {
	if rule == "" {
		return
	}
	if count, ok := b.rules[rule]; ok {
		count.Add(1)
		return
	}
	b.other.Add(1)
}
