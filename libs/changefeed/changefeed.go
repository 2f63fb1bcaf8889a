// Package changefeed is how a change of configuration becomes known: its owner
// adds it to the transaction that makes it, the outbox relay publishes it, and
// whoever keeps a cache follows the feed.
//
// The feed's sequence is the epoch of the configuration: a cache entry that
// was built after sequence n was seen contains every change up to n, because a
// change is committed before it is published.
package changefeed

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/bus"
	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	changesv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/changes/v1"
)

// Stream is the feed's stream. Everybody who publishes to it or follows it
// ensures it.
func Stream() bus.Stream {
	return bus.Stream{Name: contract.ChangesStream, Subjects: []string{contract.ChangeSubjects}, MaxAge: 30 * 24 * time.Hour}
}

// Add puts a change into tx. Tenant, organization and person are those of ctx.
func Add(ctx context.Context, tx pgx.Tx, resource, id string, op changesv1.Operation, now time.Time) error {
	who := tenant.From(ctx)
	data, err := proto.Marshal(&changesv1.Change{
		Tenant:         string(who.Tenant),
		Resource:       resource,
		Id:             id,
		Operation:      op,
		OrganizationId: string(who.Organization),
		PersonId:       string(who.Person),
		ChangedAt:      timestamppb.New(now),
	})
	if err != nil {
		return fmt.Errorf("encode a change of %s %s: %w", resource, id, err)
	}
	return outbox.Add(ctx, tx, outbox.Message{
		Subject: contract.ChangeSubject(string(who.Tenant), resource),
		ID:      ident.NewUUID(),
		Data:    data,
	})
}

// Follow hands every change from now on to handle, in order, with the epoch it
// begins, until ctx is done. ready is called first with the epoch as it is.
func Follow(ctx context.Context, conn *bus.Conn, ready func(epoch uint64), handle func(epoch uint64, c *changesv1.Change)) error {
	return conn.Follow(ctx, contract.ChangesStream, []string{contract.ChangeSubjects}, ready, func(m bus.Message) {
		c := new(changesv1.Change)
		if proto.Unmarshal(m.Data, c) != nil {
			c = &changesv1.Change{} // of nobody knows what: the epoch still counts
		}
		handle(m.Sequence, c)
	})
}
