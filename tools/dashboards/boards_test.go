package dashboards

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// grafanaColumns is how wide its grid is.
const grafanaColumns = 24

var (
	boardLink     = regexp.MustCompile(`^/d/([a-z-]+)\?`)
	passedOn      = regexp.MustCompile(`var-([a-z]+)=`)
	legendLabel   = regexp.MustCompile(`\{\{\s*([a-z_]+)\s*\}\}`)
	grafanaLookup = regexp.MustCompile(`^label_values\((.+), ([a-z_]+)\)$`)
)

func TestBoards(t *testing.T) {
	t.Parallel()
	boards := readBoards(t)
	byUID := map[string]board{}
	for file, b := range boards {
		if _, twice := byUID[b.UID]; twice || b.UID != "actionplane-"+strings.TrimSuffix(file, ".json") {
			t.Errorf("%s: uid %q", file, b.UID)
		}
		byUID[b.UID] = b
	}
	for file, b := range boards {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if b.Title == "" || b.Description == "" {
				t.Error("no title or no description")
			}
			ids, cells := map[int]bool{}, map[string]string{}
			for _, p := range b.Panels {
				if p.ID == 0 || ids[p.ID] {
					t.Errorf("%q: id %d", p.Title, p.ID)
				}
				ids[p.ID] = true
				checkPanel(t, p)
				checkPlace(t, p, cells)
				for _, l := range p.links(t) {
					checkLink(t, p, l, byUID)
				}
			}
		})
	}
}

// checkPanel wants what a reader needs beside the curve.
func checkPanel(t *testing.T, p panel) {
	t.Helper()
	if p.Title == "" || p.Type != "row" && p.Description == "" {
		t.Errorf("%d %q: no title or no description", p.ID, p.Title)
	}
	if p.Type == "row" || p.Type == "alertlist" {
		return
	}
	if p.Datasource != (source{"prometheus", "${datasource}"}) {
		t.Errorf("%q: data source %v", p.Title, p.Datasource)
	}
	if p.FieldConfig.Defaults.Unit == "" {
		t.Errorf("%q: no unit", p.Title)
	}
	if len(p.Targets) == 0 {
		t.Errorf("%q: no query", p.Title)
	}
	for _, q := range p.Targets {
		if p.Type == "timeseries" && q.LegendFormat == "" {
			t.Errorf("%q: query %s has no legend", p.Title, q.RefID)
		}
	}
}

// checkPlace wants panels side by side, not one on the other.
func checkPlace(t *testing.T, p panel, cells map[string]string) {
	t.Helper()
	g := p.GridPos
	if g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > grafanaColumns {
		t.Errorf("%q: is at %+v", p.Title, g)
	}
	for x := g.X; x < g.X+g.W; x++ {
		for y := g.Y; y < g.Y+g.H; y++ {
			cell := fmt.Sprint(x, " ", y)
			if other, taken := cells[cell]; taken {
				t.Errorf("%q lies on %q", p.Title, other)
				return
			}
			cells[cell] = p.Title
		}
	}
}

// checkLink wants a dashboard of ours, and variables that it has.
func checkLink(t *testing.T, p panel, l link, byUID map[string]board) {
	t.Helper()
	m := boardLink.FindStringSubmatch(l.URL)
	if m == nil {
		t.Errorf("%q: links to %s", p.Title, l.URL)
		return
	}
	there, ok := byUID[m[1]]
	if !ok {
		t.Errorf("%q: links to %s, which there is not", p.Title, m[1])
	}
	for _, v := range passedOn.FindAllStringSubmatch(l.URL, -1) {
		if !there.has(v[1]) {
			t.Errorf("%q: passes %s to %s, which has no such variable", p.Title, v[1], m[1])
		}
	}
}

func (b board) has(name string) bool {
	for _, v := range b.Templating.List {
		if v.Name == name {
			return true
		}
	}
	return false
}
