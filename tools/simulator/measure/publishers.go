package main

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/actionplane/actionplane/libs/sdk"
)

// publishers put events into their stream themselves, as internal services do:
// each has a connection, and waits until an event is stored.
type publishers struct {
	next    atomic.Int64
	clients []*sdk.Client
}

func newPublishers(ctx context.Context, url string, n int) (*publishers, error) {
	p := &publishers{}
	for range n {
		client, err := sdk.Connect(ctx, sdk.Config{URL: url, NoIndex: true})
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.clients = append(p.clients, client)
	}
	return p, nil
}

func (p *publishers) close() (err error) {
	for _, c := range p.clients {
		err = errors.Join(err, c.Close())
	}
	return err
}

// publish has one of them store an event.
func (p *publishers) publish(ctx context.Context, eventType string, payload []byte) error {
	_, err := p.clients[p.next.Add(1)%int64(len(p.clients))].Publish(ctx, sdk.Event{Type: eventType, Payload: payload})
	return err
}
