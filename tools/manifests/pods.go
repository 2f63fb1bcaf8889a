package main

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// debugOverlay is the one that a debugger is brought into.
const debugOverlay = "debug"

// checkPods holds every container to probes that reach it, and to resources.
func (o *overlay) checkPods(*house) []string {
	var findings []string
	for _, w := range o.workloads {
		spec := w.template.Spec
		for _, c := range spec.Containers {
			at := fmt.Sprintf("%s: container %s: ", w, c.Name)
			for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
				for _, f := range checkProbe(c, probe) {
					findings = append(findings, at+name+" probe: "+f)
				}
			}
			for _, f := range checkResources(c) {
				findings = append(findings, at+f)
			}
		}
		if len(spec.InitContainers) > 0 {
			findings = append(findings, w.String()+": has init containers, which nothing here looks at")
		}
	}
	return findings
}

func checkProbe(c corev1.Container, p *corev1.Probe) []string {
	switch {
	case p == nil:
		return []string{"is missing"}
	case p.HTTPGet != nil:
		return checkPort(c, p.HTTPGet.Port)
	case p.TCPSocket != nil:
		return checkPort(c, p.TCPSocket.Port)
	case p.Exec == nil || len(p.Exec.Command) == 0:
		return []string{"asks nothing"}
	}
	return nil
}

// portNamed is a reference to a port.
func portNamed(name string) intstr.IntOrString { return intstr.FromString(name) }

// checkPort wants a name that the container gives to one of its ports.
func checkPort(c corev1.Container, port intstr.IntOrString) []string {
	if slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.String() }) {
		return nil
	}
	return []string{fmt.Sprintf("the container has no port named %s", port.String())}
}

func checkResources(c corev1.Container) []string {
	var findings []string
	if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() {
		findings = append(findings, "requests no CPU or no memory")
	}
	if c.Resources.Limits.Memory().IsZero() {
		findings = append(findings, "has no limit of memory")
	}
	if c.Resources.Requests.Memory().Cmp(*c.Resources.Limits.Memory()) > 0 {
		findings = append(findings, "requests more memory than it may have")
	}
	return findings
}

// checkImages wants every image to be a certain one. Those of our own have no
// tag in the overlays for developers, where skaffold fills in what it has built.
func (o *overlay) checkImages(h *house) []string {
	var findings []string
	for _, w := range o.runs() {
		for _, c := range w.template.Spec.Containers {
			name, tag, pinned := strings.Cut(c.Image, ":")
			service, built := strings.CutPrefix(name, "actionplane/")
			switch {
			case pinned && tag != "latest":
			case !pinned && built && (service == allInOne || service == backupJob || slices.Contains(h.names(), service)):
			default:
				findings = append(findings, fmt.Sprintf("%s: image %s is not pinned", w, c.Image))
			}
		}
	}
	return findings
}
