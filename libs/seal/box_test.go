package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/seal"
)

func newBox(t *testing.T, master, purpose string) *seal.Box {
	t.Helper()
	box, err := seal.NewBox(config.NewSecret(master), purpose)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestBox(t *testing.T) {
	t.Parallel()
	const master = "0123456789abcdef"
	box := newBox(t, master, "tests")
	plain := config.NewSecret("hunter2")

	t.Run("WhatIsSealedOpensForItsOwnerAlone", func(t *testing.T) {
		t.Parallel()
		sealed := box.Seal(plain, "mine")
		if got, err := newBox(t, master, "tests").Open(sealed, "mine"); err != nil || got.Reveal() != "hunter2" {
			t.Errorf("got %q, %v", got.Reveal(), err)
		}
		if _, err := box.Open(sealed, "yours"); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("got %v", err)
		}
		if bytes.Contains(sealed.Data, []byte("hunter2")) || bytes.Equal(sealed.Data, box.Seal(plain, "mine").Data) {
			t.Error("it is in clear, or sealed alike twice")
		}
	})
	t.Run("OtherMasterKeysAndPurposesDoNotOpenIt", func(t *testing.T) {
		t.Parallel()
		for _, other := range []*seal.Box{newBox(t, "another master key", "tests"), newBox(t, master, "other tests")} {
			if _, err := other.Open(box.Seal(plain, "mine"), "mine"); !errors.Is(err, seal.ErrMasterKey) || other.KeyID() == box.KeyID() {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("DamageIsNoticed", func(t *testing.T) {
		t.Parallel()
		sealed := box.Seal(plain, "mine")
		for i := range sealed.Data {
			damaged := seal.Sealed{KeyID: sealed.KeyID, Data: bytes.Clone(sealed.Data)}
			damaged.Data[i] ^= 1
			if _, err := box.Open(damaged, "mine"); !errors.Is(err, seal.ErrDamaged) {
				t.Errorf("byte %d: got %v", i, err)
			}
		}
	})
	t.Run("ShortMasterKeysAreRefused", func(t *testing.T) {
		t.Parallel()
		if _, err := seal.NewBox(config.NewSecret(master[1:]), "tests"); err == nil {
			t.Error("accepted")
		}
	})
}
