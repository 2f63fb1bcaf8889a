package targets_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/approval/approvaltest"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/pg/pgtest"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
	actionplanev1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/v1"
	"github.com/actionplane/actionplane/services/targets/internal/store"
)

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

func (r *record) message(t testing.TB, m proto.Message) {
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

// TestSecretsStaySecret gives a target every secret there is, makes it fail in
// every way, and looks for them in what may be seen: logs, the change feed, the
// tables, and every answer at the edge.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	server, db := bustest.Start(t), pgtest.New(t, "targets", store.Migrations)
	var everything record
	log := slog.NewJSONHandler(&everything, &slog.HandlerOptions{Level: slog.LevelDebug})
	bustest.Run(t, newLoggingService(t, server.Connect(t, "targets"), db, masterKey, log).Run)
	approvaltest.Serve(t, server.Connect(t, "approvals"))
	w := newWorld(server.Connect(t, "test"), db)
	ctx := as(t)
	id := w.jwe(ctx, t)
	changes := w.changes(ctx, t)

	sent := fullSettings(t)
	everything.message(t, w.set(ctx, t, id, sent))
	everything.message(t, w.settings(ctx, t, id))
	rotated, err := w.own.RotateSigningKey(ctx, &actionplanev1.RotateSigningKeyRequest{
		Id: id, Algorithm: actionplanev1.SigningAlgorithm_SIGNING_ALGORITHM_ED25519, Overlap: durationpb.New(1e9),
	})
	if err != nil {
		t.Fatal(err)
	}
	everything.message(t, rotated)
	w.activate(ctx, t, id, w.addKey(ctx, t, id))
	disabled, err := w.own.DisableTarget(ctx, &actionplanev1.DisableTargetRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	everything.message(t, disabled)
	for range 5 {
		everything.message(t, <-changes)
	}
	p := w.profile(ctx, t, id)

	sent.Headers[0].Name = "Host" // what is refused beside secrets
	_, err = w.own.UpdateTargetSettings(ctx, &actionplanev1.UpdateTargetSettingsRequest{Id: id, Settings: sent})
	_, _ = everything.Write([]byte(err.Error()))
	w.dump(ctx, t, &everything)

	secrets := map[string]string{
		"header": hunter, "signing key": p.GetSigningKeys()[0], "web key": string(p.GetWebKey().GetPrivateKey()),
		"client key": strings.Split(string(p.GetTls().GetClientKey()), "\n")[1], "ed25519 seed": string(p.GetEd25519Seeds()[1]), "master key": masterKey,
	}
	shown := everything.seen.String()
	for name, secret := range secrets {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if strings.Contains(shown, form) {
				t.Errorf("the %s is seen", name)
			}
		}
	}
	if !strings.Contains(shown, "X-Secret") || !strings.Contains(shown, changesv1.Operation_OPERATION_CHANGED.String()) {
		t.Error("nothing was looked at")
	}
}

// dump writes all tables.
func (w *world) dump(ctx context.Context, t testing.TB, to *record) {
	t.Helper()
	for _, table := range []string{"targets", "signing_keys", "ed25519_keys", "settings", "public_keys", "web_keys", "outbox"} {
		var rows string
		if err := w.db.QueryRow(ctx, `SELECT coalesce(string_agg(t::text, E'\n'), '') FROM `+table+` t`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		_, _ = to.Write([]byte(rows))
	}
}

// TestSecretsOpenInTheirOwnPlaceAlone moves ciphertexts to where they do not
// belong.
func TestSecretsOpenInTheirOwnPlaceAlone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, move := range map[string]string{
		"SettingsOfAnother":    `UPDATE settings s SET ciphertext = o.ciphertext FROM settings o WHERE s.target_id = $1 AND o.target_id = $2`,
		"Ed25519KeyOfAnother":  `UPDATE ed25519_keys s SET ciphertext = o.ciphertext FROM ed25519_keys o WHERE s.target_id = $1 AND o.target_id = $2`,
		"SigningKeyAsSettings": `UPDATE settings s SET ciphertext = o.ciphertext FROM signing_keys o WHERE s.target_id = $1 AND o.target_id = $1 AND $2 <> ''`,
		"WebKeyAsSettings":     `UPDATE settings s SET ciphertext = o.ciphertext FROM web_keys o WHERE s.target_id = $1 AND $2 <> ''`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := as(t)
			mine, other := w.jwe(ctx, t), w.jwe(ctx, t)
			w.set(ctx, t, mine, fullSettings(t))
			w.set(ctx, t, other, fullSettings(t))
			w.profile(ctx, t, mine)
			if _, err := w.db.Exec(ctx, move, mine, other); err != nil {
				t.Fatal(err)
			}
			_, err := w.internal.GetSendingProfile(ctx, &targetsv1.GetSendingProfileRequest{TargetId: mine})
			wantFault(t, err, fault.CodeInternal, "EXEC-thiiCh5b", mine)
			w.get(ctx, t, mine) // which needs none of them
		})
	}
}
