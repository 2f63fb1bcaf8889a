package bus

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actionplane/actionplane/libs/fault"
)

const (
	// apiPrefix begins the subjects of JetStream's API; see ADR-1 of NATS.
	apiPrefix = "$JS.API.STREAM."
	// chunkSize of what is saved and loaded, in bytes.
	chunkSize = 128 << 10
	// apiTimeout is longer than a server takes to check what a stream holds, or
	// to take a chunk.
	apiTimeout = time.Minute
	// nameInUseOfRestore is JetStream's error for a stream that is there when
	// another is to be restored under its name.
	nameInUseOfRestore = 10130
	// maxSnapshotHead bounds the first line of a snapshot, in bytes.
	maxSnapshotHead = 1 << 20
)

// snapshotHead is the first line of a saved stream; what follows is the
// server's own.
type snapshotHead struct {
	Config map[string]json.RawMessage `json:"config"`
	State  json.RawMessage            `json:"state"`
}

// apiError is what JetStream's API answers when it refuses.
type apiError struct {
	Error *struct {
		Code        int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
}

// SaveStream writes what a stream holds, with its configuration and its
// sequences, while it is used: messages that are taken or removed meanwhile may
// be in it or not. Consumers are not: who owns one makes it at its start, and
// gets what is in the stream. A stream that is not there is fault.NotFound.
func (c *Conn) SaveStream(ctx context.Context, name string, w io.Writer) error {
	if err := c.saveStream(ctx, name, w); err != nil {
		return fmt.Errorf("save stream %s: %w", name, err)
	}
	return nil
}

func (c *Conn) saveStream(ctx context.Context, name string, w io.Writer) error {
	chunks, err := c.nc.SubscribeSync(nats.NewInbox())
	if err != nil {
		return err
	}
	defer func() { _ = chunks.Unsubscribe() }()
	var head snapshotHead
	err = c.callAPI(ctx, apiPrefix+"SNAPSHOT."+name, map[string]any{
		"deliver_subject": chunks.Subject, "no_consumers": true, "chunk_size": chunkSize, "jsck": true,
	}, &head)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(w).Encode(head); err != nil {
		return err
	}
	for {
		m, err := chunks.NextMsgWithContext(ctx)
		if err != nil {
			return err
		}
		if len(m.Data) == 0 {
			return endOfSnapshot(m)
		}
		if _, err := w.Write(m.Data); err != nil {
			return err
		}
		if m.Reply == "" {
			continue
		}
		if err := m.Respond(nil); err != nil {
			return err
		}
	}
}

// endOfSnapshot reads the last message, whose status says whether all came.
func endOfSnapshot(m *nats.Msg) error {
	if status := m.Header.Get("Status"); status != "" && status != "204" {
		return fmt.Errorf("the server gave up: %s %s", status, m.Header.Get("Description"))
	}
	return nil
}

// LoadStream makes a stream of what SaveStream wrote, with this connection's
// number of replicas. Where the stream is there already it is fault.AlreadyExists.
func (c *Conn) LoadStream(ctx context.Context, r io.Reader) error {
	saved := bufio.NewReaderSize(r, maxSnapshotHead)
	head, name, err := readSnapshotHead(saved)
	if err != nil {
		return fmt.Errorf("load stream: %w", err)
	}
	if err := c.loadStream(ctx, name, head, saved); err != nil {
		return fmt.Errorf("load stream %s: %w", name, err)
	}
	return nil
}

// SavedStream returns the name of the stream that SaveStream wrote.
func SavedStream(r io.Reader) (string, error) {
	_, name, err := readSnapshotHead(bufio.NewReaderSize(r, maxSnapshotHead))
	return name, err
}

func readSnapshotHead(r *bufio.Reader) (snapshotHead, string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return snapshotHead{}, "", fault.Invalid("not a saved stream").Because(err)
	}
	var head snapshotHead
	var name string
	if err = json.Unmarshal(line, &head); err == nil {
		err = json.Unmarshal(head.Config["name"], &name)
	}
	if err != nil || name == "" {
		return head, "", fault.Invalid("not a saved stream").Because(err)
	}
	return head, name, nil
}

func (c *Conn) loadStream(ctx context.Context, name string, head snapshotHead, r io.Reader) error {
	head.Config["num_replicas"] = json.RawMessage(strconv.Itoa(c.replicas))
	delete(head.Config, "placement") // of the cluster that it was saved from
	var accepted struct {
		DeliverSubject string `json:"deliver_subject"`
	}
	if err := c.callAPI(ctx, apiPrefix+"RESTORE."+name, head, &accepted); err != nil {
		return err
	}
	chunk := make([]byte, chunkSize)
	for {
		n, err := io.ReadFull(r, chunk)
		if n > 0 {
			if err := c.askAPI(ctx, accepted.DeliverSubject, chunk[:n], nil); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return c.askAPI(ctx, accepted.DeliverSubject, nil, nil)
		}
		if err != nil {
			return err
		}
	}
}

// AdvanceStream has the next message of a stream get a sequence beyond last: it
// stores messages under a subject that nobody else uses, and removes them. It is
// for a stream that was loaded and whose consumers are not there yet.
func (c *Conn) AdvanceStream(ctx context.Context, name, subject string, last uint64) error {
	s, err := c.js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", name, err)
	}
	for seq := s.CachedInfo().State.LastSeq; seq < last; {
		ack, err := c.js.Publish(ctx, subject, nil)
		if err != nil {
			return fmt.Errorf("advance stream %s: %w", name, err)
		}
		seq = ack.Sequence
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
		return fmt.Errorf("advance stream %s: %w", name, err)
	}
	return nil
}

// callAPI asks JetStream's API.
func (c *Conn) callAPI(ctx context.Context, subject string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.askAPI(ctx, subject, body, out)
}

// askAPI sends JetStream's API a message and reads the answer, which may be
// empty.
func (c *Conn) askAPI(ctx context.Context, subject string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	answer, err := c.nc.RequestWithContext(ctx, subject, body)
	if err != nil {
		return requestError(subject, err)
	}
	if len(answer.Data) == 0 {
		return nil
	}
	var refused apiError
	if err := json.Unmarshal(answer.Data, &refused); err != nil {
		return err
	}
	if refused.Error != nil {
		return refused.fault()
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}

func (e apiError) fault() error {
	switch jetstream.ErrorCode(e.Error.Code) {
	case jetstream.JSErrCodeStreamNotFound:
		return fault.NotFound("there is no such stream")
	case jetstream.JSErrCodeStreamNameInUse, nameInUseOfRestore:
		return fault.AlreadyExists("the stream is there already")
	}
	return fmt.Errorf("%s (%d)", e.Error.Description, e.Error.Code)
}
