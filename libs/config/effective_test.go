package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/config"
)

// file writes a file and returns where it is.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretsInFiles(t *testing.T) {
	t.Parallel()
	t.Run("AreReadWithoutTheirLastLineBreak", func(t *testing.T) {
		t.Parallel()
		got, err := config.Load(sample{}, variables{"DSN_FILE": file(t, "hunter 2\r\n\n")}.lookup)
		if err != nil || got.DSN.Reveal() != "hunter 2" {
			t.Errorf("Load = %q, %v", got.DSN.Reveal(), err)
		}
	})
	t.Run("AreOnlySecrets", func(t *testing.T) {
		t.Parallel()
		got, err := config.Load(sample{}, variables{"NAME_FILE": file(t, "n")}.lookup)
		if err != nil || got.Name != "" {
			t.Errorf("Load = %q, %v", got.Name, err)
		}
	})
	for name, tc := range map[string]struct {
		set  variables
		want string
	}{
		"AreNotSetTwice":    {variables{"DSN": "hunter2", "DSN_FILE": "/x"}, "DSN and DSN_FILE are both set"},
		"AreThere":          {variables{"DSN_FILE": "/nowhere/secret"}, "DSN_FILE: open /nowhere/secret"},
		"AreNotEmpty":       {variables{"DSN_FILE": file(t, "\n")}, "is empty"},
		"AreOfBoundedSize":  {variables{"DSN_FILE": file(t, strings.Repeat("x", 64<<10+1))}, "more than 65536 bytes"},
		"AreNotDirectories": {variables{"DSN_FILE": t.TempDir()}, "DSN_FILE: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(sample{}, tc.set.lookup)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Load = %v", err)
			}
		})
	}
}

func TestEffective(t *testing.T) {
	t.Parallel()
	type nested struct {
		Name    string        `env:"NAME"`
		Timeout time.Duration `env:"TIMEOUT" doc:"longest wait"`
		Workers int           `env:"WORKERS"`
		Key     config.Secret `env:"KEY"`
		Token   config.Secret `env:"TOKEN"`
		DSN     config.Secret `env:"DSN"`
		Again   struct {
			Name string `env:"NAME"`
		}
		hidden string `env:"HIDDEN"`
	}
	defaults := nested{Name: "n", Timeout: time.Minute, Workers: 4, hidden: "h"}
	got, err := config.Effective(defaults, variables{"TIMEOUT": "5s", "WORKERS": "many", "KEY": "hunter2", "TOKEN_FILE": file(t, "hunter3")}.lookup)
	if err == nil || !strings.Contains(err.Error(), "WORKERS") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want that of WORKERS alone", err)
	}
	want := []config.Setting{
		{config.Variable{Name: "NAME", Type: "string", Default: "n"}, "n", config.Default},
		{config.Variable{Name: "TIMEOUT", Type: "duration", Default: "1m0s", Doc: "longest wait"}, "5s", config.Environment},
		{config.Variable{Name: "WORKERS", Type: "int", Default: "4"}, "4", config.Invalid},
		{config.Variable{Name: "KEY", Type: "secret"}, "set", config.Environment},
		{config.Variable{Name: "TOKEN", Type: "secret"}, "set", config.File},
		{config.Variable{Name: "DSN", Type: "secret"}, "not set", config.Default},
		{config.Variable{Name: "HIDDEN", Type: "string", Default: "h"}, "h", config.Default},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Effective =\n%+v\nwant\n%+v", got, want)
	}
}
