// Package secret makes the secrets of personal access tokens. One looks like
//
//	apn_ 43 characters of base 62, 256 bits of them random, 6 of checksum
//
// so that scanners find one that leaked, and tell it from noise without asking
// anybody: the prefix is ours, the checksum fits. The form is GitHub's.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

const (
	prefix         = "apn_"
	randomLength   = 43 // 62^43 is a little more than 2^256
	checksumLength = 6  // 62^6 is more than 2^32

	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// New returns a secret that nobody else has or will have.
func New() string {
	random := make([]byte, 0, randomLength)
	var block [64]byte
	for len(random) < randomLength {
		_, _ = rand.Read(block[:]) // never fails: Go stops the program first
		for _, b := range block {
			// 248 is the largest multiple of 62 in a byte; what is above would
			// make some characters likelier than others.
			if b < 248 && len(random) < randomLength {
				random = append(random, alphabet[b%62])
			}
		}
	}
	return prefix + string(random) + checksum(string(random))
}

// Valid reports whether text has the form of a secret. It says nothing of
// whether one like that was ever made.
func Valid(text string) bool {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok || len(rest) != randomLength+checksumLength {
		return false
	}
	for i := range len(rest) {
		if strings.IndexByte(alphabet, rest[i]) < 0 {
			return false
		}
	}
	return checksum(rest[:randomLength]) == rest[randomLength:]
}

// Hash returns what is kept of a secret. A plain SHA-256 is right for 256
// random bits: there is nothing to guess that salt or a slow hash would
// protect, and the hash must be found by an index.
func Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// checksum returns the CRC-32 (IEEE) of text in base 62, its last digit last.
func checksum(text string) string {
	n := crc32.ChecksumIEEE([]byte(text))
	var digits [checksumLength]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = alphabet[n%62]
		n /= 62
	}
	return string(digits[:])
}
