package main

import (
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// lagMetric is what consumers are scaled by; the adapter answers for it.
const lagMetric = "actionplane_consumer_lag"

// consumer is somebody's progress through a stream.
type consumer struct{ stream, name string }

// workers say who works a stream off, by the consumer whose lag there is. That of
// EVENTS is called after who did so before (proto/contract).
var workers = map[consumer]string{{"EVENTS", "executions"}: "dispatch"}

// checkScalers wants autoscalers to scale what is there, by what is measured,
// and nobody else to say how many replicas there are.
func (o *overlay) checkScalers(*house) []string {
	var findings []string
	for _, s := range o.scalers {
		at := fmt.Sprintf("HorizontalPodAutoscaler %s: ", s.Name)
		i := slices.IndexFunc(o.workloads, func(w workload) bool {
			return w.kind == s.Spec.ScaleTargetRef.Kind && w.name == s.Spec.ScaleTargetRef.Name
		})
		if i < 0 {
			findings = append(findings, at+"scales nothing that is there")
			continue
		}
		if o.workloads[i].replicas != nil {
			findings = append(findings, at+"its target says itself how many replicas it has")
		}
		if s.Spec.MinReplicas == nil || *s.Spec.MinReplicas < 2 || s.Spec.MaxReplicas <= *s.Spec.MinReplicas {
			findings = append(findings, at+"does not keep two replicas, or scales nothing")
		}
		for _, m := range s.Spec.Metrics {
			findings = append(findings, checkMetric(at, s, m)...)
		}
	}
	return findings
}

func checkMetric(at string, s *autoscalingv2.HorizontalPodAutoscaler, m autoscalingv2.MetricSpec) []string {
	switch {
	case m.Resource != nil && m.Resource.Target.AverageUtilization != nil:
		return nil
	case m.External != nil && m.External.Metric.Name == lagMetric && m.External.Metric.Selector != nil && m.External.Target.AverageValue != nil:
		labels := m.External.Metric.Selector.MatchLabels
		if workers[consumer{labels["stream"], labels["consumer"]}] == s.Spec.ScaleTargetRef.Name {
			return nil
		}
		return []string{fmt.Sprintf("%sscales by the lag of %v, which is not its own", at, labels)}
	}
	return []string{at + "scales by a metric that nobody gives"}
}
