package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
)

// publishers put events into their stream themselves, as internal services do:
// each has a connection, and waits until an event is stored.
type publishers struct {
	next    atomic.Int64
	conns   []*nats.Conn
	streams []jetstream.JetStream
}

func newPublishers(url string, n int) (*publishers, error) {
	p := &publishers{}
	for range n {
		conn, err := nats.Connect(url)
		if err != nil {
			p.close()
			return nil, fmt.Errorf("connect to nats: %w", err)
		}
		p.conns = append(p.conns, conn)
		stream, err := jetstream.New(conn)
		if err != nil {
			p.close()
			return nil, fmt.Errorf("jetstream: %w", err)
		}
		p.streams = append(p.streams, stream)
	}
	return p, nil
}

func (p *publishers) close() {
	for _, c := range p.conns {
		c.Close()
	}
}

// publish has one of them store an event.
func (p *publishers) publish(ctx context.Context, eventType string, payload []byte) error {
	m, err := eventMessage(eventType, payload)
	if err != nil {
		return err
	}
	if _, err := p.streams[p.next.Add(1)%int64(len(p.streams))].PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func eventMessage(eventType string, payload []byte) (*nats.Msg, error) {
	e := &eventsv1.Event{Id: rand.Text(), Type: eventType, Payload: payload, CreatedAt: timestamppb.Now()}
	data, err := proto.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	id := string(tenant.Default)
	return &nats.Msg{Subject: contract.EventSubject(id, eventType), Data: data,
		Header: nats.Header{contract.HeaderTenant: {id}, nats.MsgIdHdr: {contract.EventMessageID(id, e.GetId())}}}, nil
}
