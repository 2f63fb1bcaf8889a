package main

import (
	"fmt"
	"slices"
)

// checkCertificates wants certificates for the Secrets that are documented, from
// issuers that are there, and NATS's under every name by which it is asked.
func (o *overlay) checkCertificates(h *house) []string {
	var findings []string
	for _, c := range o.certificates {
		at := fmt.Sprintf("Certificate %s: ", c.Name)
		if _, there := h.secrets[c.Spec.SecretName]; !there {
			findings = append(findings, at+"makes the Secret "+c.Spec.SecretName+", which is not in the list")
		}
		issued := false
		for _, i := range o.issuers {
			issued = issued || i.Name == c.Spec.IssuerRef.Name && c.Spec.IssuerRef.Kind == "Issuer"
		}
		if !issued {
			findings = append(findings, at+"there is no Issuer "+c.Spec.IssuerRef.Name)
		}
		for _, name := range o.namesOf(c.Spec.SecretName) {
			if !slices.Contains(c.Spec.DNSNames, name) {
				findings = append(findings, at+"is not for "+name)
			}
		}
	}
	return findings
}

// namesOf returns the names by which clients know whoever shows the certificate
// in a Secret: its Services, and the pods of a StatefulSet by theirs.
func (o *overlay) namesOf(secret string) []string {
	var names []string
	for _, w := range o.workloads {
		shows := slices.ContainsFunc(w.references(), func(r reference) bool { return r.name == secret && r.key == "" })
		if !shows {
			continue
		}
		names = append(names, w.name)
		if w.kind == "StatefulSet" {
			names = append(names, w.name+"."+o.namespace.Name+".svc")
			for i := range o.leastReplicas(w) {
				names = append(names, fmt.Sprintf("%s-%d.%s", w.name, i, w.serviceName))
			}
		}
	}
	return names
}

// checkMonitors wants each of our pods to be scraped where anything is, under
// the name that dashboards ask for.
func (o *overlay) checkMonitors(*house) []string {
	var findings []string
	for _, m := range o.monitors {
		picked := o.selected(&m.Spec.Selector)
		for _, w := range o.ours() {
			if !slices.ContainsFunc(picked, func(p workload) bool { return p.name == w.name }) {
				findings = append(findings, fmt.Sprintf("PodMonitor %s: passes over %s", m.Name, w))
			}
			if w.template.Labels[m.Spec.JobLabel] != w.service() {
				findings = append(findings, fmt.Sprintf("PodMonitor %s: %s does not become a job of its name", m.Name, w))
			}
		}
		for _, w := range picked {
			for _, e := range m.Spec.PodMetricsEndpoints {
				if e.Port == nil {
					findings = append(findings, fmt.Sprintf("PodMonitor %s: names no port", m.Name))
					continue
				}
				for _, c := range w.template.Spec.Containers {
					if len(checkPort(c, portNamed(*e.Port))) > 0 {
						findings = append(findings, fmt.Sprintf("PodMonitor %s: %s has no port %s", m.Name, w, *e.Port))
					}
				}
			}
		}
	}
	return findings
}
