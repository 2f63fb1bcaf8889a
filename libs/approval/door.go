package approval

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

// Config is how a door treats approvals.
type Config struct {
	// ModeTTL is how long it is remembered whether an organization has
	// approvals on, should the change feed not tell earlier.
	ModeTTL time.Duration `env:"ACTIONPLANE_APPROVAL_MODE_TTL" doc:"how long an owner of gated methods remembers whether an organization has approvals on"`
	// ModeStale is how long approvals may be away before an organization that
	// had them off is treated as unknown.
	ModeStale time.Duration `env:"ACTIONPLANE_APPROVAL_MODE_STALE" doc:"how long gated changes of an organization with approvals off go on while approvals is away"`
	// Timeout of a question to approvals.
	Timeout time.Duration `env:"ACTIONPLANE_APPROVAL_TIMEOUT" doc:"how long approvals may take to answer an owner of gated methods"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{ModeTTL: 10 * time.Second, ModeStale: 15 * time.Minute, Timeout: 5 * time.Second}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	for name, d := range map[string]time.Duration{
		"ACTIONPLANE_APPROVAL_MODE_TTL":   c.ModeTTL,
		"ACTIONPLANE_APPROVAL_MODE_STALE": c.ModeStale,
		"ACTIONPLANE_APPROVAL_TIMEOUT":    c.Timeout,
	} {
		if d <= 0 {
			problems = append(problems, errors.New(name+" must be positive"))
		}
	}
	return errors.Join(problems...)
}

// Deps are what a door works with.
type Deps struct {
	Bus *bus.Conn
	Log *slog.Logger
}

// Door is one owner's. It is safe for concurrent use.
type Door struct {
	cfg       Config
	bus       *bus.Conn
	log       *slog.Logger
	approvals *approvalsv1.ApprovalsBusClient
	modes     *modes
}

// NewDoor returns a door. It starts nothing.
func NewDoor(cfg Config, deps Deps) *Door {
	d := &Door{cfg: cfg, bus: deps.Bus, log: deps.Log, approvals: approvalsv1.NewApprovalsBusClient(deps.Bus)}
	d.modes = newModes(cfg, d.ask)
	return d
}

// AnyRequired reports whether some organization of the caller's tenant has
// approvals on, for rules that a gate cannot express. It is remembered as that of
// an organization is. Unavailable: nobody can tell.
func (d *Door) AnyRequired(ctx context.Context) (bool, error) {
	who := tenant.From(ctx)
	who.Organization = ""
	return d.modes.on(tenant.With(ctx, who))
}

// Stream is where owners tell approvals of what was done at once. Everybody
// who has a door ensures it before its relay runs.
func Stream() bus.Stream {
	return bus.Stream{Name: contract.ApprovalsStream, Subjects: []string{contract.RecordChangeSubjects}, WorkQueue: true}
}

// settingsResource is what the change feed calls approval settings.
const settingsResource = "settings"

// Run hears of settings that change, until ctx is done.
func (d *Door) Run(ctx context.Context) error {
	defer d.modes.unfollow()
	return changefeed.Follow(ctx, d.bus, func(uint64) { d.modes.follow() }, func(_ uint64, c *changesv1.Change) {
		if c.GetResource() == settingsResource || c.GetResource() == "" {
			d.modes.forget()
		}
	})
}

// ask asks approvals whether the caller's organization has approvals on.
func (d *Door) ask(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	out, err := d.approvals.GetGate(ctx, &approvalsv1.GetGateRequest{})
	if err != nil {
		return false, err
	}
	return out.GetEnabled(), nil
}

// call is a call of a gated method.
type call struct {
	method   *contract.Method
	request  proto.Message
	payload  []byte // the request, frozen
	received []byte // the request, as it came
	approval string // the request that the call says it executes
}

type callKey struct{}

// Guard returns a registrar that marks the calls of gated methods, so that Do
// knows them, and hands everything to r.
func (d *Door) Guard(r contract.Registrar) contract.Registrar { return guard{to: r} }

type guard struct{ to contract.Registrar }

// Register implements contract.Registrar.
func (g guard) Register(m *contract.Method, newRequest func() proto.Message, h contract.Handler) {
	if m.Gate != nil {
		h = marked(m, h)
	}
	g.to.Register(m, newRequest, h)
}

func marked(m *contract.Method, h contract.Handler) contract.Handler {
	return func(ctx context.Context, req proto.Message) (proto.Message, error) {
		payload, err := marshal(req)
		if err != nil {
			return nil, fault.Internal("%s: freeze the request", m.FullName).Because(err)
		}
		c := &call{method: m, request: proto.Clone(req), payload: payload, received: payload}
		if in, ok := bus.InboundOf(ctx); ok {
			c.received, c.approval = in.Data, in.Approval
		}
		return h(context.WithValue(ctx, callKey{}, c), req)
	}
}
