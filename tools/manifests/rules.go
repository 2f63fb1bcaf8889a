package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// The alerts, and the same as the Prometheus operator's own kind.
const (
	alertsFile = "deploy/prometheus/alerts.yaml"
	rulesFile  = "deploy/k8s/components/monitoring/rules.yaml"
)

const rulesHead = `# The alerts of deploy/prometheus/alerts.yaml. Written by: make generate-manifests
`

// rules returns the alerts as a PrometheusRule.
func rules(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, alertsFile))
	if err != nil {
		return nil, err
	}
	var alerts map[string]any
	if err := yaml.UnmarshalStrict(text, &alerts); err != nil {
		return nil, fmt.Errorf("%s: %w", alertsFile, err)
	}
	out, err := yaml.Marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
		"metadata": map[string]any{"name": "actionplane", "labels": map[string]string{"app.kubernetes.io/part-of": "actionplane"}},
		"spec":     alerts,
	})
	return append([]byte(rulesHead), out...), err
}

func writeRules(root string) error {
	text, err := rules(root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, rulesFile), text, 0o644)
}

// checkRules wants both to be the same.
func checkRules(root string) ([]string, error) {
	want, err := rules(root)
	if err != nil {
		return nil, err
	}
	have, err := os.ReadFile(filepath.Join(root, rulesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if !bytes.Equal(want, have) {
		return []string{rulesFile + ": is not what " + alertsFile + " says: make generate-manifests"}, nil
	}
	return nil, nil
}

// checkDashboards wants every dashboard to be in a ConfigMap wherever alerts are.
func checkDashboards(h *house, overlays []*overlay) ([]string, error) {
	files, err := filepath.Glob(h.path("deploy", "grafana", "dashboards", "*.json"))
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, o := range overlays {
		if len(o.rules) == 0 {
			continue
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if !o.holds(filepath.Base(file), string(text)) {
				findings = append(findings, fmt.Sprintf("%s/%s: lacks the dashboard %s", overlaysDir, o.name, filepath.Base(file)))
			}
		}
	}
	return findings, nil
}

// holds reports whether a ConfigMap holds a file, for Grafana.
func (o *overlay) holds(name, text string) bool {
	for _, m := range o.configMaps {
		if m.Labels["grafana_dashboard"] == "1" && m.Data[name] == text {
			return true
		}
	}
	return false
}
