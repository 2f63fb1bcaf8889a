package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/actionplane/actionplane/libs/ident"
	"github.com/actionplane/actionplane/proto/contract"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MaxBatch is how many messages NATS takes as one batch.
const MaxBatch = 1000

// asyncAckTimeout bounds how long an acknowledgement is waited for that never
// comes, when nobody waits for it any more.
const asyncAckTimeout = 30 * time.Second

// Headers of a batch (NATS 2.12, ADR-50).
const (
	headerBatchID     = "Nats-Batch-Id"
	headerBatchSeq    = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

// Error codes of JetStream that say why a batch cannot be taken as one, and
// nothing about its messages one by one: from "disabled" (10174) to "invalid
// id" (10179), too large, invalid commit, duplicate message ids, too many at
// once.
func refusesBatches(code jetstream.ErrorCode) bool {
	switch code {
	case 10158, 10199, 10200, 10201, 10210:
		return true
	}
	return code >= 10174 && code <= 10179
}

// Outgoing is a message for PublishAll.
type Outgoing struct {
	Subject string
	// ID under which the stream takes it once; required.
	ID string
	// Header to send along; may be nil.
	Header map[string][]string
	Data   []byte
}

// PartialError says that some messages of a PublishAll are stored and others
// are not, or not known to be.
type PartialError struct {
	Stored []bool // by the message's place
	Err    error  // of the first that failed
}

// Error returns the text of the failure.
func (e *PartialError) Error() string { return e.Err.Error() }

// Unwrap returns the failure.
func (e *PartialError) Unwrap() error { return e.Err }

// PublishAll stores messages in their order and returns once all of them are
// stored. In a stream that takes batches (Stream.Batches) all of them are or
// none, unless the server cannot take these as one: more than MaxBatch, one of
// them stored before, too many batches at once, an older server. Then they are
// sent one by one without waiting in between. Either way the same messages
// again, within the stream's duplicate window, are stored once.
//
// UNAVAILABLE: none is stored, or not known to be; RESOURCE_EXHAUSTED: none is,
// for the stream is full. Where either wraps a *PartialError, that tells which
// are.
func (c *Conn) PublishAll(ctx context.Context, messages []Outgoing) error {
	if len(messages) == 0 {
		return nil
	}
	ctx, cancel := withDefaultTimeout(ctx)
	defer cancel()
	start := time.Now()
	ctx, span := c.startSend(ctx, messages[0].Subject, len(messages))
	err := c.publishAll(ctx, messages)
	endProcess(span, err)
	c.meters.send(ctx, messages[0].Subject, len(messages), start, err)
	return err
}

func (c *Conn) publishAll(ctx context.Context, messages []Outgoing) error {
	if len(messages) > 1 && len(messages) <= MaxBatch {
		done, err := c.publishBatch(ctx, messages)
		if done {
			return err
		}
	}
	return c.publishInOrder(ctx, messages)
}

// publishBatch sends messages as one batch. done is false where that says
// nothing about sending them one by one.
func (c *Conn) publishBatch(ctx context.Context, messages []Outgoing) (done bool, err error) {
	id, last := ident.NewUUID(), len(messages)-1
	for i, m := range messages[:last] {
		if err := c.nc.PublishMsg(c.inBatch(ctx, m, id, i+1)); err != nil {
			return true, publishError(m.Subject, err)
		}
	}
	commit := c.inBatch(ctx, messages[last], id, len(messages))
	commit.Header[headerBatchCommit] = []string{"1"}
	answer, err := c.nc.RequestMsgWithContext(ctx, commit)
	if err != nil {
		return true, publishError(commit.Subject, err)
	}
	var ack struct {
		Error *jetstream.APIError `json:"error"`
		Count int                 `json:"count"`
	}
	switch err := json.Unmarshal(answer.Data, &ack); {
	case err != nil:
		return true, publishError(commit.Subject, fmt.Errorf("acknowledgement of a batch: %w", err))
	case ack.Error != nil && !refusesBatches(ack.Error.ErrorCode):
		return true, publishError(commit.Subject, ack.Error)
	}
	// A server that knows no batches has stored the last message, and the
	// others without telling: sent again, they are known to be.
	return ack.Error == nil && ack.Count == len(messages), nil
}

func (c *Conn) inBatch(ctx context.Context, m Outgoing, id string, seq int) *nats.Msg {
	msg := m.message(ctx)
	msg.Header[headerBatchID] = []string{id}
	msg.Header[headerBatchSeq] = []string{strconv.Itoa(seq)}
	return msg
}

func (m Outgoing) message(ctx context.Context) *nats.Msg {
	h := outgoing(ctx)
	delete(h, contract.HeaderTimeout) // nobody waits
	maps.Copy(h, m.Header)
	h[nats.MsgIdHdr] = []string{m.ID}
	return &nats.Msg{Subject: m.Subject, Header: h, Data: m.Data}
}

// publishInOrder sends messages one by one.
func (c *Conn) publishInOrder(ctx context.Context, messages []Outgoing) error {
	errs := c.sendEach(ctx, messages)
	if errs == nil {
		return nil
	}
	stored, some := make([]bool, len(messages)), false
	var failed error
	for i, err := range errs {
		if stored[i] = err == nil; stored[i] {
			some = true
		} else if failed == nil || errors.Is(failed, errNotSent) {
			failed = err
		}
	}
	if some {
		return &PartialError{Stored: stored, Err: failed}
	}
	return failed
}

// sendEach sends messages and awaits every acknowledgement. Those behind one that
// cannot be sent are not sent. It returns what became of each, nil where all are
// stored.
func (c *Conn) sendEach(ctx context.Context, messages []Outgoing) []error {
	futures := make([]jetstream.PubAckFuture, len(messages))
	var errs []error
	fail := func(i int, err error) {
		if errs == nil {
			errs = make([]error, len(messages))
		}
		errs[i] = publishError(messages[i].Subject, err)
	}
	for i, m := range messages {
		var err error
		if futures[i], err = c.js.PublishMsgAsync(m.message(ctx), jetstream.WithStallWait(DefaultTimeout)); err == nil {
			continue
		}
		fail(i, err)
		for j := i + 1; j < len(messages); j++ {
			fail(j, errNotSent)
		}
		break
	}
	for i, future := range futures {
		if future == nil {
			continue
		}
		if err := acknowledged(ctx, future); err != nil {
			fail(i, err)
		}
	}
	return errs
}

var errNotSent = errors.New("not sent")

func acknowledged(ctx context.Context, future jetstream.PubAckFuture) error {
	select {
	case <-future.Ok():
		return nil
	case err := <-future.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
