package sender

import (
	"bufio"
	"errors"
	"io"
	"net/http/httputil"
)

// firstRead is the most memory, in bytes, that a claimed length reserves.
const firstRead = 16 << 10

// maxTrailer bounds the fields behind a chunked body, in bytes.
const maxTrailer = 8 << 10

// readBody reads the body that follows h and returns its first keep bytes and
// its size. It never holds more than keep bytes, and fails with errBodyLimit as
// soon as the size exceeds limit, before reading anything if the head says so.
func readBody(r *bufio.Reader, h answerHead, limit, keep int64) (body []byte, size int64, err error) {
	switch {
	case h.bodiless() || h.length == 0:
		return nil, 0, nil
	case h.length > limit:
		return nil, 0, errBodyLimit
	case !h.chunked:
		return collect(r, h.length, limit, keep)
	}
	body, size, err = collect(httputil.NewChunkedReader(r), unframed, limit, keep)
	if err != nil {
		return nil, size, chunkError(err)
	}
	if err := skipTrailer(r); err != nil {
		return nil, size, err
	}
	return body, size, nil
}

// collect reads length bytes, or up to the end where that is unframed. Memory
// grows with what has arrived, not with what was announced.
func collect(r io.Reader, length, limit, keep int64) (body []byte, size int64, err error) {
	var scratch []byte
	for size != length {
		var room []byte
		if int64(len(body)) < keep {
			body = grow(body, length, keep)
			room = body[len(body):min(int64(cap(body)), keep)]
		} else {
			if scratch == nil {
				scratch = make([]byte, 4<<10)
			}
			room = scratch
		}
		// One byte beyond the limit tells "exactly the limit" from "more".
		room = clip(room, limit+1-size)
		if length != unframed {
			room = clip(room, length-size)
		}
		n, err := r.Read(room)
		size += int64(n)
		if int64(len(body)) < keep {
			body = body[:len(body)+n]
		}
		if size > limit {
			return nil, size, errBodyLimit
		}
		if errors.Is(err, io.EOF) && (length == unframed || size == length) {
			return body, size, nil
		}
		if errors.Is(err, io.EOF) {
			return nil, size, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, size, err
		}
	}
	return body, size, nil
}

// grow makes room for at least one more byte.
func grow(body []byte, length, keep int64) []byte {
	switch {
	case body == nil && length != unframed:
		return make([]byte, 0, min(length, keep, firstRead))
	case body == nil:
		return make([]byte, 0, min(keep, 512))
	case len(body) == cap(body):
		return append(body, 0)[:len(body)]
	}
	return body
}

func clip(b []byte, n int64) []byte {
	if int64(len(b)) > n {
		return b[:n]
	}
	return b
}

// chunkError tells faults of the chunks from those of the connection.
func chunkError(err error) error {
	if errors.Is(err, errBodyLimit) || isTimeout(err) || isBroken(err) {
		return err
	}
	return malformedError(err.Error())
}

// skipTrailer reads what the chunked reader leaves: trailer fields, which we
// have no use for, and the empty line. As in the chunks before them, a line
// ends with both its characters.
func skipTrailer(r *bufio.Reader) error {
	lines := lineReader{r: r, budget: maxTrailer}
	for {
		line, err := lines.next()
		if err != nil {
			return err
		}
		if lines.bare {
			return malformedError("trailer line without a carriage return")
		}
		if len(line) == 0 {
			return nil
		}
		if _, _, err := splitField(line); err != nil {
			return err
		}
	}
}
