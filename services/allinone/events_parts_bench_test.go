package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/valyala/fasthttp"

	"github.com/actionplane/actionplane/libs/bus/bustest"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/pg/pgserver"
)

// parts are what an event's way cannot do without, put together by hand: a work
// queue on disk that takes a message once, 64 who sign and post, rows written by
// COPY 256 at a time, an acknowledgement each. There is no resolving, no retry, no
// circuit, no limit, no record of attempts.
type parts struct {
	js     jetstream.JetStream
	db     *pg.Pool
	posts  chan jetstream.Msg
	posted chan jetstream.Msg
	acked  atomic.Int64
}

const (
	partsStream  = "PARTS"
	partsSubject = "parts.events"
	partsBatch   = 256
)

func newParts(b *testing.B, url string) *parts {
	b.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(bustest.Start(b).Server))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	p := &parts{posts: make(chan jetstream.Msg, 1024), posted: make(chan jetstream.Msg, 1024)}
	if p.js, err = jetstream.New(nc); err != nil {
		b.Fatal(err)
	}
	database, err := pgserver.Start(b.Context(), pgserver.Config{Ephemeral: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = database.Stop(context.Background()) })
	if p.db, err = pg.Open(b.Context(), pg.Config{URL: database.URL(pgserver.Superuser, "postgres"), Schema: "parts"}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.db.Close)
	if _, err := p.db.Exec(b.Context(), `CREATE SCHEMA parts; CREATE TABLE done (id bigint PRIMARY KEY, at timestamptz NOT NULL, status integer NOT NULL, body bytea NOT NULL)`); err != nil {
		b.Fatal(err)
	}
	stream, err := p.js.CreateStream(b.Context(), jetstream.StreamConfig{Name: partsStream, Subjects: []string{partsSubject}, Retention: jetstream.WorkQueuePolicy})
	if err != nil {
		b.Fatal(err)
	}
	consumer, err := stream.CreateConsumer(b.Context(), jetstream.ConsumerConfig{Durable: "parts", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: 4096})
	if err != nil {
		b.Fatal(err)
	}
	running, err := consumer.Consume(func(m jetstream.Msg) { p.posts <- m }, jetstream.PullMaxMessages(512))
	if err != nil {
		b.Fatal(err)
	}
	var posting, writing sync.WaitGroup
	client := &fasthttp.Client{MaxConnsPerHost: 64, Dial: func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }}
	for range 64 {
		posting.Go(func() { p.post(b, client, url) })
	}
	writing.Go(func() { p.write(b) })
	b.Cleanup(func() {
		running.Stop()
		<-running.Closed()
		close(p.posts)
		posting.Wait()
		close(p.posted)
		writing.Wait()
		client.CloseIdleConnections()
	})
	return p
}

// post signs and posts.
func (p *parts) post(b *testing.B, client *fasthttp.Client, url string) {
	mac := hmac.New(sha256.New, []byte("98KmsU6798KmsU6798KmsU6798KmsU6798Km"))
	var req fasthttp.Request
	var resp fasthttp.Response
	for m := range p.posts {
		req.SetRequestURI(url)
		req.Header.SetMethod(fasthttp.MethodPost)
		mac.Reset()
		_, _ = mac.Write(m.Data())
		req.Header.Set("Signature", hex.EncodeToString(mac.Sum(nil)))
		req.SetBodyRaw(m.Data())
		if err := client.Do(&req, &resp); err != nil {
			b.Error(err)
		}
		p.posted <- m
	}
}

// write writes what was posted down, then acknowledges it.
func (p *parts) write(b *testing.B) {
	for m := range p.posted {
		batch := append(make([]jetstream.Msg, 0, partsBatch), m)
		for more := true; more && len(batch) < partsBatch; {
			select {
			case m, open := <-p.posted:
				if more = open; open {
					batch = append(batch, m)
				}
			default:
				more = false
			}
		}
		_, err := p.db.CopyFrom(context.Background(), pgx.Identifier{"done"}, []string{"id", "at", "status", "body"}, pgx.CopyFromSlice(len(batch), func(i int) ([]any, error) {
			meta, err := batch[i].Metadata()
			if err != nil {
				return nil, err
			}
			return []any{int64(meta.Sequence.Stream), meta.Timestamp, fasthttp.StatusOK, batch[i].Data()}, nil
		}))
		for _, m := range batch {
			err = errors.Join(err, m.Ack())
		}
		if err != nil {
			b.Error(err)
		}
		p.acked.Add(int64(len(batch)))
	}
}

// publish publishes n events without waiting in between.
func (p *parts) publish(payload []byte) func(n int) error {
	run := ident.NewUUID()
	var last atomic.Int64
	return func(n int) error {
		futures := make([]jetstream.PubAckFuture, 0, n)
		for range n {
			id := run + strconv.FormatInt(last.Add(1), 10)
			future, err := p.js.PublishMsgAsync(&nats.Msg{Subject: partsSubject, Header: nats.Header{nats.MsgIdHdr: {id}}, Data: payload}, jetstream.WithStallWait(10*time.Second))
			if err != nil {
				return err
			}
			futures = append(futures, future)
		}
		for _, future := range futures {
			select {
			case <-future.Ok():
			case err := <-future.Err():
				return err
			}
		}
		return nil
	}
}
