package actions_test

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
)

// seedScript is the script of the published example. It does not run: there is
// no console, and no function of the action's name.
const seedScript = "function log(context, calls){console.log(context)}"

func TestCreateAndGet(t *testing.T) {
	t.Parallel()
	h := open(t)

	t.Run("TheSeedsAction", func(t *testing.T) {
		t.Parallel()
		organization := ident.NewUUID()
		ctx := as(t.Context(), organization)
		before := time.Now().Truncate(time.Microsecond)
		created, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: "log context", Script: seedScript, AllowedToFail: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.GetAction(ctx, &managementv1.GetActionRequest{Id: created.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		want := &actionv1.Action{
			Id: created.GetId(), Details: created.GetDetails(), State: actionv1.ActionState_ACTION_STATE_ACTIVE,
			Name: "log context", Script: seedScript, Timeout: durationpb.New(20 * time.Second), AllowedToFail: true,
		}
		if !proto.Equal(got.GetAction(), want) || !ident.IsSnowflake(created.GetId()) {
			t.Errorf("got %v\nwant %v", got, want)
		}
		d := created.GetDetails()
		if d.GetSequence() != 1 || d.GetResourceOwner() != organization || d.GetCreationDate().AsTime().Before(before) || !proto.Equal(d.GetCreationDate(), d.GetChangeDate()) {
			t.Errorf("details %v", d)
		}
	})
	t.Run("ScriptThatDoesNotCompileIsKept", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		script := "function ( { \x00 \\x41 'ü"
		created, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: "broken", Script: script, Timeout: durationpb.New(500 * time.Millisecond)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.GetAction(ctx, &managementv1.GetActionRequest{Id: created.GetId()})
		if err != nil || got.GetAction().GetScript() != script || got.GetAction().GetTimeout().AsDuration() != 500*time.Millisecond {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("OfAnotherOrganizationIsNotFound", func(t *testing.T) {
		t.Parallel()
		id := h.mustCreate(someone(t), t, "a")
		for _, asked := range []string{id, "", "x", "\x00"} {
			_, err := h.GetAction(someone(t), &managementv1.GetActionRequest{Id: asked})
			wantVerdict(t, asked, err, fault.CodeNotFound, "QUERY-GEfnb")
		}
	})
	t.Run("RequestsAreValidated", func(t *testing.T) {
		t.Parallel()
		for what, in := range map[string]*managementv1.CreateActionRequest{
			"no name":            {Script: "x"},
			"name too long":      {Name: strings.Repeat("n", 201), Script: "x"},
			"no script":          {Name: "a"},
			"script too long":    {Name: "a", Script: strings.Repeat("x", 40_001)},
			"timeout above 20 s": {Name: "a", Script: "x", Timeout: durationpb.New(20*time.Second + 1)},
			"negative timeout":   {Name: "a", Script: "x", Timeout: durationpb.New(-1)},
		} {
			_, err := h.CreateAction(someone(t), in)
			wantVerdict(t, what, err, fault.CodeInvalid, "")
		}
		_, err := h.CreateAction(someone(t), &managementv1.CreateActionRequest{Name: "a\x00b", Script: "x"})
		wantVerdict(t, "NUL in the name", err, fault.CodeInvalid, "COMMAND-eg2gf")
	})
	t.Run("WithoutOrganizationIsRefused", func(t *testing.T) {
		t.Parallel()
		_, err := h.CreateAction(t.Context(), &managementv1.CreateActionRequest{Name: "a", Script: "x"})
		wantVerdict(t, "create", err, fault.CodeInvalid, "")
	})
	t.Run("OfConcurrentCreatesOfOneNameOneWins", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		const callers = 8
		results := make(chan error, callers)
		for i := range callers {
			go func() {
				name := []string{"Name", "nAME"}[i%2]
				_, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: name, Script: "x"})
				results <- err
			}()
		}
		won := 0
		for range callers {
			if err := <-results; err == nil {
				won++
			} else {
				wantVerdict(t, "loser", err, fault.CodeAlreadyExists, "V3-DKcYh")
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestUnknownActionsHaveTheIDsOfTheSheet(t *testing.T) {
	t.Parallel()
	h := open(t)
	foreign := h.mustCreate(someone(t), t, "foreign")
	ctx := someone(t)
	for _, call := range []struct {
		name             string
		unnamed, unknown string
		do               func(id string) error
	}{
		{"update", "", "COMMAND-Sfg2t", func(id string) error {
			_, err := h.UpdateAction(ctx, &managementv1.UpdateActionRequest{Id: id, Name: "n", Script: "s"})
			return err
		}},
		{"deactivate", "COMMAND-DAhk5", "COMMAND-NRmhu", func(id string) error {
			_, err := h.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: id})
			return err
		}},
		{"reactivate", "COMMAND-BNm56", "COMMAND-Aa22g", func(id string) error {
			_, err := h.ReactivateAction(ctx, &managementv1.ReactivateActionRequest{Id: id})
			return err
		}},
		{"delete", "COMMAND-Gfg3g", "COMMAND-Dgh4h", func(id string) error {
			_, err := h.DeleteAction(ctx, &managementv1.DeleteActionRequest{Id: id})
			return err
		}},
	} {
		wantVerdict(t, call.name+" unnamed", call.do(""), fault.CodeInvalid, call.unnamed)
		for _, id := range []string{"4711", "not a number", "\x00", foreign} {
			wantVerdict(t, call.name+" "+id, call.do(id), fault.CodeNotFound, call.unknown)
		}
	}
}

func TestListActions(t *testing.T) {
	t.Parallel()
	h := open(t)

	t.Run("HonoursQueriesOrderAndPage", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		names := map[string]string{} // by id
		for _, name := range []string{"beta", "Alpha", "gamma", "x%y"} {
			names[h.mustCreate(ctx, t, name)] = name
		}
		var highestIDFirst []string
		for _, id := range slices.Backward(slices.Sorted(maps.Keys(names))) {
			highestIDFirst = append(highestIDFirst, names[id])
		}
		name := func(text string, method zitadelv1.TextQueryMethod) *managementv1.ActionQuery {
			return &managementv1.ActionQuery{Query: &managementv1.ActionQuery_ActionNameQuery{ActionNameQuery: &actionv1.ActionNameQuery{Name: text, Method: method}}}
		}
		state := func(s actionv1.ActionState) *managementv1.ActionQuery {
			return &managementv1.ActionQuery{Query: &managementv1.ActionQuery_ActionStateQuery{ActionStateQuery: &actionv1.ActionStateQuery{State: s}}}
		}
		byName := actionv1.ActionFieldName_ACTION_FIELD_NAME_NAME
		for what, tc := range map[string]struct {
			in    *managementv1.ListActionsRequest
			want  string
			total uint64
		}{
			"newest first":   {&managementv1.ListActionsRequest{}, "x%y gamma Alpha beta", 4},
			"by name":        {&managementv1.ListActionsRequest{SortingColumn: byName, Query: &zitadelv1.ListQuery{Asc: true}}, "Alpha beta gamma x%y", 4},
			"a page":         {&managementv1.ListActionsRequest{SortingColumn: byName, Query: &zitadelv1.ListQuery{Asc: true, Offset: 1, Limit: 2}}, "beta gamma", 4},
			"behind the end": {&managementv1.ListActionsRequest{Query: &zitadelv1.ListQuery{Offset: 9}}, "", 4},
			"exact":          {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{name("alpha", 0)}}, "", 0},
			"in any case":    {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{name("alpha", 1)}}, "Alpha", 1},
			"starts":         {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{name("al", 3)}}, "Alpha", 1},
			"contains":       {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{name("%", 4)}}, "x%y", 1},
			"ends":           {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{name("ETA", 7), name("b", 2)}}, "beta", 1},
			"active":         {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{state(2), name("beta", 0)}}, "beta", 1},
			"inactive":       {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{state(1)}}, "", 0},
			"in no state":    {&managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{state(0)}}, "", 0},
		} {
			out, err := h.ListActions(ctx, tc.in)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			var names []string
			for _, a := range out.GetResult() {
				names = append(names, a.GetName())
			}
			if got := strings.Join(names, " "); got != tc.want || out.GetDetails().GetTotalResult() != tc.total || out.GetSortingColumn() != tc.in.GetSortingColumn() {
				t.Errorf("%s: got %q of %d", what, got, out.GetDetails().GetTotalResult())
			}
		}
	})
	t.Run("BadQueriesAreRefused", func(t *testing.T) {
		t.Parallel()
		_, err := h.ListActions(someone(t), &managementv1.ListActionsRequest{Query: &zitadelv1.ListQuery{Limit: 1001}})
		wantVerdict(t, "limit", err, fault.CodeInvalid, "QUERY-4M0fs")
		_, err = h.ListActions(someone(t), &managementv1.ListActionsRequest{Queries: []*managementv1.ActionQuery{{}}})
		wantVerdict(t, "no kind", err, fault.CodeInvalid, "")
	})
}

func TestFlows(t *testing.T) {
	t.Parallel()
	h := open(t)

	t.Run("TypesAreThoseOfTheSheet", func(t *testing.T) {
		t.Parallel()
		out, err := h.ListFlowTypes(t.Context(), &managementv1.ListFlowTypesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range out.GetResult() {
			got = append(got, f.GetId()+" "+f.GetName().GetKey()+" "+f.GetName().GetLocalizedMessage())
		}
		want := []string{
			"1 Action.Flow.Type.ExternalAuthentication External Authentication",
			"2 Action.Flow.Type.CustomiseToken Complement Token",
			"3 Action.Flow.Type.InternalAuthentication Internal Authentication",
			"4 Action.Flow.Type.CustomizeSAMLResponse Complement SAMLResponse",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("TriggersAreThoseOfTheSheet", func(t *testing.T) {
		t.Parallel()
		for flow, want := range map[string]string{"1": "1 2 3", "FLOW_TYPE_EXTERNAL_AUTHENTICATION": "1 2 3", "2": "4 5", "3": "1 2 3", "4": "6"} {
			out, err := h.ListFlowTriggerTypes(t.Context(), &managementv1.ListFlowTriggerTypesRequest{Type: flow})
			var got []string
			for _, trigger := range out.GetResult() {
				got = append(got, trigger.GetId())
			}
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("flow %s: got %v, %v", flow, got, err)
			}
		}
		_, err := h.ListFlowTriggerTypes(t.Context(), &managementv1.ListFlowTriggerTypesRequest{Type: "5"})
		wantVerdict(t, "unknown flow", err, fault.CodeNotFound, "MANAG-P2OBk")
	})
	t.Run("UnknownFlowIsAnEmptyOne", func(t *testing.T) {
		t.Parallel()
		out, err := h.GetFlow(someone(t), &managementv1.GetFlowRequest{Type: "nonsense"})
		f := out.GetFlow()
		if err != nil || f.GetType().GetId() != "0" || f.GetType().GetName().GetKey() != "Action.Flow.Type.Unspecified" ||
			f.GetState() != actionv1.FlowState_FLOW_STATE_ACTIVE || len(f.GetTriggerActions()) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("ShowsActionsInTheOrderSetInactiveOnesToo", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		a, b := h.mustCreate(ctx, t, "a"), h.mustCreate(ctx, t, "b")
		if _, err := h.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: b}); err != nil {
			t.Fatal(err)
		}
		h.mustSet(ctx, t, "1", "3", a)
		h.mustSet(ctx, t, "FLOW_TYPE_EXTERNAL_AUTHENTICATION", "TRIGGER_TYPE_POST_AUTHENTICATION", b, a)
		out, err := h.GetFlow(ctx, &managementv1.GetFlowRequest{Type: "1"})
		if err != nil || len(out.GetFlow().GetTriggerActions()) != 2 {
			t.Fatalf("got %v, %v", out, err)
		}
		first, second := out.GetFlow().GetTriggerActions()[0], out.GetFlow().GetTriggerActions()[1]
		if first.GetTriggerType().GetId() != "1" || second.GetTriggerType().GetId() != "3" {
			t.Errorf("triggers %v, %v", first.GetTriggerType(), second.GetTriggerType())
		}
		for i, id := range []string{b, a} {
			want, err := h.GetAction(ctx, &managementv1.GetActionRequest{Id: id})
			if err != nil || !proto.Equal(first.GetActions()[i], want.GetAction()) {
				t.Errorf("action %d: got %v, want %v, %v", i, first.GetActions()[i], want, err)
			}
		}
		if d := out.GetFlow().GetDetails(); d.GetSequence() != 2 || d.GetChangeDate() == nil || d.GetCreationDate() == nil || d.GetResourceOwner() == "" {
			t.Errorf("details %v", d)
		}
	})
	t.Run("ErrorsComeInTheOrderOfTheSheet", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		a := h.mustCreate(ctx, t, "a")
		foreign := h.mustCreate(someone(t), t, "foreign")
		h.mustSet(ctx, t, "2", "4", a)
		for _, tc := range []struct {
			flow, trigger string
			ids           []string
			code          fault.Code
			id            string
		}{
			{"7", "9", []string{"x"}, fault.CodeInvalid, "COMMAND-Dfhj5"},
			{"2", "9", []string{"x"}, fault.CodeInvalid, "COMMAND-Dfgh6"},
			{"2", "1", []string{a}, fault.CodeInvalid, "COMMAND-Dfgh6"},
			{"2", "4", []string{a}, fault.CodeFailedPrecondition, "COMMAND-Nfh52"},
			{"2", "5", nil, fault.CodeFailedPrecondition, "COMMAND-Nfh52"},
			{"2", "4", []string{a, a}, fault.CodeFailedPrecondition, "COMMAND-dg422"},
			{"2", "4", []string{foreign}, fault.CodeFailedPrecondition, "COMMAND-dg422"},
			{"2", "4", []string{"\x00"}, fault.CodeFailedPrecondition, "COMMAND-dg422"},
		} {
			_, err := h.SetTriggerActions(ctx, &managementv1.SetTriggerActionsRequest{FlowType: tc.flow, TriggerType: tc.trigger, ActionIds: tc.ids})
			wantVerdict(t, tc.flow+"/"+tc.trigger, err, tc.code, tc.id)
		}
		_, err := h.ClearFlow(ctx, &managementv1.ClearFlowRequest{Type: "0"})
		wantVerdict(t, "clear no flow", err, fault.CodeInvalid, "COMMAND-Dfw2h")
		_, err = h.ClearFlow(ctx, &managementv1.ClearFlowRequest{Type: "4"})
		wantVerdict(t, "clear an empty flow", err, fault.CodeFailedPrecondition, "COMMAND-DgGh3")
	})
	t.Run("ActionsDeletedWhileTheyAreBoundAreNeverLeftBehind", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		const actions = 8
		var ids []string
		for i := range actions {
			ids = append(ids, h.mustCreate(ctx, t, string(rune('a'+i))))
		}
		done := make(chan error, 2*actions)
		for i, id := range ids {
			go func() {
				_, err := h.SetTriggerActions(ctx, &managementv1.SetTriggerActionsRequest{FlowType: "2", TriggerType: []string{"4", "5"}[i%2], ActionIds: ids[i:]})
				if v := verdictOf(err); v.id == "COMMAND-dg422" || v.id == "COMMAND-Nfh52" {
					err = nil // one of them is gone, or all that another had set
				}
				done <- err
			}()
			go func() {
				_, err := h.DeleteAction(ctx, &managementv1.DeleteActionRequest{Id: id})
				done <- err
			}()
		}
		for range 2 * actions {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		out, err := h.GetFlow(ctx, &managementv1.GetFlowRequest{Type: "2"})
		if err != nil || len(out.GetFlow().GetTriggerActions()) != 0 {
			t.Errorf("left: %v, %v", out, err)
		}
	})
}

func TestGetProgram(t *testing.T) {
	t.Parallel()
	h := open(t)
	organization := ident.NewUUID()
	ctx := as(t.Context(), organization)
	created, err := h.CreateAction(ctx, &managementv1.CreateActionRequest{Name: "n", Script: "s", Timeout: durationpb.New(time.Second), AllowedToFail: true})
	if err != nil {
		t.Fatal(err)
	}
	sha := sha256.Sum256([]byte("s"))
	want := &actionsv1.GetProgramResponse{
		ActionId: created.GetId(), OrganizationId: organization, Name: "n", Script: "s",
		Timeout: durationpb.New(time.Second), AllowedToFail: true, Active: true, Version: 1, Sha256: sha[:],
	}
	in := &actionsv1.GetProgramRequest{ActionId: created.GetId()}

	t.Run("OfAnyOrganizationAlsoInactive", func(t *testing.T) {
		t.Parallel()
		if got, err := h.programs.GetProgram(as(ctx, ident.NewUUID()), in); err != nil || !proto.Equal(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
		if _, err := h.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: created.GetId()}); err != nil {
			t.Fatal(err)
		}
		if got, err := h.programs.GetProgram(as(ctx, ""), in); err != nil || got.GetActive() || got.GetScript() != "s" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("NotOfAnotherTenant", func(t *testing.T) {
		t.Parallel()
		foreign := tenant.With(ctx, tenant.Identity{Tenant: tenant.ID(ident.NewUUID()), Organization: tenant.OrganizationID(organization)})
		_, err := h.programs.GetProgram(foreign, in)
		wantVerdict(t, "another tenant", err, fault.CodeNotFound, "QUERY-GEfnb")
	})
}

func TestChangesAreOnTheFeed(t *testing.T) {
	t.Parallel()
	h := open(t)
	organization := ident.NewUUID()
	ctx := as(t.Context(), organization)
	id := h.mustCreate(ctx, t, "a") // and the stream is there
	feed := h.changes(t)

	h.mustSet(ctx, t, "4", "6", id)
	if _, err := h.DeactivateAction(ctx, &managementv1.DeactivateActionRequest{Id: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.DeleteAction(ctx, &managementv1.DeleteActionRequest{Id: id}); err != nil {
		t.Fatal(err)
	}
	other := h.mustCreate(ctx, t, "b")
	for _, want := range []string{"flow 4 CHANGED", "action " + id + " CHANGED", "flow 4 CHANGED", "action " + id + " DELETED", "action " + other + " CREATED"} {
		c := <-feed
		got := c.GetResource() + " " + c.GetId() + " " + strings.TrimPrefix(c.GetOperation().String(), "OPERATION_")
		if got != want || c.GetOrganizationId() != organization || c.GetTenant() != string(tenant.Default) || c.GetPersonId() != "p" {
			t.Errorf("got %v, want %s", c, want)
		}
	}
}
