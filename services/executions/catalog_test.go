package executions_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/actionplane/actionplane/libs/fault"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/executions"
)

func (w *world) announce(ctx context.Context, t testing.TB, in *actionplanev1.AnnounceCatalogRequest) {
	t.Helper()
	if _, err := w.catalog.AnnounceCatalog(ctx, in); err != nil {
		t.Fatal(err)
	}
}

func (w *world) list(ctx context.Context, t testing.TB) (functions, methods, services []string) {
	t.Helper()
	f, err := w.ListExecutionFunctions(ctx, &actionv3alpha.ListExecutionFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.ListExecutionMethods(ctx, &actionv3alpha.ListExecutionMethodsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.ListExecutionServices(ctx, &actionv3alpha.ListExecutionServicesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return f.GetFunctions(), m.GetMethods(), s.GetServices()
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	ctx := as(t)
	functions, methods, services := w.list(ctx, t)
	if !slices.Equal(functions, []string{"preuserinfo", "preaccesstoken", "presamlresponse"}) || methods != nil || services != nil {
		t.Fatalf("at first: %v, %v, %v", functions, methods, services)
	}
	for range 2 { // again is harmless
		w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{
			Methods: []string{"/b.S/M", "/a.S/N", "/a.S/M", "/B.S/M", "/a.S/M"}, Functions: []string{"z", "preaccesstoken", "f"}, Events: []string{"user.human.added"},
		})
	}
	functions, methods, services = w.list(ctx, t)
	if !slices.Equal(functions, []string{"preuserinfo", "preaccesstoken", "presamlresponse", "f", "z"}) {
		t.Errorf("functions %v", functions)
	}
	if !slices.Equal(methods, []string{"/B.S/M", "/a.S/M", "/a.S/N", "/b.S/M"}) {
		t.Errorf("methods %v", methods)
	}
	if !slices.Equal(services, []string{"B.S", "a.S", "b.S"}) {
		t.Errorf("services %v", services)
	}
	if _, foreign, _ := w.list(as(t), t); foreign != nil {
		t.Errorf("another tenant sees %v", foreign)
	}
	for _, in := range []*actionplanev1.AnnounceCatalogRequest{
		{Methods: []string{"a.S/M"}}, {Methods: []string{"/a.S"}}, {Functions: []string{"a b"}}, {Events: []string{"a..b"}}, {Functions: []string{""}},
		{Functions: []string{strings.Repeat("f", 1001)}}, {Methods: []string{"/a.S/M\x00"}}, {Functions: []string{"f\u200b"}}, {Events: []string{"a/b"}},
	} {
		if _, err := w.catalog.AnnounceCatalog(ctx, in); fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("%v: got %v", in, err)
		}
	}
}

func TestServicesThatAnnounceTheSameDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	w := begun(t, 2)
	ctx := as(t)
	var names []string
	for i := range 2000 {
		names = append(names, "f"+strconv.Itoa(i))
	}
	backwards := slices.Clone(names)
	slices.Reverse(backwards)
	var announcers sync.WaitGroup
	for i := range 8 {
		announcers.Go(func() {
			w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Functions: [][]string{names[:1000], backwards[1000:]}[i%2]})
		})
	}
	announcers.Wait()
	if functions, _, _ := w.list(ctx, t); len(functions) != 1003 {
		t.Fatalf("%d functions", len(functions))
	}
}

func TestStrictConditionsAreAnnouncedFirst(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cfg := executions.DefaultConfig()
	cfg.CatalogStrict = []string{"true"}
	w.start(t, cfg)
	ctx := as(t)
	ids := map[string]string{
		"request/a.S/M": "COMMAND-vysplsevt8", "response/a.S": "COMMAND-qu6dfhiioq", "function/f": "COMMAND-cdy39t0ksr",
	}
	for condition, id := range ids {
		_, err := w.SetExecution(ctx, setRequest(condition))
		wantFault(t, err, fault.CodeNotFound, id)
	}
	for _, condition := range []string{"request", "response", "event", "event/a.*", "event/anything", "function/presamlresponse"} {
		w.set(ctx, t, condition)
	}
	w.announce(ctx, t, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/a.S/M"}, Functions: []string{"f"}})
	for condition := range ids {
		w.set(ctx, t, condition)
	}
	withoutSlash := setRequest("request")
	withoutSlash.Condition.GetRequest().Condition = &actionv3alpha.RequestExecution_Method{Method: "a.S/M"}
	if _, err := w.SetExecution(ctx, withoutSlash); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := executions.DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	err := executions.Config{EventsMaxBytes: -1, ExecutionMaxDepth: 3, CatalogStrict: []string{"true", "t1"}}.Validate()
	for _, name := range []string{
		"ACTIONPLANE_EVENTS_MAX_AGE", "ACTIONPLANE_EVENTS_MAX_BYTES", "ACTIONPLANE_EVENT_BATCH_MAX_COUNT",
		"ACTIONPLANE_EVENT_BATCH_MAX_BYTES", "ACTIONPLANE_EXECUTION_MAX_TARGETS", "ACTIONPLANE_EXECUTION_MAX_DEPTH",
		"ACTIONPLANE_CATALOG_MAX_ENTRIES", "ACTIONPLANE_CATALOG_STRICT",
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}
