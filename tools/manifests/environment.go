package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// runtimeVariables are read by what our binaries are built with.
var runtimeVariables = []string{"GOMEMLIMIT", "GOMAXPROCS", "GOGC", "SSL_CERT_DIR", "SSL_CERT_FILE"}

// environment is what a container's process finds, as the kubelet makes it.
// value says what a key of a ConfigMap or Secret holds.
func environment(c corev1.Container, value func(kind, name, key string) string, keys func(kind, name string) []string) map[string]string {
	env := map[string]string{}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef != nil {
			for _, key := range keys("ConfigMap", from.ConfigMapRef.Name) {
				env[from.Prefix+key] = value("ConfigMap", from.ConfigMapRef.Name, key)
			}
		}
	}
	for _, v := range c.Env {
		switch {
		case v.ValueFrom == nil:
			env[v.Name] = expand(v.Value, env)
		case v.ValueFrom.SecretKeyRef != nil:
			env[v.Name] = value("Secret", v.ValueFrom.SecretKeyRef.Name, v.ValueFrom.SecretKeyRef.Key)
		case v.ValueFrom.ConfigMapKeyRef != nil:
			env[v.Name] = value("ConfigMap", v.ValueFrom.ConfigMapKeyRef.Name, v.ValueFrom.ConfigMapKeyRef.Key)
		case v.ValueFrom.FieldRef != nil:
			env[v.Name] = v.ValueFrom.FieldRef.FieldPath
		}
	}
	return env
}

var expression = regexp.MustCompile(`\$?\$\([A-Za-z_][A-Za-z0-9_]*\)`)

// expand puts in the variables before, as $(NAME); $$(NAME) and what is not
// known stays.
func expand(text string, env map[string]string) string {
	return expression.ReplaceAllStringFunc(text, func(found string) string {
		if name, escaped := strings.CutPrefix(found, "$$"); escaped {
			return "$" + name
		}
		if value, known := env[found[2:len(found)-1]]; known {
			return value
		}
		return found
	})
}

// environment returns what a workload of the overlay finds; where the overlay
// does not hold a Secret, its values are "secret".
func (o *overlay) environment(w workload) map[string]string {
	return environment(w.template.Spec.Containers[0], func(kind, name, key string) string {
		if kind == "ConfigMap" && o.configMaps[name] != nil {
			return o.configMaps[name].Data[key]
		}
		if s := o.secrets[name]; s != nil {
			return string(s.Data[key])
		}
		return "secret"
	}, func(_, name string) []string {
		if o.configMaps[name] == nil {
			return nil
		}
		return sortedKeys(o.configMaps[name].Data)
	})
}

// checkEnvironment wants variables that somebody reads, and those without which
// a service does not start.
func (o *overlay) checkEnvironment(h *house) []string {
	var findings []string
	for _, w := range o.ours() {
		env := o.environment(w)
		own := map[string]bool{} // beside those that all share
		for _, v := range w.template.Spec.Containers[0].Env {
			own[v.Name] = true
		}
		for name := range env {
			if !h.understands(w, name, own[name]) {
				findings = append(findings, fmt.Sprintf("%s: nobody there reads %s", w, name))
			}
		}
		for _, name := range h.required(w.service()) {
			if env[name] == "" {
				findings = append(findings, fmt.Sprintf("%s: %s is not set", w, name))
			}
		}
	}
	return findings
}

// understands reports whether a variable means something to a workload: to its
// own service where it is its own, to any where all share it.
func (h *house) understands(w workload, name string, own bool) bool {
	_, known := h.variables[name]
	switch {
	case known && own:
		return h.reads(w.service(), name)
	case known, slices.Contains(runtimeVariables, name), strings.HasPrefix(name, "OTEL_"):
		return true
	}
	for _, v := range w.template.Spec.Containers[0].Env { // part of another's value
		if strings.Contains(v.Value, "$("+name+")") {
			return true
		}
	}
	return false
}

// required returns the variables that a service cannot do without, or that
// differ from replica to replica unless they are given.
func (h *house) required(service string) []string {
	if service == allInOne {
		return []string{"DATABASE_URL", "ACTIONPLANE_DATA_DIR", "ACTIONPLANE_OPS_ADDR"}
	}
	names := []string{"NATS_URL", "ACTIONPLANE_OPS_ADDR", "ACTIONPLANE_DRAIN_TIMEOUT"}
	needs := h.services[service]
	if needs.database {
		names = append(names, "DATABASE_URL")
	}
	if needs.cache {
		names = append(names, "REDIS_URL")
	}
	for _, name := range []string{"ACTIONPLANE_MASTER_KEY", "ACTIONPLANE_ADMIN_TOKEN"} {
		if h.reads(service, name) {
			names = append(names, name)
		}
	}
	return names
}

const (
	mib = 1 << 20
	// workersRoom is what a script worker has beside the heap of its script.
	workersRoom = 48 * mib
	// scriptMemory is the default of ACTIONPLANE_SCRIPT_MEMORY.
	scriptMemory = 128 * mib
)

// checkMemory wants garbage to be collected before the kernel does it, and room
// for all workers at once.
func (o *overlay) checkMemory(*house) []string {
	var findings []string
	for _, w := range o.ours() {
		env := o.environment(w)
		limit := w.template.Spec.Containers[0].Resources.Limits.Memory().Value()
		heap := atoi(env["ACTIONPLANE_GC_MEMORY"], 1024) * mib
		if heap > limit*9/10 {
			findings = append(findings, fmt.Sprintf("%s: ACTIONPLANE_GC_MEMORY is not well below the limit of memory", w))
		}
		if _, runs := env["ACTIONPLANE_SCRIPT_WORKERS"]; runs || w.service() == "scripts" {
			workers := atoi(env["ACTIONPLANE_SCRIPT_WORKERS"], 0)
			need := workers * (atoi(env["ACTIONPLANE_SCRIPT_MEMORY"], scriptMemory) + workersRoom)
			if workers == 0 || heap+need > limit {
				findings = append(findings, fmt.Sprintf("%s: its script workers, all busy, do not fit into its limit of memory", w))
			}
		}
	}
	return findings
}

const (
	// drainTimeout is the default of ACTIONPLANE_DRAIN_TIMEOUT.
	drainTimeout = 25 * time.Second
	// closing is what a process may take after it has drained.
	closing = 10 * time.Second
)

// checkStops wants enough time for an orderly end.
func (o *overlay) checkStops(*house) []string {
	var findings []string
	for _, w := range o.ours() {
		drain, err := time.ParseDuration(o.environment(w)["ACTIONPLANE_DRAIN_TIMEOUT"])
		if err != nil {
			drain = drainTimeout
		}
		pause := time.Duration(0)
		if l := w.template.Spec.Containers[0].Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
			pause = time.Duration(l.PreStop.Sleep.Seconds) * time.Second
		}
		if s := w.template.Spec.TerminationGracePeriodSeconds; s == nil || time.Duration(*s)*time.Second < pause+drain+closing {
			findings = append(findings, fmt.Sprintf("%s: is killed before it can have drained", w))
		}
	}
	return findings
}

// atoi reads a number that the process itself checks.
func atoi(text string, otherwise int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}
