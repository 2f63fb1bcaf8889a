package main

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// reference is what a pod reads from a ConfigMap or a Secret.
type reference struct {
	kind, name string
	key        string // "": all of it
	optional   bool
}

// references returns what a workload reads.
func (w workload) references() []reference {
	var all []reference
	for _, c := range w.template.Spec.Containers {
		for _, from := range c.EnvFrom {
			if from.ConfigMapRef != nil {
				all = append(all, reference{kind: "ConfigMap", name: from.ConfigMapRef.Name, optional: isTrue(from.ConfigMapRef.Optional)})
			}
			if from.SecretRef != nil {
				all = append(all, reference{kind: "Secret", name: from.SecretRef.Name, optional: isTrue(from.SecretRef.Optional)})
			}
		}
		for _, v := range c.Env {
			if v.ValueFrom == nil {
				continue
			}
			if r := v.ValueFrom.ConfigMapKeyRef; r != nil {
				all = append(all, reference{"ConfigMap", r.Name, r.Key, isTrue(r.Optional)})
			}
			if r := v.ValueFrom.SecretKeyRef; r != nil {
				all = append(all, reference{"Secret", r.Name, r.Key, isTrue(r.Optional)})
			}
		}
	}
	for _, v := range w.template.Spec.Volumes {
		all = append(all, mounted(v)...)
	}
	return all
}

// mounted returns what a volume shows.
func mounted(v corev1.Volume) []reference {
	var r reference
	var items []corev1.KeyToPath
	switch {
	case v.ConfigMap != nil:
		r, items = reference{kind: "ConfigMap", name: v.ConfigMap.Name, optional: isTrue(v.ConfigMap.Optional)}, v.ConfigMap.Items
	case v.Secret != nil:
		r, items = reference{kind: "Secret", name: v.Secret.SecretName, optional: isTrue(v.Secret.Optional)}, v.Secret.Items
	default:
		return nil
	}
	if len(items) == 0 {
		return []reference{r}
	}
	var all []reference
	for _, item := range items {
		r.key = item.Key
		all = append(all, r)
	}
	return all
}

func isTrue(b *bool) bool { return b != nil && *b }

// checkReferences wants whatever a pod refers to to be there, or to be in the
// list of what an operator makes.
func (o *overlay) checkReferences(h *house) []string {
	var findings []string
	for _, w := range o.runs() {
		for _, r := range w.references() {
			keys, there := o.keys(h, r)
			if (!there || r.key != "" && !slices.Contains(keys, r.key)) && !r.optional {
				findings = append(findings, fmt.Sprintf("%s: there is no %s in %s %s", w, r.key, r.kind, r.name))
			}
		}
		findings = append(findings, w.checkMounts()...)
		findings = append(findings, o.checkClaims(w)...)
		findings = append(findings, o.checkAccount(w)...)
	}
	return findings
}

// checkClaims wants the claims of volumes to be there.
func (o *overlay) checkClaims(w workload) []string {
	var findings []string
	for _, v := range w.template.Spec.Volumes {
		if c := v.PersistentVolumeClaim; c != nil && o.claims[c.ClaimName] == nil {
			findings = append(findings, fmt.Sprintf("%s: there is no PersistentVolumeClaim %s", w, c.ClaimName))
		}
	}
	return findings
}

// keys returns what a ConfigMap or Secret holds.
func (o *overlay) keys(h *house, r reference) (keys []string, there bool) {
	if r.kind == "ConfigMap" {
		m, there := o.configMaps[r.name]
		if there {
			keys = append(sortedKeys(m.Data), sortedKeys(m.BinaryData)...)
		}
		return keys, there
	}
	if s, there := o.secrets[r.name]; there {
		return secretKeys(s), true
	}
	keys, there = h.secrets[r.name]
	return keys, there
}

func secretKeys(s *corev1.Secret) []string {
	return append(sortedKeys(s.Data), sortedKeys(s.StringData)...)
}

// checkMounts wants volumes to be mounted, and mounts to have volumes.
func (w workload) checkMounts() []string {
	var findings []string
	volumes, used := map[string]bool{}, map[string]bool{}
	for _, v := range w.template.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, claim := range w.claims {
		volumes[claim.Name] = true
	}
	for _, c := range w.template.Spec.Containers {
		for _, m := range c.VolumeMounts {
			used[m.Name] = true
			if !volumes[m.Name] {
				findings = append(findings, fmt.Sprintf("%s: mounts %s, which is no volume of it", w, m.Name))
			}
		}
	}
	for name := range volumes {
		if !used[name] {
			findings = append(findings, fmt.Sprintf("%s: nothing mounts the volume %s", w, name))
		}
	}
	return findings
}

// checkAccount wants each service to be somebody, with no rights at all.
func (o *overlay) checkAccount(w workload) []string {
	name := w.template.Spec.ServiceAccountName
	if name == "" {
		return nil
	}
	for _, a := range o.accounts {
		if a.Name == name && a.AutomountServiceAccountToken != nil && !*a.AutomountServiceAccountToken {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: there is no ServiceAccount %s without a token", w, name)}
}
