package store_test

import (
	"testing"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/services/executions/internal/store/migrations"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	pgtest.RoundTrip(t, "executions", migrations.FS)
}
