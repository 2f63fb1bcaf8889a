package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/actionplane/actionplane/libs/outbox"
	"github.com/actionplane/actionplane/libs/pg"
	"github.com/actionplane/actionplane/libs/tenant"
	"github.com/actionplane/actionplane/proto/contract"
	approvalsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/approvals/v1"
	eventsv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/events/v1"
	"github.com/actionplane/actionplane/services/approvals/internal/audit"
)

// EventPrefix opens the types of the events that this room publishes.
const EventPrefix = "actionplane.approval."

const (
	openChain = `INSERT INTO audit_heads (tenant_id, organization_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`

	lockHead = `SELECT seq, hash FROM audit_heads WHERE tenant_id = $1 AND organization_id = $2 FOR UPDATE`

	moveHead = `UPDATE audit_heads SET seq = $3, hash = $4 WHERE tenant_id = $1 AND organization_id = $2`

	insertEntry = `INSERT INTO audit_entries (tenant_id, organization_id, seq, request_id, entry, previous_hash, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7)`

	// Index: audit_entries_request.
	requestEntries = `SELECT seq, entry, previous_hash, hash FROM audit_entries
WHERE tenant_id = $1 AND organization_id = $2 AND request_id = $3 ORDER BY seq LIMIT 1000`

	// Index: audit_entries_pkey.
	chainEntries = `SELECT seq, entry, previous_hash, hash FROM audit_entries
WHERE tenant_id = $1 AND organization_id = $2 AND seq > $3 ORDER BY seq LIMIT $4`
)

// Append adds an entry to the chain of its organization, and has the outbox
// tell what happened: to whom listens to events, and the new head of the chain
// to those who keep it. Others who append to the chain wait. Call it last.
func (x *Tx) Append(ctx context.Context, e audit.Entry) error {
	if _, err := x.tx.Exec(ctx, openChain, e.Tenant, e.Organization); err != nil {
		return fmt.Errorf("open the audit chain: %w", err)
	}
	var previous []byte
	if err := x.tx.QueryRow(ctx, lockHead, e.Tenant, e.Organization).Scan(&e.Sequence, &previous); err != nil {
		return fmt.Errorf("lock the audit chain: %w", err)
	}
	e.Sequence++
	entry, err := e.Bytes()
	if err != nil {
		return err
	}
	hash := audit.Hash(previous, entry)
	if _, err := x.tx.Exec(ctx, insertEntry, e.Tenant, e.Organization, e.Sequence, e.Request, entry, previous, hash); err != nil {
		return fmt.Errorf("append to the audit chain: %w", err)
	}
	if _, err := x.tx.Exec(ctx, moveHead, e.Tenant, e.Organization, e.Sequence, hash); err != nil {
		return fmt.Errorf("move the audit chain's head: %w", err)
	}
	if err := x.notice(ctx, e); err != nil {
		return err
	}
	if err := x.anchor(ctx, e, hash); err != nil {
		return err
	}
	x.entries = append(x.entries, e)
	return x.tell(ctx, e, entry)
}

// anchor has the new head kept outside. Its id holds the hash: a chain that
// was written anew must not pass for the old one.
func (x *Tx) anchor(ctx context.Context, e audit.Entry, hash []byte) error {
	data, err := proto.Marshal(&approvalsv1.AuditHead{Sequence: e.Sequence, Hash: hash})
	if err != nil {
		return fmt.Errorf("encode an audit head: %w", err)
	}
	return outbox.Add(ctx, x.tx, outbox.Message{
		Subject: contract.AuditHeadSubject(e.Tenant, e.Organization),
		ID:      e.Tenant + "/" + e.Organization + "/" + strconv.FormatInt(e.Sequence, 10) + "/" + hex.EncodeToString(hash),
		Header:  identity(e),
		Data:    data,
	})
}

// tell publishes the entry as an event that executions can deliver.
func (x *Tx) tell(ctx context.Context, e audit.Entry, entry []byte) error {
	event := &eventsv1.Event{
		Id:             "approval-" + e.Request + "-" + strconv.FormatInt(e.Sequence, 10),
		Type:           EventPrefix + e.Type,
		OrganizationId: e.Organization,
		OrderingKey:    e.Request,
		Payload:        entry,
		AggregateId:    e.Request,
		AggregateType:  "approval",
		Sequence:       uint64(e.Sequence),
		CreatedAt:      timestamppb.New(e.At),
	}
	if e.Actor != nil {
		event.UserId = e.Actor.ID
	}
	data, err := proto.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	return outbox.Add(ctx, x.tx, outbox.Message{
		Subject: contract.EventSubject(e.Tenant, event.GetType()),
		ID:      contract.EventMessageID(e.Tenant, event.GetId()),
		Header:  identity(e),
		Data:    data,
	})
}

// identity is what the relay, who is nobody, sends along.
func identity(e audit.Entry) map[string][]string {
	h := map[string][]string{contract.HeaderTenant: {e.Tenant}, contract.HeaderOrganization: {e.Organization}}
	if e.Actor != nil {
		h[contract.HeaderPerson] = []string{e.Actor.ID}
	}
	return h
}

// Told is what the chain says of a request's payload: the hash it was
// submitted with, and whether it was approved. Empty: nothing.
type Told struct {
	PayloadHash string
	Approved    bool
}

// Told reads what the chain says of a request.
func (x *Tx) Told(ctx context.Context, r Request) (Told, error) {
	rows, err := collectRows(x.tx.Query(ctx, requestEntries, r.Tenant, r.Organization, r.ID))
	if err != nil {
		return Told{}, err
	}
	var told Told
	for _, row := range rows {
		var e audit.Entry
		if json.Unmarshal(row.Entry, &e) != nil {
			continue
		}
		switch e.Type {
		case audit.Submitted:
			told.PayloadHash = e.PayloadHash
		case audit.AutoApproved:
			told = Told{PayloadHash: e.PayloadHash, Approved: true}
		case audit.Approved, audit.BrokeGlass:
			told.Approved = e.PayloadHash == told.PayloadHash
		}
	}
	return told, nil
}

// History returns the entries about a request, oldest first.
func (s *Store) History(ctx context.Context, who tenant.Identity, id string) ([]audit.Row, error) {
	rows, err := collectRows(s.pool.Query(ctx, requestEntries, who.Tenant, who.Organization, id))
	return rows, pg.Translate(err)
}

// Entries returns the organization's entries after a sequence, oldest first.
func (s *Store) Entries(ctx context.Context, who tenant.Identity, after int64, limit int) ([]audit.Row, error) {
	rows, err := collectRows(s.pool.Query(ctx, chainEntries, who.Tenant, who.Organization, after, limit))
	return rows, pg.Translate(err)
}

// Chain hands the organization's entries to each, oldest first, as they are
// now.
func (s *Store) Chain(ctx context.Context, who tenant.Identity, each func(audit.Row)) error {
	const batch = 500
	err := s.pool.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var after int64
		for {
			rows, err := collectRows(tx.Query(ctx, chainEntries, who.Tenant, who.Organization, after, batch))
			if err != nil {
				return err
			}
			for _, row := range rows {
				each(row)
				after = row.Sequence
			}
			if len(rows) < batch {
				return nil
			}
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("read the audit chain: %w", err)
	}
	return err
}

func collectRows(rows pgx.Rows, err error) ([]audit.Row, error) {
	if err != nil {
		return nil, fmt.Errorf("read audit entries: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (audit.Row, error) {
		var r audit.Row
		err := row.Scan(&r.Sequence, &r.Entry, &r.Previous, &r.Hash)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read audit entries: %w", err)
	}
	return found, nil
}
