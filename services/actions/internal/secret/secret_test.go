package secret_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/services/actions/internal/secret"
)

func newBox(t *testing.T, master string) *secret.Box {
	t.Helper()
	box, err := secret.NewBox(config.NewSecret(master))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestBox(t *testing.T) {
	t.Parallel()
	box, other := newBox(t, "0123456789abcdef"), newBox(t, "another master key")
	owner := secret.Owner{Tenant: "t", Organization: "o", Action: "1", Name: "A"}
	plain := config.NewSecret("hunter2")

	t.Run("WhatIsSealedOpens", func(t *testing.T) {
		t.Parallel()
		sealed := box.Seal(plain, owner)
		if got, err := box.Open(sealed, owner); err != nil || got.Reveal() != "hunter2" {
			t.Errorf("got %q, %v", got.Reveal(), err)
		}
		if bytes.Contains(sealed.Data, []byte("hunter2")) || bytes.Equal(sealed.Data, box.Seal(plain, owner).Data) {
			t.Error("it is in clear, or sealed alike twice")
		}
	})
	t.Run("OtherMasterKeysDoNotOpenIt", func(t *testing.T) {
		t.Parallel()
		if _, err := other.Open(box.Seal(plain, owner), owner); !errors.Is(err, secret.ErrMasterKey) {
			t.Errorf("got %v", err)
		}
		if box.KeyID() == other.KeyID() || newBox(t, "0123456789abcdef").KeyID() != box.KeyID() {
			t.Error("key ids do not tell master keys apart")
		}
	})
	t.Run("DamageIsNoticed", func(t *testing.T) {
		t.Parallel()
		sealed := box.Seal(plain, owner)
		sealed.Data[len(sealed.Data)-1] ^= 1
		if _, err := box.Open(sealed, owner); !errors.Is(err, secret.ErrDamaged) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ShortMasterKeysAreRefused", func(t *testing.T) {
		t.Parallel()
		if _, err := secret.NewBox(config.NewSecret("0123456789abcde")); err == nil {
			t.Error("accepted")
		}
	})
}

// TestOnlyTheOwnerOpens draws owners whose parts run into each other.
func TestOnlyTheOwnerOpens(t *testing.T) {
	t.Parallel()
	box := newBox(t, "0123456789abcdef")
	part := rapid.SampledFrom([]string{"", "a", "aa", "b", "ab"})
	owner := rapid.Custom(func(t *rapid.T) secret.Owner {
		return secret.Owner{
			Tenant: tenant.ID(part.Draw(t, "tenant")), Organization: tenant.OrganizationID(part.Draw(t, "organization")),
			Action: part.Draw(t, "action"), Name: part.Draw(t, "name"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		mine, other := owner.Draw(t, "mine"), owner.Draw(t, "other")
		_, err := box.Open(box.Seal(config.NewSecret("x"), mine), other)
		if (err == nil) != (mine == other) {
			t.Errorf("sealed for %+v, opened for %+v: %v", mine, other, err)
		}
	})
}
