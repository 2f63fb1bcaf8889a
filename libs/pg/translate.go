package pg

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/actionplane/actionplane/libs/fault"
)

// SQLSTATE codes and classes that mean something to us. Source: PostgreSQL
// manual, appendix A.
const (
	stateNotNullViolation    = "23502"
	stateForeignKeyViolation = "23503"
	stateUniqueViolation     = "23505"
	stateCheckViolation      = "23514"
	stateExclusionViolation  = "23P01"
	stateReadOnly            = "25006" // after a failover we may still talk to the old primary
	stateSerialization       = "40001"
	stateDeadlock            = "40P01"
	stateLockNotAvailable    = "55P03" // lock_timeout
	stateQueryCanceled       = "57014" // statement_timeout, or somebody's pg_cancel_backend
	stateFeatureNotSupported = "0A000"

	classConnection   = "08"
	classData         = "22"
	classResources    = "53" // disk full, too many connections
	classIntervention = "57" // shutdown, restart, database dropped
)

// Translate classifies a database error. The fault's message is fit for a
// caller; what the database said stays behind it as the cause, so errors.Is and
// errors.As still find it. An error that already is a fault, one that is none
// of ours, and nil come back unchanged.
//
// No row is NotFound, a taken key AlreadyExists, a broken reference
// FailedPrecondition, a value the schema refuses Invalid, a lost race Aborted, a
// statement out of time Deadline, a database that is away Unavailable.
func Translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	if f := classify(err); f != nil {
		return f.Because(err)
	}
	return err
}

// IsUnavailable reports whether err means that the database is away, so that
// the same call may succeed later.
func IsUnavailable(err error) bool {
	return fault.CodeOf(Translate(err)) == fault.CodeUnavailable
}

// classify returns the fault for a raw error, or nil where we know nothing.
func classify(err error) *fault.Error {
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fault.NotFound("not found")
	case errors.As(err, &server):
		return classifyState(server)
	case errors.Is(err, context.Canceled):
		return fault.New(fault.CodeCanceled, "canceled")
	// Before the deadline: pgx ends a connect that takes too long by a
	// deadline of its own, and that is the database's fault, not the caller's.
	case errors.As(err, &connect):
		return fault.Unavailable("database is unreachable")
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Deadline("database did not answer in time")
	case isBroken(err):
		return fault.Unavailable("database connection was lost")
	}
	return nil
}

// classifyState returns the fault for what the server answered.
func classifyState(e *pgconn.PgError) *fault.Error {
	switch e.Code {
	case stateUniqueViolation, stateExclusionViolation:
		return fault.AlreadyExists("already exists")
	case stateForeignKeyViolation:
		return fault.FailedPrecondition("refers to something that does not exist, or is still referred to")
	case stateCheckViolation, stateNotNullViolation:
		return fault.Invalid("value is not allowed")
	case stateSerialization, stateDeadlock:
		return fault.New(fault.CodeAborted, "changed by somebody else at the same time")
	case stateLockNotAvailable, stateReadOnly:
		return fault.Unavailable("database is busy")
	case stateQueryCanceled:
		return fault.Deadline("database did not answer in time")
	}
	switch e.Code[:min(2, len(e.Code))] {
	case classData:
		return fault.Invalid("value is not allowed")
	case classConnection, classResources, classIntervention:
		return fault.Unavailable("database is unavailable")
	}
	return nil
}

// isBroken reports whether err is a connection or a pool that went away.
func isBroken(err error) bool {
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, puddle.ErrClosedPool)
}
