package dispatch_test

import (
	"os"
	"testing"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/sinktest"
)

func TestMain(m *testing.M) {
	sinktest.Main()
	os.Exit(pgtest.Main(m))
}
