package executions_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/executions"
)

// TestStopAtAnyMoment stops replicas while they start.
func TestStopAtAnyMoment(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i := range 20 {
		s, err := executions.New(executions.DefaultConfig(), host.Deps{Log: slog.New(slog.DiscardHandler), Bus: w.server.Connect(t, "executions"), DB: w.open(t)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Millisecond)
		if err := s.Run(ctx); err != nil {
			t.Errorf("stopped after %d ms: %v", 5*i, err)
		}
		cancel()
	}
}
