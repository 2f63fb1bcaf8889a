// Package resolver finds the one chain that answers to a trigger, through
// three layers: this process, Redis, Postgres. Most traffic matches nothing,
// so that nothing is remembered too.
//
// An entry is kept under the epoch its tenant had before it was read (see
// changefeed), so a change makes every older entry unreachable, in all
// replicas, without anybody deleting it. Where the epoch is not known, nothing
// is cached. Redis away: slower, not wrong. Postgres away: what is remembered
// goes on being found until its configuration changes.
package resolver

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/cache"
	dispatchv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/dispatch/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	"github.com/actionplane/actionplane/services/executions/internal/chain"
	"github.com/actionplane/actionplane/services/executions/internal/condition"
)

const (
	localEntries = 100_000
	// lifetime bounds the age of entries whose epoch nobody asks for any more.
	lifetime = 10 * time.Minute
)

// executionStore is where executions are read from.
type executionStore interface {
	Closure(ctx context.Context, tenant string, conditionIDs []string) (map[string]chain.Execution, error)
}

// targetService is who knows targets.
type targetService interface {
	GetTargetSnapshots(ctx context.Context, in *targetsv1.GetTargetSnapshotsRequest) (*targetsv1.GetTargetSnapshotsResponse, error)
}

// Resolver resolves triggers. It is safe for concurrent use.
type Resolver struct {
	store   executionStore
	targets targetService
	shared  cache.Cache // nil: none
	local   *cache.Local[key, *dispatchv1.Chain]
	epochs  *Epochs
	meters  *Meters
	log     *slog.Logger
}

type key struct {
	tenant  string
	epoch   uint64
	trigger condition.Trigger
}

// New returns a resolver. shared may be nil, and so may meters.
func New(store executionStore, targets targetService, shared cache.Cache, epochs *Epochs, meters *Meters, log *slog.Logger) *Resolver {
	return &Resolver{
		store: store, targets: targets, shared: shared, epochs: epochs, meters: meters, log: log,
		local: cache.NewLocal[key, *dispatchv1.Chain](localEntries, lifetime),
	}
}

// Close forgets what is remembered in this process.
func (r *Resolver) Close() { r.local.Close() }

// Resolve returns the chain of the execution that wins; one without a
// condition where none does, one without steps where the winner is a noop. The
// chain is shared: it must not be changed. times is how many triggers of the kind
// there are.
func (r *Resolver) Resolve(ctx context.Context, tenant string, t condition.Trigger, times int) (*dispatchv1.Chain, error) {
	found, err := r.resolve(ctx, tenant, t)
	r.meters.resolved(t.Kind, times, found, err)
	return found, err
}

// Knows reports whether this process has the answer at hand.
func (r *Resolver) Knows(tenant string, t condition.Trigger) bool {
	epoch, known := r.epochs.Of(tenant)
	if !known {
		return false
	}
	_, ok := r.local.Get(key{tenant: tenant, epoch: epoch, trigger: t})
	return ok
}

func (r *Resolver) resolve(ctx context.Context, tenant string, t condition.Trigger) (*dispatchv1.Chain, error) {
	epoch, known := r.epochs.Of(tenant)
	if !known {
		return r.read(ctx, tenant, t)
	}
	k := key{tenant: tenant, epoch: epoch, trigger: t}
	found, ok := r.local.Get(k)
	r.meters.looked(cache.Memory, ok)
	if ok { // the usual way, and it allocates nothing
		return found, nil
	}
	return r.local.GetOrLoad(ctx, k, r.load)
}

// load asks Redis, then Postgres.
func (r *Resolver) load(ctx context.Context, k key) (*dispatchv1.Chain, error) {
	if found := r.recall(ctx, k); found != nil {
		return found, nil
	}
	found, err := r.read(ctx, k.tenant, k.trigger)
	if err == nil {
		r.remember(ctx, k, found)
	}
	return found, err
}

func (k key) String() string {
	return "chain:" + k.tenant + ":" + strconv.FormatUint(k.epoch, 10) + ":" + string(k.trigger.Kind) + ":" + k.trigger.Name
}

func (r *Resolver) recall(ctx context.Context, k key) *dispatchv1.Chain {
	if r.shared == nil {
		return nil
	}
	data, ok, err := r.shared.Get(ctx, k.String())
	if err != nil {
		r.log.DebugContext(ctx, "resolver.recall", "error", err) // the cache's own circuit warns
	}
	found := new(dispatchv1.Chain)
	ok = ok && proto.Unmarshal(data, found) == nil
	r.meters.looked(cache.Shared, ok)
	if !ok {
		return nil
	}
	return found
}

func (r *Resolver) remember(ctx context.Context, k key, found *dispatchv1.Chain) {
	if r.shared == nil {
		return
	}
	data, err := proto.Marshal(found)
	if err == nil {
		err = r.shared.Set(ctx, k.String(), data, lifetime)
	}
	if err != nil {
		r.log.DebugContext(ctx, "resolver.remember", "error", err)
	}
}

// read asks the owners: Postgres for executions, the targets service for
// targets.
func (r *Resolver) read(ctx context.Context, tenant string, t condition.Trigger) (*dispatchv1.Chain, error) {
	candidates := condition.Candidates(t)
	stored, err := r.store.Closure(ctx, tenant, candidates)
	r.meters.looked(cache.Owner, err == nil && len(stored) > 0)
	if err != nil {
		return nil, err
	}
	winner, ids, ok := chain.Resolve(candidates, func(id string) (chain.Execution, bool) { e, ok := stored[id]; return e, ok })
	if !ok {
		return &dispatchv1.Chain{}, nil
	}
	snapshots, err := r.snapshots(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &dispatchv1.Chain{Condition: winner, Steps: snapshots}, nil
}

// snapshots returns the targets of ids that exist, in the order of ids, each
// as often as it is listed.
func (r *Resolver) snapshots(ctx context.Context, ids []chain.TargetID) ([]*targetsv1.TargetSnapshot, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in := &targetsv1.GetTargetSnapshotsRequest{}
	for _, id := range ids {
		in.Ids = append(in.Ids, string(id))
	}
	out, err := r.targets.GetTargetSnapshots(ctx, in)
	if err != nil {
		return nil, err
	}
	byID := map[string]*targetsv1.TargetSnapshot{}
	for _, t := range out.GetTargets() {
		byID[t.GetId()] = t
	}
	steps := make([]*targetsv1.TargetSnapshot, 0, len(ids))
	for _, id := range ids {
		if t, ok := byID[string(id)]; ok {
			steps = append(steps, t)
		}
	}
	return steps, nil
}
