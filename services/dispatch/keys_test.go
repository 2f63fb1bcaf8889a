package dispatch_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

func TestKeys_AreAskedForOnceAndAfterAChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start(t, quick())
	url, _ := receiver(t, ok)
	hook := func() int64 {
		if _, _, err := h.request(t.Context(), false, target("1", url, webhook, true)); err != nil {
			t.Fatal(err)
		}
		return h.targets.asked.Load()
	}
	before := hook()
	eventually(t, "the keys to be kept", func() bool { // the follower forgets them once, when it starts
		last := before
		before = hook()
		return before == last
	})
	data, err := proto.Marshal(&changesv1.Change{Tenant: string(tenant.Default), Resource: "target", Id: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.conn.Publish(t.Context(), contract.ChangeSubject(string(tenant.Default), "target"), "", nil, data); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the keys to be asked for again", func() bool { return hook() > before })
}

func TestRunHook_AsyncStepFailsWithoutADatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	pool := h.open(t)
	h.startOn(t, quick(), pool)
	url, _ := receiver(t, ok)
	if out, _, err := h.request(t.Context(), false, target("1", url, async, false)); err != nil || outcomes(out.GetSteps()) != "QUEUED" {
		t.Fatalf("got %v, %v", out, err)
	}
	pool.Close()
	out, _, err := h.request(t.Context(), false, target("1", url, async, true), target("2", url, webhook, true))
	if err != nil || outcomes(out.GetSteps()) != "FAILED SUCCEEDED" {
		t.Fatalf("got %v, %v", out, err)
	}
}
