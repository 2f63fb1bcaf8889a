package dashboards

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const boardsDir = "../../deploy/grafana/dashboards"

// board is the part of Grafana's JSON that is checked.
type board struct {
	UID, Title, Description string
	Templating              struct{ List []variable }
	Panels                  []panel
}

type variable struct {
	Name, Type string
	Datasource source
	Query      json.RawMessage // a string, or an object with it
}

type source struct{ Type, UID string }

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	Datasource               source
	Targets                  []struct{ RefID, Expr, LegendFormat string }
	FieldConfig              struct {
		Defaults struct {
			Unit  string
			Links []link
		}
		Overrides []struct {
			Matcher    struct{ Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
}

type link struct{ Title, URL string }

// links are those of the panel, and of its columns.
func (p panel) links(t *testing.T) []link {
	t.Helper()
	all := p.FieldConfig.Defaults.Links
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID != "links" {
				continue
			}
			var some []link
			if err := json.Unmarshal(property.Value, &some); err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
	}
	return all
}

// query is what a variable asks for, or the value of a constant.
func (v variable) query(t *testing.T) (q string) {
	t.Helper()
	asks := struct{ Query *string }{&q}
	var in any = &asks
	if v.Type != "query" {
		in = &q
	}
	if err := json.Unmarshal(v.Query, in); err != nil {
		t.Fatalf("variable %s: %v", v.Name, err)
	}
	return q
}

// readBoards returns the dashboards by the names of their files.
func readBoards(t *testing.T) map[string]board {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(boardsDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	all := map[string]board{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = b
	}
	return all
}
