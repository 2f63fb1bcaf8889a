package hostapi

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/actionplane/actionplane/services/scripts/internal/signing"
)

var jwtNames = []string{"sign", "verify", "decode"}

// defaultTolerance is how far clocks may be apart.
const defaultTolerance = 30 * time.Second

// jwtModule is actionplane/jwt. A key is a PEM, a JWK (object or its JSON), or
// for HS256, HS384 and HS512 a secret: any other text, or bytes.
//
//	sign(claims, key, {algorithm, header, keyId, expiresIn})   algorithm: HS256
//	verify(token, key, {algorithms, issuer, audience, clockTolerance})
//	decode(token)   returns {header, claims} and verifies nothing
//
// expiresIn and clockTolerance are seconds. sign sets iat, verify returns the
// claims or throws.
func (s *session) jwtModule() *goja.Object {
	return Lazy(s.vm, jwtNames, func(name string) goja.Value {
		switch name {
		case "sign":
			return Native(s.vm, name, s.jwtSign)
		case "verify":
			return Native(s.vm, name, s.jwtVerify)
		}
		return Native(s.vm, name, s.jwtDecode)
	})
}

// jwtOptions is the last argument of sign and of verify.
type jwtOptions struct {
	Algorithm      string         `json:"algorithm"`
	Algorithms     []string       `json:"algorithms"`
	Header         map[string]any `json:"header"`
	KeyID          string         `json:"keyId"`
	ExpiresIn      *float64       `json:"expiresIn"`
	Issuer         string         `json:"issuer"`
	Audience       string         `json:"audience"`
	ClockTolerance *float64       `json:"clockTolerance"`
}

func (s *session) jwtOptions(v goja.Value) jwtOptions {
	o := jwtOptions{}
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return o
	}
	raw, err := s.Encode(v)
	if err != nil || json.Unmarshal(raw, &o) != nil {
		panic(s.vm.NewTypeError("the options cannot be read"))
	}
	return o
}

func (s *session) jwtKey(v goja.Value) signing.Key {
	if b, ok := s.bytes(v); ok {
		return signing.Secret(b)
	}
	if _, ok := v.(*goja.Object); ok {
		raw, err := s.Encode(v)
		if err != nil {
			s.throw(err.Error())
		}
		return s.keyOrThrow(signing.ParseJWK(raw))
	}
	if goja.IsUndefined(v) || goja.IsNull(v) {
		panic(s.vm.NewTypeError("the key is missing"))
	}
	text := v.String()
	switch trimmed := strings.TrimSpace(text); {
	case strings.HasPrefix(trimmed, "-----BEGIN "):
		return s.keyOrThrow(signing.ParsePEM(trimmed))
	case strings.HasPrefix(trimmed, "{") && strings.Contains(trimmed, `"kty"`):
		return s.keyOrThrow(signing.ParseJWK([]byte(trimmed)))
	}
	return signing.Secret([]byte(text))
}

func (s *session) keyOrThrow(k signing.Key, err error) signing.Key {
	if err != nil {
		s.throw(err.Error())
	}
	return k
}

func (s *session) jwtSign(call goja.FunctionCall) goja.Value {
	raw, err := s.Encode(call.Argument(0))
	var claims map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims == nil {
		panic(s.vm.NewTypeError("the claims must be an object"))
	}
	o := s.jwtOptions(call.Argument(2))
	now := time.Now()
	if _, ok := claims["iat"]; !ok {
		claims["iat"] = seconds(now)
	}
	if o.ExpiresIn != nil {
		claims["exp"] = seconds(now.Add(time.Duration(*o.ExpiresIn * float64(time.Second))))
	}
	if raw, err = json.Marshal(claims); err != nil {
		s.throw(err.Error())
	}
	if o.Algorithm == "" {
		o.Algorithm = "HS256"
	}
	if o.KeyID != "" {
		if o.Header == nil {
			o.Header = map[string]any{}
		}
		o.Header["kid"] = o.KeyID
	}
	token, err := s.jwtKey(call.Argument(1)).SignToken(o.Algorithm, o.Header, raw)
	if err != nil {
		s.throw(err.Error())
	}
	return s.vm.ToValue(token)
}

func seconds(t time.Time) json.RawMessage {
	raw, _ := json.Marshal(t.Unix()) // a number, cannot fail
	return raw
}

func (s *session) jwtVerify(call goja.FunctionCall) goja.Value {
	token := s.token(call)
	o := s.jwtOptions(call.Argument(2))
	want := signing.Expected{Algorithms: o.Algorithms, Issuer: o.Issuer, Audience: o.Audience, Now: time.Now(), Tolerance: defaultTolerance}
	if o.Algorithm != "" {
		want.Algorithms = append(want.Algorithms, o.Algorithm)
	}
	if o.ClockTolerance != nil {
		want.Tolerance = time.Duration(*o.ClockTolerance * float64(time.Second))
	}
	if err := token.Verify(s.jwtKey(call.Argument(1)), want); err != nil {
		s.throw(err.Error())
	}
	return s.decoded(token.Claims)
}

func (s *session) jwtDecode(call goja.FunctionCall) goja.Value {
	token := s.token(call)
	return s.record(map[string]any{"header": s.decoded(token.Header), "claims": s.decoded(token.Claims)})
}

func (s *session) token(call goja.FunctionCall) signing.Token {
	token, err := signing.ParseToken(call.Argument(0).String())
	if err != nil {
		s.throw(err.Error())
	}
	return token
}

func (s *session) decoded(raw []byte) goja.Value {
	v, err := s.Decode(raw)
	if err != nil {
		s.throw(err.Error())
	}
	return v
}
