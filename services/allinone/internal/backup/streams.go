package backup

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/proto/contract"
)

// Streams are all streams, in the order in which they are saved: a message is
// looked for first where it comes from, and then where it goes.
var Streams = []string{
	contract.EventsStream, contract.RunsStream, contract.ApprovalsStream, contract.ChangesStream, contract.AuditHeadsStream,
}

const (
	// extension of a saved stream's file.
	extension = ".stream"
	// nobodysEvent is the subject of messages that only take up sequences.
	nobodysEvent = "actionplane.events.v1.nobody.loaded"
	// closeTimeout bounds the end of the connection.
	closeTimeout = 5 * time.Second
	// connectTimeout bounds its beginning.
	connectTimeout = 10 * time.Second
)

// busConfig says where the streams are.
type busConfig struct {
	NATSURL  config.Secret `env:"NATS_URL"`
	Replicas int           `env:"ACTIONPLANE_STREAM_REPLICAS"`
}

// StreamsCommand returns the subcommand `streams`.
func StreamsCommand(lookup func(string) (string, bool)) host.Subcommand {
	return host.Subcommand{Name: "streams", Run: func(ctx context.Context, args []string) error {
		if len(args) < 2 {
			return host.Misconfigured(errors.New("usage: actionplane streams save|load <directory> [--events-after <sequence>]"))
		}
		flags := flag.NewFlagSet("streams", flag.ContinueOnError)
		after := flags.Uint64("events-after", 0, "the `sequence` that no later event may have")
		if err := flags.Parse(args[2:]); err != nil {
			return host.Misconfigured(err)
		}
		conn, err := connect(ctx, lookup)
		if err != nil {
			return err
		}
		switch args[0] {
		case "save":
			err = Save(ctx, conn, args[1])
		case "load":
			err = Load(ctx, conn, args[1], *after)
		default:
			err = host.Misconfigured(fmt.Errorf("unknown command %q", args[0]))
		}
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		return errors.Join(err, conn.Close(closing))
	}}
}

func connect(ctx context.Context, lookup func(string) (string, bool)) (*bus.Conn, error) {
	cfg, err := config.Load(busConfig{Replicas: 1}, lookup)
	if err != nil {
		return nil, host.Misconfigured(err)
	}
	if cfg.NATSURL.IsZero() {
		return nil, host.Misconfigured(errors.New("NATS_URL is not set"))
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return bus.Connect(ctx, bus.Config{URL: cfg.NATSURL.Reveal(), Name: "backup", Replicas: cfg.Replicas}, bus.Deps{})
}

// Save writes each stream that is there to a file of its own.
func Save(ctx context.Context, conn *bus.Conn, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	saved := 0
	for _, name := range Streams {
		err := save(ctx, conn, dir, name)
		if fault.CodeOf(err) == fault.CodeNotFound {
			continue // its owner has never been up
		}
		if err != nil {
			return err
		}
		saved++
	}
	if saved == 0 {
		return errors.New("NATS_URL: there are no streams of ours")
	}
	return nil
}

func save(ctx context.Context, conn *bus.Conn, dir, name string) (err error) {
	path := filepath.Join(dir, name+extension)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := conn.SaveStream(ctx, name, f); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	return errors.Join(f.Sync(), f.Close())
}

// Load makes the streams that were saved, where none of them is there. after is
// the highest sequence of an event that the database knows: events that come
// later get higher ones, by which those of one key are kept in order.
func Load(ctx context.Context, conn *bus.Conn, dir string, after uint64) error {
	loaded := 0
	for _, name := range Streams {
		if _, err := conn.LastSequence(ctx, name); err == nil {
			return fmt.Errorf("stream %s is there already: streams are loaded into a NATS that holds none of ours, before the services are started", name)
		}
	}
	for _, name := range Streams {
		err := load(ctx, conn, dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		loaded++
		if name == contract.EventsStream {
			if err := conn.AdvanceStream(ctx, name, nobodysEvent, after); err != nil {
				return err
			}
		}
	}
	if loaded == 0 {
		return fmt.Errorf("there are no streams in %s", dir)
	}
	return nil
}

func load(ctx context.Context, conn *bus.Conn, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name+extension))
	if err != nil {
		return err
	}
	return errors.Join(conn.LoadStream(ctx, f), f.Close())
}
