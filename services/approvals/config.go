package approvals

import (
	"errors"
	"fmt"
	"time"

	"github.com/actionplane/actionplane/libs/approval"
	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/seal"
	"github.com/actionplane/actionplane/services/approvals/internal/mail"
)

// Config is what an operator may set.
type Config struct {
	MasterKey config.Secret `env:"ACTIONPLANE_MASTER_KEY" doc:"encrypts secrets at rest: at least 16 characters, random, the same for every replica and for ever"`

	AccessTimeout time.Duration `env:"ACTIONPLANE_APPROVALS_ACCESS_TIMEOUT" doc:"how long access may take to say who may decide; a decision keeps its request locked meanwhile"`
	BreakGlass    bool          `env:"ACTIONPLANE_APPROVALS_BREAK_GLASS" doc:"whether an instance owner may approve a request alone, his own too; everybody is told"`
	MaxPayload    int           `env:"ACTIONPLANE_APPROVALS_MAX_PAYLOAD" doc:"most bytes of a change or an action that waits for approval"`

	Workers     int           `env:"ACTIONPLANE_APPROVALS_WORKERS" doc:"approved requests that one replica executes at once"`
	Lease       time.Duration `env:"ACTIONPLANE_APPROVALS_LEASE" doc:"how long one replica keeps an execution for itself; longer than a call"`
	CallTimeout time.Duration `env:"ACTIONPLANE_APPROVALS_CALL_TIMEOUT" doc:"how long the owner of a change or an action may take to carry it out"`
	RetryPause  time.Duration `env:"ACTIONPLANE_APPROVALS_RETRY_PAUSE" doc:"pause after a first attempt whose outcome is not known; it doubles, up to the lease"`
	MaxAttempts int           `env:"ACTIONPLANE_APPROVALS_MAX_ATTEMPTS" doc:"attempts without an outcome after which an execution has failed, until somebody retries it"`

	PollInterval  time.Duration `env:"ACTIONPLANE_APPROVALS_POLL_INTERVAL" doc:"how often a replica looks for executions that nobody told it of"`
	SweepInterval time.Duration `env:"ACTIONPLANE_APPROVALS_SWEEP_INTERVAL" doc:"how often requests whose time is over are marked and told of; decisions do not depend on it"`

	Mail mail.Config
	Door approval.Config
}

// DefaultConfig returns the defaults. There is none for the master key.
func DefaultConfig() Config {
	return Config{
		AccessTimeout: 2 * time.Second,
		MaxPayload:    256 << 10,
		Workers:       4,
		Lease:         30 * time.Second,
		CallTimeout:   15 * time.Second,
		RetryPause:    time.Second,
		MaxAttempts:   10,
		PollInterval:  time.Second,
		SweepInterval: 10 * time.Second,
		Mail:          mail.DefaultConfig(),
		Door:          approval.DefaultConfig(),
	}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	problems := []error{c.Mail.Validate(), c.Door.Validate()}
	if len(c.MasterKey.Reveal()) < seal.MinMasterKey {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_MASTER_KEY must be at least %d characters", seal.MinMasterKey))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"ACTIONPLANE_APPROVALS_ACCESS_TIMEOUT", c.AccessTimeout},
		{"ACTIONPLANE_APPROVALS_LEASE", c.Lease},
		{"ACTIONPLANE_APPROVALS_CALL_TIMEOUT", c.CallTimeout},
		{"ACTIONPLANE_APPROVALS_RETRY_PAUSE", c.RetryPause},
		{"ACTIONPLANE_APPROVALS_POLL_INTERVAL", c.PollInterval},
		{"ACTIONPLANE_APPROVALS_SWEEP_INTERVAL", c.SweepInterval},
	} {
		if d.value <= 0 {
			problems = append(problems, fmt.Errorf("%s must be positive", d.name))
		}
	}
	for _, n := range []struct {
		name        string
		value, most int
	}{
		{"ACTIONPLANE_APPROVALS_MAX_PAYLOAD", c.MaxPayload, 1 << 20},
		{"ACTIONPLANE_APPROVALS_WORKERS", c.Workers, 1000},
		{"ACTIONPLANE_APPROVALS_MAX_ATTEMPTS", c.MaxAttempts, 1000},
	} {
		if n.value < 1 || n.value > n.most {
			problems = append(problems, fmt.Errorf("%s must be 1 to %d", n.name, n.most))
		}
	}
	if c.Lease <= c.CallTimeout {
		problems = append(problems, errors.New("ACTIONPLANE_APPROVALS_LEASE must be longer than ACTIONPLANE_APPROVALS_CALL_TIMEOUT"))
	}
	return errors.Join(problems...)
}
