// Package signature signs the exact bytes that a target receives, in two
// notations side by side: the ZITADEL-Signature header that existing receivers
// verify, and the Standard Webhooks headers that libraries in many languages
// verify. It is pure: no clock, no I/O; the time is an argument.
//
// Several keys sign at once, so that receivers see no gap while a key is
// rotated: for the length of the overlap the headers carry one signature for
// the old key and one for the new.
//
// JWT and JWE payloads (package seal) are bodies of their own, signed like any
// other after they were built.
package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"sync"
)

// Signer signs with a fixed set of keys. Make one per version of a target's
// keys and keep it: it reuses keyed hashes, which halves the cost of a
// signature. Safe for concurrent use.
type Signer struct {
	keys  []Key
	pairs []ed25519.PrivateKey
	pool  sync.Pool // of *macs
}

// NewSigner returns a Signer for keys, newest first. Empty keys are left out;
// without any key the Signer signs nothing.
func NewSigner(keys ...Key) *Signer {
	s := &Signer{}
	for _, key := range keys {
		if key != "" {
			s.keys = append(s.keys, key)
		}
	}
	s.pool.New = func() any { return newMACs(s.keys) }
	return s
}

// NewPairSigner returns a Signer for keys that also signs with ed25519 keys,
// given as seeds of 32 bytes, newest first. Receivers verify with the public
// key; Standard Webhooks writes it as "whpk_" and its base64.
func NewPairSigner(keys []Key, seeds [][]byte) (*Signer, error) {
	s := NewSigner(keys...)
	for _, seed := range seeds {
		if len(seed) != ed25519.SeedSize {
			return s, fmt.Errorf("an ed25519 seed has %d bytes, not %d", len(seed), ed25519.SeedSize)
		}
		s.pairs = append(s.pairs, ed25519.NewKeyFromSeed(seed))
	}
	return s, nil
}

// Empty reports whether the Signer has no key and its headers must be omitted.
func (s *Signer) Empty() bool { return len(s.keys) == 0 && len(s.pairs) == 0 }

// macs is the working set of one signature: keyed hashes and scratch space.
type macs struct {
	text     []hash.Hash // keyed with the characters of each key
	standard []hash.Hash // text, and where it is legal the key's base64 reading
	prefix   []byte      // what stands before the body in the signed message
	header   []byte      // the header value in the making
	signed   []byte      // what an ed25519 key signs, which must be in one piece
	sum      [sha256.Size]byte
}

func newMACs(keys []Key) *macs {
	m := &macs{}
	for _, key := range keys {
		text := hmac.New(sha256.New, []byte(key))
		m.text = append(m.text, text)
		m.standard = append(m.standard, text)
		if secret := pasted(key); secret != nil {
			m.standard = append(m.standard, hmac.New(sha256.New, secret))
		}
	}
	return m
}

// maxScratch is the most memory, in bytes, that is kept to sign the next
// message with.
const maxScratch = 64 << 10

// message returns prefix and body in one piece; it is valid until the next
// call.
func (m *macs) message(body []byte) []byte {
	signed := append(append(m.signed[:0], m.prefix...), body...)
	if cap(signed) <= maxScratch {
		m.signed = signed
	}
	return signed
}

// compute returns the MAC of prefix and body; it is valid until the next call.
func (m *macs) compute(h hash.Hash, body []byte) []byte {
	h.Reset()
	_, _ = h.Write(m.prefix) // a hash never fails to write
	_, _ = h.Write(body)
	return h.Sum(m.sum[:0])
}
