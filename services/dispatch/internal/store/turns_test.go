package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
	"github.com/actionplane/actionplane/services/dispatch/internal/store/migrations"
)

// keyed is a run whose only delivery has an ordering key and a place.
func keyed(id run.ID, key string, sequence uint64) run.Run {
	r := event(id, fmt.Sprint(id), delivery.Queued)
	r.Deliveries[0].OrderingKey, r.Deliveries[0].Sequence = key, sequence
	return r
}

// TestGiveTurns_KeepsTheOrder: events that become known in any order, attempts
// that end in any way, deliveries that are canceled or replayed in between. No
// key ever has two deliveries going, none goes before an earlier one that has
// not ended, and in the end all have ended.
func TestGiveTurns_KeepsTheOrder(t *testing.T) {
	t.Parallel()
	base := run.ID(0)
	s := store.New(pgtest.New(t, "dispatch", migrations.FS), nil)
	rapid.Check(t, func(rt *rapid.T) {
		m := &orderModel{t: rt, store: s, tenant: fmt.Sprintf("tenant-%d", base)}
		n := rapid.IntRange(1, 6).Draw(rt, "events")
		for i := range n {
			base++
			m.unknown = append(m.unknown, m.event(base, rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key"), uint64(i+1)))
		}
		m.total = n
		for range rapid.IntRange(0, 25).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"know", "turn", "start", "end", "cancel", "replay"}).Draw(rt, "what") {
			case "know":
				m.know(rapid.IntRange(0, max(0, len(m.unknown)-1)).Draw(rt, "which"))
			case "turn":
				m.turn()
			case "start":
				m.start()
			case "end":
				m.end(rapid.SampledFrom([]string{"succeed", "fail", "back off"}).Draw(rt, "how"))
			case "cancel":
				m.intervene(store.Cancel, rapid.IntRange(0, n-1).Draw(rt, "which"))
			case "replay":
				m.intervene(store.Replay, rapid.IntRange(0, n-1).Draw(rt, "which"))
			}
			m.check()
		}
		m.finish()
	})
}

// orderModel drives the store and knows what must be so.
type orderModel struct {
	t       *rapid.T
	store   *store.Store
	tenant  string
	unknown []run.Run
	known   []run.Run
	sending []run.Delivery
	total   int
	// replayed are deliveries that may come after later ones.
	replayed map[run.DeliveryID]bool
}

func (m *orderModel) event(id run.ID, key string, sequence uint64) run.Run {
	r := keyed(id, key, sequence)
	r.Tenant, r.Deliveries[0].Tenant = m.tenant, m.tenant
	return r
}

func (m *orderModel) must(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *orderModel) know(i int) {
	if len(m.unknown) == 0 {
		return
	}
	m.must(m.store.CreateRuns(m.t.Context(), m.unknown[i:i+1]))
	m.known = append(m.known, m.unknown[i])
	m.unknown = slices.Delete(m.unknown, i, i+1)
}

// complete is the sequence up to which all are known.
func (m *orderModel) complete() uint64 {
	all := uint64(m.total)
	for _, r := range m.unknown {
		all = min(all, r.Deliveries[0].Sequence-1)
	}
	return all
}

func (m *orderModel) turn() int {
	lanes := []run.Lane{{Tenant: m.tenant, TargetID: "1", Key: "a"}, {Tenant: m.tenant, TargetID: "1", Key: "b"}}
	given, _, err := m.store.GiveTurns(m.t.Context(), lanes, func(_ run.DeliveryID, sequence uint64) bool { return sequence <= m.complete() })
	m.must(err)
	return given
}

func (m *orderModel) start() {
	takes := take(1)
	takes[0].Tenant = m.tenant
	claimed, err := m.store.Claim(m.t.Context(), takes, time.Hour)
	m.must(err)
	m.sending = append(m.sending, claimed...)
}

func (m *orderModel) end(how string) {
	if len(m.sending) == 0 {
		return
	}
	d, now := m.sending[0], time.Now()
	m.sending = m.sending[1:]
	r := run.Report{Run: d.Run, Delivery: d.ID, Attempt: run.Attempt{Number: d.Attempt, StartedAt: now, Outcome: delivery.OutcomeRetryable}}
	switch how {
	case "succeed":
		r.Event = delivery.Succeed(now)
	case "fail":
		r.Event = delivery.Fail(now, delivery.Refused)
	default:
		r.Event = delivery.BackOff(now, now.Add(-time.Minute))
	}
	m.must(m.store.Report(m.t.Context(), []run.Report{r}))
}

func (m *orderModel) intervene(what store.Intervention, i int) {
	if i >= len(m.known) {
		return
	}
	d := m.known[i].Deliveries[0]
	before, err := m.store.Delivery(m.t.Context(), m.tenant, d.ID)
	m.must(err)
	done, err := m.store.Intervene(m.t.Context(), m.tenant, d.ID, what)
	m.must(err)
	if m.replayed == nil {
		m.replayed = map[run.DeliveryID]bool{}
	}
	if done && before.State.Ended() {
		m.replayed[d.ID] = true
	}
}

// check looks at what has not ended, by key and in order.
func (m *orderModel) check() {
	all, err := m.store.Deliveries(m.t.Context(), m.tenant, store.DeliveryFilter{}, store.Page{Limit: 1000})
	m.must(err)
	slices.SortFunc(all, func(a, b run.Delivery) int { return cmp.Compare(a.Sequence, b.Sequence) })
	for _, key := range []string{"a", "b"} {
		active, waits := 0, false
		for _, d := range all {
			if d.OrderingKey != key || d.State.Ended() {
				continue
			}
			if d.State.Active() {
				if active++; active > 1 {
					m.t.Fatalf("two of key %s are going: %+v", key, all)
				}
				if waits {
					m.t.Fatalf("%+v went before an earlier one", d)
				}
			}
			waits = waits || d.State == delivery.Queued && !m.replayed[d.ID]
		}
	}
	for _, r := range m.unknown {
		for _, d := range all {
			if d.OrderingKey == r.Deliveries[0].OrderingKey && d.Sequence > r.Deliveries[0].Sequence && d.Attempt > 0 {
				m.t.Fatalf("%+v was tried before event %d was known", d, r.Deliveries[0].Sequence)
			}
		}
	}
}

func (m *orderModel) finish() {
	for len(m.unknown) > 0 {
		m.know(0)
	}
	for going := true; going; {
		n := m.turn()
		m.start()
		going = n > 0 || len(m.sending) > 0
		m.end("succeed")
		m.check()
	}
	all, err := m.store.Deliveries(m.t.Context(), m.tenant, store.DeliveryFilter{}, store.Page{Limit: 1000})
	m.must(err)
	for _, d := range all {
		if !d.State.Ended() {
			m.t.Fatalf("%+v is stuck", d)
		}
	}
}
