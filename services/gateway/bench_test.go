package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/actionplane/actionplane/libs/cache/cachetest"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/libs/telemetry"
	actionv3alpha "github.com/actionplane/actionplane/proto/gen/go/zitadel/resources/action/v3alpha"
	"github.com/actionplane/actionplane/services/gateway"
)

// BenchmarkREST is a GET through everything: Fiber, grpc-gateway, the door, the
// bus and a fake owner, whose time counts too. BenchmarkBareFiber is the floor.
func BenchmarkREST(b *testing.B) {
	w := setup(b, unlimited, func(c *gateway.Config, _ *host.Deps) { c.AuthTTL = time.Hour })
	benchmarkGET(b, w.addr)
}

// BenchmarkRESTShared has rates that replicas share through Redis.
func BenchmarkRESTShared(b *testing.B) {
	shared := cachetest.Open(b, cachetest.URL(b))
	w := setup(b, unlimited, func(c *gateway.Config, d *host.Deps) { c.AuthTTL, d.Cache = time.Hour, shared })
	benchmarkGET(b, w.addr)
}

// unlimited counts requests, but refuses none.
func unlimited(c *gateway.Config, _ *host.Deps) { c.RateLimit, c.RateBurst = 1_000_000, 1_000_000 }

// BenchmarkRESTObserved has real spans and measurements.
func BenchmarkRESTObserved(b *testing.B) {
	tel, err := telemetry.Start(b.Context(), telemetry.Config{Service: "gateway"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tel.Shutdown(context.Background()) }()
	w := setup(b, unlimited, func(_ *gateway.Config, d *host.Deps) { d.Telemetry = tel })
	benchmarkGET(b, w.addr)
}

// BenchmarkBareFiber is a Fiber route that answers at once.
func BenchmarkBareFiber(b *testing.B) {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get(targets+"/:id", func(c *fiber.Ctx) error { return c.SendString(`{"target":{"signingKey":"k"}}`) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(l) }()
	defer func() {
		if err := errors.Join(app.Shutdown(), <-done); err != nil {
			b.Error(err)
		}
	}()
	benchmarkGET(b, l.Addr().String())
}

// BenchmarkGRPC is the same call over gRPC, whose client costs the most of it.
func BenchmarkGRPC(b *testing.B) {
	w := setup(b, unlimited)
	client := actionv3alpha.NewZITADELActionsClient(w.grpc(b))
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		ctx := as(b, "owner")
		for pb.Next() {
			if _, err := client.GetTarget(ctx, &actionv3alpha.GetTargetRequest{Id: "1"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// benchmarkGET sends GETs on 8 connections per processor, by hand: net/http's
// client would cost more than what it measures.
func benchmarkGET(b *testing.B, addr string) {
	b.Helper()
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		answers := bufio.NewReader(conn)
		for pb.Next() {
			if err := get(conn, answers); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func get(conn io.Writer, answers *bufio.Reader) error {
	if _, err := io.WriteString(conn, "GET "+targets+"/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer owner\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("got %s", resp.Status)
	}
	return resp.Body.Close()
}
