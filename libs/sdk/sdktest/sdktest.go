// Package sdktest gives a test an Actionplane of its own: a real NATS server
// in the test's process whose hooks answer as the test says, and a stream that
// keeps what is published. It lets a service test its guards without the rest
// of Actionplane.
package sdktest

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
)

// readyTimeout bounds the start of the server and every look at its stream.
const readyTimeout = 10 * time.Second

// Call is a hook that a service ran.
type Call struct {
	Kind     string // "request", "response", "function"
	Name     string // of the method or function
	Payload  []byte
	Request  []byte // of a response
	Headers  map[string][]string
	Caller   sdk.Caller
	Explain  bool
	Tenant   string
	Metadata map[string][]string // headers of the message
}

// Answer is what becomes of a call. The zero Answer is that nobody listens.
type Answer struct {
	RunID, Condition string
	Payload          []byte // empty: unchanged
	Steps            []*hooksv1.StepResult
	Veto             *sdk.Error
}

// Actionplane answers hooks and keeps events.
type Actionplane struct {
	server *server.Server
	answer func(Call) Answer
	serves *nats.Conn
	subs   []*nats.Subscription

	conditions conditions

	inFlight sync.WaitGroup
	mu       sync.Mutex
	calls    []Call
}

// Start starts an Actionplane that stops when the test ends. answer may be
// called by several goroutines at once; nil: nobody listens to anything.
func Start(t testing.TB, answer func(Call) Answer) *Actionplane {
	t.Helper()
	if answer == nil {
		answer = func(Call) Answer { return Answer{} }
	}
	a := &Actionplane{server: startServer(t), answer: answer}
	t.Cleanup(a.inFlight.Wait) // behind the connection's
	nc := a.Connect(t)
	a.serves = nc
	for kind, m := range map[string]*contract.Method{
		"request": &hooksv1.HooksRunRequestHook, "response": &hooksv1.HooksRunResponseHook, "function": &hooksv1.HooksRunFunctionHook,
	} {
		sub, err := nc.Subscribe(m.Subject+".*", func(msg *nats.Msg) {
			a.inFlight.Go(func() { a.serve(t, kind, msg) })
		})
		if err != nil {
			t.Fatal(err)
		}
		a.subs = append(a.subs, sub)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: contract.EventsStream, Subjects: []string{contract.EventSubjects}}); err != nil {
		t.Fatal(err)
	}
	return a
}

func startServer(t testing.TB) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, MaxPayload: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(readyTimeout) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

// Connect opens a connection that is closed when the test ends.
func (a *Actionplane) Connect(t testing.TB) *nats.Conn {
	t.Helper()
	closed := make(chan struct{})
	nc, err := nats.Connect("", nats.InProcessServer(a.server), nats.MaxReconnects(-1), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nc.Close()
		<-closed
	})
	return nc
}

// Client returns a client of the default tenant.
func (a *Actionplane) Client(t testing.TB) *sdk.Client {
	t.Helper()
	c, err := sdk.New(a.Connect(t), sdk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the connection may be gone
	return c
}

// Server is the NATS server, for nats.InProcessServer.
func (a *Actionplane) Server() nats.InProcessConnProvider { return a.server }

// StopServing leaves NATS without anybody who answers hooks.
func (a *Actionplane) StopServing(t testing.TB) {
	t.Helper()
	for _, sub := range a.subs {
		if err := sub.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.serves.Flush(); err != nil { // the server knows
		t.Fatal(err)
	}
}

// DropEvents leaves NATS without the stream of events.
func (a *Actionplane) DropEvents(t testing.TB) {
	t.Helper()
	js, err := jetstream.New(a.serves)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	if err := js.DeleteStream(ctx, contract.EventsStream); err != nil {
		t.Fatal(err)
	}
}

// Stop takes Actionplane, and NATS with it, away.
func (a *Actionplane) Stop() {
	a.server.Shutdown()
	a.server.WaitForShutdown()
}

// Calls returns the hooks that were run so far.
func (a *Actionplane) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Call(nil), a.calls...)
}

// Events returns what was published so far, with the ids of their messages.
func (a *Actionplane) Events(t testing.TB) (events []*eventsv1.Event, messageIDs []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	js, err := jetstream.New(a.Connect(t))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(ctx, contract.EventsStream)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		msg, err := stream.GetMsg(ctx, seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range eventsOf(t, msg) {
			events, messageIDs = append(events, event), append(messageIDs, msg.Header.Get(nats.MsgIdHdr))
		}
	}
	return events, messageIDs
}

// eventsOf reads a message.
func eventsOf(t testing.TB, msg *jetstream.RawStreamMsg) []*eventsv1.Event {
	t.Helper()
	if msg.Header.Get(contract.HeaderEvents) != "" {
		batch := new(eventsv1.EventBatch)
		if err := proto.Unmarshal(msg.Data, batch); err != nil {
			t.Fatal(err)
		}
		return batch.GetEvents()
	}
	event := new(eventsv1.Event)
	if err := proto.Unmarshal(msg.Data, event); err != nil {
		t.Fatal(err)
	}
	return []*eventsv1.Event{event}
}

func (a *Actionplane) serve(t testing.TB, kind string, msg *nats.Msg) {
	call, err := callFrom(kind, msg)
	if err != nil {
		t.Errorf("hook: %v", err)
		return
	}
	a.mu.Lock()
	a.calls = append(a.calls, call)
	a.mu.Unlock()
	out, err := a.answer(call).message()
	if err != nil {
		t.Errorf("answer: %v", err)
		return
	}
	_ = msg.RespondMsg(out) // the caller may have gone
}

func callFrom(kind string, msg *nats.Msg) (Call, error) {
	c := Call{Kind: kind, Tenant: msg.Subject[strings.LastIndexByte(msg.Subject, '.')+1:], Metadata: msg.Header, Headers: map[string][]string{}}
	var headers map[string]*hooksv1.HeaderValues
	var caller *hooksv1.Caller
	var err error
	switch kind {
	case "request":
		in := new(hooksv1.RunRequestHookRequest)
		err = proto.Unmarshal(msg.Data, in)
		c.Name, c.Payload, c.Explain, headers, caller = in.GetMethod(), in.GetPayload(), in.GetExplain(), in.GetHeaders(), in.GetCaller()
	case "response":
		in := new(hooksv1.RunResponseHookRequest)
		err = proto.Unmarshal(msg.Data, in)
		c.Name, c.Payload, c.Explain, headers, caller = in.GetMethod(), in.GetPayload(), in.GetExplain(), in.GetHeaders(), in.GetCaller()
		c.Request = in.GetRequest()
	default:
		in := new(hooksv1.RunFunctionHookRequest)
		err = proto.Unmarshal(msg.Data, in)
		c.Name, c.Payload, c.Explain, caller = in.GetFunction(), in.GetPayload(), in.GetExplain(), in.GetCaller()
	}
	for name, values := range headers {
		c.Headers[name] = values.GetValues()
	}
	c.Caller = sdk.Caller{Organization: caller.GetOrganizationId(), Project: caller.GetProjectId(), User: caller.GetUserId()}
	return c, err
}

func (a Answer) message() (*nats.Msg, error) {
	data, err := proto.Marshal(&hooksv1.RunHookResponse{RunId: a.RunID, Condition: a.Condition, Payload: a.Payload, Steps: a.Steps})
	return &nats.Msg{Header: a.header(), Data: data}, err
}

func (a Answer) header() nats.Header {
	h := nats.Header{}
	if a.Veto != nil {
		h.Set(contract.HeaderErrorCode, strconv.FormatUint(uint64(a.Veto.Code), 10))
		h.Set(contract.HeaderErrorText, a.Veto.Message)
		h.Set(contract.HeaderErrorID, a.Veto.ID)
	}
	return h
}
