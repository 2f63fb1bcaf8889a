// Package certificate keeps a TLS certificate as fresh as its files.
package certificate

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files is a certificate in two PEM files. It looks at them at every
// handshake, which costs a thousandth of one, and reads them again when they
// have changed. While they do not belong together, as in the middle of a
// change, the old certificate serves on.
type Files struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	seen    [2]stamp
	current *tls.Certificate
}

// stamp tells one state of a file from another.
type stamp struct {
	changed time.Time
	size    int64
}

// Open reads the files.
func Open(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	f.seen = f.stamps()
	loaded, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	f.current = &loaded
	return f, nil
}

// Get is for tls.Config.GetCertificate.
func (f *Files) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := f.stamps()
	f.mu.Lock()
	defer f.mu.Unlock()
	if now == f.seen {
		return f.current, nil
	}
	f.seen = now
	loaded, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil { // the next change, or the second file's, is tried again
		f.log.Warn("certificate.not_reloaded", "file", f.cert, "error", err)
		return f.current, nil
	}
	f.log.Info("certificate.reloaded", "file", f.cert)
	f.current = &loaded
	return f.current, nil
}

// stamps are those of both files; zero for one that is not there.
func (f *Files) stamps() [2]stamp {
	var s [2]stamp
	for i, name := range []string{f.cert, f.key} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}
