package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binariesDir is where built binaries are looked for, e.g. what `make binaries`
// has made; unset: the tests build their own.
const binariesDir = "ACTIONPLANE_STORY_BIN"

// built builds the binaries once for all tests.
var built = sync.OnceValues(build)

// temporary is what build has made, for TestMain to remove.
var temporary string

// binaries returns a directory with every service, the all-in-one binary, a
// NATS server and the launcher.
func binaries(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(binariesDir); dir != "" {
		return dir
	}
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func build() (string, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	if temporary, err = os.MkdirTemp("", "actionplane-binaries-"); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(context.Background(), "make", "--no-print-directory", "binaries", "BIN="+temporary)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make binaries: %w\n%s", err, out)
	}
	return temporary, nil
}

func removeBinaries() error {
	if temporary == "" {
		return nil
	}
	return os.RemoveAll(temporary)
}
