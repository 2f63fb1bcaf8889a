// Package store keeps runs, deliveries and attempts in Postgres, schema
// "dispatch". What reads for a caller is scoped by tenant; what works off
// deliveries is not. It applies the decisions of package delivery and makes
// none. Writes take batches, one transaction each (see package groupcommit).
package store

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
)

// Store reads and writes the tables.
type Store struct {
	db      *pg.Pool
	touched func([]run.Lane)
	wrote   func([]run.Delivery)
	tables  tables
	watch   watch
}

// New returns a store on the service's pool. touched, unless nil, is told of
// the lanes in which somebody else's turn may have come.
func New(db *pg.Pool, touched func([]run.Lane)) *Store {
	return &Store{db: db, touched: touched, tables: newTables()}
}

// Tell has the store tell of every delivery that was created or has changed, once
// that is committed. Call it before the store is used.
func (s *Store) Tell(wrote func([]run.Delivery)) { s.wrote = wrote }

// touch tells of deliveries that were written, and of the lanes of some.
func (s *Store) touch(deliveries []run.Delivery) {
	if s.wrote != nil {
		s.wrote(deliveries)
	}
	if s.touched == nil {
		return
	}
	var lanes []run.Lane
	for _, d := range deliveries {
		if lane, ok := d.Lane(); ok && (d.State.Ended() || d.State == delivery.Queued) {
			lanes = append(lanes, lane)
		}
	}
	if len(lanes) > 0 {
		s.touched(lanes)
	}
}

// clean makes a text of foreign origin storable: Postgres refuses NUL and what
// is no UTF-8.
func clean(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}

// orNull returns nil for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// int64s returns ids as the driver takes them.
func int64s[T ~int64](ids []T) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}
