package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/actionplane/actionplane/libs/config"
)

const (
	// prefix begins the names of our variables, but for a few that everybody
	// names alike.
	prefix = "ACTIONPLANE_"
	// testPrefix begins those that tests read.
	testPrefix = "ACTIONPLANE_TEST_"
	// likeness is how many letters a misspelt name may differ in.
	likeness = 4
)

// unknown is a variable that somebody has set and nobody reads.
type unknown struct {
	Name       string `json:"name"`
	Suggestion string `json:"suggestion,omitempty"` // a variable that is read
}

// String says so.
func (u unknown) String() string {
	text := u.Name + " is set, and nothing reads it"
	if u.Suggestion != "" {
		text += fmt.Sprintf(": is %s meant?", u.Suggestion)
	}
	return text
}

// misspelt returns the variables of an environment (NAME=value) that are named
// like ours and are not: neither own, which this process reads, nor all, which
// some service does, for services may share one environment.
func misspelt(environ []string, own []config.Setting, all []string) []unknown {
	known := map[string]bool{}
	for _, name := range all {
		known[name], known[name+config.FileSuffix] = true, true
	}
	for _, s := range own {
		known[s.Name], known[s.Name+config.FileSuffix] = true, s.Type == "secret"
	}
	var found []unknown
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if value != "" && strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) && !known[name] {
			found = append(found, unknown{Name: name, Suggestion: nearest(name, known)})
		}
	}
	slices.SortFunc(found, func(a, b unknown) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// nearest returns the known name that is most like another; empty: none is.
func nearest(name string, known map[string]bool) string {
	best, least := "", likeness+1
	for candidate, reads := range known {
		d := distance(name, candidate)
		if reads && (d < least || d == least && candidate < best) {
			best, least = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters must be put in, taken out or
// changed to make one text the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
