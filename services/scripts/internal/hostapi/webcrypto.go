package hostapi

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/dop251/goja"
	"github.com/google/uuid"

	"github.com/actionplane/actionplane/services/scripts/internal/signing"
)

const (
	// maxKeys is how many keys one invocation may import.
	maxKeys = 100
	// maxRandom is how many random bytes are given at once.
	maxRandom = 64 << 10
)

// key is one that crypto.subtle imported. Scripts hold an object that knows its
// number.
type key = signing.Key

var errNoKey = errors.New("no such key")

// cryptoFunction returns what crypto.subtle is made of.
func (s *session) cryptoFunction(name string) func(goja.FunctionCall) goja.Value {
	switch name {
	case "hashName":
		return s.hashName
	case "digest":
		return s.digest
	case "importKey":
		return s.importKey
	case "sign":
		return s.sign
	case "verify":
		return s.verify
	}
	return nil
}

func (s *session) randomUUID(goja.FunctionCall) goja.Value {
	return s.vm.ToValue(uuid.NewString())
}

// random(n) returns an ArrayBuffer.
func (s *session) random(call goja.FunctionCall) goja.Value {
	return s.vm.ToValue(s.vm.NewArrayBuffer(s.randomBytes(call.Argument(0))))
}

func (s *session) randomBytes(count goja.Value) []byte {
	n := count.ToInteger()
	if n < 0 || n > maxRandom {
		panic(s.vm.NewTypeError(fmt.Sprintf("the number of random bytes must be 0 to %d", maxRandom)))
	}
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// hashName(name) returns the proper name of a hash, or null.
func (s *session) hashName(call goja.FunctionCall) goja.Value {
	h, err := signing.HashOf(call.Argument(0).String())
	if err != nil {
		return goja.Null()
	}
	return s.vm.ToValue(h.String())
}

func (s *session) hash(v goja.Value) crypto.Hash {
	h, err := signing.HashOf(v.String())
	if err != nil {
		s.throw(err.Error())
	}
	return h
}

// digest(hash, data) returns an ArrayBuffer.
func (s *session) digest(call goja.FunctionCall) goja.Value {
	return s.vm.ToValue(s.vm.NewArrayBuffer(signing.Digest(s.hash(call.Argument(0)), s.needBytes(call.Argument(1)))))
}

// importKey(format, data, algorithm) returns {id, type}. A JWK is its JSON.
func (s *session) importKey(call goja.FunctionCall) goja.Value {
	k, err := s.readKey(call.Argument(0).String(), call.Argument(1), signing.Scheme(call.Argument(2).String()))
	if err == nil && len(s.keys) >= maxKeys {
		err = fmt.Errorf("more than %d keys", maxKeys)
	}
	if err != nil {
		s.throw(err.Error())
	}
	s.keys = append(s.keys, k)
	return s.record(map[string]any{"id": len(s.keys) - 1, "type": k.Kind()})
}

func (s *session) readKey(format string, data goja.Value, scheme signing.Scheme) (key, error) {
	switch format {
	case "jwk":
		return signing.ParseJWK([]byte(data.String()))
	case "pkcs8":
		return signing.ParsePKCS8(s.needBytes(data))
	case "spki":
		return signing.ParseSPKI(s.needBytes(data))
	case "raw":
		switch scheme {
		case signing.HMAC:
			return signing.Secret(s.needBytes(data)), nil
		case signing.Ed25519:
			return signing.Ed25519Public(s.needBytes(data))
		}
	}
	return key{}, fmt.Errorf("keys for %s cannot be read as %.20q", scheme, format)
}

// chosen reads (id, scheme, hash, salt).
func (s *session) chosen(call goja.FunctionCall) (key, signing.Algorithm) {
	id := call.Argument(0).ToInteger()
	if id < 0 || id >= int64(len(s.keys)) {
		s.throw(errNoKey.Error())
	}
	a := signing.Algorithm{Scheme: signing.Scheme(call.Argument(1).String())}
	if a.Scheme != signing.Ed25519 {
		a.Hash = s.hash(call.Argument(2))
	}
	if salt := call.Argument(3); !goja.IsUndefined(salt) {
		a.Salt = int(max(0, min(salt.ToInteger(), 1024)))
	}
	return s.keys[id], a
}

// sign(id, scheme, hash, salt, data) returns an ArrayBuffer.
func (s *session) sign(call goja.FunctionCall) goja.Value {
	k, a := s.chosen(call)
	signature, err := k.Sign(a, s.needBytes(call.Argument(4)))
	if err != nil {
		s.throw(err.Error())
	}
	return s.vm.ToValue(s.vm.NewArrayBuffer(signature))
}

// verify(id, scheme, hash, salt, signature, data) returns a boolean.
func (s *session) verify(call goja.FunctionCall) goja.Value {
	k, a := s.chosen(call)
	ok, err := k.Verify(a, s.needBytes(call.Argument(4)), s.needBytes(call.Argument(5)))
	if err != nil {
		s.throw(err.Error())
	}
	return s.vm.ToValue(ok)
}
