package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// services in the order in which they are started, and stopped in reverse:
// callers after those they call.
var services = []string{"access", "targets", "actions", "approvals", "scripts", "dispatch", "executions", "gateway"}

// stateless services have no tables.
var stateless = []string{"gateway"}

// replica is one process of a service or a server.
type replica struct {
	service string // or the server's name, e.g. "nats"
	ops     string // address of /readyz; "": a server
	child   *child // the latest; guarded by fleet.mu
}

// startServices starts all replicas and waits until all are ready.
func (f *fleet) startServices(ctx context.Context) error {
	ports, err := freePorts(ctx, len(services)*f.cfg.replicas)
	if err != nil {
		return err
	}
	for i := range f.cfg.replicas {
		if err := free(ctx, f.cfg.gateway(i+1)); err != nil {
			return fmt.Errorf("ACTIONPLANE_ADDR: %w", err)
		}
	}
	for s, service := range services {
		if err := f.startService(ctx, service, ports[s*f.cfg.replicas:][:f.cfg.replicas]); err != nil {
			return err
		}
	}
	for _, r := range f.replicas {
		if err := f.current(r).await(ctx, r.ready); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) startService(ctx context.Context, service string, ports []int) error {
	env, err := f.environment(ctx, service)
	if err != nil {
		return err
	}
	var own []*replica
	for i, port := range ports {
		r := &replica{service: service, ops: "127.0.0.1:" + strconv.Itoa(port)}
		c := command{
			name: fmt.Sprintf("%s-%d", service, i+1), path: filepath.Join(f.cfg.binaries, service),
			env: append(slices.Clone(env), "ACTIONPLANE_OPS_ADDR="+r.ops, "ACTIONPLANE_ADDR="+f.cfg.gateway(i+1)),
		}
		if r.child, err = f.startChild(c); err != nil {
			return err
		}
		f.replicas, own = append(f.replicas, r), append(own, r)
		f.supervise(r)
	}
	f.onStop(func() error { return f.stopReplicas(own) })
	return nil
}

// environment is ours with what makes the services a house.
func (f *fleet) environment(ctx context.Context, service string) ([]string, error) {
	vars := map[string]string{
		"NATS_URL": f.natsURL, "REDIS_URL": f.redisURL,
		"ACTIONPLANE_ADMIN_TOKEN": f.secrets.adminToken, "ACTIONPLANE_MASTER_KEY": f.secrets.masterKey,
		"ACTIONPLANE_ORGANIZATION_ID": f.secrets.organization, "ACTIONPLANE_EGRESS_ALLOW": f.cfg.egress,
	}
	if f.cfg.nodes > 1 {
		vars["ACTIONPLANE_STREAM_REPLICAS"] = strconv.Itoa(f.cfg.nodes)
	}
	if !slices.Contains(stateless, service) {
		url, err := f.database(ctx, service)
		if err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
		vars["DATABASE_URL"] = url
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return vars[name] != ""
	})
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	return env, nil
}

// stopReplicas tells all, then waits for all.
func (f *fleet) stopReplicas(replicas []*replica) error {
	for _, r := range replicas {
		f.current(r).signal(syscall.SIGTERM)
	}
	var first error
	for _, r := range replicas {
		if err := f.current(r).stop(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// ready asks the replica.
func (r *replica) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.ops+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(text)))
}
