package dispatch_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

func TestProfiles_AreAskedForOnceAndAfterAChange(t *testing.T) {
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
	eventually(t, "the profile to be kept", func() bool { // the follower forgets it once, when it starts
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
	eventually(t, "the profile to be asked for again", func() bool { return hook() > before })
}
