package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/proto/contract"
)

func natsKilled(t *testing.T, st *stage) {
	before := st.kill(t, "nats")
	st.struck()
	st.awaitBack(t, "nats", before)
}

// redisAway keeps Redis away until nearly all is delivered: away means slower,
// never wrong.
func redisAway(t *testing.T, st *stage) {
	back := st.keepAway(t, "redis")
	before := st.kill(t, "redis")
	st.struck()
	awaitWithin(t, patience+time.Duration(st.events)*10*time.Millisecond, "nearly all is delivered without Redis",
		func() bool { return st.sink.distinct() >= st.events*9/10 })
	back()
	st.awaitBack(t, "redis", before)
}

// postgresKilled lets Postgres end at once, without a checkpoint, as after a
// crash, and start again.
func postgresKilled(t *testing.T, st *stage) {
	before := st.summary(t).Processes["postgres"]
	st.signal(t, before[0], syscall.SIGQUIT)
	st.struck()
	st.awaitBack(t, "postgres", before)
}

func (c *chaos) postgresAway(t *testing.T, st *stage) {
	back := st.keepAway(t, "postgres")
	before := st.summary(t).Processes["postgres"]
	st.signal(t, before[0], syscall.SIGINT)
	st.struck()
	<-time.After(c.away) // this long is the fault itself
	back()
	st.awaitBack(t, "postgres", before)
}

// streamFull lets nobody take events from their stream until it is full: it has
// reached its own limit, or what NATS lets all streams have of a small disk.
// Publishers must be told what the matter is, in so many words.
func streamFull(t *testing.T, st *stage) {
	if _, err := st.js.PauseConsumer(within(t), contract.EventsStream, contract.EventsConsumer, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	st.struck()
	st.fill(t)
	st.wantRefused(t, sdk.Event{Type: "chaos.full.happened"})
	if _, err := st.js.ResumeConsumer(within(t), contract.EventsStream, contract.EventsConsumer); err != nil {
		t.Fatal(err)
	}
}

// fill puts events that nobody listens to into the stream until it takes no
// more.
func (st *stage) fill(t *testing.T) {
	t.Helper()
	e := sdk.Event{Type: "unheard.of", Payload: []byte(`{"padding":"` + strings.Repeat("x", 64<<10) + `"}`)}
	await(t, "the stream is full", func() bool {
		_, err := st.fleet.sdk.Publish(within(t), e)
		return err != nil && !sdk.Unavailable(err)
	})
	e.Payload = nil // to the last byte
	await(t, "the stream is full to the brim", func() bool {
		_, err := st.fleet.sdk.Publish(within(t), e)
		return err != nil
	})
}

// wantRefused publishes an event that must be refused for want of room, by
// either way.
func (st *stage) wantRefused(t *testing.T, e sdk.Event) {
	t.Helper()
	_, err := st.fleet.sdk.Publish(within(t), e)
	var refused *sdk.Error
	if !errors.As(err, &refused) || refused.Code != sdk.CodeExhausted || !strings.Contains(refused.Message, "full") {
		t.Errorf("the SDK says %v", err)
	}
	status, answer, err := st.api.try(within(t), http.MethodPost, "/actionplane/v1/events", object{"type": e.Type})
	if text := fmt.Sprint(answer["message"]); err != nil || status != http.StatusTooManyRequests || !strings.Contains(text, "full") {
		t.Errorf("REST says %d %v, %v", status, answer, err)
	}
}

// sickTargets waits until the healthy target has everything, although the sick
// ones have answered nothing, and cures them.
func sickTargets(t *testing.T, st *stage) {
	st.struck()
	awaitWithin(t, patience+time.Duration(st.events)*10*time.Millisecond, "the healthy target has everything beside sick ones",
		func() bool { return st.sink.distinct() == st.events })
	for _, s := range st.sicks {
		if calls, _ := s.seen(); calls == 0 {
			t.Errorf("%s was not called while it was sick", s.target.name)
		}
	}
	for _, s := range st.sicks {
		s.cure()
	}
	st.healed = time.Now()
	want := (st.events + overSick - 1) / overSick
	for _, s := range st.sicks {
		awaitWithin(t, 3*patience, "everything is delivered to the one that "+s.target.name, func() bool {
			st.replay(t, s.target)
			_, events := s.seen()
			return events == want
		})
	}
}

// replay sends a target's dead letters again, page by page: an answer without
// end is not asked for a second time unless somebody says so.
func (st *stage) replay(t *testing.T, to target) {
	t.Helper()
	for next := any(""); next != nil; {
		answer := st.api.want(t, http.StatusOK, http.MethodPost, "/actionplane/v1/deliveries:replay",
			object{"filter": object{"targetId": to.id}, "after": next})
		next = answer["next"]
	}
}

func startCluster(t *testing.T) *fleet { return newFleet(t, map[string]string{"NATS_NODES": "3"}) }

// leaderKilled kills the one of three nodes that leads the stream of events.
func leaderKilled(t *testing.T, st *stage) {
	leader := st.leader(t, "")
	nodes := st.summary(t).Processes["nats"]
	victim := -1
	for i := range nodes {
		if leader == fmt.Sprintf("actionplane-nats-%d", i+1) {
			victim = i
		}
	}
	if victim < 0 {
		t.Fatalf("%q leads the stream, which is none of ours", leader)
	}
	back := st.keepAway(t, fmt.Sprintf("nats-%d", victim+1))
	st.signal(t, nodes[victim], syscall.SIGKILL)
	st.struck()
	st.leader(t, leader) // two of three go on
	awaitWithin(t, patience+time.Duration(st.events)*10*time.Millisecond, "nearly all is delivered by two nodes",
		func() bool { return st.sink.distinct() >= st.events*9/10 })
	back()
	await(t, "the third node is back", func() bool { return st.summary(t).Processes["nats"][victim].PID != nodes[victim].PID })
}

// leader returns who leads the stream of events, once it is not somebody.
func (st *stage) leader(t *testing.T, not string) (name string) {
	t.Helper()
	await(t, "the stream has a leader", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		stream, err := st.js.Stream(ctx, contract.EventsStream)
		if err != nil || stream.CachedInfo().Cluster == nil {
			return false
		}
		name = stream.CachedInfo().Cluster.Leader
		return name != "" && name != not
	})
	return name
}

// diskSize of the file system that the streams are on.
const diskSize = 96 << 20

// startOnSmallDisk puts the streams on a file system of their own.
func startOnSmallDisk(t *testing.T) *fleet {
	t.Helper()
	dir := dataDir(t)
	store := filepath.Join(dir, "nats")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mountSmall(store, diskSize); err != nil {
		t.Skipf("a small disk cannot be had: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(store); err != nil {
			t.Error(err)
		}
	})
	return newFleet(t, map[string]string{"ACTIONPLANE_DATA_DIR": dir, "ACTIONPLANE_EVENTS_MAX_BYTES": "0"})
}

// diskFull lets others fill the disk under the streams. NATS does not survive
// that by itself: publishers get no answer, which they must take for a no, until
// there is room and NATS is started again.
func diskFull(t *testing.T, st *stage) {
	ballast := filepath.Join(st.dir, "nats", "ballast")
	fillDisk(t, ballast)
	t.Cleanup(func() { _ = os.Remove(ballast) })
	st.struck()
	await(t, "publishers of both ways are refused", func() bool {
		return st.refusal("SDK") != nil && st.refusal("REST") != nil
	})
	t.Logf("the SDK says: %v", st.refusal("SDK"))
	t.Logf("REST says: %v", st.refusal("REST"))
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	natsKilled(t, st)
}

// fillDisk leaves no room on a file system.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := file.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			chunk = chunk[:len(chunk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
