package pg

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// CopyAll stores rows of several tables in one transaction and one round trip:
// all or none. It is the cheapest way there is to write many rows that are new,
// at half of what a statement costs the server that reads them from arrays.
// Errors and repetition are those of Tx; a taken key is AlreadyExists. Either way
// the rows are used up.
func (p *Pool) CopyAll(ctx context.Context, tables ...*Rows) error {
	defer func() {
		for _, t := range tables {
			t.free()
		}
	}()
	full := make([]*Rows, 0, len(tables))
	for _, t := range tables {
		if t.n > 0 {
			full = append(full, t)
		}
	}
	if len(full) == 0 {
		return nil
	}
	return repeat(ctx, func() error { return p.copyOnce(ctx, full) })
}

func (p *Pool) copyOnce(ctx context.Context, tables []*Rows) error {
	conn, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if tracer, ok := conn.Conn().Config().Tracer.(pgx.CopyFromTracer); ok {
		ctx = tracer.TraceCopyFromStart(ctx, conn.Conn(), pgx.TraceCopyFromStartData{TableName: pgx.Identifier{tables[0].table.name}, ColumnNames: tables[0].table.columns})
		defer func() {
			tracer.TraceCopyFromEnd(ctx, conn.Conn(), pgx.TraceCopyFromEndData{Err: err})
		}()
	}
	server, err := converse(ctx, conn.Conn().PgConn(), tables)
	switch {
	case err != nil:
		// Nobody knows where the conversation stands.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = conn.Conn().Close(closing) // it is given up either way
		if ctx.Err() != nil {
			err = ctx.Err()
		}
	case server != nil:
		err = server
	}
	return err
}

// converse sends the statements with their data and reads the answers. Several
// statements of one message are one transaction, and data may be sent before it
// is asked for: what is left of it after an error is ignored (PostgreSQL manual,
// message flow, "Multiple Statements in a Simple Query" and "COPY Operations").
// server is what the server refused them for.
func converse(ctx context.Context, conn *pgconn.PgConn, tables []*Rows) (server, err error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Conn().SetDeadline(time.Unix(1, 0)) })
	defer func() {
		switch {
		case !stop() && err == nil: // it may yet be set
			err = ctx.Err()
		case err == nil:
			err = conn.Conn().SetDeadline(time.Time{})
		}
	}()
	out := messages(tables)
	if _, err := out.WriteTo(conn.Conn()); err != nil {
		return nil, err
	}
	return answers(conn.Frontend())
}

// maxCopyData is the most data of one message, which the server takes in whole.
const maxCopyData = 1 << 20

// messages returns all that is sent.
func messages(tables []*Rows) net.Buffers {
	out := net.Buffers{query(tables)}
	for _, t := range tables {
		for data := range slices.Chunk(t.data(), maxCopyData) {
			out = append(out, binary.BigEndian.AppendUint32([]byte{'d'}, uint32(4+len(data))), data)
		}
		out = append(out, []byte{'c', 0, 0, 0, 4}) // CopyDone
	}
	return out
}

// query returns the message with all statements.
func query(tables []*Rows) []byte {
	size := 4 + 1 // its own, and the zero at the end
	for _, t := range tables {
		size += len(t.table.statement)
	}
	out := binary.BigEndian.AppendUint32(append(make([]byte, 0, 1+size), 'Q'), uint32(size))
	for _, t := range tables {
		out = append(out, t.table.statement...)
	}
	return append(out, 0)
}

// answers reads until the server is ready for more.
func answers(frontend *pgproto3.Frontend) (server, err error) {
	for {
		message, err := frontend.Receive()
		if err != nil {
			return nil, err
		}
		switch m := message.(type) {
		case *pgproto3.ErrorResponse:
			if server == nil {
				server = pgconn.ErrorResponseToPgError(m)
			}
			if m.Severity == "FATAL" {
				return nil, server
			}
		case *pgproto3.ReadyForQuery:
			if m.TxStatus != 'I' {
				return nil, fmt.Errorf("the connection is left in state %q", m.TxStatus)
			}
			return server, nil
		}
	}
}
