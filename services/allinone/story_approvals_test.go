package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg/pgserver"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/libs/wirejson"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	zitadelv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/v1"
)

// approving is a house in which two people own the instance, seen from the
// edge, from the bus, and from its database.
type approving struct {
	*allInOne
	owner, second *api
	who           tenant.Identity // the owner, on the bus
	bus           *bus.Conn
	db            *pgxpool.Pool
	made          int // things, so that each has a name of its own
}

// startApproving starts a house whose owners of gated methods remember for no
// time whether approvals are on, so that what is asked for right after a switch
// is treated by it.
func startApproving(t *testing.T) *approving {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Config{DataDir: filepath.Join(dataDir(t), "postgres"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	for _, service := range []string{"access", "targets", "actions", "executions", "scripts", "dispatch", "approvals"} {
		if _, err := server.EnsureRole(t.Context(), service); err != nil {
			t.Fatal(err)
		}
	}
	a := &approving{allInOne: newAllInOne(t, map[string]string{
		"DATABASE_URL":                  strings.ReplaceAll(server.URL("SERVICE", pgserver.Database), "SERVICE", "{service}"),
		"ACTIONPLANE_APPROVAL_MODE_TTL": "1ns",
	})}
	a.start(t)
	if a.db, err = pgxpool.New(t.Context(), server.URL(pgserver.Superuser, pgserver.Database)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.db.Close)
	if a.bus, err = bus.Connect(t.Context(), bus.Config{URL: a.natsURL, Name: "approving"}, bus.Deps{Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := a.bus.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	a.owner = newAPI(&a.house)
	me, _ := at(a.owner.want(t, http.StatusOK, http.MethodGet, "/actionplane/v1/me", nil), "person", "id").(string)
	a.who = tenant.Identity{Tenant: tenant.Default, Organization: tenant.OrganizationID(a.organization), Person: tenant.PersonID(me), Roles: []string{"IAM_OWNER"}}
	a.second = a.owner.as(a.human(t, "IAM_OWNER"))
	return a
}

// human makes a human with a role in the instance, and returns a token of his
// own making: who holds one that another has made for him decides about nothing
// that the other asks for.
func (a *approving) human(t *testing.T, role string) string {
	t.Helper()
	id := a.person(t)
	a.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/instance/members/"+id, object{"roles": []string{role}})
	given := a.owner.want(t, http.StatusCreated, http.MethodPost, a.people()+"/"+id+"/tokens", object{"name": "given"})
	token, _ := given["secret"].(string)
	own := a.owner.as(token).want(t, http.StatusCreated, http.MethodPost, "/actionplane/v1/me/tokens", object{"name": "own"})
	tokenID, _ := at(given, "token", "id").(string)
	a.owner.want(t, http.StatusOK, http.MethodDelete, a.people()+"/"+id+"/tokens/"+tokenID, nil)
	token, _ = own["secret"].(string)
	return token
}

func (a *approving) people() string {
	return "/actionplane/v1/organizations/" + a.organization + "/people"
}

func (a *approving) requests() string {
	return "/api/v0/organizations/" + a.organization + "/adminActions"
}

func (a *approving) settings(t *testing.T, in object) {
	t.Helper()
	a.owner.want(t, http.StatusOK, http.MethodPut, "/api/v0/organizations/"+a.organization+"/organizationSettings", in)
}

// TestApprovals asks for every gated method through every entry point: where
// nobody need approve it, it is done and recorded; where somebody must, it
// waits, and is done once when he has.
func TestApprovals(t *testing.T) {
	t.Parallel()
	a := startApproving(t)
	cases := a.gatedCases()
	doors := map[string]func(*testing.T, *contract.Method, proto.Message) string{"Bus": a.queueOnBus, "REST": a.queueOnREST, "gRPC": a.queueOnGRPC}
	entries := slices.Sorted(maps.Keys(doors)) // in one order: each asks for more than the one before

	waiting := map[string]map[string]proto.Message{} // by method and entry point
	var methods []*contract.Method
	for _, service := range edge.Services {
		for _, m := range service.Methods {
			if m.Gate == nil {
				continue
			}
			prepare, ok := cases[m.FullName]
			if !ok {
				t.Errorf("%s is gated: it needs a case", m.FullName)
				continue
			}
			methods = append(methods, m)
			a.runsAtOnce(t, m, prepare(t))
			waiting[m.FullName] = map[string]proto.Message{}
			for _, door := range entries {
				waiting[m.FullName][door] = prepare(t)
			}
		}
	}
	for _, m := range methods {
		await(t, "the record of "+m.FullName, func() bool {
			return a.count(t, `SELECT count(*) FROM approvals.approval_requests WHERE state = 'auto_approved' AND method = $1`, m.FullName) > 0
		})
	}
	a.settings(t, object{"approvalEnabled": true})
	for _, m := range methods {
		for _, door := range entries {
			t.Run(strings.ReplaceAll(m.FullName[1:], "/", ".")+"/"+door, func(t *testing.T) {
				a.waitsAndIsDoneOnce(t, m, waiting[m.FullName][door], doors[door])
			})
		}
	}
	t.Run("TheDocumentsAnswer", a.printedRequest)
	t.Run("SecretsAreNowhereInClear", a.noSecrets)
	t.Run("NobodyHasRewrittenTheChain", func(t *testing.T) {
		found := a.owner.want(t, http.StatusOK, http.MethodGet, a.requests()+":verify", nil)
		if found["intact"] != true {
			t.Errorf("got %v", found)
		}
	})
}

// runsAtOnce asks where nobody need approve.
func (a *approving) runsAtOnce(t *testing.T, m *contract.Method, in proto.Message) {
	t.Helper()
	before := a.tables(t, m.Owner())
	if status, answer := a.rest(t, m, in); status/100 != 2 || status == http.StatusAccepted {
		t.Errorf("%s: status %d: %v", m.FullName, status, answer)
	}
	if a.tables(t, m.Owner()) == before {
		t.Errorf("%s has changed nothing", m.FullName)
	}
}

// waitsAndIsDoneOnce asks where somebody must approve, and has him do so.
func (a *approving) waitsAndIsDoneOnce(t *testing.T, m *contract.Method, in proto.Message, queue func(*testing.T, *contract.Method, proto.Message) string) {
	before := a.tables(t, m.Owner())
	id := queue(t, m, in)
	if id == "" {
		t.Fatal("it did not wait")
	}
	if a.tables(t, m.Owner()) != before {
		t.Fatal("it waits, and has changed something")
	}
	if status, answer := a.owner.do(t, http.MethodPost, a.requests()+"/"+id+"/approve", object{}); status != http.StatusForbidden {
		t.Errorf("by who asked for it: %d %v", status, answer)
	}
	a.second.want(t, http.StatusOK, http.MethodPost, a.requests()+"/"+id+"/approve", object{})
	var execution any
	await(t, "the execution", func() bool {
		execution = at(a.owner.want(t, http.StatusOK, http.MethodGet, a.requests()+"/"+id, nil), "actionRequest", "execution")
		state := at(execution, "state")
		return state != "queued" && state != "executing"
	})
	if at(execution, "state") != "executed" || at(execution, "attempts") != 1.0 {
		t.Fatalf("got %v", execution)
	}
	after := a.tables(t, m.Owner())
	if after == before {
		t.Error("it was approved, and has changed nothing")
	}
	if n := a.count(t, `SELECT count(*) FROM `+m.Owner()+`.approved_changes WHERE request_id = $1`, id); n != 1 {
		t.Errorf("it was done %d times", n)
	}
	err := a.bus.Call(bus.WithApproval(a.asOwner(t), id), m, in, new(emptypb.Empty))
	if f, ok := fault.As(err); err != nil && (!ok || f.Reason != approval.ReasonNotExecuting) { // a list that is so already is set without a word
		t.Errorf("in the name of what was done: %v", err)
	}
	if a.tables(t, m.Owner()) != after {
		t.Error("it was done again")
	}
}

// queueOnBus asks as a service would that is inside.
func (a *approving) queueOnBus(t *testing.T, m *contract.Method, in proto.Message) string {
	err := a.bus.Call(a.asOwner(t), m, in, new(emptypb.Empty))
	f, ok := fault.As(err)
	if !ok || f.Code != fault.CodeFailedPrecondition || f.Reason != approval.ReasonRequired {
		t.Fatalf("got %v", err)
	}
	return f.ID
}

func (a *approving) queueOnREST(t *testing.T, m *contract.Method, in proto.Message) string {
	status, answer := a.rest(t, m, in)
	if status != http.StatusAccepted || at(answer, "actionRequest", "status") != "pending" || at(answer, "message") == nil ||
		at(answer, "actionRequest", "submittedById") != string(a.who.Person) || at(answer, "actionRequest", "displayName") != m.Gate.DisplayName {
		t.Fatalf("%d %v", status, answer)
	}
	id, _ := at(answer, "actionRequest", "id").(string)
	return id
}

func (a *approving) queueOnGRPC(t *testing.T, m *contract.Method, in proto.Message) string {
	var cleartext http.Protocols
	cleartext.SetUnencryptedHTTP2(true)
	overHTTP2 := &http.Transport{Protocols: &cleartext}
	defer overHTTP2.CloseIdleConnections()
	data, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	raw := new(emptypb.Empty)
	raw.ProtoReflect().SetUnknown(data)
	_, err = connect.NewClient[emptypb.Empty, emptypb.Empty](&http.Client{Transport: bearer{a.token, overHTTP2}}, a.urls[0]+m.FullName, connect.WithGRPC()).
		CallUnary(within(t), connect.NewRequest(raw))
	var refusal *connect.Error
	if !errors.As(err, &refusal) || refusal.Code() != connect.CodeFailedPrecondition {
		t.Fatalf("got %v", err)
	}
	for _, d := range refusal.Details() {
		value, err := d.Value()
		if detail, ok := value.(*zitadelv1.ErrorDetail); err == nil && ok {
			return detail.GetId()
		}
	}
	return ""
}

// rest sends a request by the first REST binding of its method.
func (a *approving) rest(t *testing.T, m *contract.Method, in proto.Message) (status int, answer object) {
	t.Helper()
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(m.FullName[1:], "/", ".")))
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := proto.GetExtension(found.Options(), annotations.E_Http).(*annotations.HttpRule)
	text, err := wirejson.Default().Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var fields object
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	verb, path := http.MethodPost, rule.GetPost()
	for other, pattern := range map[string]string{http.MethodPut: rule.GetPut(), http.MethodPatch: rule.GetPatch(), http.MethodDelete: rule.GetDelete()} {
		if pattern != "" {
			verb, path = other, pattern
		}
	}
	for _, field := range slicesOf(in.ProtoReflect().Descriptor().Fields()) {
		if variable := "{" + string(field.Name()) + "}"; strings.Contains(path, variable) {
			path = strings.ReplaceAll(path, variable, url.PathEscape(fmt.Sprint(fields[field.JSONName()])))
			delete(fields, field.JSONName())
		}
	}
	var body any = fields
	switch name := rule.GetBody(); name {
	case "*":
	case "":
		body = nil
	default:
		body = fields[in.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name)).JSONName()]
	}
	return a.owner.do(t, verb, path, body)
}

func slicesOf(fields protoreflect.FieldDescriptors) []protoreflect.FieldDescriptor {
	all := make([]protoreflect.FieldDescriptor, fields.Len())
	for i := range all {
		all[i] = fields.Get(i)
	}
	return all
}

// tables returns a fingerprint of what a room keeps, but for what changes
// although nobody changes anything: messages on their way, and when tokens
// were last used. Of approvals, only settings change by calls like these.
func (a *approving) tables(t *testing.T, room string) string {
	t.Helper()
	rows, err := a.db.Query(within(t), `SELECT table_name FROM information_schema.tables WHERE table_schema = $1
    AND table_name NOT IN ('outbox', 'approved_changes', 'tokens') AND table_name NOT LIKE '%migrations%'
    AND ($1 <> 'approvals' OR table_name = 'organization_settings') ORDER BY 1`, room)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) == 0 {
		t.Fatalf("tables of %s: %v, %v", room, names, err)
	}
	var all strings.Builder
	for _, name := range names {
		var sum string
		statement := `SELECT coalesce(md5(string_agg(r::text, ',' ORDER BY r::text)), '') FROM ` + room + `.` + name + ` r`
		if err := a.db.QueryRow(within(t), statement).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		all.WriteString(name + " " + sum + "\n")
	}
	return all.String()
}

// noSecrets looks for the value of all secrets in all tables of all rooms.
func (a *approving) noSecrets(t *testing.T) {
	rows, err := a.db.Query(within(t), `SELECT table_schema || '.' || table_name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("%v, %v", tables, err)
	}
	for _, table := range tables {
		inHex := hex.EncodeToString([]byte(hunter)) // as bytes are written
		if n := a.count(t, `SELECT count(*) FROM `+table+` r WHERE position($1 IN r::text) > 0 OR position($2 IN r::text) > 0`, hunter, inHex); n != 0 {
			t.Errorf("%d rows of %s", n, table)
		}
	}
}

func (a *approving) count(t *testing.T, statement string, args ...any) (n int) {
	t.Helper()
	if err := a.db.QueryRow(within(t), statement, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// name returns a name that nothing has yet.
func (a *approving) name() string {
	a.made++
	return "story" + strconv.Itoa(a.made)
}

// printedRequest compares the answer about a request that has everything with
// what the document prints: those members, of those kinds. Ours come on top.
func (a *approving) printedRequest(t *testing.T) {
	nc := a.connectNATS(t)
	if _, err := nc.QueueSubscribe("story.reset", "story", func(m *nats.Msg) { _ = m.Respond([]byte(`{}`)) }); err != nil {
		t.Fatal(err)
	}
	const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
	a.owner.want(t, http.StatusOK, http.MethodPut, "/actionplane/v1/approvals/actionTypes/reset_user_mfa", object{
		"displayName": "Reset MFA", "category": "users", "subject": "story.reset",
	})
	submitted := a.owner.want(t, http.StatusAccepted, http.MethodPost, "/actionplane/v1/approvals", object{
		"actionType": "reset_user_mfa", "payload": object{"userId": id}, "environmentId": id,
		"targetEntityType": "user", "targetEntityId": id, "previousState": object{"mfa": true},
	})
	request, _ := at(submitted, "actionRequest", "id").(string)
	a.second.want(t, http.StatusOK, http.MethodPost, a.requests()+"/"+request+"/approve", object{"note": "fine"})
	req, err := http.NewRequestWithContext(within(t), http.MethodGet, a.urls[0]+a.requests()+"/"+request, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := plainHTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", resp.Status, err)
	}
	var printed, answer any
	if json.Unmarshal([]byte(printedWrapper), &printed) != nil || json.NewDecoder(bytes.NewReader(text)).Decode(&answer) != nil {
		t.Fatalf("no JSON: %s", text)
	}
	alike(t, "", printed, answer)
}

// alike compares kinds, and formats of ids and dates.
func alike(t *testing.T, path string, printed, answer any) {
	t.Helper()
	switch printed := printed.(type) {
	case object:
		o, ok := answer.(object)
		if !ok {
			t.Errorf("%s: got %v", path, answer)
		}
		for name, value := range printed {
			if _, ok := o[name]; !ok {
				t.Errorf("%s.%s is missing", path, name)
				continue
			}
			alike(t, path+"."+name, value, o[name])
		}
	case []any:
		list, ok := answer.([]any)
		if !ok || len(list) == 0 {
			t.Errorf("%s: got %v", path, answer)
			return
		}
		alike(t, path+"[]", printed[0], list[0])
	case string:
		text, ok := answer.(string)
		_, printedDate := time.Parse(time.RFC3339, printed)
		_, date := time.Parse(time.RFC3339, text)
		if !ok || len(printed) == 36 && len(text) != 36 || printedDate == nil && date != nil {
			t.Errorf("%s: got %v", path, answer)
		}
	default:
		if fmt.Sprintf("%T", printed) != fmt.Sprintf("%T", answer) {
			t.Errorf("%s: got %v", path, answer)
		}
	}
}

// printedWrapper is the document's example.
const printedWrapper = `{
"actionRequest": {
"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"organizationId": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"submittedById": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"status": "pending",
"actionType": "settings_change",
"displayName": "<string>",
"category": "<string>",
"actionPayload": {},
"requiredApprovals": 123,
"currentApprovals": 123,
"expiresAt": "2023-11-07T05:31:56Z",
"createdAt": "2023-11-07T05:31:56Z",
"environmentId": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"submittedBy": {
"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"email": "<string>",
"name": "<string>"
},
"responses": [
{
"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"actionRequestId": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"reviewerId": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"decision": "approved",
"createdAt": "2023-11-07T05:31:56Z",
"reviewer": {
"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"email": "<string>",
"name": "<string>"
},
"note": "<string>"
}
],
"targetEntityType": "<string>",
"targetEntityId": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
"previousState": {},
"resolvedAt": "2023-11-07T05:31:56Z"
},
"message": "<string>"
}`
