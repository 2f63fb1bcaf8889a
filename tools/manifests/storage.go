package main

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
	corev1 "k8s.io/api/core/v1"
)

// eventsMaxBytes is where stream EVENTS ends; 0: nowhere before the disk does.
const eventsMaxBytes = "ACTIONPLANE_EVENTS_MAX_BYTES"

// eventsLimit returns it, and whether the overlay is more than a developer's: has
// executions, and more than one of it.
func (o *overlay) eventsLimit() (limit int64, production bool) {
	for _, w := range o.ours() {
		if w.service() == "executions" {
			return atoi(o.environment(w)[eventsMaxBytes], 0), o.leastReplicas(w) > 1
		}
	}
	return 0, false
}

// checkEventsLimit wants an end of EVENTS that an alert can see coming, in
// production.
func (o *overlay) checkEventsLimit(*house) []string {
	if limit, production := o.eventsLimit(); production && limit <= 0 {
		return []string{eventsMaxBytes + " is not set: StreamNearlyFull has no limit to go by"}
	}
	return nil
}

// checkStore wants, where there is a limit of EVENTS, a node to have room for it
// and for the other streams, and its volume to have room for the node.
func (o *overlay) checkStore(w workload, options *server.Options) []string {
	limit, _ := o.eventsLimit()
	if limit <= 0 {
		return nil
	}
	store := options.JetStreamMaxStore
	if store <= 0 {
		return []string{"has no max_file_store: it would take three quarters of what is free at each start"}
	}
	var findings []string
	if limit > store*4/5 {
		findings = append(findings, fmt.Sprintf("stores %d bytes, and %s takes %d of them: no room for the other streams", store, eventsMaxBytes, limit))
	}
	if volume := w.claimed(); store > volume*9/10 {
		findings = append(findings, fmt.Sprintf("stores %d bytes, and its volume has %d: no room for the logs of the cluster", store, volume))
	}
	return findings
}

// claimed returns the bytes of all volumes that a pod of a StatefulSet has for
// itself.
func (w workload) claimed() int64 {
	var bytes int64
	for _, c := range w.claims {
		size := c.Spec.Resources.Requests[corev1.ResourceStorage]
		bytes += size.Value()
	}
	return bytes
}
