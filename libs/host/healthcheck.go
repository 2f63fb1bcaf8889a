package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/actionplane/actionplane/libs/config"
)

// healthcheckTimeout is more than the process's own checks take.
const healthcheckTimeout = 3 * time.Second

// Healthcheck returns the subcommand that asks the process of the same
// environment whether it is ready. Our images have neither a shell nor a client,
// so that a container can only be asked from inside by its own binary:
//
//	healthcheck: { test: [CMD, /service, healthcheck] }
func Healthcheck(lookup func(string) (string, bool)) Subcommand {
	return Subcommand{Name: "healthcheck", Run: func(ctx context.Context, _ []string) error {
		listener := struct {
			OpsAddr string `env:"ACTIONPLANE_OPS_ADDR"`
		}{DefaultConfig().OpsAddr}
		listener, err := config.Load(listener, lookup)
		if err != nil {
			return err
		}
		addr, err := reachable(listener.OpsAddr)
		if err != nil {
			return fmt.Errorf("ACTIONPLANE_OPS_ADDR: %w", err)
		}
		return askReady(ctx, "http://"+addr+"/readyz")
	}}
}

// reachable returns where a listener of this machine can be reached.
func reachable(listener string) (string, error) {
	if listener == "off" {
		return "", errors.New(`"off": there is nobody to ask`)
	}
	host, port, err := net.SplitHostPort(listener)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", fmt.Errorf("%q: the port is anyone's guess", listener)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}

// askReady returns nil when the answer is 200, and what it says otherwise.
func askReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
