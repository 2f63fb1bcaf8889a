// Package traffic describes a day: what comes in at which hour, what it is made
// of, which targets answer how, and what goes wrong.
package traffic

// Hours of a day.
const Hours = 24

// Profile is one kind of customer's day. Rates are averages a second; the hours
// are UTC's, and shares are 0 to 1.
type Profile struct {
	Name  string `json:"name"`
	About string `json:"about"`

	// HooksPerSecond are those that reach executions: a caller with the index
	// of the SDK asks for none that nothing listens to.
	HooksPerSecond  []float64 `json:"hooksPerSecond"`
	EventsPerSecond []float64 `json:"eventsPerSecond"`
	CallsPerSecond  []float64 `json:"callsPerSecond"`  // of the public API that are neither hooks nor events
	FlowsPerSecond  []float64 `json:"flowsPerSecond"`  // triggers of flows with one action each
	MatchedHooks    float64   `json:"matchedHooks"`    // share that has a chain
	MatchedEvents   float64   `json:"matchedEvents"`   // share that has a chain
	OverREST        float64   `json:"overREST"`        // share of hooks and events that comes through the gateway
	ChangingCalls   float64   `json:"changingCalls"`   // share of calls
	StepsWeights    []float64 `json:"stepsWeights"`    // [n]: how many chains have n+1 steps, in proportion
	ScriptSteps     float64   `json:"scriptSteps"`     // share of hooks' steps that are actions
	ScriptWaitMilli float64   `json:"scriptWaitMilli"` // what a script waits for its own calls, average
	PayloadBytes    float64   `json:"payloadBytes"`    // average
	Tenants         int       `json:"tenants"`
	Conditions      int       `json:"conditions"` // of a tenant that are asked about in a day

	Targets []Target `json:"targets"`
	Outages []Outage `json:"outages"`
	Bursts  []Burst  `json:"bursts"`

	House House `json:"house"`
}

// Target is an endpoint, or many that are alike.
type Target struct {
	Name        string  `json:"name"`
	Share       float64 `json:"share"` // of all steps
	MedianMilli float64 `json:"medianMilli"`
	P99Milli    float64 `json:"p99Milli"`
	Failures    float64 `json:"failures"`    // share of attempts
	Concurrency int     `json:"concurrency"` // 0: the house's
	Count       int     `json:"count"`       // how many such endpoints share the share; 0: one
}

// Outage is a target that fails for a while.
type Outage struct {
	Target  string `json:"target"`
	At      string `json:"at"` // "15:04"
	Minutes int    `json:"minutes"`
}

// Burst multiplies one kind of traffic for a while.
type Burst struct {
	What    string  `json:"what"` // "hooks", "events", "calls", "flows"
	At      string  `json:"at"`
	Minutes int     `json:"minutes"`
	Times   float64 `json:"times"`
}

// House is what the traffic meets. Zeros are defaults, which are those of the
// services' configurations and of deploy/k8s.
type House struct {
	Speed               float64        `json:"speed"`               // of a core, against those that the costs were measured on; 1
	Cores               float64        `json:"cores"`               // of a replica; 1
	Fixed               map[string]int `json:"replicas"`            // by service, instead of as many as are needed
	PostgresCores       float64        `json:"postgresCores"`       // 4
	NATSCores           float64        `json:"natsCores"`           // of the node that leads the streams; 2
	NATSNodes           int            `json:"natsNodes"`           // 3
	PostgresConnections int            `json:"postgresConnections"` // max_connections; 300
	Connections         int            `json:"connections"`         // ACTIONPLANE_DATABASE_CONNECTIONS; 6
	EventWorkers        int            `json:"eventWorkers"`        // ACTIONPLANE_DELIVERY_EVENT_WORKERS; 512
	FirstAttempts       int            `json:"firstAttempts"`       // ACTIONPLANE_DELIVERY_FIRST_ATTEMPTS; 2048
	Retries             int            `json:"retries"`             // ACTIONPLANE_DELIVERY_RETRIES; 128
	TargetConcurrency   int            `json:"targetConcurrency"`   // ACTIONPLANE_TARGET_CONCURRENCY; 128
	HoldMilli           float64        `json:"holdMilli"`           // ACTIONPLANE_DELIVERY_HOLD; 250
	ScriptWorkers       int            `json:"scriptWorkers"`       // ACTIONPLANE_SCRIPT_WORKERS; 4
	RetrySeconds        []float64      `json:"retrySeconds"`        // waits between attempts
	RetentionDays       Retention      `json:"retentionDays"`
	Utilization         float64        `json:"utilization"` // of a replica's CPU that is aimed at; 0.7
}

// Retention is how long things are kept, in days.
type Retention struct {
	Succeeded   float64 `json:"succeeded"`   // 7
	DeadLetters float64 `json:"deadLetters"` // 30
	Hooks       float64 `json:"hooks"`       // 7
	Invocations float64 `json:"invocations"` // 14
}

// standardRetries are the waits that Standard Webhooks 1.0.0 proposes, and
// dispatch's default: ten attempts.
var standardRetries = []float64{5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400}

func (h House) withDefaults() House {
	number := func(v *float64, otherwise float64) {
		if *v == 0 {
			*v = otherwise
		}
	}
	count := func(v *int, otherwise int) {
		if *v == 0 {
			*v = otherwise
		}
	}
	number(&h.Speed, 1)
	number(&h.Cores, 1)
	number(&h.PostgresCores, 4)
	number(&h.NATSCores, 2)
	number(&h.HoldMilli, 250)
	number(&h.Utilization, 0.7)
	number(&h.RetentionDays.Succeeded, 7)
	number(&h.RetentionDays.DeadLetters, 30)
	number(&h.RetentionDays.Hooks, 7)
	number(&h.RetentionDays.Invocations, 14)
	count(&h.NATSNodes, 3)
	count(&h.PostgresConnections, 300)
	count(&h.Connections, 6)
	count(&h.EventWorkers, 512)
	count(&h.FirstAttempts, 2048)
	count(&h.Retries, 128)
	count(&h.TargetConcurrency, 128)
	count(&h.ScriptWorkers, 4)
	if len(h.RetrySeconds) == 0 {
		h.RetrySeconds = standardRetries
	}
	return h
}
