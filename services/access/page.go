package access

import (
	"strings"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/services/access/internal/store"
)

// defaultLimit is how long pages are whose caller does not say.
const defaultLimit = 100

// pageOf reads which page of a list is wanted.
func pageOf(limit uint32, after string) (store.Page, error) {
	if after != "" && !ident.IsUUID(after) {
		return store.Page{}, fault.Invalid("after: must be an id, where the last page ended")
	}
	if limit == 0 {
		limit = defaultLimit
	}
	return store.Page{After: after, Limit: limit}, nil
}

// nameOf reads a name; blanks around it do not count.
func nameOf(raw string) (string, error) {
	name := strings.TrimSpace(raw)
	if name == "" {
		return "", fault.Invalid("name: must not be blank")
	}
	return name, nil
}

// each converts a list.
func each[A, B any](list []A, convert func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = convert(a)
	}
	return out
}
