package worker

import (
	"bufio"
	"context"
	"io"
	"testing"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
)

// parent speaks to a Serve in this process. Settings without limits keep it
// from changing the process.
type parent struct {
	t      *testing.T
	in     *io.PipeWriter
	out    *bufio.Reader
	served chan error
}

func newParent(ctx context.Context, t *testing.T) *parent {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	p := &parent{t: t, in: inWrite, out: bufio.NewReader(outRead), served: make(chan error, 1)}
	go func() {
		err := Serve(ctx, inRead, outWrite)
		_ = outWrite.Close()
		p.served <- err
	}()
	t.Cleanup(func() { _ = inWrite.Close() })
	return p
}

func (p *parent) send(b []byte) {
	p.t.Helper()
	if _, err := p.in.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *parent) expect(want frameKind) {
	p.t.Helper()
	if kind, _, err := readFrame(p.out); kind != want || err != nil {
		p.t.Fatalf("worker sends frame %d, %v; want %d", kind, err, want)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	const settings = `{"MaxMemory":-1}`
	t.Run("EndsWithItsInput", func(t *testing.T) {
		t.Parallel()
		p := newParent(context.Background(), t)
		p.send(frame(t, frameHello, settings))
		p.expect(frameReady)
		_ = p.in.Close()
		if err := <-p.served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Run("EndsWhileAScriptRuns", func(t *testing.T) {
		t.Parallel()
		p := newParent(context.Background(), t)
		p.send(frame(t, frameHello, settings))
		p.expect(frameReady)
		r := wireRequest{id: 1, hasSource: true, Request: request(`function run() { for (;;); }`)}
		r.Hash = invocation.HashOf(r.Source)
		p.send(frame(t, frameInvoke, string(r.append(nil))))
		_ = p.in.Close()
		p.expect(frameResult) // interrupted
		if err := <-p.served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Run("EndsWithItsContext", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(context.Background())
		p := newParent(ctx, t)
		p.send(frame(t, frameHello, settings))
		p.expect(frameReady)
		cancel()
		if err := <-p.served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Run("AsksForTheSource", func(t *testing.T) {
		t.Parallel()
		p := newParent(context.Background(), t)
		p.send(frame(t, frameHello, settings))
		p.expect(frameReady)
		r := wireRequest{id: 1, Request: request(`function run() {}`)}
		p.send(frame(t, frameInvoke, string(r.append(nil))))
		p.expect(frameNeedSource)
		// One that comes late means nobody.
		p.send(frame(t, frameCancel, string(wireID(1).append(nil))))
		r.hasSource, r.Hash = true, invocation.HashOf(r.Source)
		p.send(frame(t, frameInvoke, string(r.append(nil))))
		p.expect(frameResult)
	})
	t.Run("RefusesWhatItDoesNotKnow", func(t *testing.T) {
		t.Parallel()
		for name, b := range map[string][]byte{
			"first frame":  frame(t, frameInvoke, ""),
			"bad settings": frame(t, frameHello, "{"),
			"garbage":      {0, 0, 0, 0, 0},
		} {
			p := newParent(context.Background(), t)
			p.send(b)
			if err := <-p.served; err == nil {
				t.Errorf("%s is taken", name)
			}
		}
	})
}
