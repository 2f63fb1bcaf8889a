package sender

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
)

// Identity is who vouches for a target and what the target is shown, where
// that is not the Sender's own. Connections are shared only among attempts
// with the same one. Make one per version of a target and keep it. Nil means
// the Sender's.
type Identity struct {
	id           string         // equal for equal contents only
	roots        *x509.CertPool // nil: the Sender's
	certificates []tls.Certificate
	sessions     tls.ClientSessionCache // never another identity's
}

// NewIdentity reads PEM: the authorities that may vouch for the target, instead
// of the Sender's, and a certificate to show it, with its key. What is empty is
// left out; without any the Identity is nil. Errors never repeat what was read.
func NewIdentity(authorities, certificate, key []byte) (*Identity, error) {
	if len(authorities) == 0 && len(certificate) == 0 && len(key) == 0 {
		return nil, nil
	}
	i := &Identity{id: fingerprint(authorities, certificate, key), sessions: tls.NewLRUClientSessionCache(64)}
	if len(authorities) > 0 {
		if i.roots = x509.NewCertPool(); !appendAuthorities(i.roots, authorities) {
			return nil, errors.New("CA certificates are not PEM of certificates")
		}
	}
	if len(certificate) > 0 || len(key) > 0 {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, errors.New("client certificate and its key are not a pair in PEM")
		}
		i.certificates = []tls.Certificate{pair}
	}
	return i, nil
}

// appendAuthorities adds every certificate of the text; one that cannot be
// read spoils all, for it was meant to count.
func appendAuthorities(pool *x509.CertPool, text []byte) bool {
	found := false
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return found
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return false
		}
		pool.AddCert(certificate)
		found = true
	}
}

// fingerprint tells contents apart; lengths keep parts from flowing together.
func fingerprint(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // a hash never fails to write
		_, _ = h.Write(part)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// name is what tells connections of different identities apart.
func (i *Identity) name() string {
	if i == nil {
		return ""
	}
	return i.id
}

// apply puts the identity into the configuration of one handshake.
func (i *Identity) apply(config *tls.Config) {
	if i == nil {
		return
	}
	if i.roots != nil {
		config.RootCAs = i.roots
	}
	config.Certificates, config.ClientSessionCache = i.certificates, i.sessions
}
