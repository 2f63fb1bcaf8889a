package main

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain passes over what package klog, which the types of Kubernetes come
// with, starts when it is loaded and never ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"))
}
