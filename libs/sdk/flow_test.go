package sdk_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdktest"
	"github.com/actionplane/actionplane/proto/contract"
	flowsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/flows/v1"
)

// serveFlows answers triggers of a's.
func serveFlows(t *testing.T, a *sdktest.Actionplane, answer func(*flowsv1.RunTriggerRequest) (*flowsv1.RunTriggerResponse, nats.Header)) {
	t.Helper()
	nc := a.Connect(t)
	_, err := nc.Subscribe(flowsv1.FlowsRunTrigger.Subject+"."+sdk.DefaultTenant, func(msg *nats.Msg) {
		in := new(flowsv1.RunTriggerRequest)
		if err := proto.Unmarshal(msg.Data, in); err != nil {
			t.Error(err)
		}
		out, header := answer(in)
		body, err := proto.Marshal(out)
		if err != nil {
			t.Error(err)
		}
		if err := msg.RespondMsg(&nats.Msg{Header: header, Data: body}); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunFlow(t *testing.T) {
	t.Parallel()
	a := sdktest.Start(t, answering(sdktest.Answer{}))
	serveFlows(t, a, func(in *flowsv1.RunTriggerRequest) (*flowsv1.RunTriggerResponse, nats.Header) {
		if in.GetTrigger() == "4" {
			return nil, nats.Header{contract.HeaderErrorCode: {"9"}, contract.HeaderErrorID: {"SCRIPTS-f41l3d"}, contract.HeaderErrorText: {"action failed"}}
		}
		return &flowsv1.RunTriggerResponse{
			RunId: in.GetFlow() + in.GetOrganizationId() + string(in.GetContext()),
			Changes: &flowsv1.Changes{
				Claims: []byte(`{"tier":"gold"}`), LogClaims: []byte(`{"urn:a:log":["x"]}`), User: []byte(`{"firstName":"Ada"}`),
				Metadata:   []*flowsv1.Metadata{{Key: "k", Value: []byte(`1`), Immediate: true}},
				UserGrants: []*flowsv1.UserGrant{{ProjectId: "p", Roles: []string{"r"}}},
				Attributes: []*flowsv1.Attribute{{Name: "n", NameFormat: "basic", Values: []string{"v"}}},
			},
			Actions: []*flowsv1.ActionResult{
				{ActionId: "1", ActionName: "one", Outcome: flowsv1.ActionOutcome_ACTION_OUTCOME_SUCCEEDED, InvocationId: "11"},
				{ActionId: "2", Outcome: flowsv1.ActionOutcome_ACTION_OUTCOME_FAILED, Error: "bad"},
				{ActionId: "3", Outcome: flowsv1.ActionOutcome_ACTION_OUTCOME_SKIPPED}, {ActionId: "4", Outcome: 9},
			},
		}, nil
	})
	client := a.Client(t)

	t.Run("ReturnsWhatIsToBeApplied", func(t *testing.T) {
		t.Parallel()
		got, err := client.RunFlow(t.Context(), sdk.Flow{Flow: "2", Trigger: "5", Organization: "o", Context: []byte(`{"v1":{}}`)})
		if err != nil || got.RunID != `2o{"v1":{}}` {
			t.Fatalf("got %+v, %v", got, err)
		}
		c := got.Changes
		if string(c.Claims["tier"]) != `"gold"` || !slices.Equal(c.LogClaims["urn:a:log"], []string{"x"}) || string(c.User["firstName"]) != `"Ada"` {
			t.Errorf("got %+v", c)
		}
		if !reflect.DeepEqual(c.Metadata, []sdk.Metadata{{Key: "k", Value: []byte(`1`), Immediate: true}}) ||
			!reflect.DeepEqual(c.UserGrants, []sdk.UserGrant{{ProjectID: "p", Roles: []string{"r"}}}) ||
			!reflect.DeepEqual(c.Attributes, []sdk.Attribute{{Name: "n", NameFormat: "basic", Values: []string{"v"}}}) {
			t.Errorf("got %+v", c)
		}
		var outcomes []string
		for _, action := range got.Actions {
			outcomes = append(outcomes, action.Outcome+action.Error)
		}
		if !slices.Equal(outcomes, []string{"succeeded", "failedbad", "skipped", "outcome 9"}) || got.Actions[0].Invocation != "11" {
			t.Errorf("actions %+v", got.Actions)
		}
	})
	t.Run("AFailedScriptIsAnError", func(t *testing.T) {
		t.Parallel()
		_, err := client.RunFlow(t.Context(), sdk.Flow{Flow: "2", Trigger: "4"})
		var failure *sdk.Error
		if !errors.As(err, &failure) || failure.ID != "SCRIPTS-f41l3d" || failure.Code != sdk.CodeFailedPrecondition || sdk.Unavailable(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("WhatIsNoJSONIsNotSent", func(t *testing.T) {
		t.Parallel()
		if _, err := client.RunFlow(t.Context(), sdk.Flow{Flow: "2", Trigger: "5", Context: []byte(`{`)}); err == nil {
			t.Error("it was taken")
		}
	})
}
