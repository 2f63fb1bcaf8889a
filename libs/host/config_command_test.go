package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/config"
)

// configurable is the configuration of the tests' units.
type configurable struct {
	Size   int           `env:"ACTIONPLANE_SIZE" doc:"how large"`
	Key    config.Secret `env:"ACTIONPLANE_KEY" doc:"opens it"`
	Answer string        `env:"ACTIONPLANE_ANSWER" doc:"where it is sent"`
}

// Validate implements what config.Load looks for.
func (c configurable) Validate() error {
	if c.Key.IsZero() {
		return errors.New("ACTIONPLANE_KEY is not set")
	}
	return nil
}

// configuration is that of a process with two units; env holds names and
// values in turn.
func configuration(env ...string) Configuration {
	build := func(configurable, Deps) (Runner, error) { return nil, errors.New("not here") }
	values := map[string]string{}
	c := Configuration{
		Lookup: func(name string) (string, bool) { v, ok := values[name]; return v, ok },
		Units:  []Unit{Service("one", configurable{Size: 7}, build, WithDatabase), Service("two", configurable{Size: 7}, build)},
	}
	for i := 0; i < len(env); i += 2 {
		values[env[i]] = env[i+1]
		c.Environ = append(c.Environ, env[i]+"="+env[i+1])
	}
	return c
}

// outside are the stores of a process.
var outside = []string{"NATS_URL", "nats://hunter2@bus", "DATABASE_URL", "postgres://hunter2@db"}

func printed(t *testing.T, c Configuration, args ...string) (out, errOut string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = c.print(args, &o, &e)
	if text := o.String() + e.String(); strings.Contains(text, "hunter2") {
		t.Errorf("a secret is printed:\n%s", text)
	}
	return o.String(), e.String(), err
}

// line returns the words of the line that begins with a name.
func line(t *testing.T, table, name string) string {
	t.Helper()
	for l := range strings.Lines(table) {
		if words := strings.Fields(l); words[0] == name {
			return strings.Join(words[1:], " ")
		}
	}
	t.Fatalf("there is no %s in\n%s", name, table)
	return ""
}

func TestConfig(t *testing.T) {
	t.Parallel()

	t.Run("PrintsWhatTheProcessWouldRunWith", func(t *testing.T) {
		t.Parallel()
		key := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(key, []byte("hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := configuration(append(outside, "ACTIONPLANE_KEY_FILE", key, "ACTIONPLANE_ANSWER", "https://me:hunter2@home/")...)
		out, errOut, err := printed(t, c)
		if err != nil || errOut != "" {
			t.Errorf("%s, %v", errOut, err)
		}
		for name, want := range map[string]string{
			"ACTIONPLANE_SIZE":   "7 default how large",
			"ACTIONPLANE_KEY":    "set file opens it",
			"ACTIONPLANE_ANSWER": "https://me:xxxxx@home/ environment where it is sent",
			"REDIS_URL":          "not set default Redis; away means slower, never wrong",
		} {
			if got := line(t, out, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if n := strings.Count(out, "ACTIONPLANE_SIZE"); n != 1 {
			t.Errorf("a variable that two services read is listed %d times", n)
		}
	})
	t.Run("NamesEveryProblemAtOnce", func(t *testing.T) {
		t.Parallel()
		_, _, err := printed(t, configuration("ACTIONPLANE_SIZE", "large", "ACTIONPLANE_START_TIMEOUT", "soon"))
		var m misconfigured
		if !errors.As(err, &m) {
			t.Fatalf("got %v", err)
		}
		for _, want := range []string{
			"ACTIONPLANE_START_TIMEOUT: \"soon\" is not a duration", "one: ACTIONPLANE_SIZE: \"large\" is not", "two: ACTIONPLANE_SIZE",
			"ACTIONPLANE_KEY is not set", "one: DATABASE_URL is not set", "NATS_URL is not set",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in\n%v", want, err)
			}
		}
	})
	t.Run("WarnsOfWhatNobodyReads", func(t *testing.T) {
		t.Parallel()
		c := configuration(append(outside, "ACTIONPLANE_KEY", "hunter2", "ACTIONPLANE_SISE", "9",
			"ACTIONPLANE_SMTP_ADDR", "read by others", "ACTIONPLANE_SIZE_FILE", "no secret", "ACTIONPLANE_TEST_ANYTHING", "1",
			"ACTIONPLANE_ANSWER", "", "ACTIONPLANE_QUITE_DIFFERENT_FROM_ALL", "1", "OTHER", "1")...)
		_, errOut, err := printed(t, c)
		want := "warning: ACTIONPLANE_QUITE_DIFFERENT_FROM_ALL is set, and nothing reads it\n" +
			"warning: ACTIONPLANE_SISE is set, and nothing reads it: is ACTIONPLANE_SIZE meant?\n" +
			"warning: ACTIONPLANE_SIZE_FILE is set, and nothing reads it"
		if err != nil || !strings.HasPrefix(errOut, want) {
			t.Errorf("got %v\n%swant\n%s", err, errOut, want)
		}
	})
	t.Run("TellsAShapesOwnValues", func(t *testing.T) {
		t.Parallel()
		c := configuration()
		c.Embedded, c.Defaults = true, map[string]string{"ACTIONPLANE_SIZE": "8"}
		c.Made = map[string]Made{"ACTIONPLANE_KEY": {Value: "hunter2", Source: "key.file"}, "ACTIONPLANE_ANSWER": {Value: "x", Source: "made later", Pending: true}}
		out, _, err := printed(t, c)
		if err != nil {
			t.Error(err)
		}
		if got := line(t, out, "ACTIONPLANE_SIZE") + "; " + line(t, out, "ACTIONPLANE_KEY") + "; " + line(t, out, "ACTIONPLANE_ANSWER"); got !=
			"8 default how large; set key.file opens it; made later where it is sent" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("PrintsJSONForPrograms", func(t *testing.T) {
		t.Parallel()
		out, _, err := printed(t, configuration("NATS_URL", "nats://hunter2@bus", "ACTIONPLANE_KEY", "hunter2", "ACTIONPLANE_SISE", "9"), "--json")
		var m misconfigured
		if !errors.As(err, &m) {
			t.Errorf("got %v", err)
		}
		var got report
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(got.Variables, func(v variable) bool { return v.Name == "ACTIONPLANE_KEY" })
		if at < 0 || got.Variables[at].Value != "set" || !slices.Equal(got.Variables[at].Services, []string{"one", "two"}) {
			t.Errorf("got %+v", got.Variables)
		}
		if len(got.Unknown) != 1 || got.Unknown[0].Suggestion != "ACTIONPLANE_SIZE" || !slices.Equal(got.Problems, []string{"one: DATABASE_URL is not set"}) {
			t.Errorf("got %+v, %q", got.Unknown, got.Problems)
		}
	})
}
