package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Header is the name of the header that [Signer.Sign] fills. ZITADEL's code
// sends it without the "X-" that some of its comments print.
const Header = "ZITADEL-Signature"

// DefaultTolerance is how old a signature may be.
const DefaultTolerance = 300 * time.Second

// What [Verify] answers when a signature does not hold.
var (
	// ErrInvalid is a header that cannot be read, or that has no time or no v1 part.
	ErrInvalid = errors.New("signature header is invalid")
	// ErrTooOld is a signature from before the tolerance.
	ErrTooOld = errors.New("signature is too old")
	// ErrMismatch is a well-formed signature that none of the keys made.
	ErrMismatch = errors.New("signature does not match")
)

// Sign returns the value of the ZITADEL-Signature header for body sent at the
// given time: "t=<unix seconds>" and one ",v1=<hex>" for each key, each the
// HMAC-SHA256 of "<unix seconds>.<body>" keyed with the key's characters.
// Without such a key it returns "": the header is then omitted.
func (s *Signer) Sign(at time.Time, body []byte) string {
	if len(s.keys) == 0 {
		return ""
	}
	m := s.pool.Get().(*macs)
	defer s.pool.Put(m)
	m.prefix = append(strconv.AppendInt(m.prefix[:0], at.Unix(), 10), '.')
	m.header = append(append(m.header[:0], "t="...), m.prefix[:len(m.prefix)-1]...)
	for _, h := range m.text {
		m.header = hex.AppendEncode(append(m.header, ",v1="...), m.compute(h, body))
	}
	return string(m.header)
}

// Verify checks a ZITADEL-Signature header the way ZITADEL's own helper does:
// any v1 part that any key made suffices, parts of other names are ignored, v1
// parts that are no hex are skipped, times in the future are accepted, and a
// part without exactly one "=" spoils the whole. A tolerance of zero means
// [DefaultTolerance]. It returns [ErrInvalid], [ErrTooOld] or [ErrMismatch].
func Verify(header string, body []byte, keys []Key, now time.Time, tolerance time.Duration) error {
	at, err := parse(header)
	if err != nil {
		return err
	}
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	if now.Sub(time.Unix(at, 0)) > tolerance {
		return ErrTooOld
	}
	for _, key := range keys {
		if key != "" && contains(header, expected(key, at, body)) {
			return nil
		}
	}
	return ErrMismatch
}

// parse checks the form of a header and returns its time in unix seconds.
func parse(header string) (int64, error) {
	var at int64
	var timed, signed bool
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || strings.Contains(value, "=") {
			return 0, ErrInvalid
		}
		switch name {
		case "t":
			t, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0, ErrInvalid
			}
			at, timed = t, true
		case "v1":
			_, ok := decode(value)
			signed = signed || ok
		}
	}
	if !timed || !signed {
		return 0, ErrInvalid
	}
	return at, nil
}

// contains reports whether one of the header's v1 parts is want.
func contains(header string, want [sha256.Size]byte) bool {
	found := false
	for part := range strings.SplitSeq(header, ",") {
		value, ok := strings.CutPrefix(part, "v1=")
		if !ok {
			continue
		}
		got, ok := decode(value)
		found = ok && hmac.Equal(got[:], want[:]) || found
	}
	return found
}

// decode reads one signature; ok is false where value is not 32 bytes in hex.
func decode(value string) (sum [sha256.Size]byte, ok bool) {
	if len(value) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(value))
	return sum, err == nil
}

func expected(key Key, at int64, body []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = h.Write(append(strconv.AppendInt(nil, at, 10), '.'))
	_, _ = h.Write(body)
	h.Sum(sum[:0])
	return sum
}
