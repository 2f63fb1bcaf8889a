package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// natsConf holds a token, and so is a file and not a command line.
const natsConf = `server_name: actionplane-%s
listen: "127.0.0.1:%d"
max_payload: 8388608
authorization { token: %q }
jetstream { store_dir: %q }
`

// natsCluster is what a node of several adds.
const natsCluster = `cluster {
  name: actionplane-up
  listen: "127.0.0.1:%d"
  authorization { user: cluster, password: %q }
  routes: [%s]
}
`

// startNATS starts one server, or a cluster of several.
func (f *fleet) startNATS(ctx context.Context) error {
	if f.cfg.natsURL != "" {
		f.natsURL = f.cfg.natsURL
		return nil
	}
	ports, err := freePorts(ctx, 2*f.cfg.nodes)
	if err != nil {
		return err
	}
	clients, routes := ports[:f.cfg.nodes], ports[f.cfg.nodes:]
	var urls []string
	for _, port := range clients {
		urls = append(urls, fmt.Sprintf("nats://%s@127.0.0.1:%d", f.secrets.natsToken, port))
	}
	f.natsURL = strings.Join(urls, ",")
	for i := range f.cfg.nodes {
		if err := f.startNode(ctx, i, clients[i], routes); err != nil {
			return err
		}
	}
	if f.cfg.nodes == 1 {
		return nil
	}
	return f.awaitCluster(ctx, clients)
}

// awaitCluster waits until every node knows all others: what one is asked
// before that, those behind another do not hear.
func (f *fleet) awaitCluster(ctx context.Context, ports []int) error {
	var addrs []string
	for _, port := range ports {
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", port))
	}
	for i, r := range f.nodes {
		knowsAll := func(ctx context.Context) error { return answers(ctx, addrs[i], "", addrs...) }
		if err := f.current(r).await(ctx, knowsAll); err != nil {
			return err
		}
	}
	return nil
}

// startNode starts the i-th node, counted from 0.
func (f *fleet) startNode(ctx context.Context, i, port int, routes []int) error {
	name := "nats"
	if f.cfg.nodes > 1 {
		name = fmt.Sprintf("nats-%d", i+1)
	}
	text := fmt.Sprintf(natsConf, name, port, f.secrets.natsToken, filepath.Join(f.cfg.dir, name))
	if f.cfg.nodes > 1 {
		text += fmt.Sprintf(natsCluster, routes[i], f.secrets.natsToken, strings.Join(f.routes(routes), ", "))
	}
	conf := filepath.Join(f.cfg.dir, name+".conf")
	if err := write(conf, []byte(text)); err != nil {
		return err
	}
	c := command{name: name, path: filepath.Join(f.cfg.binaries, "nats-server"), args: []string{"-c", conf}}
	node, err := f.startServer(ctx, "nats", c, port, "", "INFO ")
	f.nodes = append(f.nodes, node)
	return err
}

func (f *fleet) routes(ports []int) []string {
	var all []string
	for _, port := range ports {
		all = append(all, fmt.Sprintf("%q", fmt.Sprintf("nats://cluster:%s@127.0.0.1:%d", f.secrets.natsToken, port)))
	}
	return all
}
