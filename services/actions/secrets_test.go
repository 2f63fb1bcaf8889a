package actions_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	"github.com/actionplane/actionplane/libs/tenant"
	actionsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/actions/v1"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	managementv1 "github.com/actionplane/actionplane/proto/gen/go/zitadel/management/v1"
	"github.com/actionplane/actionplane/services/actions/internal/store"
)

// setSecret sets a secret of an action, or of all where the id is empty.
func (h *house) setSecret(ctx context.Context, id, name, value string) error {
	if id == "" {
		_, err := h.own.SetOrganizationSecret(ctx, &actionplanev1.SetOrganizationSecretRequest{Name: name, Value: value})
		return err
	}
	_, err := h.own.SetSecret(ctx, &actionplanev1.SetSecretRequest{Id: id, Name: name, Value: value})
	return err
}

func (h *house) mustSetSecret(ctx context.Context, t *testing.T, id, name, value string) {
	t.Helper()
	if err := h.setSecret(ctx, id, name, value); err != nil {
		t.Fatal(err)
	}
}

func (h *house) deleteSecret(ctx context.Context, id, name string) error {
	if id == "" {
		_, err := h.own.DeleteOrganizationSecret(ctx, &actionplanev1.DeleteOrganizationSecretRequest{Name: name})
		return err
	}
	_, err := h.own.DeleteSecret(ctx, &actionplanev1.DeleteSecretRequest{Id: id, Name: name})
	return err
}

// secretNames lists the names of an action's secrets, or of all actions'.
func (h *house) secretNames(ctx context.Context, t *testing.T, id string) string {
	t.Helper()
	var found []*actionplanev1.ActionSecret
	if id == "" {
		out, err := h.own.ListOrganizationSecrets(ctx, &actionplanev1.ListOrganizationSecretsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		found = out.GetSecrets()
	} else {
		out, err := h.own.ListSecrets(ctx, &actionplanev1.ListSecretsRequest{Id: id})
		if err != nil {
			t.Fatal(err)
		}
		found = out.GetSecrets()
	}
	var names []string
	for _, s := range found {
		if s.GetSetBy() != "p" || s.GetSetAt() == nil {
			t.Errorf("got %v", s)
		}
		names = append(names, s.GetName())
	}
	return strings.Join(names, " ")
}

// wantSecrets compares what a script may ask for.
func (h *house) wantSecrets(ctx context.Context, t *testing.T, id string, want map[string]string) {
	t.Helper()
	p, err := h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: id})
	if err != nil || !maps.Equal(p.GetSecrets(), want) {
		t.Errorf("got %v, %v, want %v", p.GetSecrets(), err, want)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	h := open(t)

	t.Run("TheActionsOwnHideTheOrganizations", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		a, b := h.mustCreate(ctx, t, "a"), h.mustCreate(ctx, t, "b")
		h.mustSetSecret(ctx, t, a, "TOKEN", "a's")
		h.mustSetSecret(ctx, t, "", "TOKEN", "everybody's")
		h.mustSetSecret(ctx, t, "", "URL", "shared")
		h.wantSecrets(ctx, t, a, map[string]string{"TOKEN": "a's", "URL": "shared"})
		h.wantSecrets(ctx, t, b, map[string]string{"TOKEN": "everybody's", "URL": "shared"})
		if got := h.secretNames(ctx, t, a) + ", " + h.secretNames(ctx, t, b) + ", " + h.secretNames(ctx, t, ""); got != "TOKEN, , TOKEN URL" {
			t.Errorf("got %s", got)
		}
		h.mustSetSecret(ctx, t, a, "TOKEN", "a's new\x00one")
		h.wantSecrets(ctx, t, a, map[string]string{"TOKEN": "a's new\x00one", "URL": "shared"})
		for _, id := range []string{a, ""} {
			if err := h.deleteSecret(ctx, id, "TOKEN"); err != nil {
				t.Error(err)
			}
			wantVerdict(t, "delete twice", h.deleteSecret(ctx, id, "TOKEN"), fault.CodeNotFound, "ACTIONS-n0s3cret")
		}
		h.wantSecrets(ctx, t, a, map[string]string{"URL": "shared"})
	})
	t.Run("OtherOrganizationsNeitherSeeNorTouchThem", func(t *testing.T) {
		t.Parallel()
		ctx, other := someone(t), someone(t)
		mine, theirs := h.mustCreate(ctx, t, "a"), h.mustCreate(other, t, "a")
		h.mustSetSecret(ctx, t, "", "SHARED", "x")
		h.mustSetSecret(ctx, t, mine, "MINE", "x")
		h.wantSecrets(other, t, theirs, nil)
		if got := h.secretNames(other, t, ""); got != "" {
			t.Errorf("got %s", got)
		}
		_, err := h.own.ListSecrets(other, &actionplanev1.ListSecretsRequest{Id: mine})
		wantVerdict(t, "list", err, fault.CodeNotFound, "QUERY-GEfnb")
		wantVerdict(t, "set", h.setSecret(other, mine, "MINE", "y"), fault.CodeNotFound, "COMMAND-Sfg2t")
		wantVerdict(t, "delete", h.deleteSecret(other, mine, "MINE"), fault.CodeNotFound, "COMMAND-Sfg2t")
		wantVerdict(t, "delete shared", h.deleteSecret(other, "", "SHARED"), fault.CodeNotFound, "ACTIONS-n0s3cret")
		who := tenant.From(ctx)
		who.Tenant = tenant.ID(ident.NewUUID())
		if got := h.secretNames(tenant.With(ctx, who), t, ""); got != "" {
			t.Errorf("another tenant sees %s", got)
		}
		h.wantSecrets(ctx, t, mine, map[string]string{"SHARED": "x", "MINE": "x"})
	})
	t.Run("GoWithTheirAction", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		h.mustSetSecret(ctx, t, id, "A", "x")
		if _, err := h.DeleteAction(ctx, &managementv1.DeleteActionRequest{Id: id}); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := h.db.QueryRow(ctx, "SELECT count(*) FROM secrets WHERE action_id = $1", id).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d are left, %v", left, err)
		}
	})
	t.Run("RequestsAreValidated", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		id := h.mustCreate(ctx, t, "a")
		for _, at := range []string{id, ""} {
			for _, name := range []string{"", "a", "1A", "A-B", "A\n", "_A", "A" + strings.Repeat("B", 128)} {
				wantVerdict(t, name, h.setSecret(ctx, at, name, "x"), fault.CodeInvalid, "")
				wantVerdict(t, name, h.deleteSecret(ctx, at, name), fault.CodeInvalid, "")
			}
			wantVerdict(t, "no value", h.setSecret(ctx, at, "A", ""), fault.CodeInvalid, "")
			wantVerdict(t, "too long", h.setSecret(ctx, at, "A", strings.Repeat("ä", 2048)+"x"), fault.CodeInvalid, "")
			h.mustSetSecret(ctx, t, at, "A"+strings.Repeat("B", 127), strings.Repeat("ä", 2048))
		}
	})
	t.Run("BelongToWhereTheyAre", func(t *testing.T) {
		t.Parallel()
		ctx := someone(t)
		a, b := h.mustCreate(ctx, t, "a"), h.mustCreate(ctx, t, "b")
		h.mustSetSecret(ctx, t, a, "A", "x")
		h.mustSetSecret(ctx, t, b, "A", "y")
		const move = `UPDATE secrets s SET ciphertext = o.ciphertext FROM secrets o WHERE s.action_id = $1 AND o.action_id = $2`
		if _, err := h.db.Exec(ctx, move, b, a); err != nil {
			t.Fatal(err)
		}
		_, err := h.programs.GetProgram(ctx, &actionsv1.GetProgramRequest{ActionId: b})
		wantVerdict(t, "moved", err, fault.CodeInternal, "ACTIONS-b4ds3cret")
		h.wantSecrets(ctx, t, a, map[string]string{"A": "x"})
	})
}

// TestSecretsAreBounded writes through two replicas at once.
func TestSecretsAreBounded(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.MaxActionSecrets, cfg.MaxOrganizationSecrets = 2, 3
	h := openWith(t, cfg, slog.DiscardHandler)
	ctx := someone(t)
	for id, most := range map[string]int{h.mustCreate(ctx, t, "a"): 2, "": 3} {
		const callers = 8
		results := make(chan error, callers)
		for i := range callers {
			go func() { results <- h.setSecret(ctx, id, fmt.Sprintf("S%d", i), "x") }()
		}
		won := 0
		for range callers {
			if err := <-results; err == nil {
				won++
			} else {
				wantVerdict(t, "one too many", err, fault.CodeExhausted, "ACTIONS-m4nys3crets")
			}
		}
		names := strings.Fields(h.secretNames(ctx, t, id))
		if won != most || len(names) != most {
			t.Fatalf("%d won, %v are there, want %d", won, names, most)
		}
		h.mustSetSecret(ctx, t, id, names[0], "again")
	}
}

func TestAnotherMasterKeyDoesNotStart(t *testing.T) {
	t.Parallel()
	server, url := bustest.Start(t), pgtest.URL(t, "actions", store.Migrations)
	pool := openPool(t, url)
	const foreign = `INSERT INTO secrets (tenant_id, organization_id, name, key_id, ciphertext, set_at, set_by) VALUES ('t', 'o', 'A', 'other', '', now(), 'p')`
	if _, err := pool.Exec(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	err := newReplica(t, server, pool, testConfig(), slog.DiscardHandler).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another ACTIONPLANE_MASTER_KEY") {
		t.Errorf("got %v", err)
	}
	cfg := testConfig()
	cfg.MasterKey = config.NewSecret("another master key for tests")
	if err := newReplica(t, server, pool, cfg, slog.DiscardHandler).Run(t.Context()); err == nil {
		t.Error("it started")
	}
}

// record keeps all that may be seen.
type record struct {
	mu   sync.Mutex
	seen bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.String()
}

func (r *record) message(t *testing.T, m proto.Message) {
	t.Helper()
	text, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Write(append(append(text, raw...), '\n'))
}

// TestSecretsStaySecret looks for secrets in what may be seen: logs, the change
// feed, the tables, errors, and every answer at the edge.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	var everything record
	h := openWith(t, testConfig(), slog.NewJSONHandler(&everything, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := someone(t)
	id := h.mustCreate(ctx, t, "a")
	feed := h.changes(t)

	const hunter, fisher = "hunter2-hunter2", "fisher3-fisher3"
	set, err := h.own.SetSecret(ctx, &actionplanev1.SetSecretRequest{Id: id, Name: "HUNTER", Value: hunter})
	if err != nil {
		t.Fatal(err)
	}
	everything.message(t, set)
	shared, err := h.own.SetOrganizationSecret(ctx, &actionplanev1.SetOrganizationSecretRequest{Name: "FISHER", Value: fisher})
	if err != nil {
		t.Fatal(err)
	}
	everything.message(t, shared)
	listed, err := h.own.ListSecrets(ctx, &actionplanev1.ListSecretsRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	everything.message(t, listed)
	everything.message(t, h.mustGet(ctx, t, id))
	everything.message(t, h.mustDraft(ctx, t, id, "a", "x"))
	for _, refused := range []error{
		h.setSecret(ctx, "4711", "HUNTER", hunter), h.setSecret(ctx, id, "not a name", hunter), h.setSecret(ctx, "", "", fisher),
		h.setSecret(ctx, id, "LONG", strings.Repeat(hunter, 1000)), h.setSecret(t.Context(), "", "A", fisher),
	} {
		if refused == nil {
			t.Fatal("accepted")
		}
		_, _ = fmt.Fprintf(&everything, "%v %+v\n", refused, refused)
	}
	h.wantSecrets(ctx, t, id, map[string]string{"HUNTER": hunter, "FISHER": fisher})
	for range 3 {
		everything.message(t, <-feed)
	}
	for _, table := range []string{"actions", "action_versions", "secrets", "flows", "flow_actions", "outbox"} {
		var rows string
		if err := h.db.QueryRow(ctx, `SELECT coalesce(string_agg(t::text, E'\n'), '') FROM `+table+` t`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		_, _ = everything.Write([]byte(rows))
	}

	shown := everything.String()
	for _, secret := range []string{hunter, fisher, masterKey} {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if strings.Contains(shown, form) {
				t.Errorf("%s is seen", secret)
			}
		}
	}
	if !strings.Contains(shown, "HUNTER") || !strings.Contains(shown, "OPERATION_CHANGED") {
		t.Error("nothing was looked at")
	}
}

// changes follows the feed from now on.
func (h *house) changes(t *testing.T) <-chan *changesv1.Change {
	t.Helper()
	ready, feed := make(chan struct{}), make(chan *changesv1.Change, 64)
	conn := h.bus.Connect(t, "cache")
	bustest.Run(t, func(ctx context.Context) error {
		return changefeed.Follow(ctx, conn, func(uint64) { close(ready) }, func(_ uint64, c *changesv1.Change) { feed <- c })
	})
	<-ready
	return feed
}
