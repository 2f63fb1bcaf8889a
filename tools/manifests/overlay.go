package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	certificates "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// overlay is one of deploy/k8s/overlays, built.
type overlay struct {
	name string
	text []byte // all documents

	namespace    *corev1.Namespace
	workloads    []workload
	jobs         []*batchv1.CronJob
	claims       map[string]*corev1.PersistentVolumeClaim
	services     []*corev1.Service
	accounts     []*corev1.ServiceAccount
	configMaps   map[string]*corev1.ConfigMap
	secrets      map[string]*corev1.Secret
	budgets      []*policyv1.PodDisruptionBudget
	scalers      []*autoscalingv2.HorizontalPodAutoscaler
	policies     []*networkingv1.NetworkPolicy
	certificates []*certificates.Certificate
	issuers      []*certificates.Issuer
	monitors     []*monitoring.PodMonitor
	rules        []*monitoring.PrometheusRule
}

// workload is a Deployment, a StatefulSet, or what a CronJob starts.
type workload struct {
	kind, name  string
	labels      map[string]string
	replicas    *int32
	surge       *intstr.IntOrString // of a Deployment, by how many more there are while it is updated; nil: none
	selector    *metav1.LabelSelector
	template    corev1.PodTemplateSpec
	serviceName string // of a StatefulSet
	claims      []corev1.PersistentVolumeClaim
}

// overlaysDir is where they are, from the root.
const overlaysDir = "deploy/k8s/overlays"

func renderAll(root string) ([]*overlay, error) {
	entries, err := os.ReadDir(filepath.Join(root, overlaysDir))
	if err != nil {
		return nil, err
	}
	var all []*overlay
	for _, e := range entries {
		o, err := render(root, e.Name())
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", overlaysDir, e.Name(), err)
		}
		all = append(all, o)
	}
	return all, nil
}

// render builds an overlay as `kubectl kustomize` does.
func render(root, name string) (*overlay, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, overlaysDir, name))
	if err != nil {
		return nil, err
	}
	text, err := built.AsYaml()
	if err != nil {
		return nil, err
	}
	return parse(name, text)
}

func parse(name string, text []byte) (*overlay, error) {
	objects, err := decode(text)
	if err != nil {
		return nil, err
	}
	o := &overlay{name: name, text: text, configMaps: map[string]*corev1.ConfigMap{}, secrets: map[string]*corev1.Secret{}, claims: map[string]*corev1.PersistentVolumeClaim{}}
	for _, object := range objects {
		if err := o.add(object); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *overlay) add(object runtime.Object) error {
	switch v := object.(type) {
	case *corev1.Namespace:
		o.namespace = v
	case *appsv1.Deployment:
		o.workloads = append(o.workloads, workload{
			kind: "Deployment", name: v.Name, labels: v.Labels, replicas: v.Spec.Replicas, selector: v.Spec.Selector, template: v.Spec.Template,
			surge: surge(v.Spec.Strategy),
		})
	case *appsv1.StatefulSet:
		o.workloads = append(o.workloads, workload{
			kind: "StatefulSet", name: v.Name, labels: v.Labels, replicas: v.Spec.Replicas, selector: v.Spec.Selector, template: v.Spec.Template,
			serviceName: v.Spec.ServiceName, claims: v.Spec.VolumeClaimTemplates,
		})
	case *batchv1.CronJob:
		o.jobs = append(o.jobs, v)
	case *corev1.PersistentVolumeClaim:
		o.claims[v.Name] = v
	case *corev1.Service:
		o.services = append(o.services, v)
	case *corev1.ServiceAccount:
		o.accounts = append(o.accounts, v)
	case *corev1.ConfigMap:
		o.configMaps[v.Name] = v
	case *corev1.Secret:
		o.secrets[v.Name] = v
	case *policyv1.PodDisruptionBudget:
		o.budgets = append(o.budgets, v)
	case *autoscalingv2.HorizontalPodAutoscaler:
		o.scalers = append(o.scalers, v)
	case *networkingv1.NetworkPolicy:
		o.policies = append(o.policies, v)
	default:
		return o.addForeign(object)
	}
	return nil
}

// addForeign adds what is not Kubernetes' own.
func (o *overlay) addForeign(object runtime.Object) error {
	switch v := object.(type) {
	case *certificates.Certificate:
		o.certificates = append(o.certificates, v)
	case *certificates.Issuer:
		o.issuers = append(o.issuers, v)
	case *monitoring.PodMonitor:
		o.monitors = append(o.monitors, v)
	case *monitoring.PrometheusRule:
		o.rules = append(o.rules, v)
	default:
		return fmt.Errorf("%T is not among the kinds that we deploy", object)
	}
	return nil
}

// check returns every breach in the overlay.
func (o *overlay) check(h *house) []string {
	var findings []string
	for _, look := range []func(*house) []string{
		o.checkSet, o.checkSecurity, o.checkPods, o.checkJobs, o.checkBackup, o.checkImages, o.checkReferences, o.checkEnvironment,
		o.checkMemory, o.checkStops, o.checkEventsLimit, o.checkSelections, o.checkScalers, o.checkCertificates, o.checkMonitors, o.checkNetwork,
	} {
		for _, finding := range look(h) {
			findings = append(findings, fmt.Sprintf("%s/%s: %s", overlaysDir, o.name, finding))
		}
	}
	return findings
}

// checkSet holds the workloads of ours to the services that there are.
func (o *overlay) checkSet(h *house) []string {
	var have []string
	for _, w := range o.ours() {
		have = append(have, w.service())
	}
	slices.Sort(have)
	if slices.Equal(have, []string{allInOne}) || slices.Equal(have, h.names()) {
		return nil
	}
	return []string{fmt.Sprintf("deploys %v, and the services are %v", have, h.names())}
}

// ours returns the workloads that run our images.
func (o *overlay) ours() []workload {
	var ours []workload
	for _, w := range o.workloads {
		if w.service() != "" {
			ours = append(ours, w)
		}
	}
	return ours
}

// runs returns all that runs: workloads, and what CronJobs start.
func (o *overlay) runs() []workload {
	all := slices.Clone(o.workloads)
	for _, j := range o.jobs {
		all = append(all, workload{kind: "CronJob", name: j.Name, labels: j.Labels, template: j.Spec.JobTemplate.Spec.Template})
	}
	return all
}

func (w workload) String() string { return w.kind + " " + w.name }

// service returns which of our services runs in it; "": a store.
func (w workload) service() string {
	for _, c := range w.template.Spec.Containers {
		repository, _, _ := strings.Cut(c.Image, "@")
		before, name, found := strings.Cut(repository, "actionplane/")
		if found && (before == "" || strings.HasSuffix(before, "/")) {
			name, _, _ = strings.Cut(name, ":")
			return name
		}
	}
	return ""
}

// sortedKeys returns the keys of a map, sorted.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
