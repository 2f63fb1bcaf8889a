package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/telemetry"
	"github.com/actionplane/actionplane/services/gateway"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	t.Run("DefaultsAreValid", func(t *testing.T) {
		t.Parallel()
		if err := gateway.DefaultConfig().Validate(); err != nil {
			t.Error(err)
		}
	})
	t.Run("NamesEveryProblemAtOnce", func(t *testing.T) {
		t.Parallel()
		err := gateway.Config{TLSCert: "x", RateLimit: 1, GuessLimit: -1, CORSMaxAge: -1, CORSOrigins: []string{"console.example"}}.Validate()
		for _, name := range []string{"ACTIONPLANE_MAX_HEADER_BYTES", "ACTIONPLANE_MAX_STREAMS", "ACTIONPLANE_SEND_GRACE", "ACTIONPLANE_GUESS_LIMIT", "ACTIONPLANE_RATE_BURST", "ACTIONPLANE_CORS_MAX_AGE", "ACTIONPLANE_CORS_ORIGINS", "ACTIONPLANE_ADDR", "ACTIONPLANE_TLS_KEY", "ACTIONPLANE_MAX_REQUEST_BYTES", "ACTIONPLANE_REQUEST_TIMEOUT"} {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s is not in %v", name, err)
			}
		}
	})
	t.Run("ACertificateThatIsNoneKeepsItFromStarting", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "cert.pem")
		if err := os.WriteFile(file, []byte("none"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := gateway.DefaultConfig()
		cfg.TLSCert, cfg.TLSKey = file, file
		if _, err := gateway.New(cfg, host.Deps{Log: discard}); err == nil || !strings.Contains(err.Error(), "ACTIONPLANE_TLS_CERT") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AnAddressThatIsNoneKeepsItFromRunning", func(t *testing.T) {
		t.Parallel()
		cfg := gateway.DefaultConfig()
		cfg.Addr = "nowhere"
		s, err := gateway.New(cfg, host.Deps{Log: discard, Bus: bustest.New(t), Telemetry: telemetry.Nop(), Health: health.New(discard)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "ACTIONPLANE_ADDR") {
			t.Errorf("got %v", err)
		}
	})
}
