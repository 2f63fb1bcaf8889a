package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"
)

// checkBackup runs the very command of the CronJob, as the user of its pod and
// with what the pod is given, and wants every stream and the tables of every
// service that has a database in what it makes.
func (c *cluster) checkBackup(t *testing.T, o *overlay, binaries string) {
	t.Helper()
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Log("no backup is made: pg_dump is not on PATH")
		return
	}
	p := c.newPod(t, o, o.workload(t, backupJob))
	out, err := p.script(t, binaries).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", p.w, err, out)
	}
	made, err := filepath.Glob(filepath.Join(p.mounts[p.container.Command[1]], "*"))
	if err != nil || len(made) != 1 {
		t.Fatalf("made %v, %v: %s", made, err, out)
	}
	for _, s := range c.streams(t) {
		if _, err := os.Stat(filepath.Join(made[0], "streams", s.Name+".stream")); err != nil {
			t.Errorf("stream %s is not saved: %v", s.Name, err)
		}
	}
	listed, err := exec.CommandContext(t.Context(), "pg_restore", "--list", filepath.Join(made[0], "database.dump")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var saved []string
	for _, found := range tableData.FindAllStringSubmatch(string(listed), -1) {
		saved = append(saved, found[1])
	}
	slices.Sort(saved)
	if saved, want := slices.Compact(saved), sortedKeys(c.secrets["actionplane-database"]); !slices.Equal(saved, want) {
		t.Errorf("saved are the tables of %v, and not of %v", saved, want)
	}
}

// tableData is a line of pg_restore --list about rows, and of which schema.
var tableData = regexp.MustCompile(`(?m) TABLE DATA (\S+) `)

// script is the pod's command with the scripts and the volumes of this machine,
// under the pod's user where we may.
func (p *pod) script(t *testing.T, binaries string) *exec.Cmd {
	t.Helper()
	scripts := openDir(t)
	if err := os.CopyFS(scripts, os.DirFS(filepath.Join(root, "deploy", "backup"))); err != nil {
		t.Fatal(err)
	}
	directory := p.mounts[p.container.Command[1]]
	cmd := exec.CommandContext(t.Context(), filepath.Join(scripts, path.Base(p.container.Command[0])), directory)
	if s := p.w.template.Spec.SecurityContext; os.Geteuid() == 0 {
		if err := os.Chown(directory, int(*s.RunAsUser), int(*s.FSGroup)); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(*s.RunAsUser), Gid: uint32(*s.RunAsGroup)}}
	}
	cmd.Dir = "/"
	cmd.Env = append(p.variables(), "PATH="+binaries+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return cmd
}
