// Package store keeps the records of invocations in Postgres, schema "scripts".
// What reads is scoped by tenant and organization.
package store

import (
	"strings"

	"github.com/actionplane/actionplane/libs/pg"
)

// Store reads and writes the table.
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
