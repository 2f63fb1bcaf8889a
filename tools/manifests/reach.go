package main

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// peer is one end of a conversation: a pod of ours, a pod of another namespace,
// or an address outside of the cluster.
type peer struct {
	name      string
	pod       map[string]string // its labels
	namespace map[string]string // labels of its namespace; nil: ours
	addr      netip.Addr        // valid: outside of the cluster
	ports     map[string]int32  // of a pod, by name
}

func (p peer) ours() bool { return !p.addr.IsValid() && p.namespace == nil }

// port is what somebody is asked at.
type port struct {
	protocol corev1.Protocol
	number   int32
}

// reaches decides, as a network plugin does, whether one peer may connect to
// another: a pod that a policy picks for a direction may do in that direction
// what any of those policies lets through, a pod that none picks may do all.
func (o *overlay) reaches(from, to peer, at port) bool {
	return o.admits(networkingv1.PolicyTypeEgress, from, to, to, at) && o.admits(networkingv1.PolicyTypeIngress, to, from, to, at)
}

// admits looks at one end, self, and whether it may talk with the other.
func (o *overlay) admits(direction networkingv1.PolicyType, self, other, server peer, at port) bool {
	if !self.ours() {
		return true // not for our policies to say
	}
	picked := false
	for _, policy := range o.policies {
		if !hasType(policy, direction) || !selects(&policy.Spec.PodSelector, self.pod) {
			continue
		}
		picked = true
		for _, r := range rulesOf(policy, direction) {
			if (len(r.peers) == 0 || anyPeer(r.peers, other)) && (len(r.ports) == 0 || anyPort(r.ports, server, at)) {
				return true
			}
		}
	}
	return !picked
}

func hasType(p *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	for _, t := range p.Spec.PolicyTypes {
		if t == direction {
			return true
		}
	}
	return false
}

// policyRule is an ingress or egress rule, which differ in one word.
type policyRule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func rulesOf(p *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []policyRule {
	var all []policyRule
	if direction == networkingv1.PolicyTypeIngress {
		for _, r := range p.Spec.Ingress {
			all = append(all, policyRule{r.From, r.Ports})
		}
		return all
	}
	for _, r := range p.Spec.Egress {
		all = append(all, policyRule{r.To, r.Ports})
	}
	return all
}

func anyPeer(peers []networkingv1.NetworkPolicyPeer, other peer) bool {
	for _, p := range peers {
		if isPeer(p, other) {
			return true
		}
	}
	return false
}

func isPeer(p networkingv1.NetworkPolicyPeer, other peer) bool {
	if p.IPBlock != nil {
		return other.addr.IsValid() && inBlock(p.IPBlock, other.addr)
	}
	if other.addr.IsValid() {
		return false
	}
	namespace := p.NamespaceSelector == nil && other.ours() ||
		p.NamespaceSelector != nil && selects(p.NamespaceSelector, other.namespace)
	return namespace && (p.PodSelector == nil || selects(p.PodSelector, other.pod))
}

func inBlock(b *networkingv1.IPBlock, addr netip.Addr) bool {
	prefix, err := netip.ParsePrefix(b.CIDR)
	if err != nil || !prefix.Contains(addr) {
		return false
	}
	for _, except := range b.Except {
		if p, err := netip.ParsePrefix(except); err != nil || p.Contains(addr) {
			return false
		}
	}
	return true
}

func anyPort(ports []networkingv1.NetworkPolicyPort, server peer, at port) bool {
	for _, p := range ports {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		if protocol == at.protocol && (p.Port == nil || isPort(*p.Port, server, at.number)) {
			return true
		}
	}
	return false
}

func isPort(p intstr.IntOrString, server peer, number int32) bool {
	if p.Type == intstr.String {
		return server.ports[p.StrVal] == number
	}
	return p.IntVal == number
}

// pod returns the peer that a workload's pods are.
func (w workload) pod() peer {
	p := peer{name: w.name, pod: w.template.Labels, ports: map[string]int32{}}
	for _, c := range w.template.Spec.Containers {
		for _, listens := range c.Ports {
			p.ports[listens.Name] = listens.ContainerPort
		}
	}
	return p
}

// stranger is a pod of another namespace with labels.
func stranger(name string, namespace, pod map[string]string) peer {
	namespace[metav1.NamespaceDefault] = "" // not nil: not ours
	return peer{name: name, namespace: namespace, pod: pod}
}

// outside is an address.
func outside(addr string) peer { return peer{name: addr, addr: netip.MustParseAddr(addr)} }
