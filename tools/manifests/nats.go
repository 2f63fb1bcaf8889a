package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// natsVariable is one that a server reads from its environment.
var natsVariable = regexp.MustCompile(`\$([A-Z_]+)`)

// checkNATS reads the configuration that each overlay gives its NATS, with the
// server's own parser, and holds it to the pod around it.
func checkNATS(h *house, overlays []*overlay) ([]string, error) {
	var findings []string
	for _, o := range overlays {
		for _, w := range o.workloads {
			if w.name != "nats" {
				continue
			}
			found, err := o.checkNATSPod(w)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.name, err)
			}
			for _, f := range found {
				findings = append(findings, fmt.Sprintf("%s/%s: nats: %s", overlaysDir, o.name, f))
			}
		}
	}
	text, err := os.ReadFile(h.path("deploy", "nats", "nats.conf"))
	if err != nil {
		return nil, err
	}
	for _, name := range variablesOf(string(text)) {
		if name != "NATS_TOKEN" { // what docker-compose.yml gives
			findings = append(findings, "deploy/nats/nats.conf: reads "+name)
		}
	}
	return findings, nil
}

func (o *overlay) checkNATSPod(w workload) ([]string, error) {
	dir, err := os.MkdirTemp("", "manifests-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	if err := authority.write(dir, []string{"nats"}); err != nil {
		return nil, err
	}
	env := o.environment(w)
	env["NATS_TOKEN"] = "token"
	options, err := o.natsOptions(w, dir, env)
	if err != nil {
		return []string{err.Error()}, nil
	}
	var findings []string
	pod := w.pod()
	for name, number := range map[string]int{"client": options.Port, "monitor": options.HTTPPort} {
		if int(pod.ports[name]) != number {
			findings = append(findings, fmt.Sprintf("port %s is %d in the pod and %d in the server", name, pod.ports[name], number))
		}
	}
	findings = append(findings, o.checkStore(w, options)...)
	if replicas := o.leastReplicas(w); replicas > 1 {
		findings = append(findings, o.checkCluster(w, options, replicas)...)
	}
	return findings, nil
}

// checkCluster wants as many routes as there are nodes, under their own names,
// and nobody in without a certificate.
func (o *overlay) checkCluster(w workload, options *server.Options, replicas int32) []string {
	var routes, want, findings []string
	for _, r := range options.Routes {
		routes = append(routes, r.Host)
	}
	for i := range replicas {
		want = append(want, fmt.Sprintf("%s-%d.%s:%d", w.name, i, w.serviceName, w.pod().ports["cluster"]))
	}
	if !slices.Equal(routes, want) {
		findings = append(findings, fmt.Sprintf("routes are %v, and nodes %v", routes, want))
	}
	if options.TLSConfig == nil || options.Cluster.TLSConfig == nil || options.Cluster.TLSConfig.ClientCAs == nil {
		findings = append(findings, "is without TLS to clients, or lets any node in")
	}
	return findings
}

// natsOptions returns the configuration of one server as its container would
// read it: files of the ConfigMap in dir, variables from env, certificates from
// dir.
func (o *overlay) natsOptions(w workload, dir string, env map[string]string) (*server.Options, error) {
	c := w.template.Spec.Containers[0]
	i := slices.Index(c.Args, "-c")
	if i < 0 || i+1 >= len(c.Args) {
		return nil, errors.New("is started without a configuration")
	}
	for _, r := range w.references() {
		if m := o.configMaps[r.name]; r.kind == "ConfigMap" && m != nil {
			for name, text := range m.Data {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(localConfiguration(text, dir, env)), 0o600); err != nil {
					return nil, err
				}
			}
		}
	}
	return server.ProcessConfigFile(filepath.Join(dir, filepath.Base(c.Args[i+1])))
}

// localConfiguration puts variables, which a server reads as if they stood there,
// and directories of this machine in.
func localConfiguration(text, dir string, env map[string]string) string {
	for _, name := range variablesOf(text) {
		if value, given := env[name]; given {
			text = strings.ReplaceAll(text, "$"+name, value)
		}
	}
	return strings.NewReplacer("/etc/nats-tls", dir, "/run/nats", dir, "store_dir: /data", fmt.Sprintf("store_dir: %q", filepath.Join(dir, "data"))).Replace(text)
}

// variablesOf returns the variables that a configuration reads.
func variablesOf(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		for _, match := range natsVariable.FindAllStringSubmatch(code, -1) {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
