package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/actionplane/actionplane/services/gateway/internal/certificate"
)

// pair returns a certificate with a serial number, and its key.
func pair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER})
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	tick := time.Now()
	// write replaces a file; its time moves on, as fast as the test may be.
	write := func(file string, text []byte) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		tick = tick.Add(time.Second)
		if err := os.Chtimes(file, tick, tick); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := certificate.Open(certFile, keyFile, slog.New(slog.DiscardHandler)); err == nil {
		t.Fatal("files that are not there were read")
	}
	firstCert, firstKey := pair(t, 1)
	write(certFile, firstCert)
	write(keyFile, firstKey)
	files, err := certificate.Open(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	want := func(when string, serial int64) {
		t.Helper()
		got, err := files.Get(&tls.ClientHelloInfo{})
		if err != nil || got.Leaf.SerialNumber.Int64() != serial {
			t.Errorf("%s: got %v, %v", when, got.Leaf.SerialNumber, err)
		}
	}
	want("at first", 1)
	secondCert, secondKey := pair(t, 2)
	write(certFile, secondCert)
	want("in the middle of a change", 1)
	write(keyFile, secondKey)
	want("after it", 2)
	write(certFile, []byte("none"))
	want("when the file is broken", 2)
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	want("when the file is gone", 2)
	write(certFile, firstCert)
	write(keyFile, firstKey)
	want("when they are back", 1)
}
