package profile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/changefeed"
	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
	targetsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/targets/v1"
)

// owner stands in for the targets service.
type owner struct {
	targetsv1.TargetsTargetsServer // what is not asked for here
	asked                          atomic.Int64
	answer                         func(tenantID, target string) (*targetsv1.GetSendingProfileResponse, error)
}

func (o *owner) GetSendingProfile(ctx context.Context, in *targetsv1.GetSendingProfileRequest) (*targetsv1.GetSendingProfileResponse, error) {
	o.asked.Add(1)
	return o.answer(string(tenant.From(ctx).Tenant), in.GetTargetId())
}

// newBook returns a book that asks o, and the bus they share.
func newBook(t *testing.T, o *owner) (*Book, *bus.Conn) {
	t.Helper()
	server := bustest.Start(t)
	neighbour := server.Connect(t, "targets")
	srv := neighbour.NewServer(bus.ServerConfig{})
	targetsv1.RegisterTargetsTargetsServer(srv, o)
	bustest.Run(t, srv.Run)
	if err := neighbour.EnsureStream(t.Context(), changefeed.Stream()); err != nil {
		t.Fatal(err)
	}
	b := NewBook(server.Connect(t, "dispatch"), nil)
	t.Cleanup(b.Close)
	return b, neighbour
}

const someTenant = "11111111-1111-4111-8111-111111111111"

func TestProfile_IsAskedForOnceByManyAtOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	o := &owner{answer: func(tenantID, target string) (*targetsv1.GetSendingProfileResponse, error) {
		<-release
		return &targetsv1.GetSendingProfileResponse{Version: 7, DisabledReason: tenantID + "/" + target}, nil
	}}
	b, _ := newBook(t, o)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			p, err := b.Profile(t.Context(), someTenant, "1")
			if err != nil || p.Version != 7 || p.Disabled != someTenant+"/1" {
				t.Errorf("got %v", err)
			}
		})
	}
	close(release)
	all.Wait()
	if n := o.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestProfile_IsForgottenWhenItsTargetChanges(t *testing.T) {
	t.Parallel()
	o := &owner{answer: func(string, string) (*targetsv1.GetSendingProfileResponse, error) {
		return &targetsv1.GetSendingProfileResponse{}, nil
	}}
	b, conn := newBook(t, o)
	bustest.Run(t, b.Follow)
	get := func() int64 {
		if _, err := b.Profile(t.Context(), someTenant, "1"); err != nil {
			t.Fatal(err)
		}
		return o.asked.Load()
	}
	publish := func(c *changesv1.Change) {
		data, err := proto.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Publish(t.Context(), contract.ChangeSubject(c.GetTenant(), "target"), "", nil, data); err != nil {
			t.Fatal(err)
		}
	}
	before := get()
	waitFor(t, func() bool { // the follower may not listen yet
		publish(&changesv1.Change{Tenant: someTenant, Resource: "target", Id: "1"})
		return get() > before
	})
}

func TestProfile_ErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	gone := true
	o := &owner{}
	o.answer = func(string, string) (*targetsv1.GetSendingProfileResponse, error) {
		if gone {
			return nil, fault.NotFound("no such target")
		}
		return &targetsv1.GetSendingProfileResponse{}, nil
	}
	b, _ := newBook(t, o)
	if _, err := b.Profile(t.Context(), someTenant, "1"); fault.CodeOf(err) != fault.CodeNotFound {
		t.Fatalf("got %v", err)
	}
	gone = false
	if _, err := b.Profile(t.Context(), someTenant, "1"); err != nil {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("ReadsPolicyAndLimits", func(t *testing.T) {
		t.Parallel()
		p := parse(&targetsv1.GetSendingProfileResponse{
			SigningKeys: []string{"k"}, EgressAllow: []string{"10.0.0.0/8", "sink.internal"},
			Retry: &targetsv1.RetryPolicy{
				MaxAttempts: 3, Schedule: []*durationpb.Duration{durationpb.New(time.Second)}, FinalStatuses: []uint32{404}, RetryableStatuses: []uint32{409},
			},
			Limits: &targetsv1.Limits{MaxConcurrency: 2, RatePerSecond: 1.5, CircuitFailures: 4, CircuitPause: durationpb.New(time.Minute)},
		})
		if got := fmt.Sprintf("%v %v", p.Retry, p.Limits); got != "{3 [1s] [404] [409]} {2 1.5 4 1m0s}" {
			t.Errorf("got %s", got)
		}
		if p.Broken != nil || p.Signer.Empty() || p.Allow.String() != "10.0.0.0/8,sink.internal" {
			t.Errorf("allow %s, %v", p.Allow, p.Broken)
		}
	})
	t.Run("AnEmptyProfileIsFine", func(t *testing.T) {
		t.Parallel()
		if p := parse(&targetsv1.GetSendingProfileResponse{}); p.Broken != nil || !p.Signer.Empty() || p.Disabled != "" {
			t.Errorf("broken: %v", p.Broken)
		}
	})
	t.Run("NeverPrintsASecret", func(t *testing.T) {
		t.Parallel()
		p := parse(&targetsv1.GetSendingProfileResponse{SigningKeys: []string{"s3cret"}})
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, p) + fmt.Sprintf(verb, *p); strings.Contains(text, "s3cret") || !strings.Contains(text, "redacted") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	})
}

// waitFor waits for a condition that becomes true by itself.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("waited in vain")
		}
	}
}
