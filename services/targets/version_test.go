package targets_test

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
	filterv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2beta"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	resourcev3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
)

// seen is a target as every version shows it.
type seen struct {
	id, name, endpoint, key string
	kind                    kind
	timeout                 time.Duration
	created, changed        time.Time
}

// kind is a target type with its flag.
type kind string

const (
	webhookKind      kind = "webhook"
	webhookInterrupt kind = "webhook!"
	callKind         kind = "call"
	callInterrupt    kind = "call!"
	asyncKind        kind = "async"
)

// change is what to change about a target; nil leaves it.
type change struct {
	name, endpoint *string
	kind           *kind
	timeout        *time.Duration
	rotate         bool
}

// version is the API in one of its versions.
type version interface {
	create(ctx context.Context, t seen) (id, key string, err error)
	update(ctx context.Context, id string, c change) (changed time.Time, key string, err error)
	get(ctx context.Context, id string) (seen, error)
	remove(ctx context.Context, id string) error
	// list returns a page of the targets whose name begins so, by creation.
	list(ctx context.Context, prefix string, desc bool, offset, limit int) (page []seen, total int, err error)
}

func (w *world) versions() map[string]version {
	return map[string]version{"v3alpha": v3alpha{w.ZITADELActionsBusClient}, "v2": v2{w.v2}, "v2beta": v2beta{w.v2beta}}
}

type v3alpha struct {
	*actionv3alpha.ZITADELActionsBusClient
}

func (v v3alpha) create(ctx context.Context, t seen) (id, key string, err error) {
	m := &actionv3alpha.Target{Name: t.name, Endpoint: t.endpoint, Timeout: durationpb.New(t.timeout)}
	interrupt := t.kind == webhookInterrupt || t.kind == callInterrupt
	switch t.kind {
	case webhookKind, webhookInterrupt:
		m.TargetType = &actionv3alpha.Target_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{InterruptOnError: interrupt}}
	case callKind, callInterrupt:
		m.TargetType = &actionv3alpha.Target_RestCall{RestCall: &actionv3alpha.SetRESTCall{InterruptOnError: interrupt}}
	default:
		m.TargetType = &actionv3alpha.Target_RestAsync{RestAsync: &actionv3alpha.SetRESTAsync{}}
	}
	out, err := v.CreateTarget(ctx, &actionv3alpha.CreateTargetRequest{Target: m})
	return out.GetDetails().GetId(), out.GetSigningKey(), err
}

func (v v3alpha) update(ctx context.Context, id string, c change) (time.Time, string, error) {
	m := &actionv3alpha.PatchTarget{Name: c.name, Endpoint: c.endpoint, Timeout: durationOf(c.timeout), ExpirationSigningKey: rotation(c)}
	if c.kind != nil {
		interrupt := *c.kind == webhookInterrupt || *c.kind == callInterrupt
		switch *c.kind {
		case webhookKind, webhookInterrupt:
			m.TargetType = &actionv3alpha.PatchTarget_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{InterruptOnError: interrupt}}
		case callKind, callInterrupt:
			m.TargetType = &actionv3alpha.PatchTarget_RestCall{RestCall: &actionv3alpha.SetRESTCall{InterruptOnError: interrupt}}
		default:
			m.TargetType = &actionv3alpha.PatchTarget_RestAsync{RestAsync: &actionv3alpha.SetRESTAsync{}}
		}
	}
	out, err := v.PatchTarget(ctx, &actionv3alpha.PatchTargetRequest{Id: id, Target: m})
	return out.GetDetails().GetChanged().AsTime(), out.GetSigningKey(), err
}

func (v v3alpha) get(ctx context.Context, id string) (seen, error) {
	out, err := v.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: id})
	return seenV3alpha(out.GetTarget()), err
}

func (v v3alpha) remove(ctx context.Context, id string) error {
	_, err := v.DeleteTarget(ctx, &actionv3alpha.DeleteTargetRequest{Id: id})
	return err
}

func (v v3alpha) list(ctx context.Context, prefix string, desc bool, offset, limit int) (page []seen, total int, err error) {
	out, err := v.SearchTargets(ctx, &actionv3alpha.SearchTargetsRequest{
		Query:   &resourcev3alpha.SearchQuery{Offset: uint64(offset), Limit: uint32(limit), Desc: desc},
		Filters: []*actionv3alpha.TargetSearchFilter{nameFilter(prefix, resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH)},
	})
	for _, t := range out.GetResult() {
		page = append(page, seenV3alpha(t))
	}
	return page, int(out.GetDetails().GetTotalResult()), err
}

func seenV3alpha(t *actionv3alpha.GetTarget) seen {
	c, d := t.GetConfig(), t.GetDetails()
	return seen{
		id: d.GetId(), name: c.GetName(), endpoint: c.GetEndpoint(), key: t.GetSigningKey(), timeout: c.GetTimeout().AsDuration(),
		kind:    kindOf(c.GetRestWebhook() != nil, c.GetRestCall() != nil, c.GetRestWebhook().GetInterruptOnError() || c.GetRestCall().GetInterruptOnError()),
		created: d.GetCreated().AsTime(), changed: d.GetChanged().AsTime(),
	}
}

type v2 struct {
	*actionv2.ActionServiceBusClient
}

func (v v2) create(ctx context.Context, t seen) (id, key string, err error) {
	out, err := v.CreateTarget(ctx, requestV2(t))
	return out.GetId(), out.GetSigningKey(), err
}

func (v v2) update(ctx context.Context, id string, c change) (time.Time, string, error) {
	m := &actionv2.UpdateTargetRequest{Id: id, Name: c.name, Endpoint: c.endpoint, Timeout: durationOf(c.timeout), ExpirationSigningKey: rotation(c)}
	if c.kind != nil {
		interrupt := *c.kind == webhookInterrupt || *c.kind == callInterrupt
		switch *c.kind {
		case webhookKind, webhookInterrupt:
			m.TargetType = &actionv2.UpdateTargetRequest_RestWebhook{RestWebhook: &actionv2.RESTWebhook{InterruptOnError: interrupt}}
		case callKind, callInterrupt:
			m.TargetType = &actionv2.UpdateTargetRequest_RestCall{RestCall: &actionv2.RESTCall{InterruptOnError: interrupt}}
		default:
			m.TargetType = &actionv2.UpdateTargetRequest_RestAsync{RestAsync: &actionv2.RESTAsync{}}
		}
	}
	out, err := v.UpdateTarget(ctx, m)
	return out.GetChangeDate().AsTime(), out.GetSigningKey(), err
}

func (v v2) get(ctx context.Context, id string) (seen, error) {
	out, err := v.GetTarget(ctx, &actionv2.GetTargetRequest{Id: id})
	return seenV2(out.GetTarget()), err
}

func (v v2) remove(ctx context.Context, id string) error {
	_, err := v.DeleteTarget(ctx, &actionv2.DeleteTargetRequest{Id: id})
	return err
}

func (v v2) list(ctx context.Context, prefix string, desc bool, offset, limit int) (page []seen, total int, err error) {
	out, err := v.ListTargets(ctx, &actionv2.ListTargetsRequest{
		Pagination: &filterv2.PaginationRequest{Offset: uint64(offset), Limit: uint32(limit), Asc: !desc},
		Filters: []*actionv2.TargetSearchFilter{{Filter: &actionv2.TargetSearchFilter_TargetNameFilter{TargetNameFilter: &actionv2.TargetNameFilter{
			TargetName: prefix, Method: filterv2.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH,
		}}}},
	})
	for _, t := range out.GetTargets() {
		page = append(page, seenV2(t))
	}
	return page, int(out.GetPagination().GetTotalResult()), err
}

// requestV2 asks v2 for t.
func requestV2(t seen) *actionv2.CreateTargetRequest {
	m := &actionv2.CreateTargetRequest{Name: t.name, Endpoint: t.endpoint, Timeout: durationpb.New(t.timeout)}
	interrupt := t.kind == webhookInterrupt || t.kind == callInterrupt
	switch t.kind {
	case webhookKind, webhookInterrupt:
		m.TargetType = &actionv2.CreateTargetRequest_RestWebhook{RestWebhook: &actionv2.RESTWebhook{InterruptOnError: interrupt}}
	case callKind, callInterrupt:
		m.TargetType = &actionv2.CreateTargetRequest_RestCall{RestCall: &actionv2.RESTCall{InterruptOnError: interrupt}}
	default:
		m.TargetType = &actionv2.CreateTargetRequest_RestAsync{RestAsync: &actionv2.RESTAsync{}}
	}
	return m
}

func seenV2(t *actionv2.Target) seen {
	return seen{
		id: t.GetId(), name: t.GetName(), endpoint: t.GetEndpoint(), key: t.GetSigningKey(), timeout: t.GetTimeout().AsDuration(),
		kind:    kindOf(t.GetRestWebhook() != nil, t.GetRestCall() != nil, t.GetRestWebhook().GetInterruptOnError() || t.GetRestCall().GetInterruptOnError()),
		created: t.GetCreationDate().AsTime(), changed: t.GetChangeDate().AsTime(),
	}
}

type v2beta struct {
	*actionv2beta.ActionServiceBusClient
}

func (v v2beta) create(ctx context.Context, t seen) (id, key string, err error) {
	m := &actionv2beta.CreateTargetRequest{Name: t.name, Endpoint: t.endpoint, Timeout: durationpb.New(t.timeout)}
	interrupt := t.kind == webhookInterrupt || t.kind == callInterrupt
	switch t.kind {
	case webhookKind, webhookInterrupt:
		m.TargetType = &actionv2beta.CreateTargetRequest_RestWebhook{RestWebhook: &actionv2beta.RESTWebhook{InterruptOnError: interrupt}}
	case callKind, callInterrupt:
		m.TargetType = &actionv2beta.CreateTargetRequest_RestCall{RestCall: &actionv2beta.RESTCall{InterruptOnError: interrupt}}
	default:
		m.TargetType = &actionv2beta.CreateTargetRequest_RestAsync{RestAsync: &actionv2beta.RESTAsync{}}
	}
	out, err := v.CreateTarget(ctx, m)
	return out.GetId(), out.GetSigningKey(), err
}

func (v v2beta) update(ctx context.Context, id string, c change) (time.Time, string, error) {
	m := &actionv2beta.UpdateTargetRequest{Id: id, Name: c.name, Endpoint: c.endpoint, Timeout: durationOf(c.timeout), ExpirationSigningKey: rotation(c)}
	if c.kind != nil {
		interrupt := *c.kind == webhookInterrupt || *c.kind == callInterrupt
		switch *c.kind {
		case webhookKind, webhookInterrupt:
			m.TargetType = &actionv2beta.UpdateTargetRequest_RestWebhook{RestWebhook: &actionv2beta.RESTWebhook{InterruptOnError: interrupt}}
		case callKind, callInterrupt:
			m.TargetType = &actionv2beta.UpdateTargetRequest_RestCall{RestCall: &actionv2beta.RESTCall{InterruptOnError: interrupt}}
		default:
			m.TargetType = &actionv2beta.UpdateTargetRequest_RestAsync{RestAsync: &actionv2beta.RESTAsync{}}
		}
	}
	out, err := v.UpdateTarget(ctx, m)
	return out.GetChangeDate().AsTime(), out.GetSigningKey(), err
}

func (v v2beta) get(ctx context.Context, id string) (seen, error) {
	out, err := v.GetTarget(ctx, &actionv2beta.GetTargetRequest{Id: id})
	return seenV2beta(out.GetTarget()), err
}

func (v v2beta) remove(ctx context.Context, id string) error {
	_, err := v.DeleteTarget(ctx, &actionv2beta.DeleteTargetRequest{Id: id})
	return err
}

func (v v2beta) list(ctx context.Context, prefix string, desc bool, offset, limit int) (page []seen, total int, err error) {
	out, err := v.ListTargets(ctx, &actionv2beta.ListTargetsRequest{
		Pagination: &filterv2beta.PaginationRequest{Offset: uint64(offset), Limit: uint32(limit), Asc: !desc},
		Filters: []*actionv2beta.TargetSearchFilter{{Filter: &actionv2beta.TargetSearchFilter_TargetNameFilter{TargetNameFilter: &actionv2beta.TargetNameFilter{
			TargetName: prefix, Method: filterv2beta.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH,
		}}}},
	})
	for _, t := range out.GetTargets() {
		page = append(page, seenV2beta(t))
	}
	return page, int(out.GetPagination().GetTotalResult()), err
}

func seenV2beta(t *actionv2beta.Target) seen {
	return seen{
		id: t.GetId(), name: t.GetName(), endpoint: t.GetEndpoint(), key: t.GetSigningKey(), timeout: t.GetTimeout().AsDuration(),
		kind:    kindOf(t.GetRestWebhook() != nil, t.GetRestCall() != nil, t.GetRestWebhook().GetInterruptOnError() || t.GetRestCall().GetInterruptOnError()),
		created: t.GetCreationDate().AsTime(), changed: t.GetChangeDate().AsTime(),
	}
}

func kindOf(webhook, call, interrupt bool) kind {
	switch {
	case webhook && interrupt:
		return webhookInterrupt
	case webhook:
		return webhookKind
	case call && interrupt:
		return callInterrupt
	case call:
		return callKind
	}
	return asyncKind
}

func durationOf(d *time.Duration) *durationpb.Duration {
	if d == nil {
		return nil
	}
	return durationpb.New(*d)
}

func rotation(c change) *durationpb.Duration {
	if !c.rotate {
		return nil
	}
	return &durationpb.Duration{}
}

// unknown adds a field that m does not know, as a newer client might.
func unknown(m proto.Message, raw ...byte) { m.ProtoReflect().SetUnknown(raw) }
