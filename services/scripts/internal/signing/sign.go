package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // what crypto.SHA1 stands for, and the others; some peers still sign with it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"math/big"
	"strings"
)

// Scheme is a way of signing, by the name that browsers have for it.
type Scheme string

// The schemes.
const (
	HMAC    Scheme = "HMAC"
	PKCS1   Scheme = "RSASSA-PKCS1-v1_5"
	PSS     Scheme = "RSA-PSS"
	ECDSA   Scheme = "ECDSA"
	Ed25519 Scheme = "Ed25519"
)

// Algorithm is a scheme with its hash. Salt is the length of PSS' salt in bytes;
// zero is the hash's.
type Algorithm struct {
	Scheme Scheme
	Hash   crypto.Hash
	Salt   int
}

var (
	errWrongKey = errors.New("the key is not one for this algorithm")
	errHash     = errors.New("unknown hash")
)

// HashOf returns the hash of a name like SHA-256, sha256 or SHA256.
func HashOf(name string) (crypto.Hash, error) {
	switch strings.ToUpper(strings.ReplaceAll(name, "-", "")) {
	case "SHA1":
		return crypto.SHA1, nil
	case "SHA256":
		return crypto.SHA256, nil
	case "SHA384":
		return crypto.SHA384, nil
	case "SHA512":
		return crypto.SHA512, nil
	}
	return 0, errHash
}

// Digest hashes data.
func Digest(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// Sign signs data. An ECDSA signature is the two numbers side by side, as in
// browsers and tokens.
func (k Key) Sign(a Algorithm, data []byte) ([]byte, error) {
	if a.Scheme == HMAC {
		if k.secret == nil {
			return nil, errWrongKey
		}
		mac := hmac.New(a.Hash.New, k.secret)
		mac.Write(data)
		return mac.Sum(nil), nil
	}
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		return signRSA(private, a, data)
	case *ecdsa.PrivateKey:
		if a.Scheme == ECDSA {
			return signECDSA(private, Digest(a.Hash, data))
		}
	case ed25519.PrivateKey:
		if a.Scheme == Ed25519 {
			return ed25519.Sign(private, data), nil
		}
	}
	return nil, errWrongKey
}

func signRSA(k *rsa.PrivateKey, a Algorithm, data []byte) ([]byte, error) {
	switch a.Scheme {
	case PKCS1:
		return rsa.SignPKCS1v15(rand.Reader, k, a.Hash, Digest(a.Hash, data))
	case PSS:
		return rsa.SignPSS(rand.Reader, k, a.Hash, Digest(a.Hash, data), a.pss())
	}
	return nil, errWrongKey
}

func (a Algorithm) pss() *rsa.PSSOptions {
	if a.Salt > 0 {
		return &rsa.PSSOptions{SaltLength: a.Salt}
	}
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
}

func signECDSA(k *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, k, digest)
	if err != nil {
		return nil, err
	}
	size := (k.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

// Verify reports whether signature is data's. The error is for a key that is
// not one for the algorithm.
func (k Key) Verify(a Algorithm, signature, data []byte) (bool, error) {
	if a.Scheme == HMAC {
		mac, err := k.Sign(a, data)
		return err == nil && hmac.Equal(mac, signature), err
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		switch a.Scheme {
		case PKCS1:
			return rsa.VerifyPKCS1v15(public, a.Hash, Digest(a.Hash, data), signature) == nil, nil
		case PSS:
			return rsa.VerifyPSS(public, a.Hash, Digest(a.Hash, data), signature, a.pss()) == nil, nil
		}
	case *ecdsa.PublicKey:
		if a.Scheme == ECDSA {
			return verifyECDSA(public, signature, Digest(a.Hash, data)), nil
		}
	case ed25519.PublicKey:
		if a.Scheme == Ed25519 {
			return ed25519.Verify(public, data, signature), nil
		}
	}
	return false, errWrongKey
}

func verifyECDSA(k *ecdsa.PublicKey, signature, digest []byte) bool {
	size := (k.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(k, digest, r, s)
}
