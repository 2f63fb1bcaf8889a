package bus_test

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
)

// batch returns messages with ids from first to last.
func batch(first, last int) []bus.Outgoing {
	var out []bus.Outgoing
	for i := first; i <= last; i++ {
		id := strconv.Itoa(i)
		out = append(out, bus.Outgoing{Subject: "things.a", ID: id, Data: []byte(id)})
	}
	return out
}

// ids reads what a stream holds, in order, and how many came in a batch.
func ids(t *testing.T, s *bustest.Server) (all []string, batched int) {
	t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "THINGS")
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		m, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.Data))
		if m.Header.Get("Nats-Batch-Id") != "" {
			batched++
		}
	}
	return all, batched
}

func upTo(n int) []string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, strconv.Itoa(i))
	}
	return out
}

func TestPublishAll(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, s bus.Stream) (*bustest.Server, *bus.Conn) {
		t.Helper()
		server := bustest.Start(t)
		conn := server.Connect(t, "test")
		s.Name, s.Subjects = "THINGS", []string{"things.>"}
		if err := conn.EnsureStream(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		return server, conn
	}
	for name, tt := range map[string]struct {
		batches       bool
		first, second []bus.Outgoing
		want, batched int
	}{
		"StoresABatchAsOne":            {batches: true, first: batch(1, 1000), want: 1000, batched: 1000},
		"StoresTheSameAgainOnce":       {batches: true, first: batch(1, 9), second: batch(1, 9), want: 9, batched: 9},
		"StoresTheRestOfWhatIsThere":   {batches: true, first: batch(1, 5), second: batch(3, 9), want: 9, batched: 5},
		"StoresMoreThanABatchOneByOne": {batches: true, first: batch(1, 1001), want: 1001},
		"StoresOneAsOne":               {batches: true, first: batch(1, 1), want: 1},
		"StoresNothing":                {batches: true},
		"StoresOneByOneWithoutBatches": {first: batch(1, 30), second: batch(20, 40), want: 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, conn := start(t, bus.Stream{Batches: tt.batches})
			for _, messages := range [][]bus.Outgoing{tt.first, tt.second} {
				if err := conn.PublishAll(t.Context(), messages); err != nil {
					t.Fatal(err)
				}
			}
			if all, batched := ids(t, server); !slices.Equal(all, upTo(tt.want)) || batched != tt.batched {
				t.Fatalf("stored %d, %d of them in a batch: %v", len(all), batched, all)
			}
		})
	}
	t.Run("AFullStreamTakesNoneOfABatch", func(t *testing.T) {
		t.Parallel()
		server, conn := start(t, bus.Stream{Batches: true, MaxBytes: 2000})
		err := conn.PublishAll(t.Context(), batch(1, 100))
		if partial := new(bus.PartialError); fault.CodeOf(err) != fault.CodeExhausted || errors.As(err, &partial) {
			t.Fatalf("got %v", err)
		}
		if all, _ := ids(t, server); len(all) != 0 {
			t.Fatalf("stored %v", all)
		}
	})
	t.Run("AFullStreamTellsWhatItTookOneByOne", func(t *testing.T) {
		t.Parallel()
		server, conn := start(t, bus.Stream{MaxBytes: 2000})
		err := conn.PublishAll(t.Context(), batch(1, 100))
		partial := new(bus.PartialError)
		if fault.CodeOf(err) != fault.CodeExhausted || !errors.As(err, &partial) {
			t.Fatalf("got %v", err)
		}
		all, _ := ids(t, server)
		for i, stored := range partial.Stored {
			if stored != (i < len(all)) {
				t.Fatalf("it says %v of %v", partial.Stored, all)
			}
		}
	})
	t.Run("ManyBatchesAtOnceAreAllStored", func(t *testing.T) {
		t.Parallel()
		server, conn := start(t, bus.Stream{Batches: true})
		var publishers sync.WaitGroup
		for i := range 80 { // the server takes 50 at once
			publishers.Go(func() {
				if err := conn.PublishAll(t.Context(), batch(100*i+1, 100*i+100)); err != nil {
					t.Error(err)
				}
			})
		}
		publishers.Wait()
		if all, _ := ids(t, server); len(all) != 8000 {
			t.Fatalf("stored %d", len(all))
		}
	})
	t.Run("WithoutAStreamIsUnavailable", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		for _, n := range []int{1, 2} {
			if err := conn.PublishAll(t.Context(), batch(1, n)); fault.CodeOf(err) != fault.CodeUnavailable {
				t.Errorf("got %v", err)
			}
		}
	})
}
