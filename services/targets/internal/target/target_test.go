package target_test

import (
	"strings"
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/targets/internal/target"
)

// valid is a configuration without fault.
func valid() target.Config {
	return target.Config{Name: "billing", Kind: target.Call, InterruptOnError: true, Timeout: 10 * time.Second, Endpoint: "https://example.com/hook", Payload: target.JSON}
}

// refused fails the test unless err is Invalid, has the id, and begins with
// the field.
func refused(t *testing.T, err error, field, id string) {
	t.Helper()
	got, ok := fault.As(err)
	if !ok || got.Code != fault.CodeInvalid || got.ID != id || !strings.HasPrefix(got.Message, field+" ") {
		t.Errorf("got %v, want something about %s (%s)", err, field, id)
	}
}

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*target.Config)
		field  string
		id     string
	}{
		{"EmptyName", func(c *target.Config) { c.Name = "" }, "name", "COMMAND-ddqbm9us5p"},
		{"NameThatPostgresCannotKeep", func(c *target.Config) { c.Name = "a\x00b" }, "name", "COMMAND-ddqbm9us5p"},
		{"NoKind", func(c *target.Config) { c.Kind = 0 }, "target", "COMMAND-ddqbm9us5p"},
		{"NoTimeout", func(c *target.Config) { c.Timeout = 0 }, "timeout", "COMMAND-39f35d8uri"},
		{"TimeoutTooLong", func(c *target.Config) { c.Timeout = target.MaxTimeout + 1 }, "timeout", "COMMAND-39f35d8uri"},
		{"NoEndpoint", func(c *target.Config) { c.Endpoint = "" }, "endpoint", "COMMAND-1r2k6qo6wg"},
		{"BadEndpoint", func(c *target.Config) { c.Endpoint = "example.com" }, "endpoint", "COMMAND-1r2k6qo6wg"},
		{"UnknownPayload", func(c *target.Config) { c.Payload = 4 }, "payload_type", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			tt.change(&c)
			refused(t, c.Check(), tt.field, tt.id)
		})
	}
	t.Run("AcceptsTheLongestTimeout", func(t *testing.T) {
		t.Parallel()
		c := valid()
		c.Timeout = target.MaxTimeout
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestParseID(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{"69629012906488334": true, "": false, "0123": false, "a": false, "1\x00": false} {
		if _, ok := target.ParseID(raw); ok != want {
			t.Errorf("ParseID(%q) = %v", raw, ok)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for asked, want := range map[uint32]uint32{0: 100, 1: 1, 1000: 1000} {
		if got, err := target.Limit("query.limit", asked, 1000); got != want || err != nil {
			t.Errorf("Limit(%d) = %d, %v", asked, got, err)
		}
	}
	_, err := target.Limit("query.limit", 1001, 1000)
	refused(t, err, "query.limit", "QUERY-4M0fs")
}
