package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// configured runs `config --json` of a binary, without an environment but for
// env (NAME=value).
func configured(t *testing.T, binary string, env ...string) (values map[string]string, problems string, code int) {
	t.Helper()
	if testing.Short() {
		t.Skip("building binaries takes a while: not with -short")
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(binaries(t), binary), "config", "--json")
	var out, errOut bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &errOut
	_ = cmd.Run() // the code is what counts
	var report struct {
		Variables []struct{ Name, Value string }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errOut.String())
	}
	values = map[string]string{}
	for _, v := range report.Variables {
		values[v.Name] = v.Value
	}
	if text := out.String() + errOut.String(); strings.Contains(text, "hunter2") {
		t.Errorf("a secret is printed: %s", text)
	}
	return values, errOut.String(), cmd.ProcessState.ExitCode()
}

func TestConfigCommand(t *testing.T) {
	t.Parallel()

	t.Run("OfActionplaneListsEveryVariable", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("hunter2 hunter2 hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		values, problems, code := configured(t, "actionplane", "ACTIONPLANE_DATA_DIR="+dir, "ACTIONPLANE_RATE_BURST=7")
		if code != 0 || problems != "" {
			t.Errorf("code %d: %s", code, problems)
		}
		for _, v := range variables() {
			if _, listed := values[v.Name]; !listed {
				t.Errorf("%s is not listed", v.Name)
			}
		}
		if values["ACTIONPLANE_RATE_LIMIT"] != "0" || values["ACTIONPLANE_RATE_BURST"] != "7" || values["ACTIONPLANE_MASTER_KEY"] != "set" {
			t.Errorf("got %v", values)
		}
		if made, err := os.ReadDir(dir); err != nil || len(made) != 1 {
			t.Errorf("it has made something: %v, %v", made, err)
		}
	})
	t.Run("OfAServiceListsItsOwnAndEveryProblem", func(t *testing.T) {
		t.Parallel()
		values, problems, code := configured(t, "targets", "DATABASE_URL=postgres://hunter2@db", "ACTIONPLANE_MASTER_KEY=hunter2", "ACTIONPLANE_TARGET_MAX_PAGE=many")
		if _, listed := values["ACTIONPLANE_ADDR"]; listed || values["DATABASE_URL"] != "set" || code != 2 {
			t.Errorf("code %d, %v", code, values)
		}
		for _, want := range []string{"ACTIONPLANE_MASTER_KEY must be at least 16 characters", `ACTIONPLANE_TARGET_MAX_PAGE: "many"`, "NATS_URL is not set"} {
			if !strings.Contains(problems, want) {
				t.Errorf("%q is not in %s", want, problems)
			}
		}
	})
}
