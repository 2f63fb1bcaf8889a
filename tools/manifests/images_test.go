package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// imagesVariable names a directory of static binaries (make images).
const imagesVariable = "MANIFESTS_IMAGES"

// podmanConf makes podman work in a container without an init and with cgroups
// of both versions, where crun does not.
const podmanConf = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`

// podman is a podman with a storage of its own.
type podman struct {
	dir      string
	binaries string
}

// TestTheImagesOfProductionComeUp is TestThePodsOfProductionComeUp with each
// binary in an image from deploy/docker/binary.Dockerfile, on nothing, started
// with what the pod's security context says: not root, a root that cannot be
// written, no capabilities, the memory of its limit.
func TestTheImagesOfProductionComeUp(t *testing.T) {
	binaries := os.Getenv(imagesVariable)
	if binaries == "" {
		t.Skip("needs podman and static binaries: make images")
	}
	p := &podman{dir: openDir(t), binaries: binaries}
	if err := os.WriteFile(filepath.Join(p.dir, "containers.conf"), []byte(podmanConf), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // what podman has mounted, too
		if out, err := p.command("system", "reset", "--force").CombinedOutput(); err != nil {
			t.Logf("podman system reset: %v\n%s", err, out)
		}
	})
	for _, service := range h.names() {
		p.build(t, service)
	}
	checkPodsOfProduction(t, func(pod *pod) *exec.Cmd { return p.run(t, pod) }, func(pod *pod) { p.checkConfined(t, pod) }, func(*cluster, *overlay) {})
}

// checkConfined asks the kernel whether the container's process is as confined
// as the pod is to be.
func (p *podman) checkConfined(t *testing.T, pod *pod) {
	t.Helper()
	pid, err := p.command("inspect", "--format", "{{.State.Pid}}", containerOf(pod)).Output()
	if err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + strings.TrimSpace(string(pid))
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Join(strings.Fields(string(status)), " ")
	s := pod.w.template.Spec.SecurityContext
	for _, want := range []string{fmt.Sprintf("Uid: %d %[1]d %[1]d %[1]d ", *s.RunAsUser), "CapEff: 0000000000000000 ", "CapBnd: 0000000000000000 ", "NoNewPrivs: 1 "} {
		if !strings.Contains(fields, want) {
			t.Errorf("%s: the process has not %s", pod.w, want)
		}
	}
	mounts, err := os.ReadFile(proc + "/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if columns := strings.Fields(line); columns[4] == "/" && !strings.HasPrefix(columns[5], "ro,") {
			t.Errorf("%s: its root can be written: %s", pod.w, line)
		}
	}
}

// containerOf returns the name of a pod's container.
func containerOf(pod *pod) string { return "manifests-" + pod.w.name + "-" + strconv.Itoa(os.Getpid()) }

// command is podman with its own storage.
func (p *podman) command(args ...string) *exec.Cmd {
	cmd := exec.Command("podman", append([]string{
		"--root", filepath.Join(p.dir, "storage"), "--runroot", filepath.Join(p.dir, "run"), "--tmpdir", filepath.Join(p.dir, "tmp"), "--storage-driver", "vfs",
	}, args...)...)
	cmd.Env = append(os.Environ(), "CONTAINERS_CONF="+filepath.Join(p.dir, "containers.conf"))
	return cmd
}

func imageOf(service string) string { return "localhost/actionplane/" + service + ":test" }

func (p *podman) build(t *testing.T, service string) {
	t.Helper()
	from := t.TempDir()
	if err := os.Mkdir(filepath.Join(from, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(filepath.Join(p.binaries, service))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "service"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(root + "/deploy/docker/binary.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := p.command("build", "--isolation", "chroot", "-f", file, "-t", imageOf(service), from).CombinedOutput(); err != nil {
		t.Fatalf("podman build: %v\n%s", err, out)
	}
}

// run is the container; a signal to podman is one to it.
func (p *podman) run(t *testing.T, pod *pod) *exec.Cmd {
	t.Helper()
	name := containerOf(pod)
	s := pod.w.template.Spec.SecurityContext
	args := []string{
		"run", "--rm", "--name", name, "--network", "host", "--no-hosts", "--pull", "never",
		"--user", fmt.Sprintf("%d:%d", *s.RunAsUser, *s.RunAsGroup), "--security-opt", "no-new-privileges",
		"--memory", strconv.FormatInt(pod.container.Resources.Limits.Memory().Value(), 10),
	}
	if *pod.container.SecurityContext.ReadOnlyRootFilesystem {
		args = append(args, "--read-only", "--read-only-tmpfs=false")
	}
	for _, c := range pod.container.SecurityContext.Capabilities.Drop {
		args = append(args, "--cap-drop", strings.ToLower(string(c)))
	}
	for in, here := range pod.mounts {
		args = append(args, "--volume", here+":"+in+":ro")
	}
	for name, value := range pod.env {
		args = append(args, "--env", name+"="+value)
	}
	t.Cleanup(func() { _ = p.command("rm", "--force", "--ignore", name).Run() }) // after a failure
	return p.command(append(append(args, imageOf(pod.w.service())), pod.container.Args...)...)
}
