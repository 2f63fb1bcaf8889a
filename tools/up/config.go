package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

const (
	defaultReplicas = 2
	maxReplicas     = 8
	maxNodes        = 5 // replicas that JetStream can have of a stream
	defaultAddr     = "127.0.0.1:8080"
	defaultDir      = "./.data/up"
	// defaultEgress is the all-in-one's: targets of this machine may be called.
	defaultEgress = "127.0.0.0/8,::1"
)

// config is what is to be brought up.
type config struct {
	dir      string // state, absolute
	binaries string // directory of the services and of nats-server
	replicas int
	nodes    int    // of NATS
	host     string // of the gateways
	port     int    // of the first gateway; the next one has the next
	egress   string
	summary  string // file for programs; "": none
	restart  bool

	databaseURL, redisURL, natsURL      string // "": ours
	adminToken, masterKey, organization string // "": kept or made
}

// load reads the variables, and reports every problem at once.
func load(lookup func(string) (string, bool)) (config, error) {
	get := func(name, otherwise string) string {
		v, _ := lookup(name)
		return cmp.Or(v, otherwise)
	}
	cfg := config{
		egress:      get("ACTIONPLANE_EGRESS_ALLOW", defaultEgress),
		databaseURL: get("DATABASE_URL", ""), redisURL: get("REDIS_URL", ""), natsURL: get("NATS_URL", ""),
		adminToken: get("ACTIONPLANE_ADMIN_TOKEN", ""), masterKey: get("ACTIONPLANE_MASTER_KEY", ""),
		organization: get("ACTIONPLANE_ORGANIZATION_ID", ""),
	}
	var problems []error
	var err error
	if cfg.dir, err = filepath.Abs(get("ACTIONPLANE_DATA_DIR", defaultDir)); err != nil {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_DATA_DIR: %w", err))
	}
	if cfg.replicas, err = strconv.Atoi(get("REPLICAS", strconv.Itoa(defaultReplicas))); err != nil || cfg.replicas < 1 || cfg.replicas > maxReplicas {
		problems = append(problems, fmt.Errorf("REPLICAS must be 1 to %d", maxReplicas))
	}
	if cfg.nodes, err = strconv.Atoi(get("NATS_NODES", "1")); err != nil || cfg.nodes < 1 || cfg.nodes > maxNodes || cfg.nodes == 2 {
		problems = append(problems, fmt.Errorf("NATS_NODES must be 1, or 3 to %d", maxNodes))
	}
	host, port, err := net.SplitHostPort(get("ACTIONPLANE_ADDR", defaultAddr))
	if err != nil {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_ADDR: %w", err))
	}
	cfg.host = host
	if cfg.port, err = strconv.Atoi(port); err != nil || cfg.port < 1 || cfg.port+cfg.replicas > 65536 {
		problems = append(problems, fmt.Errorf("ACTIONPLANE_ADDR: port %q and the %d after it are not ports", port, cfg.replicas-1))
	}
	return cfg, errors.Join(problems...)
}

// gateway returns the address of the n-th gateway, counted from 1.
func (c config) gateway(n int) string { return net.JoinHostPort(c.host, strconv.Itoa(c.port+n-1)) }
