package store

import (
	"slices"
	"strconv"
	"strings"

	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
)

// deadLetters is the predicate of index deliveries_dead, word for word.
const deadLetters = `d.state IN ('failed', 'exhausted')`

// where returns the conditions of the filter, on deliveries as d, and their
// arguments. Only what is set is asked for, so that the planner sees which
// index serves: deliveries_dead for dead letters, deliveries_run for a run,
// otherwise deliveries_pkey.
func (f DeliveryFilter) where(tenant string, p Page) (string, []any) {
	w := conditions{}
	w.and(`d.tenant_id = `, clean(tenant))
	if f.dead() {
		w.parts = append(w.parts, deadLetters)
	} else if len(f.States) > 0 {
		w.parts = append(w.parts, `d.state = ANY(`+w.arg(texts(f.States))+`)`)
	}
	if f.TargetID != "" {
		w.and(`d.target_id = `, clean(f.TargetID))
	}
	if f.TriggerName != "" {
		w.parts = append(w.parts, `(SELECT r.trigger_name FROM runs r WHERE r.id = d.run_id) = `+w.arg(clean(f.TriggerName)))
	}
	if f.Run != 0 {
		w.and(`d.run_id = `, int64(f.Run))
	}
	if !f.From.IsZero() {
		w.and(`d.created_at >= `, f.From)
	}
	if !f.To.IsZero() {
		w.and(`d.created_at < `, f.To)
	}
	if f.Error != "" {
		text := w.arg(clean(f.Error))
		w.parts = append(w.parts, `(strpos(d.error, `+text+`) > 0 OR strpos(d.reason, `+text+`) > 0)`)
	}
	if f.OrderingKey != "" {
		w.and(`d.ordering_key = `, clean(f.OrderingKey))
	}
	w.and(`d.id < `, before(int64(p.Before)))
	w.and(`d.id > `, int64(p.After))
	return strings.Join(w.parts, ` AND `), w.args
}

// dead reports that the states are those of dead letters.
func (f DeliveryFilter) dead() bool {
	return len(f.States) == 2 && slices.Contains(f.States, delivery.Failed) && slices.Contains(f.States, delivery.Exhausted)
}

// conditions gathers conditions. Their texts are ours; values become
// arguments.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) arg(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *conditions) and(text string, value any) { c.parts = append(c.parts, text+c.arg(value)) }

func texts(states []delivery.State) []string {
	all := make([]string, len(states))
	for i, s := range states {
		all[i] = string(s)
	}
	return all
}
