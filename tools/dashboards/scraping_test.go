package dashboards

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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
	if built := builtServices(t); !slices.Equal(asked, built) {
		t.Errorf("asks %q; Compose has %q", asked, built)
	}
}

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
