package worker

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// The payloads of invoke and result frames are written by hand: parent and
// child are the same binary, so there are no versions to be kind to, and a
// generic encoding of both directions would cost as much as a small script.
// Numbers are varints; bytes and texts carry their length in front.

// errTruncated is a payload that ends too early or lies about a length.
var errTruncated = errors.New("truncated message")

// wireRequest is an invocation on its way to a worker.
type wireRequest struct {
	id        wireID
	hasSource bool // Source is there; otherwise only Hash
	invocation.Request
}

func (r *wireRequest) append(b []byte) []byte {
	b = r.id.append(b)
	b = append(b, r.Hash[:]...)
	b = appendBool(b, r.hasSource)
	if r.hasSource {
		b = appendBytes(b, r.Source)
	}
	b = appendBytes(b, r.ActionID)
	b = appendBytes(b, r.Name)
	b = append(b, byte(r.Style), r.Trigger.Flow, r.Trigger.Type)
	b = appendBool(b, r.AllowHTTP)
	b = binary.AppendUvarint(b, uint64(len(r.Secrets)))
	for name, value := range r.Secrets {
		b = appendBytes(b, name)
		b = appendBytes(b, value)
	}
	b = appendOptional(b, r.Changes)
	b = binary.AppendVarint(b, int64(r.Timeout))
	b = binary.AppendVarint(b, int64(r.Budget))
	return appendBytes(b, r.Input)
}

// decodeRequest reads what append wrote; the tenant does not travel. Input and
// Changes alias b.
func decodeRequest(b []byte) (*wireRequest, error) {
	d := decoder{rest: b}
	r := &wireRequest{id: wireID(d.uvarint())}
	copy(r.Hash[:], d.take(uint64(len(r.Hash))))
	if r.hasSource = d.bool(); r.hasSource {
		r.Source = string(d.bytes())
	}
	r.ActionID = string(d.bytes())
	r.Name = string(d.bytes())
	r.Style = invocation.Style(d.byte())
	r.Trigger = invocation.Trigger{Flow: d.byte(), Type: d.byte()}
	r.AllowHTTP = d.bool()
	for n := d.count(); n > 0; n-- {
		if r.Secrets == nil {
			r.Secrets = make(invocation.Secrets)
		}
		name := string(d.bytes())
		r.Secrets[name] = string(d.bytes())
	}
	r.Changes = d.optional()
	r.Timeout = time.Duration(d.varint())
	r.Budget = time.Duration(d.varint())
	r.Input = d.bytes()
	return r, d.end()
}

// wireID names an invocation: the payload of cancel and need-source frames.
type wireID uint64

func (id wireID) append(b []byte) []byte { return binary.AppendUvarint(b, uint64(id)) }

func decodeID(b []byte) (wireID, error) {
	d := decoder{rest: b}
	id := wireID(d.uvarint())
	return id, d.end()
}

// wireResult is what a worker answers.
type wireResult struct {
	id    wireID
	total time.Duration // processor time of the worker's whole life so far
	invocation.Result
}

func (r *wireResult) append(b []byte) []byte {
	b = r.id.append(b)
	b = appendOptional(b, r.Output)
	b = appendOptional(b, r.Changes)
	b = appendBool(b, r.Veto != nil)
	if r.Veto != nil {
		b = appendBytes(b, r.Veto.Reason)
		b = binary.AppendVarint(b, int64(r.Veto.Code))
	}
	b = binary.AppendUvarint(b, uint64(len(r.Logs)))
	for _, l := range r.Logs {
		b = binary.AppendVarint(b, l.Time.UnixNano())
		b = binary.AppendVarint(b, int64(l.Level))
		b = appendBytes(b, l.Message)
	}
	b = appendBool(b, r.LogsTruncated)
	b = binary.AppendUvarint(b, uint64(len(r.Calls)))
	for i := range r.Calls {
		b = appendCall(b, &r.Calls[i])
	}
	b = binary.AppendVarint(b, int64(r.Duration))
	b = binary.AppendVarint(b, int64(r.CPU))
	b = binary.AppendVarint(b, r.PeakMemory)
	b = binary.AppendVarint(b, int64(r.total))
	return appendError(b, r.Error)
}

func appendCall(b []byte, c *invocation.Call) []byte {
	b = binary.AppendVarint(b, c.Start.UnixNano())
	b = appendBytes(b, c.Method)
	b = appendBytes(b, c.URL)
	b = binary.AppendVarint(b, int64(c.Status))
	b = binary.AppendVarint(b, int64(c.Sent))
	b = binary.AppendVarint(b, int64(c.Received))
	b = binary.AppendVarint(b, int64(c.Duration))
	return appendBytes(appendBytes(b, c.Error), c.Denied)
}

func (d *decoder) call() invocation.Call {
	return invocation.Call{
		Start: time.Unix(0, d.varint()).UTC(), Method: string(d.bytes()), URL: string(d.bytes()), Status: int(d.varint()),
		Sent: int(d.varint()), Received: int(d.varint()), Duration: time.Duration(d.varint()), Error: string(d.bytes()), Denied: string(d.bytes()),
	}
}

func appendError(b []byte, e *invocation.Error) []byte {
	b = appendBool(b, e != nil)
	if e == nil {
		return b
	}
	b = append(b, byte(e.Kind))
	b = appendBytes(b, e.Message)
	b = binary.AppendVarint(b, int64(e.Line))
	return binary.AppendVarint(b, int64(e.Column))
}

// decodeResult reads what append wrote. Output and Changes alias b.
func decodeResult(b []byte) (*wireResult, error) {
	d := decoder{rest: b}
	r := &wireResult{id: wireID(d.uvarint())}
	r.Output = d.optional()
	r.Changes = d.optional()
	if d.bool() {
		r.Veto = &invocation.Veto{Reason: string(d.bytes()), Code: int(d.varint())}
	}
	for range d.count() {
		r.Logs = append(r.Logs, invocation.LogEntry{
			Time: time.Unix(0, d.varint()).UTC(), Level: slog.Level(d.varint()), Message: string(d.bytes()),
		})
	}
	r.LogsTruncated = d.bool()
	for range d.count() {
		r.Calls = append(r.Calls, d.call())
	}
	r.Duration = time.Duration(d.varint())
	r.CPU = time.Duration(d.varint())
	r.PeakMemory = d.varint()
	r.total = time.Duration(d.varint())
	if d.bool() {
		r.Error = &invocation.Error{
			Kind: invocation.Kind(d.byte()), Message: string(d.bytes()), Line: int(d.varint()), Column: int(d.varint()),
		}
	}
	return r, d.end()
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendBytes[T ~string | ~[]byte](b []byte, v T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// appendOptional tells nil from empty.
func appendOptional(b, v []byte) []byte {
	b = appendBool(b, v != nil)
	if v == nil {
		return b
	}
	return appendBytes(b, v)
}

// decoder reads a payload. After the first mistake it returns zeros; end says
// whether there was one.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) take(n uint64) []byte {
	if d.failed || n > uint64(len(d.rest)) {
		d.failed = true
		return nil
	}
	taken := d.rest[:n:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) bool() bool { return d.byte() != 0 }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) skip(n int) {
	if n <= 0 {
		d.failed = true
		d.rest = nil
		return
	}
	d.rest = d.rest[n:]
}

func (d *decoder) bytes() []byte { return d.take(d.uvarint()) }

func (d *decoder) optional() []byte {
	if !d.bool() {
		return nil
	}
	return d.bytes()
}

// count reads how many elements follow; each takes a byte at least.
func (d *decoder) count() uint64 {
	n := d.uvarint()
	if d.failed || n > uint64(len(d.rest)) {
		d.failed = true
		return 0
	}
	return n
}

func (d *decoder) end() error {
	if d.failed || len(d.rest) > 0 {
		return errTruncated
	}
	return nil
}
