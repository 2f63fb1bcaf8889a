package main

import (
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/sdk"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha/actionv3alphaconnect"
)

// bearer adds the token to every request.
type bearer struct {
	token string
	http.RoundTripper
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.RoundTripper.RoundTrip(req)
}

// protocols creates a target with each protocol and finds it with the others.
func (s *storyteller) protocols(t *testing.T) {
	var cleartext http.Protocols
	cleartext.SetUnencryptedHTTP2(true)
	overHTTP2 := &http.Transport{Protocols: &cleartext}
	defer overHTTP2.CloseIdleConnections()
	clients := map[string]actionv3alphaconnect.ZITADELActionsClient{}
	for _, p := range []struct {
		name      string
		transport http.RoundTripper
		options   []connect.ClientOption
	}{
		{"grpc", overHTTP2, []connect.ClientOption{connect.WithGRPC()}},
		{"grpc-web", plainHTTP.Transport, []connect.ClientOption{connect.WithGRPCWeb()}},
		{"grpc-web over HTTP/2", overHTTP2, []connect.ClientOption{connect.WithGRPCWeb()}},
		{"connect", plainHTTP.Transport, []connect.ClientOption{connect.WithProtoJSON()}},
	} {
		clients[p.name] = actionv3alphaconnect.NewZITADELActionsClient(
			&http.Client{Transport: bearer{s.token, p.transport}}, s.api.url(), p.options...)
		_, err := actionv3alphaconnect.NewZITADELActionsClient(&http.Client{Transport: p.transport}, s.api.url(), p.options...).
			SearchTargets(within(t), &actionv3alpha.SearchTargetsRequest{})
		if connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("%s without a token: %v", p.name, err)
		}
	}
	for name, client := range clients {
		created, err := client.CreateTarget(within(t), &actionv3alpha.CreateTargetRequest{Target: &actionv3alpha.Target{
			Name: "by " + name, Endpoint: s.receiver.url + "/unused", Timeout: durationpb.New(1e9),
			TargetType: &actionv3alpha.Target_RestAsync{RestAsync: &actionv3alpha.SetRESTAsync{}},
		}})
		if err != nil || created.GetSigningKey() == "" {
			t.Fatalf("%s: %v, %v", name, created, err)
		}
		for other, client := range clients {
			found, err := client.SearchTargets(within(t), &actionv3alpha.SearchTargetsRequest{Filters: []*actionv3alpha.TargetSearchFilter{{
				Filter: &actionv3alpha.TargetSearchFilter_TargetNameFilter{TargetNameFilter: &actionv3alpha.TargetNameFilter{TargetName: "by " + name}},
			}}})
			if err != nil || len(found.GetResult()) != 1 || found.GetResult()[0].GetDetails().GetId() != created.GetDetails().GetId() {
				t.Errorf("%s looked for what %s has created: %v, %v", other, name, found, err)
			}
		}
	}
}

func (s *storyteller) approvals(t *testing.T) {
	path := "/api/v0/organizations/" + s.organization + "/organizationSettings"
	settings := at(s.api.want(t, http.StatusOK, http.MethodGet, path, nil), "organizationSettings")
	if at(settings, "approvalEnabled") != false || at(settings, "approvalTtlHours") != 24.0 || at(settings, "approvalRequiredApprovals") != 1.0 {
		t.Errorf("defaults: %v", settings)
	}
	s.api.want(t, http.StatusOK, http.MethodPut, path, object{"approvalTtlHours": 48})
	for range s.urls {
		settings = at(s.api.want(t, http.StatusOK, http.MethodGet, path, nil), "organizationSettings")
		if at(settings, "approvalTtlHours") != 48.0 || at(settings, "organizationId") != s.organization {
			t.Errorf("after the change: %v", settings)
		}
	}
	refusal := s.api.want(t, http.StatusBadRequest, http.MethodPut, path, object{"approvalRequiredApprovals": 5})
	if text, _ := refusal["error"].(string); refusal["code"] != "APPROVAL_THRESHOLD_TOO_HIGH" || text == "" {
		t.Errorf("too high: %v", refusal)
	}
}

// soon asks until what was changed shows. A change is on the feed before it is
// answered; a replica hears of it a moment later, and the next hook may be
// quicker.
func (s *storyteller) soon(t *testing.T, what string, shows func(sdk.Result, error) bool) {
	t.Helper()
	hooks := 0
	await(t, what, func() bool {
		hooks++
		return shows(s.place(t))
	})
	if hooks > 1 {
		t.Logf("%s: at hook %d", what, hooks)
	}
}

func (s *storyteller) patch(t *testing.T) {
	s.receiver.answer("/policy-2", capped)
	for _, path := range []string{"/policy-2", "/policy"} {
		s.api.want(t, http.StatusOK, http.MethodPatch, targetsPath+"/"+s.policy.id, object{"endpoint": s.receiver.url + path})
		before := len(s.receiver.got(path))
		s.soon(t, "hooks call "+path, func(_ sdk.Result, err error) bool {
			if err != nil {
				t.Fatal(err)
			}
			return len(s.receiver.got(path)) > before
		})
	}
}

func (s *storyteller) rotate(t *testing.T) {
	answer := s.api.want(t, http.StatusOK, http.MethodPatch, targetsPath+"/"+s.policy.id, object{"expirationSigningKey": "0s"})
	key, _ := answer["signingKey"].(string)
	if key == "" || key == s.policy.key {
		t.Fatalf("no new key: %v", answer)
	}
	old := s.policy.key
	s.policy.key = key
	if read := s.api.want(t, http.StatusOK, http.MethodGet, targetsPath+"/"+s.policy.id, nil); at(read, "target", "signingKey") != key {
		t.Errorf("the target reads %v", read)
	}
	s.soon(t, "hooks are signed with the new key", func(_ sdk.Result, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		return len(unverified(s.receiver.last(t, "/policy"), key)) == 0
	})
	verify(t, s.receiver.last(t, "/policy"), key)
	if len(unverified(s.receiver.last(t, "/policy"), old)) == 0 {
		t.Error("the old key still signs")
	}
}

func (s *storyteller) remove(t *testing.T) {
	s.api.want(t, http.StatusOK, http.MethodDelete, targetsPath+"/"+s.policy.id, nil)
	s.api.want(t, http.StatusNotFound, http.MethodGet, targetsPath+"/"+s.policy.id, nil)
	s.soon(t, "hooks pass without the target", func(result sdk.Result, err error) bool {
		return err == nil && len(result.Steps) == 3
	})
	status, _ := s.api.do(t, http.MethodPut, executionsPath, object{
		"condition": onRequest("method", listOrders), "execution": object{"targets": []object{{"target": s.policy.id}}},
	})
	if status/100 != 4 {
		t.Errorf("an execution of a deleted target: status %d", status)
	}
}
