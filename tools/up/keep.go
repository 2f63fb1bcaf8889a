package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/actionplane/actionplane/libs/ident"
)

// secrets are what the services are to agree on.
type secrets struct {
	adminToken, masterKey, organization, natsToken, redisPassword string
}

// keepSecrets returns what the directory holds. What is missing is made, and
// what the configuration names takes its place.
func keepSecrets(cfg config) (s secrets, err error) {
	for _, k := range []struct {
		into        *string
		file, given string
		create      func() string
	}{
		{&s.adminToken, "admin.token", cfg.adminToken, random("ap_")},
		{&s.masterKey, "master.key", cfg.masterKey, random("")},
		{&s.organization, "organization.id", cfg.organization, ident.NewUUID},
		{&s.natsToken, "nats.token", "", random("apn_")},
		{&s.redisPassword, "redis.password", "", random("")},
	} {
		if *k.into, err = keep(filepath.Join(cfg.dir, k.file), k.given, k.create); err != nil {
			return s, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
		}
	}
	return s, nil
}

// keep returns what a file holds; given, when it is not empty, replaces that,
// and where there is neither, what create makes does.
func keep(path, given string, create func() string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	kept := strings.TrimSpace(string(text))
	if given != "" && given != kept {
		return given, write(path, []byte(given+"\n"))
	}
	if kept != "" {
		return kept, nil
	}
	made := create()
	return made, write(path, []byte(made+"\n"))
}

// write replaces a file as a whole; only its owner may read it.
func write(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// random returns 32 random bytes as text, with a prefix that tells what it is
// wherever it turns up.
func random(prefix string) func() string {
	return func() string {
		var b [32]byte
		_, _ = rand.Read(b[:]) // never fails
		return prefix + base64.RawURLEncoding.EncodeToString(b[:])
	}
}

// claim makes the directory and takes it for this process alone.
func claim(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("ACTIONPLANE_DATA_DIR: %s is used by another process", dir), f.Close())
	}
	return f.Close, nil
}
