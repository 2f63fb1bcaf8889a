package targets_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	resourcev3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
)

// TestSearchTargets is about the wire; what is found is tested in the store,
// against a model.
func TestSearchTargets(t *testing.T) {
	t.Parallel()
	w := setup(t)

	// Three targets, each of which is first by some column.
	ctx := as(t)
	ids := map[string]string{}
	keys := map[string]string{}
	for _, m := range []*actionv3alpha.Target{
		{Name: "Beta_1", Timeout: durationpb.New(3 * time.Second), Endpoint: "nats://b", TargetType: &actionv3alpha.Target_RestCall{RestCall: &actionv3alpha.SetRESTCall{}}},
		{Name: "alphaX1", Timeout: durationpb.New(2 * time.Second), Endpoint: "nats://c", TargetType: &actionv3alpha.Target_RestAsync{RestAsync: &actionv3alpha.SetRESTAsync{}}},
		{Name: "betaX1", Timeout: durationpb.New(1 * time.Second), Endpoint: "nats://a", TargetType: &actionv3alpha.Target_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{InterruptOnError: true}}},
	} {
		out, err := w.CreateTarget(ctx, &actionv3alpha.CreateTargetRequest{Target: m})
		if err != nil {
			t.Fatal(err)
		}
		ids[m.GetName()], keys[m.GetName()] = out.GetDetails().GetId(), out.GetSigningKey()
	}
	w.patch(ctx, t, ids["Beta_1"], &actionv3alpha.PatchTarget{Timeout: durationpb.New(4 * time.Second)}) // changed last

	search := func(t *testing.T, in *actionv3alpha.SearchTargetsRequest) (*actionv3alpha.SearchTargetsResponse, []string) {
		t.Helper()
		out, err := w.SearchTargets(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, found := range out.GetResult() {
			name := found.GetConfig().GetName()
			names = append(names, name)
			if found.GetDetails().GetId() != ids[name] || found.GetSigningKey() != keys[name] {
				t.Errorf("%s: got %v", name, found)
			}
		}
		return out, names
	}

	byCreation := []string{"Beta_1", "alphaX1", "betaX1"}
	columns := map[actionv3alpha.TargetFieldName][]string{
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_UNSPECIFIED:        byCreation, // by id
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_ID:                 byCreation,
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_CREATED_DATE:       byCreation,
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_CHANGED_DATE:       {"alphaX1", "betaX1", "Beta_1"},
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_NAME:               {"Beta_1", "alphaX1", "betaX1"},
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_TARGET_TYPE:        {"betaX1", "Beta_1", "alphaX1"},
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_URL:                {"betaX1", "Beta_1", "alphaX1"},
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_TIMEOUT:            {"betaX1", "alphaX1", "Beta_1"},
		actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_INTERRUPT_ON_ERROR: {"Beta_1", "alphaX1", "betaX1"},
		actionv3alpha.TargetFieldName(99):                                  byCreation,
	}
	for column, want := range columns {
		t.Run("SortsBy"+column.String(), func(t *testing.T) {
			t.Parallel()
			if _, got := search(t, &actionv3alpha.SearchTargetsRequest{SortingColumn: column.Enum()}); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			back := slices.Clone(want)
			slices.Reverse(back)
			_, got := search(t, &actionv3alpha.SearchTargetsRequest{SortingColumn: column.Enum(), Query: &resourcev3alpha.SearchQuery{Desc: true}})
			if !slices.Equal(got, back) {
				t.Errorf("descending %v, want %v", got, back)
			}
		})
	}

	methods := []struct {
		method resourcev3alpha.TextFilterMethod
		text   string
		want   []string
	}{
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_EQUALS, "betaX1", []string{"betaX1"}},
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_EQUALS_IGNORE_CASE, "BETAx1", []string{"betaX1"}},
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH, "beta", []string{"betaX1"}},
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE, "beta", []string{"Beta_1", "betaX1"}},
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_CONTAINS, "a_", []string{"Beta_1"}}, // no wildcard
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_CONTAINS_IGNORE_CASE, "Ax", []string{"alphaX1", "betaX1"}},
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_ENDS_WITH, "X1", []string{"alphaX1", "betaX1"}},
		{resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_ENDS_WITH_IGNORE_CASE, "Ax1", []string{"alphaX1", "betaX1"}},
	}
	for _, tt := range methods {
		t.Run("Filters"+tt.method.String(), func(t *testing.T) {
			t.Parallel()
			out, got := search(t, &actionv3alpha.SearchTargetsRequest{Filters: []*actionv3alpha.TargetSearchFilter{nameFilter(tt.text, tt.method)}})
			if !slices.Equal(got, tt.want) || out.GetDetails().GetTotalResult() != uint64(len(tt.want)) {
				t.Errorf("got %v, %v, want %v", got, out.GetDetails(), tt.want)
			}
		})
	}

	t.Run("AllFiltersMustMatch", func(t *testing.T) {
		t.Parallel()
		_, got := search(t, &actionv3alpha.SearchTargetsRequest{Filters: []*actionv3alpha.TargetSearchFilter{
			nameFilter("beta", resourcev3alpha.TextFilterMethod_TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE),
			idFilter(ids["Beta_1"], ids["alphaX1"], "42", "nobody\x00"),
		}})
		if !slices.Equal(got, []string{"Beta_1"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("PagesAndCountsWhatIsOnOtherPages", func(t *testing.T) {
		t.Parallel()
		for offset, want := range [][]string{{"Beta_1", "alphaX1"}, {"alphaX1", "betaX1"}, {"betaX1"}, nil} {
			out, got := search(t, &actionv3alpha.SearchTargetsRequest{Query: &resourcev3alpha.SearchQuery{Offset: uint64(offset), Limit: 2}})
			if d := out.GetDetails(); !slices.Equal(got, want) || d.GetTotalResult() != 3 || d.GetAppliedLimit() != 2 || d.GetTimestamp().AsTime().Year() < 2024 {
				t.Errorf("offset %d: got %v, %v", offset, got, d)
			}
		}
	})
	t.Run("AppliesALimitOfItsOwn", func(t *testing.T) {
		t.Parallel()
		if out, _ := search(t, &actionv3alpha.SearchTargetsRequest{}); out.GetDetails().GetAppliedLimit() != 100 {
			t.Errorf("got %v", out.GetDetails())
		}
	})
	t.Run("RefusesTooLargeALimit", func(t *testing.T) {
		t.Parallel()
		_, err := w.SearchTargets(ctx, &actionv3alpha.SearchTargetsRequest{Query: &resourcev3alpha.SearchQuery{Limit: 1001}})
		wantFault(t, err, fault.CodeInvalid, "QUERY-4M0fs", "limit", "1000")
	})
	t.Run("AnotherTenantSeesNothing", func(t *testing.T) {
		t.Parallel()
		out, err := w.SearchTargets(as(t), &actionv3alpha.SearchTargetsRequest{Filters: []*actionv3alpha.TargetSearchFilter{idFilter(ids["Beta_1"])}})
		if err != nil || len(out.GetResult()) != 0 || out.GetDetails().GetTotalResult() != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("RefusesAFilterWithoutAMember", func(t *testing.T) {
		t.Parallel()
		_, err := w.SearchTargets(ctx, &actionv3alpha.SearchTargetsRequest{Filters: []*actionv3alpha.TargetSearchFilter{{}}})
		wantFault(t, err, fault.CodeInvalid, "", "SearchTargetsRequest.filters")
	})
}

func nameFilter(text string, method resourcev3alpha.TextFilterMethod) *actionv3alpha.TargetSearchFilter {
	return &actionv3alpha.TargetSearchFilter{Filter: &actionv3alpha.TargetSearchFilter_TargetNameFilter{
		TargetNameFilter: &actionv3alpha.TargetNameFilter{TargetName: text, Method: method},
	}}
}

func idFilter(ids ...string) *actionv3alpha.TargetSearchFilter {
	return &actionv3alpha.TargetSearchFilter{Filter: &actionv3alpha.TargetSearchFilter_InTargetIdsFilter{
		InTargetIdsFilter: &actionv3alpha.InTargetIDsFilter{TargetIds: ids},
	}}
}
