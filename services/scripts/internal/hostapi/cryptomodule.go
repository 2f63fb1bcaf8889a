package hostapi

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/signing"
)

var cryptoNames = []string{"hash", "hmac", "randomBytes", "timingSafeEqual"}

// cryptoModule is actionplane/crypto: what most scripts need of cryptography
// without promises. data and keys are texts (as UTF-8) or buffers.
//
//	hash(algorithm, data, encoding?)       encoding: hex (default), base64, base64url,
//	hmac(algorithm, key, data, encoding?)  or bytes for a Uint8Array
//	randomBytes(n, encoding?)
//	timingSafeEqual(a, b)
func (s *session) cryptoModule() *goja.Object {
	return Lazy(s.vm, cryptoNames, func(name string) goja.Value {
		switch name {
		case "hash":
			return Native(s.vm, name, func(call goja.FunctionCall) goja.Value {
				return s.encoded(signing.Digest(s.hash(call.Argument(0)), s.data(call.Argument(1))), call.Argument(2))
			})
		case "hmac":
			return Native(s.vm, name, s.hmac)
		case "randomBytes":
			return Native(s.vm, name, func(call goja.FunctionCall) goja.Value {
				return s.encoded(s.randomBytes(call.Argument(0)), call.Argument(1))
			})
		}
		return Native(s.vm, name, func(call goja.FunctionCall) goja.Value {
			a, b := s.data(call.Argument(0)), s.data(call.Argument(1))
			return s.vm.ToValue(subtle.ConstantTimeCompare(a, b) == 1)
		})
	})
}

func (s *session) hmac(call goja.FunctionCall) goja.Value {
	a := signing.Algorithm{Scheme: signing.HMAC, Hash: s.hash(call.Argument(0))}
	mac, err := signing.Secret(s.data(call.Argument(1))).Sign(a, s.data(call.Argument(2)))
	if err != nil {
		s.throw(err.Error())
	}
	return s.encoded(mac, call.Argument(3))
}

// encoded returns b in the encoding that the script asked for.
func (s *session) encoded(b []byte, encoding goja.Value) goja.Value {
	if goja.IsUndefined(encoding) {
		return s.vm.ToValue(hex.EncodeToString(b))
	}
	switch encoding.String() {
	case "hex":
		return s.vm.ToValue(hex.EncodeToString(b))
	case "base64":
		return s.vm.ToValue(base64.StdEncoding.EncodeToString(b))
	case "base64url":
		return s.vm.ToValue(base64.RawURLEncoding.EncodeToString(b))
	case "bytes":
		return s.array(b)
	}
	panic(s.vm.NewTypeError("the encoding must be hex, base64, base64url or bytes"))
}
