package main

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// callers of addresses that users name: targets, scripts, OIDC issuers.
var callers = []string{"access", "dispatch", "scripts", allInOne}

// conversation is what somebody must, or must not, be able to begin.
type conversation struct {
	from, to peer
	at       port
	wanted   bool
}

// checkNetwork holds the policies to what each has to do with whom: every pod to
// every port of every other, and with what lies outside.
func (o *overlay) checkNetwork(h *house) []string {
	var findings []string
	for _, c := range slices.Concat(o.inside(h), o.leaving(h), o.entering()) {
		if o.reaches(c.from, c.to, c.at) != c.wanted {
			verb := "cannot reach"
			if !c.wanted {
				verb = "can reach"
			}
			findings = append(findings, fmt.Sprintf("network policies: %s %s %s at %s %d", c.from.name, verb, c.to.name, c.at.protocol, c.at.number))
		}
	}
	return findings
}

// inside are all conversations between pods.
func (o *overlay) inside(h *house) []conversation {
	var all []conversation
	for _, from := range o.runs() {
		for _, to := range o.workloads {
			for name, number := range to.pod().ports {
				all = append(all, conversation{from.pod(), to.pod(), tcp(number), o.talks(h, from, to, name)})
			}
		}
	}
	return all
}

// talks says who has to do with whom.
func (o *overlay) talks(h *house, from, to workload, at string) bool {
	service := from.service()
	needs := h.needs(service)
	switch to.name + " " + at {
	case "nats client":
		return service != "" && service != allInOne
	case "nats cluster":
		return from.name == "nats"
	case "postgres postgres":
		return needs.database || service == allInOne
	case "redis redis":
		return needs.cache
	case "otel otlp":
		return service != "" && service != allInOne && service != backupJob
	case "gateway public", "allinone public": // a target like any other, for developers
		return o.forDevelopers() && slices.Contains(callers, service)
	}
	return false
}

// forDevelopers reports whether targets run in the same cluster.
func (o *overlay) forDevelopers() bool {
	return slices.Contains([]string{"dev", debugOverlay, allInOne}, o.name)
}

// leaving are conversations with what is outside of the namespace.
func (o *overlay) leaving(h *house) []conversation {
	const lan = "10.1.2.3"
	dns := stranger("the cluster's DNS", map[string]string{"kubernetes.io/metadata.name": "kube-system"}, map[string]string{"k8s-app": "kube-dns"})
	observability := stranger("observability", map[string]string{"kubernetes.io/metadata.name": "observability"}, nil)
	var all []conversation
	for _, w := range o.runs() {
		pod, service := w.pod(), w.service()
		needs, calls, ours := h.needs(service), slices.Contains(callers, service), service != ""
		mails := service == "approvals" || service == allInOne
		say := func(to peer, at port, wanted bool) { all = append(all, conversation{pod, to, at, wanted}) }
		say(dns, port{corev1.ProtocolUDP, 53}, true)
		say(outside("93.184.216.34"), tcp(443), calls)
		say(outside("2606:2800:220:1::1"), tcp(8443), calls)
		for _, hidden := range []string{"169.254.169.254", "fd00:ec2::254", lan, "172.20.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "::1"} {
			say(outside(hidden), tcp(80), false)
		}
		say(outside(lan), tcp(587), mails)
		say(outside("93.184.216.34"), tcp(587), mails || calls)
		say(outside(lan), tcp(5432), o.lacks("postgres") && needs.database)
		say(outside(lan), tcp(6379), o.lacks("redis") && needs.cache)
		say(outside(lan), tcp(4222), o.lacks("nats") && ours && service != allInOne)
		say(observability, tcp(4317), o.forDevelopers() && calls || !o.forDevelopers() && ours && service != backupJob)
	}
	return all
}

// lacks reports whether a store is outside of the namespace.
func (o *overlay) lacks(store string) bool {
	return !o.forDevelopers() && !slices.ContainsFunc(o.workloads, func(w workload) bool { return w.name == store })
}

// entering are conversations that others begin.
func (o *overlay) entering() []conversation {
	anybody := stranger("another namespace", map[string]string{}, nil)
	ingress := stranger("the ingress", map[string]string{"actionplane.dev/ingress": "true"}, nil)
	monitoring := stranger("monitoring", map[string]string{"actionplane.dev/monitoring": "true"}, nil)
	internal := stranger("an internal service", map[string]string{"actionplane.dev/nats": "client"}, nil)
	nobody := peer{name: "a pod of nobody's", pod: map[string]string{}}
	all := []conversation{{nobody, outside("93.184.216.34"), tcp(443), false}, {monitoring, nobody, tcp(9090), false}}
	for _, to := range o.workloads {
		for name, number := range to.pod().ports {
			all = append(all, conversation{nobody, to.pod(), tcp(number), false})
			say := func(from peer, wanted bool) { all = append(all, conversation{from, to.pod(), tcp(number), wanted}) }
			public := name == "public"
			say(anybody, public && o.forDevelopers())
			say(ingress, public)
			say(monitoring, public && o.forDevelopers() || name == "ops" || to.name == "otel" && name == "metrics")
			say(internal, public && o.forDevelopers() || to.name == "nats" && name == "client")
		}
	}
	return all
}

func tcp(number int32) port { return port{corev1.ProtocolTCP, number} }
