package targets_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/fault"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	actionv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/action/v2"
	filterv2 "github.com/actionplane/actionplane/proto/gen/go/zitadel/filter/v2"
)

// publicPEM returns a public key that nobody has.
func publicPEM(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// jwe makes a target that wants encrypted payloads.
func (w *world) jwe(ctx context.Context, t testing.TB) string {
	t.Helper()
	in := requestV2(seen{name: "jwe", kind: callKind, timeout: time.Second, endpoint: "https://example.com"})
	in.PayloadType = actionv2.PayloadType_PAYLOAD_TYPE_JWE
	out, err := w.v2.CreateTarget(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return out.GetId()
}

func (w *world) addKey(ctx context.Context, t testing.TB, target string) string {
	t.Helper()
	out, err := w.v2.AddPublicKey(ctx, &actionv2.AddPublicKeyRequest{TargetId: target, PublicKey: publicPEM(t)})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetKeyId()
}

func (w *world) activate(ctx context.Context, t testing.TB, target, key string) *timestamppb.Timestamp {
	t.Helper()
	out, err := w.v2.ActivatePublicKey(ctx, &actionv2.ActivatePublicKeyRequest{TargetId: target, KeyId: key})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetChangeDate()
}

// publicKeys returns a target's keys in the order they came.
func (w *world) publicKeys(ctx context.Context, t testing.TB, target string) []*actionv2.PublicKey {
	t.Helper()
	out, err := w.v2.ListPublicKeys(ctx, &actionv2.ListPublicKeysRequest{TargetId: target, Pagination: &filterv2.PaginationRequest{Asc: true}})
	if err != nil {
		t.Fatal(err)
	}
	return out.GetPublicKeys()
}

func active(keys []*actionv2.PublicKey) (ids []string) {
	for _, k := range keys {
		if k.GetActive() {
			ids = append(ids, k.GetKeyId())
		}
	}
	return ids
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)

	t.Run("AreUsedOnceTheyAreActive", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		changes := w.changes(ctx, t)
		raw := publicPEM(t)
		expires := timestamppb.New(time.Now().Add(time.Hour).Truncate(time.Microsecond))
		added, err := w.v2.AddPublicKey(ctx, &actionv2.AddPublicKeyRequest{TargetId: id, PublicKey: raw, ExpirationDate: expires})
		if err != nil || !snowflake.MatchString(added.GetKeyId()) {
			t.Fatalf("got %v, %v", added, err)
		}
		wantChange(t, changes, changesv1.Operation_OPERATION_CHANGED, id)
		shown := w.publicKeys(ctx, t, id)[0]
		if shown.GetActive() || !bytes.Equal(shown.GetPublicKey(), raw) || !proto.Equal(shown.GetExpirationDate(), expires) ||
			!regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`).MatchString(shown.GetFingerprint()) ||
			!proto.Equal(shown.GetCreationDate(), added.GetCreationDate()) || !proto.Equal(shown.GetChangeDate(), added.GetCreationDate()) {
			t.Errorf("got %v", shown)
		}
		if p := w.profile(ctx, t, id); p.GetEncryptionKey() != nil || p.GetWebKey() == nil {
			t.Errorf("an inactive key is used: %v", p.GetEncryptionKey())
		}
		before := w.profile(ctx, t, id).GetVersion()
		at := w.activate(ctx, t, id, added.GetKeyId())
		wantChange(t, changes, changesv1.Operation_OPERATION_CHANGED, id)
		block, _ := pem.Decode(raw)
		p := w.profile(ctx, t, id)
		if p.GetEncryptionKey().GetId() != added.GetKeyId() || !bytes.Equal(p.GetEncryptionKey().GetPublicKey(), block.Bytes) || p.GetVersion() != before+1 {
			t.Errorf("got %v in version %d", p.GetEncryptionKey(), p.GetVersion())
		}
		if again := w.activate(ctx, t, id, added.GetKeyId()); !proto.Equal(again, at) || w.profile(ctx, t, id).GetVersion() != before+1 {
			t.Error("activating twice is a change")
		}
	})
	t.Run("TakeTurns", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		a, b := w.addKey(ctx, t, id), w.addKey(ctx, t, id)
		w.activate(ctx, t, id, a)
		w.activate(ctx, t, id, b)
		if got := active(w.publicKeys(ctx, t, id)); !slices.Equal(got, []string{b}) {
			t.Errorf("active are %v, want %s", got, b)
		}
		_, err := w.v2.RemovePublicKey(ctx, &actionv2.RemovePublicKeyRequest{TargetId: id, KeyId: b})
		wantFault(t, err, fault.CodeFailedPrecondition, "ErrPublicKeyDeleteActiveKey", "active")
		for range 2 {
			if _, err := w.v2.DeactivatePublicKey(ctx, &actionv2.DeactivatePublicKeyRequest{TargetId: id, KeyId: b}); err != nil {
				t.Fatal(err)
			}
		}
		if got := active(w.publicKeys(ctx, t, id)); len(got) != 0 || w.profile(ctx, t, id).GetEncryptionKey() != nil {
			t.Errorf("active are %v", got)
		}
		for _, want := range []bool{true, false} { // there, then not
			out, err := w.v2.RemovePublicKey(ctx, &actionv2.RemovePublicKeyRequest{TargetId: id, KeyId: b})
			if err != nil || (out.GetDeletionDate() != nil) != want {
				t.Errorf("got %v, %v", out, err)
			}
		}
		if left := w.publicKeys(ctx, t, id); len(left) != 1 || left[0].GetKeyId() != a {
			t.Errorf("left %v", left)
		}
	})
	t.Run("AreNotUsedOnceTheyExpire", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		a, b := w.addKey(ctx, t, id), w.addKey(ctx, t, id)
		w.activate(ctx, t, id, a)
		if _, err := w.db.Exec(ctx, `UPDATE public_keys SET expires_at = now() WHERE target_id = $1`, id); err != nil {
			t.Fatal(err)
		}
		if key := w.profile(ctx, t, id).GetEncryptionKey(); key != nil {
			t.Errorf("got %v", key)
		}
		_, err := w.v2.ActivatePublicKey(ctx, &actionv2.ActivatePublicKeyRequest{TargetId: id, KeyId: b})
		wantFault(t, err, fault.CodeFailedPrecondition, "TARGET-pk3xp1r3d", "expired")
	})
	t.Run("AreFoundAndPaged", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		a, b, c := w.addKey(ctx, t, id), w.addKey(ctx, t, id), w.addKey(ctx, t, id)
		w.activate(ctx, t, id, a)
		find := func(in *actionv2.ListPublicKeysRequest) (ids []string, total uint64) {
			t.Helper()
			in.TargetId = id
			out, err := w.v2.ListPublicKeys(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range out.GetPublicKeys() {
				ids = append(ids, k.GetKeyId())
			}
			return ids, out.GetPagination().GetTotalResult()
		}
		inactive := &actionv2.PublicKeySearchFilter{Filter: &actionv2.PublicKeySearchFilter_ActiveFilter{}}
		these := &actionv2.PublicKeySearchFilter{Filter: &actionv2.PublicKeySearchFilter_KeyIdsFilter{KeyIdsFilter: &filterv2.InIDsFilter{Ids: []string{a, b, "x"}}}}
		never := &actionv2.PublicKeySearchFilter{Filter: &actionv2.PublicKeySearchFilter_ExpirationDateFilter{ExpirationDateFilter: &filterv2.TimestampFilter{
			Timestamp: timestamppb.Now(), Method: filterv2.TimestampFilterMethod_TIMESTAMP_FILTER_METHOD_BEFORE,
		}}}
		for _, tt := range []struct {
			in    *actionv2.ListPublicKeysRequest
			want  []string
			total uint64
		}{
			{&actionv2.ListPublicKeysRequest{}, []string{c, b, a}, 3},
			{&actionv2.ListPublicKeysRequest{Pagination: &filterv2.PaginationRequest{Offset: 1, Limit: 1, Asc: true}}, []string{b}, 3},
			{&actionv2.ListPublicKeysRequest{SortingColumn: actionv2.PublicKeyFieldName_PUBLIC_KEY_FIELD_NAME_CHANGE_DATE.Enum()}, []string{a, c, b}, 3},
			{&actionv2.ListPublicKeysRequest{Filters: []*actionv2.PublicKeySearchFilter{inactive, these}}, []string{b}, 1},
			{&actionv2.ListPublicKeysRequest{Filters: []*actionv2.PublicKeySearchFilter{never}}, nil, 0},
		} {
			if got, total := find(tt.in); !slices.Equal(got, tt.want) || total != tt.total {
				t.Errorf("%v: got %v of %d, want %v of %d", tt.in, got, total, tt.want, tt.total)
			}
		}
	})
	t.Run("AreBounded", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		for range 20 {
			w.addKey(ctx, t, id)
		}
		_, err := w.v2.AddPublicKey(ctx, &actionv2.AddPublicKeyRequest{TargetId: id, PublicKey: publicPEM(t)})
		wantFault(t, err, fault.CodeFailedPrecondition, "TARGET-pubk3ysmax", "20")
	})
	t.Run("GoWithTheirTarget", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		key := w.addKey(ctx, t, id)
		w.activate(ctx, t, id, key)
		if _, err := w.v2.DeleteTarget(ctx, &actionv2.DeleteTargetRequest{Id: id}); err != nil {
			t.Fatal(err)
		}
		if out, err := w.v2.RemovePublicKey(ctx, &actionv2.RemovePublicKeyRequest{TargetId: id, KeyId: key}); err != nil || out.GetDeletionDate() != nil {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("RefuseNonsense", func(t *testing.T) {
		t.Parallel()
		ctx := as(t)
		id := w.jwe(ctx, t)
		add := func(target string, raw []byte, expires *timestamppb.Timestamp) error {
			_, err := w.v2.AddPublicKey(ctx, &actionv2.AddPublicKeyRequest{TargetId: target, PublicKey: raw, ExpirationDate: expires})
			return err
		}
		wantFault(t, add(id, []byte("x"), nil), fault.CodeInvalid, "ErrPublicKeyFormat", "public_key")
		wantFault(t, add(id, nil, nil), fault.CodeInvalid, "", "public_key")
		wantFault(t, add(id, make([]byte, 8193), nil), fault.CodeInvalid, "", "public_key", "8192")
		wantFault(t, add(id, publicPEM(t), &timestamppb.Timestamp{Seconds: 1}), fault.CodeInvalid, "ErrExpirationDateBeforeNow", "expiration_date")
		wantFault(t, add(id, publicPEM(t), &timestamppb.Timestamp{Seconds: -62135596800}), fault.CodeInvalid, "ErrExpirationDateBeforeNow", "expiration_date")
		wantFault(t, add(id, publicPEM(t), &timestamppb.Timestamp{Seconds: 1 << 60}), fault.CodeInvalid, "", "expiration_date")
		for _, missing := range []string{"42", "nobody", w.jwe(as(t), t)} {
			wantFault(t, add(missing, publicPEM(t), nil), fault.CodeFailedPrecondition, "COMMAND-nd3fsd")
			_, err := w.v2.ActivatePublicKey(ctx, &actionv2.ActivatePublicKeyRequest{TargetId: missing, KeyId: "1"})
			wantFault(t, err, fault.CodeFailedPrecondition, "COMMAND-nd3fsd")
			_, err = w.v2.ListPublicKeys(ctx, &actionv2.ListPublicKeysRequest{TargetId: missing})
			wantFault(t, err, fault.CodeNotFound, "QUERY-t4rg3tg0ne")
		}
		for _, key := range []string{"42", "nobody\x00", w.addKey(ctx, t, w.jwe(ctx, t))} {
			_, err := w.v2.ActivatePublicKey(ctx, &actionv2.ActivatePublicKeyRequest{TargetId: id, KeyId: key})
			wantFault(t, err, fault.CodeFailedPrecondition, "COMMAND-SAF4g")
			_, err = w.v2.DeactivatePublicKey(ctx, &actionv2.DeactivatePublicKeyRequest{TargetId: id, KeyId: key})
			wantFault(t, err, fault.CodeFailedPrecondition, "COMMAND-SAF4g")
		}
	})
}

// TestRacingActivations lets many activate different keys at once, through two
// replicas: one is active in the end, and each was said to be so once.
func TestRacingActivations(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	id := w.jwe(ctx, t)
	var keys []string
	for range 8 {
		keys = append(keys, w.addKey(ctx, t, id))
	}
	before := w.profile(ctx, t, id).GetVersion()
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			if _, err := w.v2.ActivatePublicKey(ctx, &actionv2.ActivatePublicKeyRequest{TargetId: id, KeyId: key}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := active(w.publicKeys(ctx, t, id))
	p := w.profile(ctx, t, id)
	if len(got) != 1 || p.GetEncryptionKey().GetId() != got[0] || p.GetVersion() != before+uint64(len(keys)) {
		t.Errorf("active are %v, used is %s, version went from %d to %d", got, p.GetEncryptionKey().GetId(), before, p.GetVersion())
	}
}

// TestRacingVersions changes different fields of one target at once through the
// three versions: no change is lost.
func TestRacingVersions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := as(t)
	id := w.create(ctx, t).GetDetails().GetId()
	versions := w.versions()
	var wg sync.WaitGroup
	run := func(v version, c func(n int) change) {
		wg.Go(func() {
			for n := range 10 {
				if _, _, err := v.update(ctx, id, c(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	run(versions["v3alpha"], func(n int) change { return change{name: ptr(fmt.Sprint("name", n))} })
	run(versions["v2"], func(n int) change { return change{endpoint: ptr(fmt.Sprint("nats://e.", n))} })
	run(versions["v2beta"], func(n int) change { return change{timeout: ptr(time.Duration(n+1) * time.Second)} })
	wg.Wait()
	got, err := versions["v2"].get(ctx, id)
	if err != nil || got.name != "name9" || got.endpoint != "nats://e.9" || got.timeout != 10*time.Second {
		t.Errorf("got %+v, %v", got, err)
	}
	if v := w.profile(ctx, t, id).GetVersion(); v != 31 { // each of them differs from what was there
		t.Errorf("version %d", v)
	}
}

func ptr[T any](v T) *T { return &v }
