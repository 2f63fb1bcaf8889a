package main

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// checkJobs holds every CronJob to an end, to one at a time, and to leaving
// neither pods nor old jobs behind; and what it starts, to resources and to
// being somebody.
func (o *overlay) checkJobs(*house) []string {
	var findings []string
	for _, j := range o.jobs {
		for _, f := range checkJob(j.Spec) {
			findings = append(findings, fmt.Sprintf("CronJob %s: %s", j.Name, f))
		}
	}
	return findings
}

func checkJob(spec batchv1.CronJobSpec) []string {
	var findings []string
	breach := func(yes bool, text string) {
		if yes {
			findings = append(findings, text)
		}
	}
	job, pod := spec.JobTemplate.Spec, spec.JobTemplate.Spec.Template.Spec
	breach(spec.ConcurrencyPolicy != batchv1.ForbidConcurrent, "may run beside itself")
	breach(spec.TimeZone == nil, "goes by the clock of nobody knows whom")
	breach(spec.StartingDeadlineSeconds == nil, "is given up after it was missed a hundred times")
	breach(spec.SuccessfulJobsHistoryLimit == nil || spec.FailedJobsHistoryLimit == nil, "does not say how many old jobs stay")
	breach(job.BackoffLimit == nil || job.ActiveDeadlineSeconds == nil, "may try for ever")
	breach(pod.RestartPolicy != corev1.RestartPolicyNever, "loses the log of what failed")
	breach(pod.ServiceAccountName == "", "is nobody of its own")
	breach(len(pod.InitContainers) > 0, "has init containers, which nothing here looks at")
	for _, c := range pod.Containers {
		for _, f := range checkResources(c) {
			breach(true, fmt.Sprintf("container %s: %s", c.Name, f))
		}
	}
	return findings
}
