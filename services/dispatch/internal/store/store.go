// Package store keeps runs, deliveries and attempts in Postgres, schema
// "dispatch". What reads for a caller is scoped by tenant; what works off
// deliveries is not. It applies the decisions of package delivery and makes
// none. Writes take batches, one transaction each (see package groupcommit).
package store

import (
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/pg"
)

// Store reads and writes the tables.
type Store struct{ db *pg.Pool }

// New returns a store on the service's pool.
func New(db *pg.Pool) *Store { return &Store{db: db} }

// clean makes a text of foreign origin storable: Postgres refuses NUL and what
// is no UTF-8.
func clean(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// orNull returns nil for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// orZero is the reverse of orNull.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// int64s returns ids as the driver takes them.
func int64s[T ~int64](ids []T) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}
