package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/health"
	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/services/allinone/internal/embedded"
	"github.com/actionplane/actionplane/services/allinone/internal/show"
	"github.com/actionplane/actionplane/services/gateway"
)

// companion is what this shape does beside the services: it gives the show and
// tells where things are, and it ends the process when an embedded part dies.
type companion struct {
	parts *embedded.Parts
	demo  bool
	base  string
	wg    sync.WaitGroup
	err   error
}

func newCompanion(ctx context.Context, lookup func(string) (string, bool)) (*companion, error) {
	cfg, err := config.Load(gateway.DefaultConfig(), lookup)
	if err != nil {
		return nil, err
	}
	if err := free(ctx, cfg.Addr); err != nil {
		return nil, err
	}
	demo := false
	if text, ok := lookup("DEMO"); ok {
		if demo, err = strconv.ParseBool(text); err != nil {
			return nil, fmt.Errorf("DEMO: %q is neither 0 nor 1", text)
		}
	}
	return &companion{demo: demo, base: "http://" + reachable(cfg.Addr)}, nil
}

// free reports a port that somebody else has before anything is started for
// it, and before that somebody is taken for us.
func free(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("ACTIONPLANE_ADDR: %w", err)
	}
	return l.Close()
}

// reachable turns a listening address into one that can be called.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// start starts the companion; a failure of its ends the process.
func (c *companion) start(ctx context.Context, parts *embedded.Parts, stop context.CancelCauseFunc) {
	c.parts = parts
	c.wg.Go(func() {
		if err := c.run(ctx); err != nil && ctx.Err() == nil {
			c.err = err
			stop(err)
		}
	})
}

func (c *companion) wait() error {
	c.wg.Wait()
	return c.err
}

func (c *companion) run(ctx context.Context) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	_, tokenFile := c.parts.Token()
	if c.demo {
		given, err := c.show(ctx)
		if err != nil {
			return err
		}
		defer given.Close()
	}
	_, _ = fmt.Fprintf(os.Stdout, "\nActionplane serves REST, gRPC, gRPC-Web and Connect at %s\ntoken: %s   organization: %s\n", c.base, tokenFile, c.parts.OrganizationID())
	select {
	case <-ctx.Done():
		return nil
	case <-c.parts.Died():
		return errors.New("the embedded Postgres ended")
	}
}

// ready waits until the process says it is.
func (c *companion) ready(ctx context.Context) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+health.ReadyPath, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *companion) show(ctx context.Context) (*show.Show, error) {
	nc, err := c.parts.ConnectNATS("show")
	if err != nil {
		return nil, fmt.Errorf("show: %w", err)
	}
	// The show runs hooks right after it has set executions: no index, which may
	// be a moment late.
	client, err := sdk.New(nc, sdk.Config{NoIndex: true}) //nolint:contextcheck // it is closed below
	if err != nil {
		return nil, fmt.Errorf("show: %w", err)
	}
	defer func() { _ = client.Close() }()
	token, tokenFile := c.parts.Token()
	return show.Give(ctx, show.Config{BaseURL: c.base, Token: token, TokenFile: tokenFile, SDK: client, Out: os.Stdout})
}
