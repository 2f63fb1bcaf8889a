package settings

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/actionplane/actionplane/libs/config"
)

// maxCertificates bounds a list of certificates.
const maxCertificates = 50

// TLS is whom a target is believed to be, and what it is shown. All is PEM.
type TLS struct {
	CA          string        `json:"ca,omitempty"`          // instead of the system's authorities
	Certificate string        `json:"certificate,omitempty"` // the client's, and those that lead to its authority
	Key         config.Secret `json:"-"`                     // the certificate's; none beside a certificate: as it was
}

func (t TLS) check() error {
	if t.CA != "" {
		if err := certificates(t.CA); err != nil {
			return invalid("tls.ca_certificates", "%v", err)
		}
	}
	if t.Certificate == "" {
		if !t.Key.IsZero() {
			return invalid("tls.client_key", "needs a client_certificate")
		}
		return nil
	}
	if err := certificates(t.Certificate); err != nil {
		return invalid("tls.client_certificate", "%v", err)
	}
	if t.Key.IsZero() {
		return invalid("tls.client_key", "must be given: there is none to keep")
	}
	if _, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key.Reveal())); err != nil {
		return invalid("tls.client_key", "%s", keyProblem(err))
	}
	return nil
}

// keyProblem says what err does in words that hold nothing of the key.
func keyProblem(err error) string {
	if strings.Contains(err.Error(), "does not match") {
		return "does not belong to client_certificate"
	}
	return "must be the PEM of one private key, RSA, EC or Ed25519, not encrypted"
}

// certificates reports why text is not one or more certificates in PEM and
// nothing else. What stands between blocks is commentary, as openssl writes it.
func certificates(text string) error {
	rest := []byte(text)
	for n := 0; ; n++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		switch {
		case block == nil && n == 0:
			return errors.New("must hold a certificate in PEM")
		case block == nil && strings.Contains(string(rest), "-----BEGIN"):
			return fmt.Errorf("has a damaged block after certificate %d", n)
		case block == nil:
			return nil
		case n == maxCertificates:
			return fmt.Errorf("must hold at most %d certificates", maxCertificates)
		case block.Type != "CERTIFICATE":
			return fmt.Errorf("must hold certificates alone, not %q", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("certificate %d cannot be read: %w", n+1, err)
		}
	}
}
