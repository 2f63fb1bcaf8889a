package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// checkLimit is how long looking at a script may take.
const checkLimit = 5 * time.Second

// wireCheck is a script to be looked at; wireWarnings is what is wrong with it.
type wireCheck struct {
	id           wireID
	name, source string
}

func (c *wireCheck) append(b []byte) []byte {
	return appendBytes(appendBytes(c.id.append(b), c.name), c.source)
}

func decodeCheck(b []byte) (*wireCheck, error) {
	d := decoder{rest: b}
	c := &wireCheck{id: wireID(d.uvarint()), name: string(d.bytes()), source: string(d.bytes())}
	return c, d.end()
}

type wireWarnings struct {
	id   wireID
	list []invocation.Warning
}

func (w *wireWarnings) append(b []byte) []byte {
	b = binary.AppendUvarint(w.id.append(b), uint64(len(w.list)))
	for _, one := range w.list {
		b = appendBytes(b, one.Message)
		b = appendBool(b, one.Severe)
		b = binary.AppendVarint(b, int64(one.Line))
		b = binary.AppendVarint(b, int64(one.Column))
	}
	return b
}

func decodeWarnings(b []byte) (*wireWarnings, error) {
	d := decoder{rest: b}
	w := &wireWarnings{id: wireID(d.uvarint())}
	for range d.count() {
		w.list = append(w.list, invocation.Warning{
			Message: string(d.bytes()), Severe: d.bool(), Line: int(d.varint()), Column: int(d.varint()),
		})
	}
	return w, d.end()
}

// Check has a worker look at a script that nobody runs yet, the action called
// name, for tenant. That a script is more than a worker can take is a warning
// too; errors are those of Invoke.
func (p *Pool) Check(ctx context.Context, tenant, name, source string) ([]invocation.Warning, error) {
	for range maxSends {
		w, err := p.idle.get(ctx, tenant)
		if err != nil {
			return nil, fmt.Errorf("wait for a script worker: %w", err)
		}
		warnings, err := w.check(ctx, name, source, p.cfg.Grace)
		if err == nil {
			p.idle.put(w)
			return warnings, nil
		}
		if errors.Is(err, errFrameTooLarge) {
			p.idle.put(w)
			return []invocation.Warning{{Severe: true, Message: "the script is too long"}}, nil
		}
		p.end(w)
		if unsent := (*sendError)(nil); errors.As(err, &unsent) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("check script: %w", err)
		}
		return []invocation.Warning{{Severe: true, Message: "the script cannot be compiled: " + p.postMortem(w, err).Message}}, nil
	}
	return nil, errDying
}

// check has the worker look at a script. An error means that the worker is of
// no more use.
func (p *process) check(ctx context.Context, name, source string, grace time.Duration) ([]invocation.Warning, error) {
	p.using.Lock()
	defer p.using.Unlock()
	p.last++
	message := wireCheck{id: p.last, name: name, source: source}
	p.setDeadline(time.Now().Add(checkLimit + grace))
	canceled := make(chan struct{})
	detach := context.AfterFunc(ctx, func() {
		defer close(canceled)
		_ = p.stdout.SetReadDeadline(time.Now().Add(grace)) // compiling cannot be interrupted
	})
	defer func() {
		if !detach() {
			<-canceled // the next one must not meet this one's deadline
		}
	}()
	p.buf = message.append(newFrame(frameCheck, p.buf))
	if err := p.write(p.buf); err != nil {
		return nil, &sendError{err}
	}
	kind, payload, err := readFrame(p.reader)
	if err != nil {
		return nil, err
	}
	if kind != frameWarnings {
		return nil, fmt.Errorf("unexpected frame %d from worker", kind)
	}
	answer, err := decodeWarnings(payload)
	if err != nil {
		return nil, fmt.Errorf("read warnings: %w", err)
	}
	if answer.id != message.id {
		return nil, errors.New("worker answered another check")
	}
	return answer.list, nil
}
