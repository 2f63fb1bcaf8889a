package cost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// Operation is a piece of work that was measured as a whole.
type Operation string

// The operations. Those over REST include what the gateway and access need.
const (
	Call            Operation = "call"              // GET of a target
	Change          Operation = "change"            // PATCH of a target, announced to all
	HookMiss        Operation = "hook-miss"         // a hook that nothing listens to
	Hook1           Operation = "hook-1"            // a hook with one HTTP step
	Hook3           Operation = "hook-3"            // with three
	HookLarge       Operation = "hook-1-large"      // with one, and a large payload
	HookScript      Operation = "hook-script"       // with one step that is a script
	Trigger         Operation = "trigger"           // of a flow with one action
	EventMiss       Operation = "event-miss"        // an event, in a batch, that nothing listens to
	EventMissSingle Operation = "event-miss-single" // the same in a call of its own
	EventMissBus    Operation = "event-miss-bus"    // the same, stored in the stream by its publisher alone
	Event1          Operation = "event-1"           // an event, in a batch, with one HTTP step
	Event3          Operation = "event-3"           // with three
	EventLarge      Operation = "event-1-large"     // with one, and a large payload
	EventRetried    Operation = "event-retried"     // with one that succeeds at the attempt Retried+1
)

// Retried is how many attempts an operation EventRetried fails.
const Retried = 2

// Operations are all of them.
var Operations = []Operation{Call, Change, HookMiss, Hook1, Hook3, HookLarge, HookScript, Trigger,
	EventMiss, EventMissSingle, EventMissBus, Event1, Event3, EventLarge, EventRetried}

// Sheet is what was measured.
type Sheet struct {
	Machine    Machine                `json:"machine"`
	Operations map[Operation]Measured `json:"operations"`
	Idle       map[string]Idle        `json:"idle"` // by part
}

// Machine says where and when, and with what.
type Machine struct {
	MeasuredAt        time.Time `json:"measuredAt"`
	CPU               string    `json:"cpu"`
	Cores             int       `json:"cores"`
	Go                string    `json:"go"`
	Revision          string    `json:"revision"` // of the repository
	PayloadBytes      int       `json:"payloadBytes"`
	LargePayloadBytes int       `json:"largePayloadBytes"`
	Callers           int       `json:"callers"` // that worked at once
}

// Measured is one operation.
type Measured struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"perSecond"` // with callers, receiver and all parts on the machine's cores
	Each      Amounts `json:"each"`
}

// Idle is what a process of a part needs when nothing happens, and the most
// memory that it came to while everything was measured.
type Idle struct {
	CPUMicrosPerSecond float64 `json:"cpuMicrosPerSecond"`
	PeakMemoryBytes    int64   `json:"peakMemoryBytes"`
}

// Parse reads a sheet and reports everything that is wrong with it.
func Parse(text []byte) (Sheet, error) {
	var s Sheet
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Sheet{}, fmt.Errorf("costs: %w", err)
	}
	if err := s.validate(); err != nil {
		return Sheet{}, fmt.Errorf("costs: %w", err)
	}
	return s, nil
}

func (s Sheet) validate() error {
	var problems []error
	m := s.Machine
	if m.PayloadBytes < 1 || m.LargePayloadBytes <= m.PayloadBytes {
		problems = append(problems, errors.New("machine: payloadBytes must be positive, and largePayloadBytes larger"))
	}
	if m.Cores < 1 || m.MeasuredAt.IsZero() {
		problems = append(problems, errors.New("machine: cores and measuredAt must be given"))
	}
	for _, op := range Operations {
		each := s.Operations[op].Each
		if len(each) == 0 {
			problems = append(problems, fmt.Errorf("operations: %s was not measured", op))
		}
		for r, v := range each {
			if v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
				problems = append(problems, fmt.Errorf("operations: %s: %s must not be negative", op, r))
			}
		}
	}
	return errors.Join(problems...)
}

// Encode writes a sheet as Parse reads it.
func (s Sheet) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("costs: %w", err)
	}
	return append(text, '\n'), nil
}

// Whence says in a line where the costs come from and how old they are.
func (s Sheet) Whence(now time.Time) string {
	m := s.Machine
	days := int(now.Sub(m.MeasuredAt).Hours() / 24)
	return fmt.Sprintf("costs measured %s (%d days ago) at %s, on %d cores of %s, %s",
		m.MeasuredAt.UTC().Format("2006-01-02 15:04 MST"), days, m.Revision, m.Cores, m.CPU, m.Go)
}
