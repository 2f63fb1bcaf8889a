package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/stack"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
)

// ErrForwarded is returned by a handler that has handed its call on with
// Conn.Forward: somebody else answers.
var ErrForwarded = errors.New("the call was forwarded")

// ServerConfig bounds a server; zero values mean the defaults.
type ServerConfig struct {
	// Concurrency is how many calls are handled at once; 0 means 256. More
	// wait in the order they came.
	Concurrency int
	// Validate, when set, checks requests that the edge has not checked.
	Validate func(proto.Message) error
}

// Server answers the calls of the methods registered with it. It implements
// contract.Registrar.
type Server struct {
	conn     *Conn
	cfg      ServerConfig
	codec    wirejson.Codec
	methods  []served
	slots    chan struct{}
	inFlight sync.WaitGroup
}

type served struct {
	contract   *contract.Method
	newRequest func() proto.Message
	handle     contract.Handler
}

// NewServer returns a server without methods.
func (c *Conn) NewServer(cfg ServerConfig) *Server {
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 256
	}
	return &Server{conn: c, cfg: cfg, codec: wirejson.Default(), slots: make(chan struct{}, cfg.Concurrency)}
}

// Register adds a method. It must not be called once Run was.
func (s *Server) Register(m *contract.Method, newRequest func() proto.Message, h contract.Handler) {
	s.methods = append(s.methods, served{contract: m, newRequest: newRequest, handle: h})
}

// Run serves until ctx is done, then stops taking calls, finishes those it has
// taken, and returns nil.
func (s *Server) Run(ctx context.Context) error {
	base := context.WithoutCancel(ctx)
	var subs []*nats.Subscription
	for _, m := range s.methods {
		sub, err := s.conn.nc.QueueSubscribe(m.contract.Subject+".*", m.contract.Owner(), func(msg *nats.Msg) {
			s.slots <- struct{}{}
			s.inFlight.Go(func() {
				stack.Reserve()
				defer func() { <-s.slots }()
				s.serve(base, m, msg)
			})
		})
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", m.contract.Subject, err)
		}
		subs = append(subs, sub)
	}
	if err := s.conn.nc.Flush(); err != nil {
		s.conn.log.Warn("bus.flush", "error", err) // the subscriptions are resent on reconnect
	}
	<-ctx.Done()
	drain(subs)
	s.inFlight.Wait()
	return nil
}

// drain stops the subscriptions and waits until what they had received was
// handed to their callbacks.
func drain(subs []*nats.Subscription) {
	var done sync.WaitGroup
	for _, sub := range subs {
		done.Add(1)
		sub.SetClosedHandler(func(string) { done.Done() })
		if sub.Drain() != nil { // the connection is gone, and the subscription with it
			sub.SetClosedHandler(nil)
			done.Done()
		}
	}
	done.Wait()
}

// incoming returns base with the identity and trace of msg. The tenant is the
// subject's: that is what the NATS server's permissions hold for.
func (m served) incoming(base context.Context, msg *nats.Msg) context.Context {
	ctx := incoming(base, msg.Header)
	id := tenant.From(ctx)
	id.Tenant = tenant.ID(strings.TrimPrefix(msg.Subject, m.contract.Subject+"."))
	return tenant.With(ctx, id)
}

func (s *Server) serve(base context.Context, m served, msg *nats.Msg) {
	ctx, cancel := context.WithTimeout(m.incoming(base, msg), timeout(msg.Header, DefaultTimeout))
	defer cancel()
	ctx, span := s.conn.tracer.Start(ctx, rpcName(m.contract), serverKind...)
	describeCall(ctx, span, m.contract)
	start := time.Now()
	msg, err := s.conn.accept(msg)
	defer func() {
		endServe(span, err)
		s.conn.meters.serve(ctx, m.contract, start, err)
	}()
	if err != nil {
		s.conn.log.WarnContext(ctx, "bus.accept", "subject", m.contract.Subject, "error", err)
		return // nobody knows that we had it
	}
	ctx = context.WithValue(ctx, inboundKey{}, msg)
	resp, err := s.handle(ctx, m, msg)
	if errors.Is(err, ErrForwarded) {
		err = nil
		return
	}
	if err != nil {
		s.logFailure(ctx, m, err, time.Since(start))
	}
	if msg.Reply == "" {
		return
	}
	sendErr := s.conn.nc.PublishMsg(s.answer(msg, resp, err))
	if errors.Is(sendErr, nats.ErrMaxPayload) {
		sendErr = s.conn.nc.PublishMsg(s.answer(msg, nil, fault.Exhausted("the answer is larger than the bus allows: ask for less at once")))
	}
	if sendErr != nil {
		s.conn.log.WarnContext(ctx, "bus.answer", "subject", m.contract.Subject, "error", sendErr)
	}
}

// handle decodes, validates and calls the handler. A panic there is an error
// of that call alone.
func (s *Server) handle(ctx context.Context, m served, msg *nats.Msg) (resp proto.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			resp, err = nil, fault.Internal("internal error").Because(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	req := m.newRequest()
	if err := s.decode(msg, req); err != nil {
		return nil, fault.Invalid("malformed request: %v", err)
	}
	if s.cfg.Validate != nil && get(msg.Header, contract.HeaderChecked) == "" {
		if err := s.cfg.Validate(req); err != nil {
			return nil, err
		}
	}
	return m.handle(ctx, req)
}

func (s *Server) decode(msg *nats.Msg, req proto.Message) error {
	if isJSON(get(msg.Header, contract.HeaderContentType)) {
		return s.codec.Unmarshal(msg.Data, req)
	}
	return proto.Unmarshal(msg.Data, req)
}

// answer builds the reply to msg, in JSON where the caller spoke it.
func (s *Server) answer(msg *nats.Msg, resp proto.Message, err error) *nats.Msg {
	out := &nats.Msg{Subject: msg.Reply}
	if err == nil {
		out.Data, out.Header, err = s.encode(msg, resp)
	}
	if err != nil {
		out.Header, out.Data = errorAnswer(err)
	}
	return out
}

func (s *Server) encode(msg *nats.Msg, resp proto.Message) ([]byte, nats.Header, error) {
	if wantsJSON(msg.Header) {
		data, err := s.codec.Marshal(resp)
		return data, nats.Header{contract.HeaderContentType: {jsonType}}, err
	}
	data, err := proto.Marshal(resp)
	return data, nil, err
}

func wantsJSON(h nats.Header) bool {
	return isJSON(get(h, contract.HeaderContentType)) || isJSON(get(h, contract.HeaderAccept))
}

// logFailure logs once, for the caller gets the class and not the cause.
func (s *Server) logFailure(ctx context.Context, m served, err error, took time.Duration) {
	log := s.conn.log.WarnContext
	if fault.Permanent(err) {
		log = s.conn.log.DebugContext
	}
	log(ctx, "bus.call_failed", "subject", m.contract.Subject, "code", uint32(fault.CodeOf(err)), "took", took, "error", err)
}
