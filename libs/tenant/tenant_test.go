package tenant_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/actionplane/actionplane/libs/tenant"
)

func TestFromANakedContextIsTheDefaultTenantAndNobody(t *testing.T) {
	t.Parallel()
	got := tenant.From(t.Context())
	if got.Tenant != tenant.Default || got.Organization != "" || got.Person != "" || got.Roles != nil {
		t.Fatalf("got %+v", got)
	}
}

func TestWithTheInnermostIdentityCounts(t *testing.T) {
	t.Parallel()
	outer := tenant.With(t.Context(), tenant.Identity{Tenant: "a", Person: "p"})
	inner := tenant.With(outer, tenant.Identity{Tenant: "b"})
	if got := tenant.From(inner); got.Tenant != "b" || got.Person != "" {
		t.Fatalf("got %+v", got)
	}
	if got := tenant.From(outer); got.Tenant != "a" {
		t.Fatalf("the outer context became %+v", got)
	}
}

func ExampleWith() {
	ctx := tenant.With(context.Background(), tenant.Identity{Tenant: tenant.Default, Roles: []string{"IAM_OWNER"}})
	fmt.Println(tenant.From(ctx).Roles)
	// Output: [IAM_OWNER]
}
