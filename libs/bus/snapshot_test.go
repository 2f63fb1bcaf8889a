package bus_test

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
)

// kept is a stream whose messages go when they are acknowledged.
var kept = bus.Stream{Name: "KEPT", Subjects: []string{"kept.>"}, WorkQueue: true}

// fill makes the stream, with messages of which the first few are gone.
func fill(t *testing.T, conn *bus.Conn, messages, gone int) {
	t.Helper()
	if err := conn.EnsureStream(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	for n := range messages {
		publishKept(t, conn, n)
	}
	if gone > 0 {
		drain(t, conn, gone)
	}
}

func publishKept(t *testing.T, conn *bus.Conn, n int) {
	t.Helper()
	data := []byte(strconv.Itoa(n) + strings.Repeat(".", 100_000))
	if err := conn.Publish(t.Context(), "kept.message", "", nil, data); err != nil {
		t.Fatal(err)
	}
}

// drain consumes a number of messages and returns which, by their sequences.
func drain(t *testing.T, conn *bus.Conn, number int) map[uint64]string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := map[uint64]string{}
	err := conn.Consume(ctx, bus.Consumer{Stream: kept.Name, Name: "drain", Concurrency: 1}, func(_ context.Context, m bus.Message) error {
		if len(got) == number {
			return fault.Unavailable("later")
		}
		text, _, _ := strings.Cut(string(m.Data), ".")
		got[m.Sequence] = text
		if len(got) == number {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSnapshot(t *testing.T) {
	t.Parallel()

	t.Run("KeepsWhatIsThereUnderItsSequences", func(t *testing.T) {
		t.Parallel()
		from, to := bustest.New(t), bustest.New(t)
		fill(t, from, 30, 10)
		var saved bytes.Buffer
		if err := from.SaveStream(t.Context(), kept.Name, &saved); err != nil {
			t.Fatal(err)
		}
		if name, err := bus.SavedStream(bytes.NewReader(saved.Bytes())); err != nil || name != kept.Name {
			t.Errorf("it is called %q, %v", name, err)
		}
		if err := to.LoadStream(t.Context(), &saved); err != nil {
			t.Fatal(err)
		}
		if err := to.EnsureStream(t.Context(), kept); err != nil { // as a service does at its start
			t.Fatal(err)
		}
		if err := to.AdvanceStream(t.Context(), kept.Name, "kept.nothing", 40); err != nil {
			t.Fatal(err)
		}
		publishKept(t, to, 30)
		got := drain(t, to, 21)
		for n := 10; n < 30; n++ {
			if got[uint64(n+1)] != strconv.Itoa(n) {
				t.Errorf("message %d is %q", n+1, got[uint64(n+1)])
			}
		}
		if got[41] != "30" {
			t.Errorf("what comes later: %v", got)
		}
	})
	t.Run("OfNothingIsNotFound", func(t *testing.T) {
		t.Parallel()
		err := bustest.New(t).SaveStream(t.Context(), kept.Name, &bytes.Buffer{})
		if fault.CodeOf(err) != fault.CodeNotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TakesTheNameOfNoOther", func(t *testing.T) {
		t.Parallel()
		conn := bustest.New(t)
		fill(t, conn, 1, 0)
		var saved bytes.Buffer
		if err := conn.SaveStream(t.Context(), kept.Name, &saved); err != nil {
			t.Fatal(err)
		}
		if err := conn.LoadStream(t.Context(), &saved); fault.CodeOf(err) != fault.CodeAlreadyExists {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ThatIsDamagedIsRefused", func(t *testing.T) {
		t.Parallel()
		from := bustest.New(t)
		fill(t, from, 3, 0)
		var saved bytes.Buffer
		if err := from.SaveStream(t.Context(), kept.Name, &saved); err != nil {
			t.Fatal(err)
		}
		cut := slices.Clone(saved.Bytes()[:saved.Len()-saved.Len()/3])
		if err := bustest.New(t).LoadStream(t.Context(), bytes.NewReader(cut)); err == nil {
			t.Error("half a stream was loaded")
		}
		for _, text := range []string{"", "{}\n", "nothing", `{"config":{"name":7}}` + "\n"} {
			if err := from.LoadStream(t.Context(), strings.NewReader(text)); fault.CodeOf(err) != fault.CodeInvalid {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
