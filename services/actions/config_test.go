package actions_test

import (
	"testing"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
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
		got, err := load(map[string]string{
			"ACTIONPLANE_MASTER_KEY": masterKey, "ACTIONS_DEFAULT_PAGE": "5", "ACTIONS_MAX_PAGE": "6", "ACTIONS_ANNOUNCE_TIMEOUT": "7s",
			"ACTIONS_MAX_VERSIONS": "8", "ACTIONS_MAX_SECRETS": "9", "ACTIONS_MAX_ORGANIZATION_SECRETS": "10", "ACTIONS_MAX_TRIGGER_ACTIONS": "11",
			"ACTIONS_CHECK_TIMEOUT": "9s",
		})
		key := got.MasterKey.Reveal()
		got.MasterKey = config.Secret{}
		want := actions.Config{
			DefaultPage: 5, MaxPage: 6, AnnounceTimeout: 7 * time.Second, MaxVersions: 8, MaxActionSecrets: 9,
			MaxOrganizationSecrets: 10, MaxTriggerActions: 11, CheckTimeout: 9 * time.Second, Door: approval.DefaultConfig(),
		}
		if err != nil || got != want || key != masterKey {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("MasterKeyIsNeeded", func(t *testing.T) {
		t.Parallel()
		for _, key := range []string{"", "too short"} {
			if _, err := load(map[string]string{"ACTIONPLANE_MASTER_KEY": key}); err == nil {
				t.Errorf("%q is accepted", key)
			}
		}
	})
	t.Run("NonsenseIsRefused", func(t *testing.T) {
		t.Parallel()
		for name, value := range map[string]string{
			"ACTIONS_DEFAULT_PAGE": "1001", "ACTIONS_MAX_PAGE": "10001", "ACTIONS_ANNOUNCE_TIMEOUT": "-1s", "ACTIONS_MAX_VERSIONS": "1",
			"ACTIONS_MAX_SECRETS": "-1", "ACTIONS_MAX_ORGANIZATION_SECRETS": "1001", "ACTIONS_MAX_TRIGGER_ACTIONS": "0", "ACTIONS_CHECK_TIMEOUT": "11s",
		} {
			if _, err := load(map[string]string{"ACTIONPLANE_MASTER_KEY": masterKey, name: value}); err == nil {
				t.Errorf("%s=%s is accepted", name, value)
			}
		}
	})
}
