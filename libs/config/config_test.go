package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/fault"
)

type base struct {
	Region string `env:"REGION"`
}

type pool struct {
	Size int16 `env:"POOL_SIZE" doc:"connections"`
}

type name string

type sample struct {
	base
	Name    name            `env:"NAME"`
	Debug   bool            `env:"DEBUG"`
	Workers int             `env:"WORKERS"`
	Timeout time.Duration   `env:"TIMEOUT"`
	Hosts   []string        `env:"HOSTS"`
	Ranges  []netip.Prefix  `env:"RANGES"`
	Waits   []time.Duration `env:"WAITS"`
	Level   slog.Level      `env:"LEVEL"`
	DSN     config.Secret   `env:"DSN"`
	Pool    pool
	Other   string // no variable
	start   time.Time
}

// variables is an environment for tests.
type variables map[string]string

func (v variables) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("EveryTypeIsRead", func(t *testing.T) {
		t.Parallel()
		got, err := config.Load(sample{}, variables{
			"REGION": "eu", "NAME": "n", "DEBUG": "true", "WORKERS": "-3", "TIMEOUT": "1m30s",
			"HOSTS": "a, b,,c,", "RANGES": "10.0.0.0/8,::1/128", "WAITS": "1s,2s", "LEVEL": "WARN",
			"DSN": "postgres://u:p@h", "POOL_SIZE": "7",
		}.lookup)
		if err != nil {
			t.Fatal(err)
		}
		want := sample{
			base: base{Region: "eu"}, Name: "n", Debug: true, Workers: -3, Timeout: 90 * time.Second,
			Hosts:  []string{"a", "b", "c"},
			Ranges: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
			Waits:  []time.Duration{time.Second, 2 * time.Second},
			Level:  slog.LevelWarn, DSN: config.NewSecret("postgres://u:p@h"), Pool: pool{Size: 7},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Load = %+v, want %+v", got, want)
		}
	})

	t.Run("UnsetAndEmptyKeepTheDefault", func(t *testing.T) {
		t.Parallel()
		defaults := sample{Name: "n", Workers: 4, Hosts: []string{"a"}, Other: "o", start: time.Unix(1, 0)}
		got, err := config.Load(defaults, variables{"WORKERS": "", "HOSTS": ""}.lookup)
		if err != nil || !reflect.DeepEqual(got, defaults) {
			t.Errorf("Load = %+v, %v; want %+v", got, err, defaults)
		}
	})

	t.Run("DefaultsAreNotChanged", func(t *testing.T) {
		t.Parallel()
		defaults := sample{Hosts: []string{"a"}}
		if _, err := config.Load(defaults, variables{"HOSTS": "b"}.lookup); err != nil || defaults.Hosts[0] != "a" {
			t.Errorf("defaults became %v, %v", defaults.Hosts, err)
		}
	})

	t.Run("AllProblemsAreNamedAtOnce", func(t *testing.T) {
		t.Parallel()
		got, err := config.Load(sample{Workers: 4}, variables{
			"DEBUG": "perhaps", "WORKERS": "many", "TIMEOUT": "10", "POOL_SIZE": "40000",
			"RANGES": "10.0.0.0/8,nowhere", "LEVEL": "LOUD", "NAME": "fine",
		}.lookup)
		if fault.CodeOf(err) != fault.CodeInvalid {
			t.Fatalf("Load = %v, want a fault.Invalid", err)
		}
		for _, want := range []string{
			`DEBUG: "perhaps" is neither true nor false`, `WORKERS: "many" is not a whole number`,
			`TIMEOUT: "10" is not a duration like 1m30s`, `POOL_SIZE: "40000" is out of range`,
			"RANGES: ", "nowhere", "LEVEL: ",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error lacks %q:\n%v", want, err)
			}
		}
		if got.Workers != 4 || got.Name != "fine" {
			t.Errorf("Load = %+v, want the default and what could be read", got)
		}
	})

	t.Run("UnsupportedFieldIsNamed", func(t *testing.T) {
		t.Parallel()
		type odd struct {
			Ratio  complex128 `env:"RATIO"`
			hidden string     `env:"HIDDEN"`
		}
		got, err := config.Load(odd{}, variables{"RATIO": "1", "HIDDEN": "x"}.lookup)
		if err == nil || !strings.Contains(err.Error(), "RATIO") || !strings.Contains(err.Error(), "HIDDEN") || got.hidden != "" {
			t.Errorf("Load = %+v, %v; want both variables named", got, err)
		}
	})
}

var errTooFew = errors.New("WORKERS must be positive")

type validated struct {
	Workers int  `env:"WORKERS"`
	Debug   bool `env:"DEBUG"`
}

func (v *validated) Validate() error {
	if v.Workers < 1 {
		return errTooFew
	}
	return nil
}

func TestLoadAsksValidate(t *testing.T) {
	t.Parallel()
	if _, err := config.Load(validated{}, variables{"WORKERS": "1"}.lookup); err != nil {
		t.Errorf("Load = %v", err)
	}
	_, err := config.Load(validated{}, variables{"DEBUG": "perhaps"}.lookup)
	if !errors.Is(err, errTooFew) || !strings.Contains(err.Error(), "DEBUG") {
		t.Errorf("Load = %v, want Validate's problem beside the other", err)
	}
}

// TestDescribeWritesWhatLoadReads feeds the described defaults back.
func TestDescribeWritesWhatLoadReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z0-9./]{1,8}`)
		want := sample{
			Name: name(word.Draw(t, "name")), Debug: rapid.Bool().Draw(t, "debug"),
			Workers: rapid.Int().Draw(t, "workers"), Timeout: time.Duration(rapid.Int64().Draw(t, "timeout")),
			Hosts: rapid.SliceOfN(word, 1, 4).Draw(t, "hosts"),
			Level: slog.Level(rapid.IntRange(-8, 12).Draw(t, "level")),
			Pool:  pool{Size: rapid.Int16().Draw(t, "size")},
		}
		described := variables{}
		for _, v := range config.Describe(want) {
			described[v.Name] = v.Default
		}
		got, err := config.Load(sample{}, described.lookup)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Load = %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	defaults := sample{Timeout: time.Minute, Hosts: []string{"a", "b"}, DSN: config.NewSecret("hunter2")}
	got := config.Describe(&defaults)
	want := []config.Variable{
		{Name: "REGION", Type: "string"},
		{Name: "NAME", Type: "name"},
		{Name: "DEBUG", Type: "bool", Default: "false"},
		{Name: "WORKERS", Type: "int", Default: "0"},
		{Name: "TIMEOUT", Type: "duration", Default: "1m0s"},
		{Name: "HOSTS", Type: "list of string", Default: "a,b"},
		{Name: "RANGES", Type: "list of netip.Prefix"},
		{Name: "WAITS", Type: "list of duration"},
		{Name: "LEVEL", Type: "slog.Level", Default: "INFO"},
		{Name: "DSN", Type: "secret", Default: "[redacted]"},
		{Name: "POOL_SIZE", Type: "int16", Default: "0", Doc: "connections"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("Describe =\n%+v\nwant\n%+v", got, want)
	}
	twice := struct{ A, B pool }{}
	if got := config.Describe(twice); len(got) != 1 {
		t.Errorf("a variable that two structs read is described %d times", len(got))
	}
}

func TestDumpIsRedacted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).LogAttrs(t.Context(), slog.LevelInfo, "config",
		config.Dump(sample{Workers: 3, DSN: config.NewSecret("hunter2")})...)
	if line := out.String(); !strings.Contains(line, `"WORKERS":"3"`) || !strings.Contains(line, `"DSN":"[redacted]"`) || strings.Contains(line, "hunter2") {
		t.Errorf("logged %s", line)
	}
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	secret := config.NewSecret(value)
	public := struct{ Key config.Secret }{secret}
	private := struct{ key config.Secret }{secret}

	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p", "%10.3s"} {
		for _, operand := range []any{secret, &secret, public, &public, private, []config.Secret{secret}, map[string]config.Secret{"k": secret}} {
			text := fmt.Sprintf(verb, operand)
			if strings.Contains(text, value) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", value)) {
				t.Errorf("%s of %T prints %s", verb, operand, text)
			}
		}
	}
	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&logged, nil), slog.NewTextHandler(&logged, nil)} {
		slog.New(handler).Info("m", "secret", secret, "pointer", &secret, "public", public, "private", private)
	}
	encoded, err := json.Marshal(map[string]any{"secret": secret, "pointer": &secret, "public": public, "private": private})
	if err != nil {
		t.Fatal(err)
	}
	if text := logged.String() + string(encoded); strings.Contains(text, value) {
		t.Errorf("printed %s", text)
	}
	if secret.Reveal() != value || secret.IsZero() {
		t.Errorf("Reveal = %q", secret.Reveal())
	}
	if zero := (config.Secret{}); zero.Reveal() != "" || !zero.IsZero() || zero.String() != "" {
		t.Error("the zero secret is not empty")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("true", "1", "1s", "a,b", "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, debug, workers, timeout, hosts, ranges string) {
		got, err := config.Load(sample{}, variables{
			"DEBUG": debug, "WORKERS": workers, "TIMEOUT": timeout, "HOSTS": hosts, "RANGES": ranges,
		}.lookup)
		if err != nil && fault.CodeOf(err) != fault.CodeInvalid {
			t.Errorf("Load = %v, want a fault.Invalid", err)
		}
		if slices.Contains(got.Hosts, "") {
			t.Errorf("Hosts = %q", got.Hosts)
		}
	})
}

func ExampleLoad() {
	type Config struct {
		Workers int           `env:"DISPATCH_WORKERS" doc:"deliveries sent at the same time"`
		Timeout time.Duration `env:"DISPATCH_TIMEOUT" doc:"longest wait for a target"`
		DSN     config.Secret `env:"DATABASE_URL" doc:"Postgres of this service"`
	}
	environment := map[string]string{ // a program gives os.LookupEnv
		"DISPATCH_WORKERS": "16",
		"DATABASE_URL":     "postgres://dispatch:hunter2@db/actionplane",
	}
	lookup := func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}

	loaded, err := config.Load(Config{Workers: 8, Timeout: 30 * time.Second}, lookup)
	fmt.Printf("%+v %v\n", loaded, err)

	environment["DISPATCH_WORKERS"] = "many"
	environment["DISPATCH_TIMEOUT"] = "soon"
	_, err = config.Load(Config{}, lookup)
	fmt.Println(err)
	// Output:
	// {Workers:16 Timeout:30s DSN:[redacted]} <nil>
	// DISPATCH_WORKERS: "many" is not a whole number
	// DISPATCH_TIMEOUT: "soon" is not a duration like 1m30s
}

func ExampleDescribe() {
	type Config struct {
		Timeout time.Duration `env:"DISPATCH_TIMEOUT" doc:"longest wait for a target"`
	}
	for _, v := range config.Describe(Config{Timeout: 30 * time.Second}) {
		fmt.Printf("| `%s` | %s | %s | %s |\n", v.Name, v.Type, v.Default, v.Doc)
	}
	// Output:
	// | `DISPATCH_TIMEOUT` | duration | 30s | longest wait for a target |
}
