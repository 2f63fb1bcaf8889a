// Package seal keeps secrets encrypted at rest: sealed with AES-256-GCM under
// a key that is derived from the master key, and bound to what they belong to,
// so that a row copied elsewhere does not open.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/actionplane/actionplane/libs/config"
)

// MinMasterKey is the length of the shortest master key, in bytes. Deriving
// adds no strength: a master key should be random.
const MinMasterKey = 16

// Why a sealed secret does not open.
var (
	ErrMasterKey = errors.New("it was encrypted under another master key")
	ErrDamaged   = errors.New("it was altered, or belongs to something else")
)

// Sealed is an encrypted secret.
type Sealed struct {
	KeyID string // tells master keys and purposes apart, gives nothing away about them
	Data  []byte // nonce, ciphertext and tag
}

// Box seals and opens secrets. It is safe for concurrent use.
type Box struct {
	keyID string
	aead  cipher.AEAD
}

// NewBox derives a box's key from the master key, which must be at least
// MinMasterKey bytes long, for a purpose. A changed text is another key.
func NewBox(master config.Secret, purpose string) (*Box, error) {
	if len(master.Reveal()) < MinMasterKey {
		return nil, fmt.Errorf("master key must be at least %d characters", MinMasterKey)
	}
	key, err := derive(master, purpose, 32)
	if err != nil {
		return nil, err
	}
	id, err := derive(master, purpose+" id", 8)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("prepare encryption: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("prepare encryption: %w", err)
	}
	return &Box{keyID: hex.EncodeToString(id), aead: aead}, nil
}

// KeyID returns the id that is on everything this box seals.
func (b *Box) KeyID() string { return b.keyID }

// Seal encrypts plain. Only an Open with the same owner opens it.
func (b *Box) Seal(plain config.Secret, owner string) Sealed {
	return Sealed{KeyID: b.keyID, Data: b.aead.Seal(nil, nil, []byte(plain.Reveal()), []byte(owner))}
}

// Open decrypts s, or returns ErrMasterKey or ErrDamaged.
func (b *Box) Open(s Sealed, owner string) (config.Secret, error) {
	if s.KeyID != b.keyID {
		return config.Secret{}, fmt.Errorf("%w: its key id is %s, ours is %s", ErrMasterKey, s.KeyID, b.keyID)
	}
	plain, err := b.aead.Open(nil, nil, s.Data, []byte(owner))
	if err != nil {
		return config.Secret{}, ErrDamaged // all that GCM can tell
	}
	return config.NewSecret(string(plain)), nil
}

func derive(master config.Secret, info string, length int) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(master.Reveal()), nil, info, length)
	if err != nil {
		return nil, fmt.Errorf("derive from the master key: %w", err)
	}
	return key, nil
}
