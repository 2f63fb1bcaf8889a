package bus_test

import (
	"context"
	"testing"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
)

func TestStoppedBeforeItStartedIsNoError(t *testing.T) {
	t.Parallel()
	conn := bustest.New(t)
	publish(t, conn, bus.Stream{Name: "THINGS", Subjects: []string{"things.>"}}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := conn.Consume(ctx, bus.Consumer{Stream: "THINGS", Name: "c"}, func(context.Context, bus.Message) error { return nil }); err != nil {
		t.Errorf("Consume: %v", err)
	}
	if err := conn.Follow(ctx, "THINGS", nil, func(uint64) {}, func(bus.Message) {}); err != nil {
		t.Errorf("Follow: %v", err)
	}
}
