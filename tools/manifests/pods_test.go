package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// pod is one replica of a workload, as the kubelet would start it.
type pod struct {
	w         workload
	container corev1.Container
	env       map[string]string
	mounts    map[string]string // directory of this machine, by path in the container
	ports     map[string]int    // where each named port is here
	cmd       *exec.Cmd
	ended     chan struct{}
	err       error
	log       string
}

func (o *overlay) workload(t *testing.T, name string) workload {
	t.Helper()
	for _, w := range o.runs() {
		if w.name == name {
			return w
		}
	}
	t.Fatalf("%s has no %s", o.name, name)
	return workload{}
}

// newPod gathers what a pod is given: its volumes as directories, its variables
// with the values of ConfigMaps and Secrets, its ports as free ones of this
// machine, which all pods share.
func (c *cluster) newPod(t *testing.T, o *overlay, w workload) *pod {
	t.Helper()
	dir := openDir(t)
	p := &pod{
		w: w, container: w.template.Spec.Containers[0], mounts: map[string]string{}, ports: map[string]int{},
		ended: make(chan struct{}), log: filepath.Join(dir, "log"),
	}
	for _, v := range w.template.Spec.Volumes {
		c.fill(t, o, v, filepath.Join(dir, v.Name))
	}
	for _, m := range p.container.VolumeMounts {
		p.mounts[m.MountPath] = filepath.Join(dir, m.Name)
	}
	p.env = environment(p.container, func(kind, name, key string) string {
		if kind == "Secret" {
			return c.secrets[name][key]
		}
		return o.configMaps[name].Data[key]
	}, func(_, name string) []string { return sortedKeys(o.configMaps[name].Data) })
	for i, number := range freePorts(t, len(p.container.Ports)) {
		p.ports[p.container.Ports[i].Name] = number
		for _, name := range []string{"ACTIONPLANE_ADDR", "ACTIONPLANE_OPS_ADDR"} {
			if p.env[name] == fmt.Sprintf(":%d", p.container.Ports[i].ContainerPort) {
				p.env[name] = fmt.Sprintf(":%d", number)
			}
		}
	}
	return p
}

// fill makes a volume.
func (c *cluster) fill(t *testing.T, o *overlay, v corev1.Volume, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, r := range mounted(v) {
		content := c.secrets[r.name]
		if r.kind == "ConfigMap" {
			content = o.configMaps[r.name].Data
		}
		for key, text := range content {
			if r.key != "" && r.key != key {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, key), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// start starts the command and watches it.
func (p *pod) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = cmd
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = errors.Join(p.cmd.Wait(), log.Close())
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has long ended, unless the test has failed
		<-p.ended
		if t.Failed() {
			text, _ := os.ReadFile(p.log)
			t.Logf("%s said\n%s", p.w, text[max(0, len(text)-4096):])
		}
	})
}

// process is the binary alone, with the variables of the pod and no others.
func (p *pod) process(binaries string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(binaries, p.w.service()), p.container.Args...)
	cmd.Dir, cmd.Env = "/", p.variables()
	return cmd
}

// variables are the pod's, with the paths of its volumes on this machine.
func (p *pod) variables() []string {
	var all []string
	for name, value := range p.env {
		for in, here := range p.mounts {
			if rest, inside := strings.CutPrefix(value, in); inside && (rest == "" || rest[0] == '/') {
				value = here + rest
			}
		}
		all = append(all, name+"="+value)
	}
	return all
}

// await waits until a probe passes, for as long as the kubelet would.
func (p *pod) await(t *testing.T, name string, probe *corev1.Probe) {
	t.Helper()
	url := p.url(probe)
	deadline := time.Now().Add(time.Duration(cmp.Or(probe.FailureThreshold, 3)*cmp.Or(probe.PeriodSeconds, 10)) * time.Second)
	if name == "readiness" { // which is waited for, not failed by
		deadline = time.Now().Add(patience)
	}
	await(t, fmt.Sprintf("%s passes its %s probe", p.w, name), func() bool {
		select {
		case <-p.ended:
			t.Fatalf("%s ended: %v", p.w, p.err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not pass its %s probe in time", p.w, name)
		}
		return status(t, url) == http.StatusOK
	})
}

func (p *pod) url(probe *corev1.Probe) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", p.ports[probe.HTTPGet.Port.String()], probe.HTTPGet.Path)
}

// stop ends the pod as the kubelet does, without the pause before.
func (p *pod) stop(t *testing.T) {
	t.Helper()
	grace := time.Duration(*p.w.template.Spec.TerminationGracePeriodSeconds) * time.Second
	if l := p.container.Lifecycle; l != nil {
		grace -= time.Duration(l.PreStop.Sleep.Seconds) * time.Second
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	select {
	case <-p.ended:
		if p.err != nil {
			t.Errorf("%s: the end was not orderly: %v", p.w, p.err)
		}
	case <-time.After(grace):
		t.Errorf("%s is killed after %s", p.w, grace)
	}
}

const patience = time.Minute

func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}

// ask returns the answer's status, 0 where nobody answers, and its body.
func ask(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := plain.Do(request)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(text)
}

func status(t *testing.T, url string) int {
	t.Helper()
	code, _ := ask(t, url)
	return code
}

func get(t *testing.T, url string) string {
	t.Helper()
	_, text := ask(t, url)
	return text
}

// createTarget asks the gateway for something that all of the house has to do
// with: TLS, NATS, Redis, access, targets, Postgres.
func (c *cluster) createTarget(t *testing.T, port int) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.certificate)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}, Timeout: 30 * time.Second}
	body := `{"name":"audit","restWebhook":{},"timeout":"10s","endpoint":"https://example.com/hook"}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("https://127.0.0.1:%d/resources/v3alpha/actions/targets", port), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminToken)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if text, err := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
		t.Errorf("CreateTarget: %s %s, %v", response.Status, text, err)
	}
}

var claimed sync.Map

// freePorts returns n ports from below the range that the kernel gives to
// outgoing connections.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var found []int
	for range 10_000 {
		if len(found) == n {
			return found
		}
		port := 20_000 + rand.IntN(12_000)
		if _, taken := claimed.LoadOrStore(port, true); taken {
			continue
		}
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", ":"+strconv.Itoa(port))
		if err == nil && l.Close() == nil {
			found = append(found, port)
		}
	}
	t.Fatal("no free ports")
	return slices.Clip(found)
}
