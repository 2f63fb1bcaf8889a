package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

const collectorFile = "deploy/otel/collector.yaml"

// collector is the outline of an OpenTelemetry collector's configuration; what
// a component may be told only the component knows.
type collector struct {
	Receivers, Processors, Exporters, Extensions, Connectors map[string]any
	Service                                                  struct {
		Extensions []string
		Telemetry  map[string]any
		Pipelines  map[string]struct{ Receivers, Processors, Exporters []string }
	}
}

// checkCollector wants pipelines of components that there are, and no component
// outside of them.
func checkCollector(h *house) ([]string, error) {
	text, err := os.ReadFile(h.path(collectorFile))
	if err != nil {
		return nil, err
	}
	var c collector
	if err := yaml.UnmarshalStrict(text, &c); err != nil {
		return []string{collectorFile + ": " + err.Error()}, nil //nolint:nilerr // what is wrong with the file is a finding
	}
	used := map[string][]string{"extension": c.Service.Extensions}
	for _, p := range c.Service.Pipelines {
		used["receiver"] = append(used["receiver"], p.Receivers...)
		used["processor"] = append(used["processor"], p.Processors...)
		used["exporter"] = append(used["exporter"], p.Exporters...)
	}
	var findings []string
	for kind, there := range map[string]map[string]any{
		"receiver": c.Receivers, "processor": c.Processors, "exporter": c.Exporters, "extension": c.Extensions,
	} {
		for _, name := range used[kind] {
			if _, ok := there[name]; !ok && !strings.HasPrefix(name, "${env:") {
				findings = append(findings, fmt.Sprintf("%s: there is no %s %s", collectorFile, kind, name))
			}
		}
		chosen := slices.ContainsFunc(used[kind], func(name string) bool { return strings.HasPrefix(name, "${env:") })
		for name := range there {
			if !slices.Contains(used[kind], name) && !chosen {
				findings = append(findings, fmt.Sprintf("%s: nothing uses the %s %s", collectorFile, kind, name))
			}
		}
	}
	return findings, nil
}
