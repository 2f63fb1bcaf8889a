package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/tenant"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	dynamicv0 "github.com/actionplane/actionplane/proto/gen/go/dynamic/v0"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	actionv2beta "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2beta"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
)

// gatedCase makes what a gated method can be called about, while nobody need
// approve anything, and returns a request that would change it.
type gatedCase = func(*testing.T) proto.Message

// gatedCases returns one for every gated method, by its full name.
func (a *approving) gatedCases() map[string]gatedCase {
	all := map[string]gatedCase{}
	for _, some := range []map[string]gatedCase{a.targetCases(), a.executionCases(), a.actionCases(), a.flowCases(), a.peopleCases(), a.organizationCases()} {
		for name, c := range some {
			all[name] = c
		}
	}
	return all
}

func (a *approving) targetCases() map[string]gatedCase {
	const v2, v2beta, v3alpha, own = "/zitadel.action.v2.ActionService/", "/zitadel.action.v2beta.ActionService/",
		"/zitadel.resources.action.v3alpha.ZITADELActions/", "/actionplane.v1.TargetService/"
	return map[string]gatedCase{
		v3alpha + "PatchTarget": func(t *testing.T) proto.Message {
			return &actionv3alpha.PatchTargetRequest{Id: a.target(t), Target: &actionv3alpha.PatchTarget{Name: new(a.name()), ExpirationSigningKey: durationpb.New(0)}}
		},
		v3alpha + "DeleteTarget": func(t *testing.T) proto.Message { return &actionv3alpha.DeleteTargetRequest{Id: a.target(t)} },
		v2 + "UpdateTarget": func(t *testing.T) proto.Message {
			return &actionv2.UpdateTargetRequest{Id: a.target(t), Name: new(a.name())}
		},
		v2 + "DeleteTarget":      func(t *testing.T) proto.Message { return &actionv2.DeleteTargetRequest{Id: a.target(t)} },
		v2 + "ActivatePublicKey": a.publicKey,
		v2beta + "UpdateTarget": func(t *testing.T) proto.Message {
			return &actionv2beta.UpdateTargetRequest{Id: a.target(t), Name: new(a.name())}
		},
		v2beta + "DeleteTarget": func(t *testing.T) proto.Message { return &actionv2beta.DeleteTargetRequest{Id: a.target(t)} },
		own + "UpdateTargetSettings": func(t *testing.T) proto.Message {
			return &actionplanev1.UpdateTargetSettingsRequest{Id: a.target(t), Settings: &actionplanev1.TargetSettings{
				Headers: []*actionplanev1.TargetHeader{{Name: "X-Api-Key", Value: hunter, Secret: true}}, EgressAllow: []string{"10.0.0.0/8"},
			}}
		},
		own + "RotateSigningKey": func(t *testing.T) proto.Message { return &actionplanev1.RotateSigningKeyRequest{Id: a.target(t)} },
		own + "EnableTarget": func(t *testing.T) proto.Message {
			id := a.target(t)
			a.owner.want(t, http.StatusOK, http.MethodPost, "/actionplane/v1/targets/"+id+":disable", object{})
			return &actionplanev1.EnableTargetRequest{Id: id}
		},
	}
}

func (a *approving) executionCases() map[string]gatedCase {
	return map[string]gatedCase{
		"/zitadel.resources.action.v3alpha.ZITADELActions/SetExecution": func(t *testing.T) proto.Message {
			return &actionv3alpha.SetExecutionRequest{
				Condition: &actionv3alpha.Condition{ConditionType: &actionv3alpha.Condition_Function{Function: &actionv3alpha.FunctionExecution{Name: a.name()}}},
				Execution: &actionv3alpha.Execution{Targets: []*actionv3alpha.ExecutionTargetType{{Type: &actionv3alpha.ExecutionTargetType_Target{Target: a.target(t)}}}},
			}
		},
		"/zitadel.action.v2.ActionService/SetExecution": func(t *testing.T) proto.Message {
			return &actionv2.SetExecutionRequest{Targets: []string{a.target(t)}, Condition: &actionv2.Condition{
				ConditionType: &actionv2.Condition_Function{Function: &actionv2.FunctionExecution{Name: a.name()}},
			}}
		},
		"/zitadel.action.v2beta.ActionService/SetExecution": func(t *testing.T) proto.Message {
			return &actionv2beta.SetExecutionRequest{Targets: []string{a.target(t)}, Condition: &actionv2beta.Condition{
				ConditionType: &actionv2beta.Condition_Function{Function: &actionv2beta.FunctionExecution{Name: a.name()}},
			}}
		},
	}
}

func (a *approving) actionCases() map[string]gatedCase {
	const management, own = "/zitadel.management.v1.ManagementService/", "/actionplane.v1.ActionService/"
	return map[string]gatedCase{
		management + "UpdateAction": func(t *testing.T) proto.Message {
			return &managementv1.UpdateActionRequest{Id: a.action(t), Name: a.name(), Script: "1"}
		},
		management + "ReactivateAction": func(t *testing.T) proto.Message {
			id := a.action(t)
			a.owner.want(t, http.StatusOK, http.MethodPost, actionsPath+"/"+id+"/_deactivate", object{})
			return &managementv1.ReactivateActionRequest{Id: id}
		},
		management + "DeleteAction": func(t *testing.T) proto.Message { return &managementv1.DeleteActionRequest{Id: a.action(t)} },
		own + "PublishVersion": func(t *testing.T) proto.Message {
			id := a.action(t)
			a.owner.want(t, http.StatusCreated, http.MethodPost, "/actionplane/v1/actions/"+id+"/versions", object{"name": a.name(), "script": "2"})
			return &actionplanev1.PublishVersionRequest{Id: id, Version: 2}
		},
		own + "Rollback": func(t *testing.T) proto.Message {
			id := a.action(t)
			a.owner.want(t, http.StatusOK, http.MethodPut, actionsPath+"/"+id, object{"name": a.name(), "script": "2"})
			return &actionplanev1.RollbackRequest{Id: id, Version: 1}
		},
		own + "SetSecret": func(t *testing.T) proto.Message {
			return &actionplanev1.SetSecretRequest{Id: a.action(t), Name: "KEY", Value: hunter}
		},
		own + "DeleteSecret": func(t *testing.T) proto.Message {
			id := a.action(t)
			a.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/actions/"+id+"/secrets/KEY", object{"value": hunter})
			return &actionplanev1.DeleteSecretRequest{Id: id, Name: "KEY"}
		},
		own + "SetOrganizationSecret": func(*testing.T) proto.Message {
			a.made++
			return &actionplanev1.SetOrganizationSecretRequest{Name: "KEY" + strconv.Itoa(a.made), Value: hunter}
		},
		own + "DeleteOrganizationSecret": func(t *testing.T) proto.Message {
			a.made++
			name := "KEY" + strconv.Itoa(a.made)
			a.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/action-secrets/"+name, object{"value": hunter})
			return &actionplanev1.DeleteOrganizationSecretRequest{Name: name}
		},
	}
}

// flowCases have a flow, or a trigger, for each entry point: there are no more
// than that.
func (a *approving) flowCases() map[string]gatedCase {
	first := map[string]string{"1": "1", "2": "4", "3": "1", "4": "6"}
	flows := []string{"1", "2", "3", "4"}
	triggers := [][2]string{{"1", "1"}, {"1", "2"}, {"1", "3"}, {"3", "2"}}
	return map[string]gatedCase{
		"/zitadel.management.v1.ManagementService/ClearFlow": func(t *testing.T) proto.Message {
			flow := flows[0]
			flows = flows[1:]
			a.owner.want(t, http.StatusOK, http.MethodPost, "/management/v1/flows/"+flow+"/trigger/"+first[flow], object{"actionIds": []string{a.action(t)}})
			return &managementv1.ClearFlowRequest{Type: flow}
		},
		"/zitadel.management.v1.ManagementService/SetTriggerActions": func(t *testing.T) proto.Message {
			trigger := triggers[0]
			triggers = triggers[1:]
			return &managementv1.SetTriggerActionsRequest{FlowType: trigger[0], TriggerType: trigger[1], ActionIds: []string{a.action(t)}}
		},
	}
}

func (a *approving) peopleCases() map[string]gatedCase {
	const people, members = "/actionplane.v1.PersonService/", "/actionplane.v1.MemberService/"
	organization := a.organization
	return map[string]gatedCase{
		people + "CreatePerson": func(*testing.T) proto.Message {
			return &actionplanev1.CreatePersonRequest{OrganizationId: organization, Name: a.name()}
		},
		people + "DeactivatePerson": func(t *testing.T) proto.Message {
			return &actionplanev1.DeactivatePersonRequest{OrganizationId: organization, PersonId: a.person(t)}
		},
		people + "ReactivatePerson": func(t *testing.T) proto.Message {
			id := a.person(t)
			a.owner.want(t, http.StatusOK, http.MethodPost, a.people()+"/"+id+":deactivate", object{})
			return &actionplanev1.ReactivatePersonRequest{OrganizationId: organization, PersonId: id}
		},
		people + "DeletePerson": func(t *testing.T) proto.Message {
			return &actionplanev1.DeletePersonRequest{OrganizationId: organization, PersonId: a.person(t)}
		},
		members + "SetMember": func(t *testing.T) proto.Message {
			return &actionplanev1.SetMemberRequest{OrganizationId: organization, PersonId: a.person(t), Roles: []string{"ORG_VIEWER"}}
		},
		members + "RemoveMember": func(t *testing.T) proto.Message {
			id := a.person(t)
			a.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/organizations/"+organization+"/members/"+id, object{"roles": []string{"ORG_VIEWER"}})
			return &actionplanev1.RemoveMemberRequest{OrganizationId: organization, PersonId: id}
		},
		members + "SetInstanceMember": func(t *testing.T) proto.Message {
			return &actionplanev1.SetInstanceMemberRequest{PersonId: a.person(t), Roles: []string{"IAM_OWNER_VIEWER"}}
		},
		members + "RemoveInstanceMember": func(t *testing.T) proto.Message {
			id := a.person(t)
			a.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/instance/members/"+id, object{"roles": []string{"IAM_OWNER_VIEWER"}})
			return &actionplanev1.RemoveInstanceMemberRequest{PersonId: id}
		},
		"/actionplane.v1.IssuerService/CreateIssuer": func(*testing.T) proto.Message {
			return &actionplanev1.CreateIssuerRequest{Issuer: &actionplanev1.Issuer{Issuer: "https://" + a.name() + ".example.com", Audiences: []string{"actionplane"}}}
		},
	}
}

func (a *approving) organizationCases() map[string]gatedCase {
	const service = "/actionplane.v1.OrganizationService/"
	hours := int32(24)
	closed := func(t *testing.T) string {
		id := a.newOrganization(t)
		a.owner.want(t, http.StatusOK, http.MethodPost, "/actionplane/v1/organizations/"+id+":deactivate", object{})
		return id
	}
	return map[string]gatedCase{
		service + "CreateOrganization": func(*testing.T) proto.Message { return &actionplanev1.CreateOrganizationRequest{Name: a.name()} },
		service + "RenameOrganization": func(*testing.T) proto.Message {
			return &actionplanev1.RenameOrganizationRequest{OrganizationId: a.organization, Name: a.name()}
		},
		service + "DeactivateOrganization": func(t *testing.T) proto.Message {
			return &actionplanev1.DeactivateOrganizationRequest{OrganizationId: a.newOrganization(t)}
		},
		service + "ReactivateOrganization": func(t *testing.T) proto.Message {
			return &actionplanev1.ReactivateOrganizationRequest{OrganizationId: closed(t)}
		},
		service + "DeleteOrganization": func(t *testing.T) proto.Message {
			return &actionplanev1.DeleteOrganizationRequest{OrganizationId: closed(t)}
		},
		// A longer life of requests is weaker.
		"/dynamic.v0.OrganizationSettingsService/UpdateOrganizationSettings": func(*testing.T) proto.Message {
			hours++
			return &dynamicv0.UpdateOrganizationSettingsRequest{OrganizationId: a.organization, ApprovalTtlHours: new(hours)}
		},
	}
}

// hunter is a value that nobody may be shown.
const hunter = "hunter2hunter2"

func (a *approving) target(t *testing.T) string {
	t.Helper()
	return a.owner.createTarget(t, a.name(), "https://example.com/hook", "restWebhook", false).id
}

func (a *approving) action(t *testing.T) string {
	t.Helper()
	id, _ := a.owner.want(t, http.StatusOK, http.MethodPost, actionsPath, object{"name": a.name(), "script": "0"})["id"].(string)
	return id
}

func (a *approving) person(t *testing.T) string {
	t.Helper()
	name := a.name()
	made := a.owner.want(t, http.StatusCreated, http.MethodPost, a.people(), object{"name": name, "email": name + "@example.com"})
	id, _ := at(made, "person", "id").(string)
	return id
}

func (a *approving) newOrganization(t *testing.T) string {
	t.Helper()
	made := a.owner.want(t, http.StatusCreated, http.MethodPost, "/actionplane/v1/organizations", object{"name": a.name()})
	id, _ := at(made, "organization", "id").(string)
	return id
}

// publicKey adds a key to a target.
func (a *approving) publicKey(t *testing.T) proto.Message {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	id := a.target(t)
	added, err := actionv2.NewActionServiceBusClient(a.bus).AddPublicKey(a.asOwner(t), &actionv2.AddPublicKeyRequest{
		TargetId: id, PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &actionv2.ActivatePublicKeyRequest{TargetId: id, KeyId: added.GetKeyId()}
}

func (a *approving) asOwner(t *testing.T) context.Context { return tenant.With(within(t), a.who) }
