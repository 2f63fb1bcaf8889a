package sender

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/actionplane/actionplane/libs/egress"
	"github.com/actionplane/actionplane/libs/fault"
)

// Kind says what an attempt without an answer died of.
type Kind string

// The kinds of failure; the values serve as labels of metrics and records.
const (
	KindInvalid   Kind = "invalid"   // URL or header field cannot be sent; nothing was dialed
	KindDenied    Kind = "denied"    // the guard refused the address; see Denial
	KindDial      Kind = "dial"      // name not resolved or no connection
	KindTLS       Kind = "tls"       // certificate not trusted or handshake failed
	KindTimeout   Kind = "timeout"   // the attempt's deadline passed
	KindCanceled  Kind = "canceled"  // the caller gave up
	KindReset     Kind = "reset"     // the connection broke after it stood
	KindTooLarge  Kind = "too_large" // the answer's head or body exceeds its limit
	KindMalformed Kind = "malformed" // the answer is no HTTP/1.1
	KindClosed    Kind = "closed"    // the Sender was closed
)

// Stage says how far an attempt had come.
type Stage string

// The stages of an attempt, in order.
const (
	StagePrepare Stage = "prepare" // reading the URL, writing the head
	StageWait    Stage = "wait"    // for a free connection slot of the host
	StageConnect Stage = "connect" // name lookup and TCP
	StageTLS     Stage = "tls"     // handshake
	StageWrite   Stage = "write"   // sending the request
	StageHead    Stage = "head"    // waiting for and reading status and headers
	StageBody    Stage = "body"    // reading the answer's body
)

// Failure is an attempt that got no complete answer. It unwraps to its cause;
// a timeout also is [context.DeadlineExceeded], a cancellation
// [context.Canceled].
type Failure struct {
	Kind   Kind
	Stage  Stage
	Origin string // scheme, host and port; never path, query or credentials
	Reused bool   // the connection had served an attempt before
	Err    error
}

// Error names kind, stage and origin, then the cause.
func (f *Failure) Error() string {
	text := string(f.Kind) + " at " + string(f.Stage)
	if f.Origin != "" {
		text += " of " + f.Origin
	}
	return text + ": " + f.Err.Error()
}

// Phase names, for people, what was being done: "resolve", "wait", "connect",
// "tls", "write", "headers" or "body", or "prepare" before any of it.
func (f *Failure) Phase() string {
	switch {
	case f.Stage == StageConnect && errors.As(f.Err, new(*net.DNSError)):
		return "resolve"
	case f.Stage == StageHead:
		return "headers"
	}
	return string(f.Stage)
}

// Cause says in a few words what went wrong; it repeats neither addresses of
// our own nor anything secret.
func (f *Failure) Cause() string {
	var dns *net.DNSError
	var errno syscall.Errno
	var known *fault.Error
	switch {
	case f.Kind == KindTimeout:
		return "the time was over"
	case errors.As(f.Err, &known):
		return known.Message
	case errors.As(f.Err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.As(f.Err, &dns):
		return "the name servers gave no answer"
	case errors.As(f.Err, &errno):
		return errno.Error()
	case errors.Is(f.Err, io.EOF), errors.Is(f.Err, io.ErrUnexpectedEOF):
		return "the target closed the connection"
	}
	return f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Is maps kinds to the errors of package context, so that callers can classify
// without knowing this package.
func (f *Failure) Is(target error) bool {
	return f.Kind == KindTimeout && target == context.DeadlineExceeded ||
		f.Kind == KindCanceled && target == context.Canceled
}

// Errors that say where they come from by being themselves.
var (
	errClosed      = errors.New("sender is closed")
	errHeadLimit   = errors.New("head of the answer exceeds its limit")
	errBodyLimit   = errors.New("body of the answer exceeds its limit")
	errSlotTimeout = &timeoutError{"no free connection to the host in time"}
)

// malformedError is an answer that breaks the rules of RFC 9112.
type malformedError string

func (e malformedError) Error() string { return "malformed answer: " + string(e) }

// timeoutError is a deadline that passed outside any network call.
type timeoutError struct{ text string }

func (e *timeoutError) Error() string { return e.text }
func (e *timeoutError) Timeout() bool { return true }

// classify names the kind of an error that happened at stage. An answer that
// the guard or the limits judged keeps that verdict even when the caller gave
// up meanwhile; of the rest the caller's cancellation is the cause.
func classify(ctx context.Context, stage Stage, err error) Kind {
	var malformed malformedError
	switch {
	case errors.As(err, new(*egress.Denial)):
		return KindDenied
	case errors.Is(err, errInvalid):
		return KindInvalid
	case errors.Is(err, errHeadLimit), errors.Is(err, errBodyLimit):
		return KindTooLarge
	case errors.As(err, &malformed):
		return KindMalformed
	case errors.Is(ctx.Err(), context.Canceled):
		return KindCanceled
	case isTimeout(err):
		return KindTimeout
	case errors.Is(err, errClosed):
		return KindClosed
	case stage == StageConnect:
		return KindDial
	case stage == StageTLS, isAlert(err):
		return KindTLS
	case isBroken(err):
		return KindReset
	}
	return KindMalformed
}

// isTimeout covers our deadline on sockets, the context's, and the kernel's.
func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// isAlert reports whether the target refused us within TLS. With TLS 1.3 a
// refused client certificate only shows when the answer is read.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" // as crypto/tls marks a peer's alert
}

// isBroken reports whether err is the connection's and not the content's.
func isBroken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(*net.OpError))
}
