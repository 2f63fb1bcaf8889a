package main

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	// databaseConnections is how many connections a service's pool may hold.
	databaseConnections = "ACTIONPLANE_DATABASE_CONNECTIONS"
	// maxConnections is Postgres' own name for how many it takes.
	maxConnections = "max_connections="
	// postgresDefault is how many it takes untold.
	postgresDefault = 100
	// spareConnections are those that Postgres keeps for superusers (3), and
	// those of backups, of exporters and of people.
	spareConnections = 20
)

// checkConnections wants every Postgres of ours to do for any of the overlays:
// components are put together anew, and autoscalers go to their ends.
func checkConnections(h *house, overlays []*overlay) []string {
	most := mostConnections(h, overlays)
	var findings []string
	for _, o := range overlays {
		for _, w := range o.workloads {
			c := w.template.Spec.Containers[0]
			for _, f := range checkPostgres(c.Image, c.Args, most) {
				findings = append(findings, fmt.Sprintf("%s/%s: %s: %s", overlaysDir, o.name, w, f))
			}
		}
	}
	return findings
}

// checkPostgres holds a container to connections where it is a Postgres.
func checkPostgres(image string, args []string, connections int64) []string {
	if name, _, _ := strings.Cut(image, ":"); name != "postgres" {
		return nil
	}
	takes := int64(postgresDefault)
	for _, arg := range args {
		if number, found := strings.CutPrefix(arg, maxConnections); found {
			takes = atoi(number, 0)
		}
	}
	if takes >= connections+spareConnections {
		return nil
	}
	return []string{fmt.Sprintf("takes %d connections, while services may open %d and %d are for tools", takes, connections, spareConnections)}
}

// mostConnections is the largest sum of an overlay.
func mostConnections(h *house, overlays []*overlay) int64 {
	var most int64
	for _, o := range overlays {
		most = max(most, o.connections(h))
	}
	return most
}

// connections is how many all pods of the overlay may hold at once: autoscalers at
// their ends, and everything being updated.
func (o *overlay) connections(h *house) int64 {
	var sum int64
	for _, w := range o.ours() {
		each := atoi(o.environment(w)[databaseConnections], atoi(h.variables[databaseConnections].fallback, 0))
		sum += int64(o.mostPods(w)) * int64(h.pools(w.service())) * each
	}
	return sum
}

// pools returns how many pools a process of the service has: one for each service
// with tables in it.
func (h *house) pools(service string) int {
	n := 0
	for name, needs := range h.services {
		if needs.database && (service == name || service == allInOne) {
			n++
		}
	}
	return n
}

// mostPods returns how many pods a workload has at most.
func (o *overlay) mostPods(w workload) int {
	replicas := int(o.leastReplicas(w))
	for _, s := range o.scalers {
		if s.Spec.ScaleTargetRef.Name == w.name {
			replicas = int(s.Spec.MaxReplicas)
		}
	}
	if w.surge == nil {
		return replicas
	}
	more, err := intstr.GetScaledValueFromIntOrPercent(w.surge, replicas, true)
	if err != nil { // Kubernetes would not take it
		return replicas
	}
	return replicas + more
}

// surge returns by how many pods more than asked for a Deployment may have.
func surge(s appsv1.DeploymentStrategy) *intstr.IntOrString {
	if s.Type == appsv1.RecreateDeploymentStrategyType {
		return nil
	}
	if s.RollingUpdate == nil || s.RollingUpdate.MaxSurge == nil {
		quarter := intstr.FromString("25%")
		return &quarter
	}
	return s.RollingUpdate.MaxSurge
}
