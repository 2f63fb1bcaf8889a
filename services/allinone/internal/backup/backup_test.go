package backup_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/services/allinone/internal/backup"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestKey(t *testing.T) {
	t.Parallel()
	const key = "correct horse battery staple"
	one, err := backup.Fingerprint(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := backup.Fingerprint(key)
	if err != nil || one == other || strings.Contains(one, key) {
		t.Errorf("%q and %q, %v", one, other, err)
	}
	if err := backup.Check(key, one+"\n"); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", "x", "md5:00:00", "pbkdf2-sha256:zz:00", one + "0", other + ":"} {
		if err := backup.Check(key, wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	if err := backup.Check(key+"!", one); err == nil || !strings.Contains(err.Error(), "is not the one") {
		t.Errorf("got %v", err)
	}
}

var events = bus.Stream{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}, WorkQueue: true}

// publish makes the stream of events and puts one in.
func publish(t *testing.T, conn *bus.Conn, data string) {
	t.Helper()
	if err := conn.EnsureStream(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := conn.Publish(t.Context(), contract.EventSubject("t", "user.added"), "", nil, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()

	t.Run("AreSavedAndLoadedWithSequencesThatGoOn", func(t *testing.T) {
		t.Parallel()
		from, to, dir := bustest.New(t), bustest.New(t), t.TempDir()
		publish(t, from, "before")
		if err := backup.Save(t.Context(), from, dir); err != nil {
			t.Fatal(err)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || files[0].Name() != "EVENTS.stream" {
			t.Errorf("saved: %v, %v", files, err)
		}
		if err := backup.Load(t.Context(), to, dir, 700); err != nil {
			t.Fatal(err)
		}
		publish(t, to, "after")
		var got []uint64
		ctx, cancel := context.WithCancel(t.Context())
		err := to.Consume(ctx, bus.Consumer{Stream: contract.EventsStream, Name: "c", Concurrency: 1}, func(_ context.Context, m bus.Message) error {
			if got = append(got, m.Sequence); len(got) == 2 {
				cancel()
			}
			return nil
		})
		if err != nil || !slices.Equal(got, []uint64{1, 701}) {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("AreNotLoadedWhereThereAreSome", func(t *testing.T) {
		t.Parallel()
		conn, dir := bustest.New(t), t.TempDir()
		publish(t, conn, "x")
		if err := backup.Save(t.Context(), conn, dir); err != nil {
			t.Fatal(err)
		}
		if err := backup.Load(t.Context(), conn, dir, 0); err == nil || !strings.Contains(err.Error(), "EVENTS is there already") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("AreMissedWhereThereAreNone", func(t *testing.T) {
		t.Parallel()
		conn, dir := bustest.New(t), t.TempDir()
		if err := backup.Save(t.Context(), conn, dir); err == nil {
			t.Error("nothing was saved, and nobody says so")
		}
		if err := backup.Load(t.Context(), conn, dir, 0); err == nil {
			t.Error("nothing was loaded, and nobody says so")
		}
	})
	t.Run("AreNotSavedOverOthers", func(t *testing.T) {
		t.Parallel()
		conn, dir := bustest.New(t), t.TempDir()
		publish(t, conn, "x")
		if err := os.WriteFile(filepath.Join(dir, "EVENTS.stream"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := backup.Save(t.Context(), conn, dir); err == nil {
			t.Error("another backup was overwritten")
		}
	})
}

// TestCommands runs the subcommands as far as their arguments are wrong.
func TestCommands(t *testing.T) {
	t.Parallel()
	values := map[string]string{}
	lookup := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	for _, args := range [][]string{nil, {"save"}, {"save", "dir"}, {"load", "dir", "--events-after", "x"}} {
		if err := backup.StreamsCommand(lookup).Run(t.Context(), args); err == nil {
			t.Errorf("streams %q is taken", args)
		}
	}
	if err := backup.KeyCommand(lookup).Run(t.Context(), []string{"fingerprint"}); err == nil {
		t.Error("there is no key, and nobody says so")
	}
	values["ACTIONPLANE_MASTER_KEY"] = "0123456789abcdef"
	if err := backup.KeyCommand(lookup).Run(t.Context(), nil); err == nil {
		t.Error("nothing is asked for, and nobody says so")
	}
}
