package gateway_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/host"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	hooksv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/hooks/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	actionv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	instancev3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/object/v3alpha"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	objectv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/object/v3alpha"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
	"github.com/actionplane/actionplane/services/gateway"
)

const (
	targets    = "/resources/v3alpha/actions/targets"
	executions = "/resources/v3alpha/actions/executions"
	actions    = "/management/v1/actions"
	settings   = "/api/v0/organizations/" + home + "/organizationSettings"
)

func TestRESTRequests(t *testing.T) {
	t.Parallel()
	w := setup(t)
	instance := func(id string) *instancev3alpha.Instance {
		return &instancev3alpha.Instance{Property: &instancev3alpha.Instance_Id{Id: id}}
	}
	webhook := &actionv3alpha.Target_RestWebhook{RestWebhook: &actionv3alpha.SetRESTWebhook{InterruptOnError: true}}
	method := &actionv3alpha.Condition{ConditionType: &actionv3alpha.Condition_Request{Request: &actionv3alpha.RequestExecution{
		Condition: &actionv3alpha.RequestExecution_Method{Method: "/a.B/C"}}}}
	for _, tc := range []struct {
		name, verb, path, body string
		status                 int
		want                   proto.Message
	}{
		{"BareTarget", "POST", targets, `{"name":"n","restWebhook":{"interruptOnError":true},"timeout":"10s","endpoint":"https://e"}`, 201,
			&actionv3alpha.CreateTargetRequest{Target: &actionv3alpha.Target{Name: "n", TargetType: webhook, Timeout: durationpb.New(10 * time.Second), Endpoint: "https://e"}}},
		{"SnakeCaseAndUnknownMembers", "POST", targets, `{"name":"n","rest_webhook":{"interrupt_on_error":true,"x":[1]},"endpoint":"https://e","surprise":{"a":null}}`, 201,
			&actionv3alpha.CreateTargetRequest{Target: &actionv3alpha.Target{Name: "n", TargetType: webhook, Endpoint: "https://e"}}},
		{"InstanceInTheQuery", "POST", targets + "?instance.id=i+1", `{"name":"n","restWebhook":{"interruptOnError":true},"endpoint":"e"}`, 201,
			&actionv3alpha.CreateTargetRequest{Instance: instance("i 1"), Target: &actionv3alpha.Target{Name: "n", TargetType: webhook, Endpoint: "e"}}},
		{"Patch", "PATCH", targets + "/42", `{"expirationSigningKey":"0s","name":"x"}`, 200,
			&actionv3alpha.PatchTargetRequest{Id: "42", Target: &actionv3alpha.PatchTarget{Name: proto.String("x"), ExpirationSigningKey: durationpb.New(0)}}},
		{"Delete", "DELETE", targets + "/42?instance.domain=d", "", 200,
			&actionv3alpha.DeleteTargetRequest{Id: "42", Instance: &instancev3alpha.Instance{Property: &instancev3alpha.Instance_Domain{Domain: "d"}}}},
		{"EscapedId", "GET", targets + "/a%20b", "", 200, &actionv3alpha.GetTargetRequest{Id: "a b"}},
		{"IdWithAColon", "GET", targets + "/a:b", "", 200, &actionv3alpha.GetTargetRequest{Id: "a:b"}},
		{"UnknownQueryParameter", "GET", targets + "/1?surprise=1", "", 200, &actionv3alpha.GetTargetRequest{Id: "1"}},
		{"FiltersAsAnArray", "POST", targets + "/_search?query.limit=2&query.offset=7&query.desc=true&sortingColumn=TARGET_FIELD_NAME_NAME",
			`[{"targetNameFilter":{"targetName":"x","method":"TEXT_FILTER_METHOD_CONTAINS"}},{"inTargetIdsFilter":{"targetIds":["1","2"]}}]`, 200,
			&actionv3alpha.SearchTargetsRequest{
				Query:         &objectv3alpha.SearchQuery{Limit: 2, Offset: 7, Desc: true},
				SortingColumn: actionv3alpha.TargetFieldName_TARGET_FIELD_NAME_NAME.Enum(),
				Filters: []*actionv3alpha.TargetSearchFilter{
					{Filter: &actionv3alpha.TargetSearchFilter_TargetNameFilter{TargetNameFilter: &actionv3alpha.TargetNameFilter{TargetName: "x", Method: objectv3alpha.TextFilterMethod_TEXT_FILTER_METHOD_CONTAINS}}},
					{Filter: &actionv3alpha.TargetSearchFilter_InTargetIdsFilter{InTargetIdsFilter: &actionv3alpha.InTargetIDsFilter{TargetIds: []string{"1", "2"}}}},
				}}},
		{"EmptyFilters", "POST", targets + "/_search", `[]`, 200, &actionv3alpha.SearchTargetsRequest{}},
		{"NoFilters", "POST", executions + "/_search?sorting_column=3", ``, 200,
			&actionv3alpha.SearchExecutionsRequest{SortingColumn: actionv3alpha.ExecutionFieldName_EXECUTION_FIELD_NAME_CHANGED_DATE.Enum()}},
		{"SnakeCaseInTheQuery", "POST", executions + "/_search?sorting_column=EXECUTION_FIELD_NAME_ID", `[{"targetFilter":{"targetId":"9","y":1}}]`, 200,
			&actionv3alpha.SearchExecutionsRequest{
				SortingColumn: actionv3alpha.ExecutionFieldName_EXECUTION_FIELD_NAME_ID.Enum(),
				Filters:       []*actionv3alpha.ExecutionSearchFilter{{Filter: &actionv3alpha.ExecutionSearchFilter_TargetFilter{TargetFilter: &actionv3alpha.TargetFilter{TargetId: "9"}}}}}},
		{"SetExecution", "PUT", executions, `{"condition":{"request":{"method":"/a.B/C"}},"execution":{"targets":[{"target":"1"},{"include":{"request":{"method":"/a.B/C"}}}]}}`, 201,
			&actionv3alpha.SetExecutionRequest{Condition: method, Execution: &actionv3alpha.Execution{Targets: []*actionv3alpha.ExecutionTargetType{
				{Type: &actionv3alpha.ExecutionTargetType_Target{Target: "1"}}, {Type: &actionv3alpha.ExecutionTargetType_Include{Include: method}}}}}},
		{"StaticPathBesideAnId", "GET", executions + "/functions", "", 200, &actionv3alpha.ListExecutionFunctionsRequest{}},
		{"ListActions", "POST", actions + "/_search", `{"query":{"offset":"18446744073709551615","limit":5,"asc":true},"queries":[{"actionStateQuery":{"state":2}}]}`, 200,
			&managementv1.ListActionsRequest{Query: &zitadelv1.ListQuery{Offset: 18446744073709551615, Limit: 5, Asc: true}, Queries: []*managementv1.ActionQuery{
				{Query: &managementv1.ActionQuery_ActionStateQuery{ActionStateQuery: &actionv1.ActionStateQuery{State: actionv1.ActionState_ACTION_STATE_ACTIVE}}}}}},
		{"EmptyBodyWhereAllowed", "POST", actions + "/7/_deactivate", "", 200, &managementv1.DeactivateActionRequest{Id: "7"}},
		{"ThePathWins", "PUT", actions + "/7", `{"id":"8","name":"n","script":"s"}`, 200, &managementv1.UpdateActionRequest{Id: "7", Name: "n", Script: "s"}},
		{"BodyThatNobodyReads", "POST", "/management/v1/flows/types/_search", `not json`, 200, &managementv1.ListFlowTypesRequest{}},
		{"SetTriggerActions", "POST", "/management/v1/flows/1/trigger/2", `{"actionIds":["3","4"]}`, 200,
			&managementv1.SetTriggerActionsRequest{FlowType: "1", TriggerType: "2", ActionIds: []string{"3", "4"}}},
		{"EventPayloadByteForByte", "POST", "/actionplane/v1/events", ` { "payload" : {"z":1.0,"a": 1e400 , "é":"<&\u00e9", "a":2}, "type":"user.human.added","id":"e1"}`, 202,
			&actionplanev1.PublishEventRequest{Event: &eventsv1.Event{Id: "e1", Type: "user.human.added", Payload: []byte(`{"z":1.0,"a": 1e400 , "é":"<&\u00e9", "a":2}`)}}},
		{"HookPayloadByteForByte", "POST", "/actionplane/v1/hooks:request", `{"method":"/a.B/C","payload":{"n":10000000000000000001.50},"headers":{"Host":{"values":["h"]}},"caller":{"user_id":"u"},"explain":true}`, 200,
			&hooksv1.RunRequestHookRequest{Method: "/a.B/C", Payload: []byte(`{"n":10000000000000000001.50}`), Explain: true, Caller: &hooksv1.Caller{UserId: "u"},
				Headers: map[string]*hooksv1.HeaderValues{"Host": {Values: []string{"h"}}}}},
		{"OtherColonPaths", "POST", "/actionplane/v1/hooks:response", `{"method":"/a.B/C","request":[ 1 ]}`, 200,
			&hooksv1.RunResponseHookRequest{Method: "/a.B/C", Request: []byte(`[ 1 ]`)}},
		{"Announce", "POST", "/actionplane/v1/catalog:announce", `{"methods":["/a.B/C"]}`, 200, &actionplanev1.AnnounceCatalogRequest{Methods: []string{"/a.B/C"}}},
		{"TimesInTheQuery", "GET", "/actionplane/v1/deliveries?state=DELIVERY_STATE_HELD&targetId=1&from=2026-01-02T03:04:05Z&limit=3", "", 200,
			&actionplanev1.ListDeliveriesRequest{State: actionplanev1.DeliveryState_DELIVERY_STATE_HELD, TargetId: "1", Limit: 3,
				From: timestamppb.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}},
		{"PartialSettings", "PUT", settings, `{"approvalEnabled":false}`, 200,
			&dynamicv0.UpdateOrganizationSettingsRequest{OrganizationId: home, ApprovalEnabled: proto.Bool(false)}},
	} {
		for _, over := range []struct {
			name   string
			client *http.Client
		}{{"HTTP1", w.client}, {"HTTP2", http2Client(t)}} {
			t.Run(tc.name+"/"+over.name, func(t *testing.T) { // one after the other: last() is the world's last
				a := w.do(t, over.client, tc.verb, tc.path, tc.body, "Authorization", "bearer owner", "Content-Type", "application/json", "TE", "trailers")
				if a.status != tc.status || a.header.Get("Content-Type") != "application/json" {
					t.Fatalf("got %d %s %s", a.status, a.header, a.body)
				}
				if got := w.last(t).request; !proto.Equal(got, tc.want) {
					t.Errorf("the owner got %v\nwant %v", got, tc.want)
				}
			})
		}
	}
}

func TestRESTAnswers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	on(w, &managementv1.ManagementServiceGetAction, func(context.Context, *managementv1.GetActionRequest) (*managementv1.GetActionResponse, error) {
		return &managementv1.GetActionResponse{Action: &actionv1.Action{
			Id:      "69629023906488334",
			Details: &zitadelv1.ObjectDetails{Sequence: 2, CreationDate: timestamppb.New(time.Date(2024, 3, 27, 10, 5, 51, 477e6, time.UTC)), ResourceOwner: home},
			State:   actionv1.ActionState_ACTION_STATE_ACTIVE, Name: "log context", Script: "a<b&&c", Timeout: durationpb.New(1500 * time.Millisecond)}}, nil
	})
	on(w, &managementv1.ManagementServiceListActions, func(context.Context, *managementv1.ListActionsRequest) (*managementv1.ListActionsResponse, error) {
		return &managementv1.ListActionsResponse{Details: &zitadelv1.ListDetails{TotalResult: 1 << 60}}, nil
	})
	on(w, &managementv1.ManagementServiceDeleteAction, func(context.Context, *managementv1.DeleteActionRequest) (*managementv1.DeleteActionResponse, error) {
		return &managementv1.DeleteActionResponse{}, nil
	})
	on(w, &actionplanev1.HookServiceRunFunctionHook, func(context.Context, *hooksv1.RunFunctionHookRequest) (*hooksv1.RunHookResponse, error) {
		return &hooksv1.RunHookResponse{RunId: "1", Payload: []byte(`{"z":1.00,"a":[ ]}`)}, nil
	})
	on(w, &dynamicv0.OrganizationSettingsServiceGetOrganizationSettings, func(context.Context, *dynamicv0.GetOrganizationSettingsRequest) (*dynamicv0.GetOrganizationSettingsResponse, error) {
		return &dynamicv0.GetOrganizationSettingsResponse{OrganizationSettings: &dynamicv0.OrganizationSettings{
			ApprovalEnabled: proto.Bool(false), ApprovalTtlHours: proto.Int32(24), ApprovalRequiredApprovals: proto.Int32(1)}}, nil
	})
	for _, tc := range []struct{ name, verb, path, body, want string }{
		{"ZeroValuesAreOmitted", "GET", actions + "/1", "", `{"action":{"id":"69629023906488334","details":{"sequence":"2","creationDate":"2024-03-27T10:05:51.477Z","resourceOwner":"` + home + `"},"state":"ACTION_STATE_ACTIVE","name":"log context","script":"a<b&&c","timeout":"1.500s"}}`},
		{"IntegersOf64BitsAreStrings", "POST", actions + "/_search", "", `{"details":{"totalResult":"1152921504606846976"}}`},
		{"EmptyMessage", "DELETE", actions + "/1", "", `{}`},
		{"RawJSON", "POST", "/actionplane/v1/hooks:function", `{"function":"preuserinfo"}`, `{"runId":"1","payload":{"z":1.00,"a":[ ]}}`},
		{"PresentZeroValuesAreKept", "GET", settings, "", `{"organizationSettings":{"approvalEnabled":false,"approvalTtlHours":24,"approvalRequiredApprovals":1}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := w.owner(t, tc.verb, tc.path, tc.body)
			// protojson varies its white space from build to build
			a.body = strings.ReplaceAll(strings.ReplaceAll(a.body, `, "`, `,"`), `: `, `:`)
			a.want(t, 200, tc.want)
		})
	}
	t.Run("HEADIsNotBound", func(t *testing.T) {
		t.Parallel()
		if a := w.owner(t, "HEAD", actions+"/1", ""); a.status != 405 || a.body != "" {
			t.Errorf("got %d %q", a.status, a.body)
		}
	})
}

func TestRESTRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.MaxRequest = 64 << 10 })
	on(w, &actionv3alpha.ZITADELActionsGetTarget, func(_ context.Context, in *actionv3alpha.GetTargetRequest) (*actionv3alpha.GetTargetResponse, error) {
		if in.GetId() == "panic" {
			panic("owner")
		}
		return nil, fault.NotFound("Errors.Target.NotFound").WithID("QUERY-hj5oaniyrz")
	})
	on(w, &actionv3alpha.ZITADELActionsDeleteTarget, func(context.Context, *actionv3alpha.DeleteTargetRequest) (*actionv3alpha.DeleteTargetResponse, error) {
		return nil, fault.FailedPrecondition("plain <text>")
	})
	on(w, &dynamicv0.OrganizationSettingsServiceUpdateOrganizationSettings, func(context.Context, *dynamicv0.UpdateOrganizationSettingsRequest) (*dynamicv0.UpdateOrganizationSettingsResponse, error) {
		return nil, fault.Invalid("too many").WithReason("APPROVAL_THRESHOLD_TOO_HIGH")
	})
	const notFound, notAllowed = `{"code":5,"message":"Not Found"}`, `{"code":12,"message":"Method Not Allowed"}`
	for _, tc := range []struct {
		name, verb, path, body string
		status                 int
		want                   string
	}{
		{"WithDetails", "GET", targets + "/1", "", 404, `{"code":5,"message":"Errors.Target.NotFound (QUERY-hj5oaniyrz)","details":[{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"QUERY-hj5oaniyrz","message":"Errors.Target.NotFound"}]}`},
		{"WithoutDetails", "DELETE", targets + "/1", "", 400, `{"code":9,"message":"plain <text>"}`},
		{"WithReason", "PUT", settings, `{"approvalRequiredApprovals":9}`, 400, `{"error":"too many","code":"APPROVAL_THRESHOLD_TOO_HIGH"}`},
		{"OwnerPanics", "GET", targets + "/panic", "", 500, `{"code":13,"message":"internal error"}`},
		{"UnknownPath", "GET", "/nowhere", "", 404, notFound},
		{"UnknownPathOfAnotherAPI", "GET", "/api/v0/nowhere", "", 404, `{"error":"Not Found","code":"not_found"}`},
		{"EmptyId", "GET", targets + "/", "", 400, invalid("invalid GetTargetRequest.id: must be at least 1 characters", "id", "must be at least 1 characters")},
		{"TrailingSlash", "POST", targets + "/", "{}", 405, notAllowed},
		{"PathThatIsNotClean", "GET", "/x/../healthz", "", 404, notFound},
		{"UnknownVerb", "POST", "/actionplane/v1/hooks:nothing", "", 404, notFound},
		{"WrongVerb", "DELETE", executions, "", 405, notAllowed},
		{"WrongVerbOfAnotherAPI", "DELETE", settings, "", 405, `{"error":"Method Not Allowed"}`},
		{"Options", "OPTIONS", targets, "", 405, notAllowed},
		{"MalformedJSON", "PUT", executions, `{"condition":`, 400, invalid("condition: ends too early, at line 1, column 14", "condition", "ends too early, at line 1, column 14")},
		{"WrongType", "PUT", actions + "/1", `{"name":5}`, 400, invalid("name: must be a string", "name", "must be a string")},
		{"TwoOfAOneof", "POST", targets, `{"restCall":{},"restAsync":{}}`, 400, ""},
		{"ObjectInPlaceOfFilters", "POST", targets + "/_search", `{}`, 400, ""},
		{"NullFilter", "POST", targets + "/_search", `[null]`, 400, ""},
		{"NullTarget", "POST", targets, `null`, 400, ""},
		{"NoTarget", "POST", targets, ``, 400, invalid("invalid CreateTargetRequest.target: value is required", "target", "value is required")},
		{"BadNumberInTheQuery", "POST", targets + "/_search?query.limit=x", `[]`, 400, ""},
		{"BadEnumInTheQuery", "POST", targets + "/_search?sortingColumn=TARGET_FIELD_NAME_CREATION_DATE", `[]`, 400, ""},
		{"BadEscapeInTheQuery", "GET", targets + "/1?instance.id=%zz", ``, 400, ""},
		{"PathThatIsNotUTF8", "GET", targets + "/%ff", ``, 400, `{"code":3,"message":"path and query must be UTF-8"}`},
		{"QueryThatIsNotUTF8", "GET", targets + "/1?instance.id=%ff", ``, 400, `{"code":3,"message":"path and query must be UTF-8"}`},
		{"TooLarge", "POST", targets, strings.Repeat("x", 65<<10), 413, `{"code":8,"message":"the request body is larger than 65536 bytes"}`},
		{"TooLargeOfAnotherAPI", "PUT", settings, strings.Repeat("x", 1<<20), 413, `{"error":"the request body is larger than 65536 bytes"}`},
	} {
		for name, client := range map[string]*http.Client{"HTTP1": w.client, "HTTP2": http2Client(t)} {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				a := w.do(t, client, tc.verb, tc.path, tc.body, "Authorization", "Bearer owner")
				want := tc.want // the case is shared by both clients
				if want == "" {
					want = a.body
					if !strings.HasPrefix(a.body, `{"code":`) {
						t.Errorf("got %s", a.body)
					}
				}
				a.want(t, tc.status, want)
				if a.header.Get("Content-Type") != "application/json" {
					t.Errorf("got %v", a.header)
				}
			})
		}
	}
	t.Run("ABodyOfUnknownLengthThatIsTooLarge", func(t *testing.T) {
		t.Parallel()
		for _, client := range []*http.Client{w.client, http2Client(t)} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+w.addr+targets, struct{ *strings.Reader }{strings.NewReader(strings.Repeat("x", 65<<10))})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("got %s, %v", resp.Status, err)
			}
		}
	})
	t.Run("ALongHeader", func(t *testing.T) {
		t.Parallel()
		if a := w.owner(t, "GET", targets+"/1", "", "X-Long", strings.Repeat("x", 12<<10)); a.status != 404 {
			t.Errorf("got %d %s", a.status, a.body)
		}
		w.owner(t, "GET", targets+"/1", "", "X-Long", strings.Repeat("x", 20<<10)).want(t, 431, `{"code":8,"message":"the request header is larger than 16384 bytes"}`)
	})
}
