package gateway_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/host"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha/actionv3alphaconnect"
	"github.com/actionplane/actionplane/services/gateway"
)

// slowly lets a token send three requests, and then one a second.
func slowly(c *gateway.Config, _ *host.Deps) { c.RateLimit, c.RateBurst = 1, 3 }

// spend sends requests until one is refused, and returns that answer.
func (w *world) spend(t *testing.T, token string) answer {
	t.Helper()
	for range 20 {
		if a := w.do(t, w.client, "GET", targets+"/1", "", "Authorization", "Bearer "+token); a.status != 200 {
			return a
		}
	}
	t.Fatal("no request was refused")
	return answer{}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := setup(t, slowly)
	first := w.owner(t, "GET", targets+"/1", "")
	if got := first.header.Get("RateLimit"); first.status != 200 || got != `"token";r=3;t=0` {
		t.Errorf("got %d, RateLimit %s", first.status, got)
	}
	refused := w.spend(t, "owner")
	const start = `{"code":8,"message":"too many requests with this token","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"`
	if refused.status != 429 || !strings.HasPrefix(refused.body, start) {
		t.Errorf("got %d %s", refused.status, refused.body)
	}
	if n, err := strconv.Atoi(refused.header.Get("Retry-After")); err != nil || n < 1 || n > 2 {
		t.Errorf("Retry-After %q", refused.header.Get("Retry-After"))
	}
	if got := refused.header.Get("RateLimit-Policy"); got != `"token";q=3;w=3` {
		t.Errorf("RateLimit-Policy %s", got)
	}
	t.Run("OverGRPC", func(t *testing.T) {
		t.Parallel()
		client := actionv3alpha.NewZITADELActionsClient(w.grpc(t))
		for range 20 { // time earns one now and then
			_, err := client.GetTarget(as(t, "owner"), &actionv3alpha.GetTargetRequest{Id: "1"})
			s := status.Convert(err)
			if err == nil {
				continue
			}
			if s.Code() != codes.ResourceExhausted || s.Message() != "too many requests with this token" || len(s.Details()) != 1 {
				t.Fatalf("got %v", err)
			}
			if d, ok := s.Details()[0].(*errdetails.RetryInfo); !ok || d.GetRetryDelay().AsDuration() <= 0 {
				t.Errorf("got %v", s.Details())
			}
			return
		}
		t.Error("no request was refused")
	})
	t.Run("OverConnect", func(t *testing.T) {
		t.Parallel()
		client := actionv3alphaconnect.NewZITADELActionsClient(w.client, "http://"+w.addr, bearerOwner())
		for range 20 {
			_, err := client.GetTarget(t.Context(), &actionv3alpha.GetTargetRequest{Id: "1"})
			if err == nil {
				continue
			}
			if connect.CodeOf(err) != connect.CodeResourceExhausted {
				t.Fatalf("got %v", err)
			}
			return
		}
		t.Error("no request was refused")
	})
	t.Run("IsEachTokensOwn", func(t *testing.T) {
		t.Parallel()
		if a := w.do(t, w.client, "GET", actions+"/1", "", "Authorization", "Bearer org-owner"); a.status != 200 {
			t.Errorf("got %d %s", a.status, a.body)
		}
	})
	t.Run("DoesNotTouchOurOwnPages", func(t *testing.T) {
		t.Parallel()
		for range 10 {
			w.owner(t, "GET", "/healthz", "").want(t, 200, `{"status":"ok"}`+"\n")
		}
	})
}

func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.GuessLimit = 1 }) // ten at once
	w.owner(t, "GET", targets+"/1", "").want(t, 200, `{}`)
	var last answer
	for i := range 30 {
		if last = w.do(t, w.client, "GET", targets+"/1", "", "Authorization", "Bearer guess"+strconv.Itoa(i)); last.status != 401 {
			break
		}
	}
	if last.status != 429 || !strings.Contains(last.body, "too many requests with wrong tokens") || last.header.Get("Retry-After") == "" {
		t.Fatalf("got %d %s", last.status, last.body)
	}
	w.owner(t, "GET", targets+"/1", "").want(t, 200, `{}`) // who was right before is let in
	if a := w.do(t, w.client, "GET", targets+"/1", ""); a.status != 401 {
		t.Errorf("without a token: %d", a.status) // nothing is guessed
	}
}

func TestReplicasShareTheRate(t *testing.T) {
	t.Parallel()
	redis := cachetest.URL(t)
	shared := func(c *gateway.Config, d *host.Deps) {
		c.RateLimit, c.RateBurst, d.Cache = 1, 10_000, cachetest.Open(t, redis)
	}
	one, two := setup(t, shared), setup(t, shared)
	for range 200 {
		one.owner(t, "GET", targets+"/1", "")
	}
	for own := 1; own < 9000; own++ { // far longer than the news takes
		left, ok := strings.CutPrefix(two.owner(t, "GET", targets+"/1", "").header.Get("RateLimit"), `"token";r=`)
		left, _, _ = strings.Cut(left, ";")
		n, err := strconv.Atoi(left)
		if !ok || err != nil {
			t.Fatalf("%q: %v", left, err)
		}
		if n < 10_000-own-100 { // more is gone than was sent here
			return
		}
	}
	t.Error("the replica did not learn of the other's requests")
}

func TestTooManyAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *gateway.Config, _ *host.Deps) { c.MaxInFlight = 1 })
	arrived, finish := make(chan struct{}), make(chan struct{})
	hold(w, arrived, finish)
	done := make(chan answer, 1)
	go func() {
		a, err := w.try(w.client, "GET", targets+"/1", "", "Authorization", "Bearer owner")
		if err != nil {
			t.Error(err)
		}
		done <- a
	}()
	<-arrived
	for _, client := range []*http.Client{w.client, http2Client(t)} {
		a := w.do(t, client, "GET", targets+"/2", "", "Authorization", "Bearer owner")
		if a.status != 503 || a.header.Get("Retry-After") != "1" || !strings.HasPrefix(a.body, `{"code":14,"message":"too many requests at once"`) {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
	w.do(t, w.client, "GET", "/healthz", "").want(t, 200, `{"status":"ok"}`+"\n")
	close(finish)
	if a := <-done; a.status != 200 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
