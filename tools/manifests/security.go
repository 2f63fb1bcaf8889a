package main

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

const enforceLabel = "pod-security.kubernetes.io/enforce"

// checkSecurity holds pods to the restricted level of Kubernetes' Pod Security
// Standards, which the namespace is to enforce, and to a read-only root.
func (o *overlay) checkSecurity(*house) []string {
	var findings []string
	level := "restricted"
	if o.name == debugOverlay {
		level = "baseline"
	}
	if o.namespace == nil || o.namespace.Labels[enforceLabel] != level {
		findings = append(findings, fmt.Sprintf("the namespace does not enforce the level %s", level))
	}
	for _, w := range o.runs() {
		for _, f := range checkPod(w) {
			findings = append(findings, w.String()+": "+f)
		}
		for _, c := range w.template.Spec.Containers {
			debugged := o.name == debugOverlay && w.service() != ""
			for _, f := range checkContainer(c, debugged) {
				findings = append(findings, fmt.Sprintf("%s: container %s: %s", w, c.Name, f))
			}
		}
	}
	return findings
}

func checkPod(w workload) []string {
	var findings []string
	spec := w.template.Spec
	breach := func(yes bool, text string) {
		if yes {
			findings = append(findings, text)
		}
	}
	breach(spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken, "mounts a token of the API server")
	breach(spec.EnableServiceLinks == nil || *spec.EnableServiceLinks, "gets variables of the namespace's Services")
	breach(spec.HostNetwork || spec.HostPID || spec.HostIPC, "shares something with its node")
	s := spec.SecurityContext
	if s == nil {
		return append(findings, "has no security context")
	}
	breach(s.RunAsNonRoot == nil || !*s.RunAsNonRoot, "may run as root")
	breach(s.RunAsUser == nil || *s.RunAsUser == 0, "names no user")
	breach(s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault, "has no seccomp profile")
	for _, v := range spec.Volumes {
		kept := v.PersistentVolumeClaim != nil && w.kind == "CronJob" // other volumes are of claims of their own
		breach(v.ConfigMap == nil && v.Secret == nil && v.EmptyDir == nil && !kept, fmt.Sprintf("volume %s is of a kind that nothing needs", v.Name))
		breach(v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil, fmt.Sprintf("volume %s may fill the node", v.Name))
	}
	return findings
}

func checkContainer(c corev1.Container, debugged bool) []string {
	s := c.SecurityContext
	if s == nil {
		return []string{"has no security context"}
	}
	var findings []string
	breach := func(yes bool, text string) {
		if yes {
			findings = append(findings, text)
		}
	}
	breach(s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation, "may gain privileges")
	breach(s.Privileged != nil && *s.Privileged, "is privileged")
	breach(s.RunAsUser != nil || s.RunAsNonRoot != nil || s.SeccompProfile != nil, "overrules its pod's security context")
	breach(s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0, "keeps capabilities")
	breach((s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem) && !debugged, "may write to its image")
	for _, p := range c.Ports {
		breach(p.HostPort != 0, "takes a port of its node")
	}
	return findings
}
