// Package mail writes e-mails about approval requests and sends them by SMTP.
// What it writes holds no payload: who wants to know what is asked for signs
// in.
package mail

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/actionplane/actionplane/libs/config"
)

// The ways in which a connection is protected.
const (
	tlsStart    = "starttls" // begins in the clear and must be upgraded
	tlsImplicit = "tls"
	tlsNone     = "none"
)

// Config says how e-mails are sent. Without an address none are.
type Config struct {
	Addr        string        `env:"ACTIONPLANE_SMTP_ADDR" doc:"host:port of the SMTP server that takes e-mails about approval requests; empty: none are sent"`
	From        string        `env:"ACTIONPLANE_SMTP_FROM" doc:"sender of e-mails, e.g. Actionplane <approvals@example.com>"`
	Username    string        `env:"ACTIONPLANE_SMTP_USERNAME" doc:"user name at the SMTP server; empty: none"`
	Password    config.Secret `env:"ACTIONPLANE_SMTP_PASSWORD" doc:"password at the SMTP server"`
	TLS         string        `env:"ACTIONPLANE_SMTP_TLS" doc:"starttls, tls or none"`
	Timeout     time.Duration `env:"ACTIONPLANE_SMTP_TIMEOUT" doc:"how long sending one e-mail may take"`
	ConsoleURL  string        `env:"ACTIONPLANE_CONSOLE_URL" doc:"where people find the console, for links in e-mails; empty: no links"`
	Interval    time.Duration `env:"ACTIONPLANE_APPROVALS_MAIL_INTERVAL" doc:"how often e-mails that are due are sent; requests that came meanwhile share one"`
	DigestAfter int           `env:"ACTIONPLANE_APPROVALS_DIGEST_AFTER" doc:"new requests of an organization beyond which one e-mail lists them all"`
	MaxAttempts int           `env:"ACTIONPLANE_APPROVALS_MAIL_ATTEMPTS" doc:"attempts to send an e-mail before it is given up"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{TLS: tlsStart, Timeout: 15 * time.Second, Interval: 5 * time.Second, DigestAfter: 3, MaxAttempts: 8}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	if c.Addr == "" {
		return nil
	}
	var problems []error
	if _, _, err := c.hostPort(); err != nil {
		problems = append(problems, err)
	}
	if c.From == "" {
		problems = append(problems, errors.New("ACTIONPLANE_SMTP_FROM must be set where ACTIONPLANE_SMTP_ADDR is"))
	}
	if c.TLS != tlsStart && c.TLS != tlsImplicit && c.TLS != tlsNone {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_SMTP_TLS: %q is not starttls, tls or none", c.TLS))
	}
	if c.Timeout <= 0 || c.Interval <= 0 || c.DigestAfter < 1 || c.MaxAttempts < 1 {
		problems = append(problems, errors.New("ACTIONPLANE_SMTP_TIMEOUT, ACTIONPLANE_APPROVALS_MAIL_INTERVAL, _DIGEST_AFTER and _MAIL_ATTEMPTS must be positive"))
	}
	return errors.Join(problems...)
}

func (c Config) hostPort() (string, int, error) {
	host, text, err := net.SplitHostPort(c.Addr)
	port, portErr := strconv.Atoi(text)
	if err != nil || portErr != nil || host == "" {
		return "", 0, fmt.Errorf("ACTIONPLANE_SMTP_ADDR: %q is not host:port", c.Addr)
	}
	return host, port, nil
}
