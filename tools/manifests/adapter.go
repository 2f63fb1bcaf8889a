package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

const adapterFile = "deploy/k8s/components/autoscaling/adapter.yaml"

// adapter is what we use of prometheus-adapter's configuration
// (sigs.k8s.io/prometheus-adapter/pkg/config), whose module drags a whole API
// server along.
type adapter struct {
	ExternalRules []struct {
		SeriesQuery  string `json:"seriesQuery"`
		MetricsQuery string `json:"metricsQuery"`
		Resources    struct {
			Overrides map[string]struct {
				Resource string `json:"resource"`
			} `json:"overrides"`
		} `json:"resources"`
	} `json:"externalRules"`
}

// checkAdapter wants a rule for the one external metric.
func checkAdapter(root string) ([]string, error) {
	text, err := os.ReadFile(root + "/" + adapterFile)
	if err != nil {
		return nil, err
	}
	var a adapter
	if err := yaml.UnmarshalStrict(text, &a); err != nil {
		return []string{fmt.Sprintf("%s: %v", adapterFile, err)}, nil
	}
	for _, r := range a.ExternalRules {
		if strings.Contains(r.SeriesQuery, lagMetric) && strings.Contains(r.MetricsQuery, "<<.LabelMatchers>>") && r.Resources.Overrides["namespace"].Resource == "namespace" {
			return nil, nil
		}
	}
	return []string{adapterFile + ": does not answer for " + lagMetric}, nil
}
