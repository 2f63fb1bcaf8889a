package actions_test

import (
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/services/actions"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	load := func(variables map[string]string) (actions.Config, error) {
		return config.Load(actions.DefaultConfig(), func(name string) (string, bool) {
			value, set := variables[name]
			return value, set
		})
	}
	t.Run("EveryVariableIsRead", func(t *testing.T) {
		t.Parallel()
		got, err := load(map[string]string{"ACTIONS_DEFAULT_PAGE": "5", "ACTIONS_MAX_PAGE": "6", "ACTIONS_ANNOUNCE_TIMEOUT": "7s"})
		if want := (actions.Config{DefaultPage: 5, MaxPage: 6, AnnounceTimeout: 7 * time.Second}); err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("NonsenseIsRefused", func(t *testing.T) {
		t.Parallel()
		for name, value := range map[string]string{"ACTIONS_DEFAULT_PAGE": "1001", "ACTIONS_MAX_PAGE": "10001", "ACTIONS_ANNOUNCE_TIMEOUT": "-1s"} {
			if _, err := load(map[string]string{name: value}); err == nil {
				t.Errorf("%s=%s is accepted", name, value)
			}
		}
	})
}
