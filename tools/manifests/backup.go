package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

const (
	// backupJob is the name of the CronJob, and of its image, which is no service's.
	backupJob = "backup"
	// backupImage is how that is built.
	backupImage = "deploy/docker/backup.Dockerfile"
)

// needs returns what a service, or the backup of all of them, is handed.
func (h *house) needs(name string) service {
	if name == backupJob {
		return service{database: true}
	}
	return h.services[name]
}

// backup returns the CronJob; nil: there is none.
func (o *overlay) backup() *batchv1.CronJob {
	i := slices.IndexFunc(o.jobs, func(j *batchv1.CronJob) bool { return j.Name == backupJob })
	if i < 0 {
		return nil
	}
	return o.jobs[i]
}

// checkBackup wants a backup wherever there is more than a developer's house:
// of the database, the streams and the key's fingerprint, by the script that is
// in its image, onto a volume that stays, and only once an operator has said
// which. Whether it can reach all of them is the network's check.
func (o *overlay) checkBackup(h *house) []string {
	job := o.backup()
	if job == nil {
		if o.forDevelopers() {
			return nil
		}
		return []string{"there is no CronJob " + backupJob}
	}
	w := workload{template: job.Spec.JobTemplate.Spec.Template}
	env := o.environment(w)
	var findings []string
	for _, name := range []string{"DATABASE_URL", "NATS_URL", "ACTIONPLANE_MASTER_KEY", "KEEP"} {
		if env[name] == "" {
			findings = append(findings, fmt.Sprintf("CronJob %s: %s is not set", backupJob, name))
		}
	}
	if !isTrue(job.Spec.Suspend) {
		findings = append(findings, fmt.Sprintf("CronJob %s: runs before anybody has said where backups are", backupJob))
	}
	for _, f := range append(h.checkCommand(w), h.checkSaved()...) {
		findings = append(findings, fmt.Sprintf("CronJob %s: %s", backupJob, f))
	}
	return findings
}

// checkCommand wants the script to be one of deploy/backup, where the image has
// them, and its directory to be of a claim.
func (h *house) checkCommand(w workload) []string {
	c := w.template.Spec.Containers[0]
	if len(c.Command) != 2 || len(c.Args) > 0 {
		return []string{"is not a script and a directory"}
	}
	var findings []string
	script, directory := c.Command[0], c.Command[1]
	if _, err := os.Stat(h.path("deploy", "backup", path.Base(script))); err != nil {
		findings = append(findings, err.Error())
	}
	image, err := os.ReadFile(h.path(backupImage))
	if err != nil {
		return append(findings, err.Error())
	}
	if !bytes.Contains(image, []byte("\nCOPY deploy/backup "+path.Dir(script)+"\n")) {
		findings = append(findings, fmt.Sprintf("%s does not put deploy/backup into %s", backupImage, path.Dir(script)))
	}
	kept := slices.ContainsFunc(w.template.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil && slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
			return m.Name == v.Name && m.MountPath == directory && !m.ReadOnly
		})
	})
	if !kept {
		findings = append(findings, directory+" is not on a volume that stays")
	}
	return findings
}

// checkSaved wants the documented database of every service to be the one that
// is saved.
func (h *house) checkSaved() []string {
	saved := databaseOf(h.documented["actionplane-backup"]["database-url"])
	var findings []string
	for _, name := range h.names() {
		if u := h.documented["actionplane-database"][name]; h.services[name].database && databaseOf(u) != saved {
			findings = append(findings, fmt.Sprintf("saves %s, and %s has %s", saved, name, databaseOf(u)))
		}
	}
	return findings
}

// databaseOf returns a database's URL without the role; <…> are what an operator
// puts in.
func databaseOf(text string) string {
	u, err := url.Parse(strings.NewReplacer("<", "", ">", "").Replace(text))
	if err != nil || u.Host == "" {
		return "nothing"
	}
	return u.Host + u.Path
}
