package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/telemetry/telemetrytest"
	"github.com/actionplane/actionplane/libs/tenant"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/gateway"
)

func TestAdmission(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const (
		missing   = `{"code":16,"message":"auth header missing"}`
		denied    = `{"code":7,"message":"No matching permissions found (AUTH-5mWD2)","details":[{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"AUTH-5mWD2","message":"No matching permissions found"}]}`
		noOrg     = `{"code":7,"message":"Organisation doesn't exist (AUTH-Bs7Ds)","details":[{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"AUTH-Bs7Ds","message":"Organisation doesn't exist"}]}`
		badToken  = `{"code":16,"message":"Errors.Token.Invalid (AUTH-7fs1e)","details":[{"@type":"type.googleapis.com/zitadel.v1.ErrorDetail","id":"AUTH-7fs1e","message":"Errors.Token.Invalid"}]}`
		noOrgHere = `{"error":"organization not found","code":"not_found"}`
	)
	foreignSettings := strings.Replace(settings, home, foreign, 1)
	upperSettings := strings.Replace(settings, home, strings.ToUpper(home), 1)
	for _, tc := range []struct {
		name, verb, path, body, token, organization string
		status                                      int
		want                                        string
	}{
		{"NoToken", "GET", targets + "/1", "", "", "", 401, missing},
		{"NoTokenAndAnInvalidRequest", "POST", targets, "{}", "", "", 401, missing},
		{"AnotherScheme", "GET", targets + "/1", "", "Basic b3duZXI=", "", 401, missing},
		{"EmptyToken", "GET", targets + "/1", "", "Bearer ", "", 401, missing},
		{"UnknownToken", "GET", targets + "/1", "", "Bearer x", "", 401, badToken},
		{"UnknownTokenForTheOtherAPI", "GET", settings, "", "Bearer x", "", 401, `{"error":"Errors.Token.Invalid"}`},
		{"NoTokenForTheOtherAPI", "GET", settings, "", "", "", 401, `{"error":"auth header missing"}`},
		{"InstancePermissionOfAnOrganizationOwner", "GET", targets + "/1", "", "Bearer org-owner", "", 403, denied},
		{"InstancePermissionOfAnOwner", "GET", targets + "/1", "", "bEARER  owner", "", 200, `{}`},
		{"OrganizationPermissionOfAnOrganizationOwner", "GET", actions + "/1", "", "Bearer org-owner", "", 200, `{}`},
		{"AuthenticatedIsEnough", "GET", executions + "/methods", "", "Bearer member", "", 200, `{}`},
		{"PermissionComesBeforeValidation", "POST", targets, "{}", "Bearer member", "", 403, denied},
		{"ThenValidation", "POST", targets, "{}", "Bearer owner", "", 400, invalid("invalid CreateTargetRequest.target.target_type: exactly one field is required in oneof", "target.targetType", "exactly one field is required in oneof")},
		{"OrganizationHeader", "GET", actions + "/1", "", "Bearer owner", home, 200, `{}`},
		{"ForeignOrganizationHeader", "GET", actions + "/1", "", "Bearer owner", foreign, 403, noOrg},
		{"OrganizationHeaderThatIsNotUTF8", "GET", actions + "/1", "", "Bearer owner", "\xff", 403, noOrg},
		{"OrganizationHeaderWhereItDoesNotMatter", "GET", targets + "/1", "", "Bearer owner", foreign, 200, `{}`},
		{"OrganizationField", "GET", settings, "", "Bearer owner", "", 200, `{}`},
		{"OrganizationFieldBeatsTheHeader", "GET", settings, "", "Bearer owner", foreign, 200, `{}`},
		{"ForeignOrganizationField", "GET", foreignSettings, "", "Bearer owner", "", 404, noOrgHere},
		{"MalformedOrganizationField", "GET", upperSettings, "", "Bearer owner", "", 400, ""},
		{"NoPermissionInTheField", "GET", settings, "", "Bearer member", "", 403, `{"error":"No matching permissions found"}`},
		{"NoPermissionInTheFieldAndInvalid", "PUT", settings, `{"approvalTtlHours":0}`, "Bearer member", "", 403, `{"error":"No matching permissions found"}`},
		{"PermissionInTheFieldButInvalid", "PUT", settings, `{"approvalTtlHours":0}`, "Bearer owner", "", 400, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if tc.token != "" {
				header = append(header, "Authorization", tc.token)
			}
			if tc.organization != "" {
				header = append(header, "x-zitadel-orgid", tc.organization)
			}
			a := w.do(t, w.client, tc.verb, tc.path, tc.body, header...)
			if tc.want == "" && strings.HasPrefix(a.body, `{"error":"invalid `) {
				tc.want = a.body
			}
			a.want(t, tc.status, tc.want)
			if challenge := a.header.Get("WWW-Authenticate"); (challenge != "") != (tc.status == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

func TestIdentityReachesTheOwner(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.owner(t, "GET", actions+"/1", "")
	got := w.last(t).who
	if got.Tenant != tenant.Default || got.Organization != home || got.Person != "p-owner" || !slices.Equal(got.Roles, []string{"IAM_OWNER", "ORG_OWNER"}) {
		t.Errorf("got %+v", got)
	}
	w.owner(t, "GET", actions+"/1", "", "Actionplane-Tenant", "t2", "Actionplane-Person", "p2", "Grpc-Metadata-Actionplane-Roles", "r2")
	if again := w.last(t).who; again.Tenant != got.Tenant || again.Person != got.Person || !slices.Equal(again.Roles, got.Roles) {
		t.Errorf("a stranger's headers made it %+v", again)
	}
}

// TestRequestsKeepTheirStrings is about strings that lie in a connection's
// buffer: the organization is kept as the key of what the gateway remembers.
func TestRequestsKeepTheirStrings(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.AuthTTL = time.Hour })
	others := make([]string, 20)
	w.mu.Lock()
	for i := range others {
		others[i] = fmt.Sprintf("95b11417-f18f-457f-8804-%012d", i)
		p := people()[credential("owner", home)]
		p.OrganizationId = others[i]
		w.people[credential("owner", others[i])] = p
	}
	w.mu.Unlock()
	for range 3 {
		client := http1Client(t, nil) // another connection, another buffer
		for _, id := range others {
			a := w.do(t, client, "GET", actions+"/"+id, "", "Authorization", "Bearer owner", "X-Zitadel-Orgid", id)
			a.want(t, 200, `{}`)
			if r := w.last(t); string(r.who.Organization) != id || r.request.(*managementv1.GetActionRequest).GetId() != id {
				t.Errorf("action %s was asked for in organization %s", r.request, r.who.Organization)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked != len(others) {
		t.Errorf("access was asked %d times about %d organizations", w.asked, len(others))
	}
}

func TestAccessAway(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.AuthTTL = time.Hour })
	w.owner(t, "GET", targets+"/1", "").want(t, 200, `{}`)
	w.stopAccess()
	w.owner(t, "GET", targets+"/1", "").want(t, 200, `{}`)
	w.do(t, w.client, "GET", targets+"/1", "", "Authorization", "Bearer org-owner").
		want(t, 503, `{"code":14,"message":"the access service is not available"}`)
}

func TestTelemetry(t *testing.T) {
	t.Parallel()
	tel, collector, stop := telemetrytest.Start(t, "gateway")
	w := setup(t, func(c *gateway.Config, d *host.Deps) { c.PublicMetrics, d.Telemetry = true, tel })
	traces := make(chan trace.SpanContext, 1)
	on(w, &managementv1.ManagementServiceGetAction, func(ctx context.Context, _ *managementv1.GetActionRequest) (*managementv1.GetActionResponse, error) {
		traces <- trace.SpanContextFromContext(ctx)
		return &managementv1.GetActionResponse{}, nil
	})
	w.owner(t, "GET", actions+"/1", "", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate", "a=b")
	got := <-traces
	if got.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || got.SpanID().String() == "b7ad6b7169203331" || got.TraceState().String() != "a=b" {
		t.Errorf("the owner saw %+v", got)
	}
	w.do(t, w.client, "GET", actions+"/1", "")
	metrics := w.do(t, w.client, "GET", "/metrics", "").body
	for _, code := range []string{"OK", "Unauthenticated"} {
		want := `actionplane_edge_duration_seconds_count{code="` + code + `",method="/zitadel.management.v1.ManagementService/GetAction",`
		if !strings.Contains(metrics, want) || !strings.Contains(metrics, `protocol="rest"`) {
			t.Errorf("%s is not in\n%s", want, metrics)
		}
	}
	stop()
	called := collector.Trace(got.TraceID()).Named("gateway", "zitadel.management.v1.ManagementService/GetAction")
	if len(called) == 0 || called[0].Kind != trace.SpanKindServer || called[0].Parent.String() != "b7ad6b7169203331" ||
		called[0].Attributes["http.request.method"] != "GET" || called[0].Attributes["url.path"] != actions+"/1" ||
		called[0].Attributes["rpc.response.status_code"] != "OK" {
		t.Errorf("got\n%s", collector.Trace(got.TraceID()))
	}
}
