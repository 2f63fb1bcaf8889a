package embedded

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keep returns what a file of the data directory holds; given, when it is not
// empty, replaces that, and where there is neither, what create makes does.
// The file is readable by its owner alone.
func keep(dir, name, given string, create func() string) (string, error) {
	path := filepath.Join(dir, name)
	kept, err := read(path)
	if err != nil {
		return "", err
	}
	if given != "" && given != kept {
		return given, write(path, given)
	}
	if kept != "" {
		return kept, nil
	}
	made := create()
	return made, write(path, made)
}

// read returns what a file holds; nothing when there is none.
func read(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return strings.TrimSpace(string(text)), nil
}

// write replaces a file as a whole: a crash leaves the old one or the new one.
func write(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
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
func claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { // Postgres, as another user, must be able to enter
		return nil, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err)
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(fmt.Errorf("ACTIONPLANE_DATA_DIR: %s is used by another process", dir), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
