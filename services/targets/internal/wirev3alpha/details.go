package wirev3alpha

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/tenant"
	objectv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/object/v3alpha"
	resourcev3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// details says on the wire when t came and changed, and that the tenant owns it.
func details(ctx context.Context, t target.Target) *resourcev3alpha.Details {
	return &resourcev3alpha.Details{
		Id:      string(t.ID),
		Created: timestamppb.New(t.Created),
		Changed: timestamppb.New(t.Changed),
		Owner: &objectv3alpha.Owner{
			Type: objectv3alpha.OwnerType_OWNER_TYPE_INSTANCE,
			Id:   string(tenant.From(ctx).Tenant),
		},
	}
}
