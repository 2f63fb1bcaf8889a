package secret

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"

	"github.com/actionplane/actionplane/libs/config"
)

// publicPrefix begins a public key; from the Standard Webhooks specification.
const publicPrefix = "whpk_"

// NewEd25519 returns a random key: the 32-byte seed of the private one, and the
// public one.
func NewEd25519() (seed config.Secret, public []byte) {
	var random [ed25519.SeedSize]byte
	_, _ = rand.Read(random[:]) // never fails: Go stops the program without a random source
	key := ed25519.NewKeyFromSeed(random[:])
	return config.NewSecret(string(random[:])), key[ed25519.SeedSize:]
}

// PublicText returns a public ed25519 key as receivers are given it.
func PublicText(public []byte) string {
	return publicPrefix + base64.StdEncoding.EncodeToString(public)
}
