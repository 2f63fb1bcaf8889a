package executions_test

import (
	"context"
	"testing"

	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

// follow hands every change from now on to handle.
func follow(t *testing.T, w *world, handle func(*changesv1.Change)) {
	t.Helper()
	ready := make(chan struct{})
	bustest.Run(t, func(ctx context.Context) error {
		return changefeed.Follow(ctx, w.conn, func(uint64) { close(ready) }, func(_ uint64, c *changesv1.Change) { handle(c) })
	})
	<-ready
}
