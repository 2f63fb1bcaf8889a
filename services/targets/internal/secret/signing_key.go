package secret

import (
	"crypto/rand"

	"github.com/actionplane/actionplane/libs/config"
)

// SigningKeyLength and the alphabet are the original's: 214 bits.
const (
	SigningKeyLength = 36
	alphabet         = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// NewSigningKey returns a random signing key.
func NewSigningKey() config.Secret {
	// A byte modulo 62 would favour the first letters; the bytes above the last
	// multiple of 62 are thrown away.
	const usable = 256 - 256%len(alphabet)
	key := make([]byte, 0, SigningKeyLength)
	var random [2 * SigningKeyLength]byte
	for len(key) < SigningKeyLength {
		_, _ = rand.Read(random[:]) // never fails: Go stops the program without a random source
		for _, b := range random {
			if int(b) < usable && len(key) < SigningKeyLength {
				key = append(key, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return config.NewSecret(string(key))
}
