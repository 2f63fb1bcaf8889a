package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// binariesVariable names the directory that `make binaries` has filled.
const binariesVariable = "MANIFESTS_BINARIES"

// TestThePodsOfProductionComeUp runs each Deployment's binary with exactly what
// overlays/prod gives it, against a Postgres, a Redis and the overlay's own three
// NATS nodes, all but Redis over TLS.
func TestThePodsOfProductionComeUp(t *testing.T) {
	binaries := os.Getenv(binariesVariable)
	if binaries == "" {
		t.Skip("needs binaries: make manifests")
	}
	checkPodsOfProduction(t, func(p *pod) *exec.Cmd { return p.process(binaries) }, func(*pod) {}, func(c *cluster, o *overlay) { c.checkBackup(t, o, binaries) })
}

// checkPodsOfProduction starts every pod with a command, has a look at it when
// all are ready, and then at the house, and stops them.
func checkPodsOfProduction(t *testing.T, command func(*pod) *exec.Cmd, look func(*pod), lookAround func(*cluster, *overlay)) {
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	o, err := render(root, "prod")
	if err != nil {
		t.Fatal(err)
	}
	c := startCluster(t, h, o)
	pods := map[string]*pod{}
	for _, w := range o.ours() {
		p := c.newPod(t, o, w)
		p.start(t, command(p))
		pods[w.name] = p
	}
	for _, p := range pods {
		p.await(t, "startup", p.container.StartupProbe)
		p.await(t, "readiness", p.container.ReadinessProbe)
		p.await(t, "liveness", p.container.LivenessProbe)
	}
	for _, p := range pods {
		look(p)
	}
	c.createTarget(t, pods["gateway"].ports["public"])
	c.checkStreams(t)
	lookAround(c, o)
	for _, s := range o.scalers {
		checkScaledBy(t, s, pods[s.Spec.ScaleTargetRef.Name])
	}
	var stopping sync.WaitGroup
	for _, p := range pods {
		stopping.Go(func() { p.stop(t) })
	}
	stopping.Wait()
	for name, p := range pods {
		text, err := os.ReadFile(p.log)
		if err != nil {
			t.Fatal(err)
		}
		for _, trouble := range []string{"nothing reads it", `"level":"ERROR"`} {
			if strings.Contains(string(text), trouble) {
				t.Errorf("%s has trouble:\n%s", name, text)
			}
		}
	}
}

// checkScaledBy wants the external metrics of an autoscaler to be told by those
// whom it scales.
func checkScaledBy(t *testing.T, s *autoscalingv2.HorizontalPodAutoscaler, p *pod) {
	t.Helper()
	for _, m := range s.Spec.Metrics {
		if m.External == nil {
			continue
		}
		var series []string
		for name, value := range m.External.Metric.Selector.MatchLabels {
			series = append(series, fmt.Sprintf("%s=%q", name, value))
		}
		await(t, fmt.Sprintf("%s tells %s of %v", p.w, m.External.Metric.Name, series), func() bool {
			for line := range strings.Lines(get(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", p.ports["ops"]))) {
				if strings.HasPrefix(line, m.External.Metric.Name+"{") && !slices.ContainsFunc(series, func(l string) bool { return !strings.Contains(line, l) }) {
					return true
				}
			}
			return false
		})
	}
}

// checkStreams wants every stream on as many nodes as the overlay says.
func (c *cluster) checkStreams(t *testing.T) {
	t.Helper()
	streams := c.streams(t)
	for _, s := range streams {
		if s.Replicas != len(c.nodes) {
			t.Errorf("stream %s has %d replicas", s.Name, s.Replicas)
		}
	}
	if len(streams) == 0 {
		t.Error("there are no streams")
	}
}

// streams returns all that there are.
func (c *cluster) streams(t *testing.T) []jetstream.StreamConfig {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.certificate)
	conn, err := nats.Connect(c.secrets["actionplane-nats"]["url"], nats.Secure(&tls.Config{RootCAs: roots}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	var streams []jetstream.StreamConfig
	list := js.ListStreams(t.Context())
	for s := range list.Info() {
		streams = append(streams, s.Config)
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return streams
}
