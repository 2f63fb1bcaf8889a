package dispatch

import (
	"context"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/dispatch/internal/delivery"
	"github.com/actionplane/actionplane/services/dispatch/internal/run"
	"github.com/actionplane/actionplane/services/dispatch/internal/store"
)

// intervene does something to one delivery and returns it as it is then. done
// is the word for what cannot be.
func (s *Service) intervene(ctx context.Context, id, done string, what store.Intervention) (run.Delivery, error) {
	tenantID := string(tenant.From(ctx).Tenant)
	deliveryID, err := run.ParseDeliveryID(id)
	if err != nil {
		return run.Delivery{}, fault.NotFound("there is no delivery %s", id)
	}
	changed, err := s.store.Intervene(ctx, tenantID, deliveryID, what)
	if err != nil {
		return run.Delivery{}, s.named(err, "delivery", id)
	}
	d, err := s.store.Delivery(ctx, tenantID, deliveryID)
	if err != nil {
		return run.Delivery{}, s.named(err, "delivery", id)
	}
	if !changed {
		return run.Delivery{}, fault.FailedPrecondition("delivery %s is %s and cannot be %s", id, d.State, done)
	}
	s.courier.Kick()
	return d, nil
}

// filtered is a request about the deliveries of a filter.
type filtered interface {
	GetFilter() *actionplanev1.DeliveryFilter
	GetLimit() uint32
	GetAfter() string
}

// interveneAll does something to the deliveries of a filter. Without states it
// means those of defaults.
func (s *Service) interveneAll(ctx context.Context, in filtered, defaults []delivery.State, what store.Intervention) (count uint32, next string, err error) {
	filter, err := filterOf(in.GetFilter())
	if err != nil {
		return 0, "", err
	}
	if len(filter.States) == 0 {
		filter.States = defaults
	}
	page := store.Page{Limit: maxLimit}
	if in.GetLimit() > 0 {
		page.Limit = int(min(in.GetLimit(), maxLimit))
	}
	if in.GetAfter() != "" {
		if page.After, err = run.ParseDeliveryID(in.GetAfter()); err != nil {
			return 0, "", fault.Invalid("after: must be the id of a delivery")
		}
	}
	n, last, err := s.store.InterveneAll(ctx, string(tenant.From(ctx).Tenant), filter, page, what)
	if n > 0 {
		s.courier.Kick()
	}
	if err != nil {
		return 0, "", err
	}
	if last != 0 {
		next = last.String()
	}
	return uint32(n), next, nil
}
