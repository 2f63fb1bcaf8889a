package main

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// selects reports whether a selector is true of labels; one that cannot be read
// is of none.
func selects(s *metav1.LabelSelector, of map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(labels.Set(of))
}

// selected returns the workloads whose pods a selector picks.
func (o *overlay) selected(s *metav1.LabelSelector) []workload {
	var found []workload
	for _, w := range o.workloads {
		if selects(s, w.template.Labels) {
			found = append(found, w)
		}
	}
	return found
}

// checkSelections wants Services, budgets and workloads to find their pods.
func (o *overlay) checkSelections(*house) []string {
	var findings []string
	for _, w := range o.workloads {
		if others := o.selected(w.selector); len(others) != 1 || others[0].name != w.name {
			findings = append(findings, fmt.Sprintf("%s: its selector picks the pods of %v", w, others))
		}
		if w.kind == "StatefulSet" && !slices.ContainsFunc(o.services, func(s *corev1.Service) bool { return s.Name == w.serviceName }) {
			findings = append(findings, fmt.Sprintf("%s: there is no Service %s", w, w.serviceName))
		}
	}
	for _, s := range o.services {
		picked := o.selected(&metav1.LabelSelector{MatchLabels: s.Spec.Selector})
		if len(picked) != 1 {
			findings = append(findings, fmt.Sprintf("Service %s: picks the pods of %v", s.Name, picked))
			continue
		}
		for _, p := range s.Spec.Ports {
			for _, f := range checkPort(picked[0].template.Spec.Containers[0], p.TargetPort) {
				findings = append(findings, fmt.Sprintf("Service %s: %s", s.Name, f))
			}
		}
	}
	return append(findings, o.checkBudgets()...)
}

// checkBudgets wants a budget for whatever has replicas, and none that blocks
// the draining of a node for good.
func (o *overlay) checkBudgets() []string {
	var findings []string
	guarded := map[string]int{}
	for _, b := range o.budgets {
		picked := o.selected(b.Spec.Selector)
		if len(picked) != 1 {
			findings = append(findings, fmt.Sprintf("PodDisruptionBudget %s: picks the pods of %v", b.Name, picked))
		}
		for _, w := range picked {
			guarded[w.name]++
		}
		if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntValue() != 1 {
			findings = append(findings, fmt.Sprintf("PodDisruptionBudget %s: does not let one pod go at a time", b.Name))
		}
	}
	for _, w := range o.workloads {
		if n := o.leastReplicas(w); n > 1 && guarded[w.name] != 1 {
			findings = append(findings, fmt.Sprintf("%s: %d replicas have %d budgets", w, n, guarded[w.name]))
		}
	}
	return findings
}

// leastReplicas returns how many replicas a workload has at least.
func (o *overlay) leastReplicas(w workload) int32 {
	for _, s := range o.scalers {
		if s.Spec.ScaleTargetRef.Name == w.name && s.Spec.MinReplicas != nil {
			return *s.Spec.MinReplicas
		}
	}
	if w.replicas == nil {
		return 1
	}
	return *w.replicas
}
