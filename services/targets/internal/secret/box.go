// Package secret makes signing keys, and says under which key they and other
// secrets of targets are sealed at rest.
package secret

import (
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/seal"
)

// MinMasterKey is the length of the shortest master key, in bytes.
const MinMasterKey = seal.MinMasterKey

// encryption is what the key is derived for. A changed text is another key.
const encryption = "actionplane targets signing-key encryption v1"

// Why a sealed secret does not open.
var (
	ErrMasterKey = seal.ErrMasterKey
	ErrDamaged   = seal.ErrDamaged
)

// Sealed is an encrypted secret.
type Sealed = seal.Sealed

// Box seals and opens secrets.
type Box = seal.Box

// NewBox derives a box's key from the master key.
func NewBox(master config.Secret) (*Box, error) { return seal.NewBox(master, encryption) }
