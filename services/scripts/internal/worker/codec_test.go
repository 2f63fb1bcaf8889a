package worker

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

func TestRequestComesBackAsSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		sent := &wireRequest{
			id: wireID(rapid.Uint64().Draw(t, "id")), hasSource: true,
			Request: invocation.Request{
				ActionID: text.Draw(t, "action"), Name: text.Draw(t, "name"), Source: text.Draw(t, "source"),
				Style: invocation.Style(rapid.Byte().Draw(t, "style")), Input: drawBytes(t, "input"),
				Timeout:   time.Duration(rapid.Int64().Draw(t, "timeout")),
				Budget:    time.Duration(rapid.Int64().Draw(t, "budget")),
				AllowHTTP: rapid.Bool().Draw(t, "http"),
				Trigger:   invocation.Trigger{Flow: rapid.Byte().Draw(t, "flow"), Type: rapid.Byte().Draw(t, "type")},
			},
		}
		sent.Hash = invocation.HashOf(sent.Source)
		if rapid.Bool().Draw(t, "has secrets") {
			sent.Secrets = rapid.MapOfN(text, text, 1, 3).Draw(t, "secrets")
			sent.Changes = drawBytes(t, "changes")
		}
		got, err := decodeRequest(sent.append(nil))
		if err != nil || !reflect.DeepEqual(got, sent) {
			t.Errorf("%+v came back as %+v, %v", sent, got, err)
		}
	})
}

func TestResultComesBackAsSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sent := drawResult(t)
		got, err := decodeResult(sent.append(nil))
		if err != nil || !reflect.DeepEqual(got, sent) {
			t.Errorf("%+v came back as %+v, %v", sent, got, err)
		}
	})
}

func drawBytes(t *rapid.T, label string) json.RawMessage {
	return rapid.SliceOf(rapid.Byte()).Draw(t, label)
}

func drawResult(t *rapid.T) *wireResult {
	r := &wireResult{id: wireID(rapid.Uint64().Draw(t, "id"))}
	if rapid.Bool().Draw(t, "has output") {
		r.Output = drawBytes(t, "output")
	}
	if rapid.Bool().Draw(t, "has changes") {
		r.Changes = drawBytes(t, "changes")
	}
	for range rapid.IntRange(0, 3).Draw(t, "calls") {
		r.Calls = append(r.Calls, invocation.Call{
			Start: time.Unix(0, rapid.Int64().Draw(t, "start")).UTC(), Method: rapid.String().Draw(t, "method"),
			URL: rapid.String().Draw(t, "url"), Status: rapid.Int().Draw(t, "status"), Sent: rapid.Int().Draw(t, "sent"),
			Received: rapid.Int().Draw(t, "received"), Duration: time.Duration(rapid.Int64().Draw(t, "took")), Error: rapid.String().Draw(t, "why"), Denied: rapid.String().Draw(t, "rule"),
		})
	}
	r.CPU, r.total = time.Duration(rapid.Int64().Draw(t, "cpu")), time.Duration(rapid.Int64().Draw(t, "total"))
	r.PeakMemory = rapid.Int64().Draw(t, "peak")
	for range rapid.IntRange(0, 3).Draw(t, "logs") {
		r.Logs = append(r.Logs, invocation.LogEntry{
			Time:    time.Unix(0, rapid.Int64().Draw(t, "time")).UTC(),
			Level:   slog.Level(rapid.IntRange(-8, 8).Draw(t, "level")),
			Message: rapid.String().Draw(t, "message"),
		})
	}
	if rapid.Bool().Draw(t, "has veto") {
		r.Veto = &invocation.Veto{Reason: rapid.String().Draw(t, "reason"), Code: rapid.Int().Draw(t, "code")}
	}
	if rapid.Bool().Draw(t, "has error") {
		r.Error = &invocation.Error{
			Kind: invocation.Kind(rapid.Byte().Draw(t, "kind")), Message: rapid.String().Draw(t, "text"),
			Line: rapid.Int().Draw(t, "line"), Column: rapid.Int().Draw(t, "column"),
		}
	}
	r.LogsTruncated = rapid.Bool().Draw(t, "truncated")
	r.Duration = time.Duration(rapid.Int64().Draw(t, "duration"))
	return r
}

// FuzzMessage reads anything as a request and as a result: no panic, and no
// more memory than the message has.
func FuzzMessage(f *testing.F) {
	f.Add((&wireRequest{id: 1, Request: invocation.Request{Name: "run", Input: json.RawMessage("{}")}}).append(nil))
	f.Add((&wireResult{id: 1, Result: invocation.Result{Veto: &invocation.Veto{Reason: "no"}}}).append(nil))
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decodeRequest(b)
		r, err := decodeResult(b)
		if err == nil && len(r.Calls)+len(r.Logs) > len(b) {
			t.Errorf("%d bytes hold %d calls and %d lines", len(b), len(r.Calls), len(r.Logs))
		}
		_, _ = decodeCheck(b)
		_, _ = decodeWarnings(b)
	})
}
