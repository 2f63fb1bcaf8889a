package approval_test

import (
	"os"
	"testing"

	"github.com/actionplane/actionplane/libs/pg/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
