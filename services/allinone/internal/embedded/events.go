package embedded

import (
	"fmt"
	"log/slog"
	"strconv"

	"github.com/actionplane/actionplane/libs/bus/busserver"
)

// eventsMaxBytes is where stream EVENTS ends.
const eventsMaxBytes = "ACTIONPLANE_EVENTS_MAX_BYTES"

// limitEvents lets stream EVENTS end before the disk does. NATS sets aside what a
// stream may have: one that may have more than there is room for it would refuse.
func (p *Parts) limitEvents(s *busserver.Server) error {
	_, aside, err := s.JetStreamReservedResources()
	if err != nil {
		return fmt.Errorf("embedded NATS: %w", err)
	}
	store := s.JetStreamConfig().MaxStore
	limit := eventsLimit(p.config.EventsMaxBytes, store, aside)
	if limit == p.config.EventsMaxBytes {
		return nil
	}
	p.log.Warn("embedded.events_limit", slog.Int64("wanted", p.config.EventsMaxBytes), slog.Int64("limit", limit), slog.Int64("store", store))
	p.values[eventsMaxBytes] = strconv.FormatInt(limit, 10)
	return nil
}

// eventsLimit returns how many bytes EVENTS may have of a store, in which other
// streams want their fifth; 0, as wanted, is no limit. What was set aside for it
// at an earlier start, when more was free, it keeps: NATS changes no stream while
// it has promised more than there is.
func eventsLimit(wanted, store, aside int64) int64 {
	return min(wanted, max(store/5*4, aside))
}
