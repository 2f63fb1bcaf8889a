package executions_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/executions"
)

func TestListCatalog(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	ctx := as(t)
	before := time.Now().Add(-time.Minute)
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{
		Methods: []string{"/b.S/M", "/a.S/M"}, Functions: []string{"f", "preaccesstoken"}, Events: []string{"user.human.added"}, AnnouncedBy: "shop",
	})
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Functions: []string{"f"}}) // by a person
	list := func(in *actionplanev1.ListCatalogRequest) []string {
		var names []string
		for {
			out, err := w.catalog.ListCatalog(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range out.GetEntries() {
				names = append(names, fmt.Sprintf("%d %s", e.GetKind(), e.GetName()))
				if e.GetFirstAnnounced().AsTime().Before(before) || e.GetLastAnnounced().AsTime().Before(e.GetFirstAnnounced().AsTime()) || e.GetFirstAnnouncedBy() != "shop" {
					t.Errorf("got %v", e)
				}
				if by := map[bool]string{true: "p1", false: "shop"}[e.GetName() == "f"]; e.GetLastAnnouncedBy() != by {
					t.Errorf("%s was last announced by %q", e.GetName(), e.GetLastAnnouncedBy())
				}
			}
			if in.PageToken = out.GetNextPageToken(); in.PageToken == "" {
				return names
			}
		}
	}
	want := []string{"3 user.human.added", "2 f", "2 preaccesstoken", "1 /a.S/M", "1 /b.S/M"}
	for limit := range uint32(7) {
		if got := list(&actionplanev1.ListCatalogRequest{Limit: limit}); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v", limit, got)
		}
	}
	if got := list(&actionplanev1.ListCatalogRequest{Kind: actionplanev1.CatalogKind_CATALOG_KIND_FUNCTION, Limit: 1}); !slices.Equal(got, want[1:3]) {
		t.Errorf("functions: %v", got)
	}
	if out, err := w.catalog.ListCatalog(as(t), &actionplanev1.ListCatalogRequest{}); err != nil || len(out.GetEntries()) != 0 {
		t.Errorf("another tenant sees %v, %v", out, err)
	}
	for _, in := range []*actionplanev1.ListCatalogRequest{{PageToken: "x"}, {Limit: 1001}} {
		if _, err := w.catalog.ListCatalog(ctx, in); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("%v: got %v", in, err)
		}
	}
}

func TestListUnannouncedConditions(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	ctx := as(t)
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/a.S/M"}, Events: []string{"user.human.added"}})
	changed := map[string]time.Time{}
	for _, id := range []string{
		"request", "response", "event", "request/a.S/M", "response/a.S", "event/user.*", "event/user.human.added", "function/preuserinfo",
		"event/user.human", "event/user.humanoid.*", "function/f", "request/a.S/N", "response/b.S",
	} {
		changed[id] = w.set(ctx, t, id)
	}
	list := func(in *actionplanev1.ListUnannouncedConditionsRequest) (ids []string) {
		for {
			out, err := w.catalog.ListUnannouncedConditions(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range out.GetConditions() {
				ids = append(ids, c.GetCondition())
				if !c.GetChanged().AsTime().Equal(changed[c.GetCondition()]) {
					t.Errorf("got %v", c)
				}
			}
			if in.PageToken = out.GetNextPageToken(); in.PageToken == "" {
				return ids
			}
		}
	}
	want := []string{"event/user.human", "event/user.humanoid.*", "function/f", "request/a.S/N", "response/b.S"}
	for limit := range uint32(7) {
		if got := list(&actionplanev1.ListUnannouncedConditionsRequest{Limit: limit}); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v", limit, got)
		}
	}
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/b.S/X", "/a.S/N"}, Functions: []string{"f"}, Events: []string{"user.human", "user.humanoid.x"}})
	if got := list(&actionplanev1.ListUnannouncedConditionsRequest{}); got != nil {
		t.Errorf("announced since: %v", got)
	}
}

func TestCatalogIsBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cfg := executions.DefaultConfig()
	cfg.CatalogMaxEntries = 3
	w.start(t, cfg)
	ctx := as(t)
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/a.S/M"}, Functions: []string{"f"}})
	_, err := w.catalog.AnnounceCatalog(ctx, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/a.S/N"}, Events: []string{"e"}})
	if fault.CodeOf(err) != fault.CodeExhausted || !strings.Contains(err.Error(), "at most 3") {
		t.Errorf("got %v", err)
	}
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/a.S/M", "/a.S/N"}})
	if functions, methods, _ := w.list(ctx, t); len(functions) != 4 || len(methods) != 2 {
		t.Errorf("got %v, %v", functions, methods)
	}
}

func TestStrictForSomeTenants(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	cfg := executions.DefaultConfig()
	cfg.CatalogStrict = []string{"t1", tenantOf(ctx)}
	w.start(t, cfg)
	_, err := w.SetExecution(ctx, setRequest("function/f"))
	wantFault(t, err, fault.CodeNotFound, "COMMAND-cdy39t0ksr")
	w.set(as(t), t, "function/f")
}
