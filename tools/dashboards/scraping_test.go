package dashboards

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/dns"
	"go.yaml.in/yaml/v3"
)

const (
	scrapingFile = "../../deploy/prometheus/prometheus.yaml"
	composeFile  = "../../docker-compose.yml"
)

// TestScraping wants every service of ours to be asked for its metrics, as often
// as dashboards and alerts take for granted.
func TestScraping(t *testing.T) {
	t.Parallel()
	cfg, err := config.LoadFile(scrapingFile, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if time.Duration(cfg.GlobalConfig.ScrapeInterval) != interval {
		t.Errorf("scrapes every %s", cfg.GlobalConfig.ScrapeInterval)
	}
	for _, file := range cfg.RuleFiles {
		if _, err := os.Stat(file); err != nil { // config has made it relative to us
			t.Error(err)
		}
	}
	var asked []string
	for _, s := range cfg.ScrapeConfigs {
		for _, d := range s.ServiceDiscoveryConfigs {
			if names, ok := d.(*dns.SDConfig); ok {
				asked = append(asked, names.Names...)
			}
		}
	}
	slices.Sort(asked)
	built := builtServices(t)
	if !slices.Equal(asked, built) {
		t.Errorf("asks %q; Compose has %q", asked, built)
	}
	jobs := strings.Join(append(built, "allinone"), "|") // as Kubernetes names it
	for file, b := range readBoards(t) {
		for _, v := range b.Templating.List {
			if v.Name == "ours" && v.query(t) != jobs {
				t.Errorf("%s: jobs of ours are %q", file, v.query(t))
			}
		}
	}
	for name, a := range readAlerts(t) {
		for _, m := range ofJobs.FindAllStringSubmatch(a.Expr, -1) {
			if m[1] != jobs && m[1] != jobs+"|otel" {
				t.Errorf("%s: jobs of ours are %q", name, m[1])
			}
		}
	}
}

// ofJobs keeps metrics that others have, too, apart.
var ofJobs = regexp.MustCompile(`job=~"([^"]*)"`)

// builtServices returns the services of Compose that are ours.
func builtServices(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(composeFile))
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct{ Build any }
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	for name, s := range compose.Services {
		if s.Build != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
