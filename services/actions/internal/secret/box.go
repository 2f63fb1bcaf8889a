// Package secret says under which key the secrets of scripts are sealed at
// rest, and what each is bound to.
package secret

import (
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/seal"
)

// MinMasterKey is the length of the shortest master key, in bytes.
const MinMasterKey = seal.MinMasterKey

// encryption is what the key is derived for. A changed text is another key.
const encryption = "actionplane actions secret encryption v1"

// Why a sealed secret does not open.
var (
	ErrMasterKey = seal.ErrMasterKey
	ErrDamaged   = seal.ErrDamaged
)

// Sealed is an encrypted secret.
type Sealed = seal.Sealed

// Box seals and opens secrets. It is safe for concurrent use.
type Box struct{ box *seal.Box }

// NewBox derives a box's key from the master key.
func NewBox(master config.Secret) (*Box, error) {
	box, err := seal.NewBox(master, encryption)
	return &Box{box: box}, err
}

// KeyID returns the id that is on everything this box seals.
func (b *Box) KeyID() string { return b.box.KeyID() }

// Seal encrypts plain. Only an Open with the same owner opens it.
func (b *Box) Seal(plain config.Secret, owner Owner) Sealed {
	return b.box.Seal(plain, string(owner.bytes()))
}

// Open decrypts s, or returns ErrMasterKey or ErrDamaged.
func (b *Box) Open(s Sealed, owner Owner) (config.Secret, error) {
	return b.box.Open(s, string(owner.bytes()))
}
