package worker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// frameKind is what a frame's payload is.
type frameKind byte

const (
	frameHello      frameKind = 1 // parent: settings as JSON
	frameReady      frameKind = 2 // child: the processor time it took so far
	frameInvoke     frameKind = 3 // parent: a request
	frameCancel     frameKind = 4 // parent: the id of a request
	frameResult     frameKind = 5 // child: a result
	frameNeedSource frameKind = 6 // child: the id of a request
	frameCheck      frameKind = 7 // parent: a script to look at
	frameWarnings   frameKind = 8 // child: what is wrong with it
)

const (
	// maxFrame bounds a frame's payload, in bytes.
	maxFrame = 32 << 20
	// frameHead is the length (4 bytes, big endian, of what follows) and the
	// kind.
	frameHead = 5
	// trustedLength is up to where a frame's length is believed before its
	// bytes are there.
	trustedLength = 64 << 10
	// keptBuffer is how large a buffer is kept from one frame to the next.
	keptBuffer = 1 << 20
)

// errFrameTooLarge is a frame above maxFrame.
var errFrameTooLarge = fmt.Errorf("frame is larger than %d bytes", maxFrame)

// newFrame returns a frame to append the payload to; see sealFrame. It reuses
// buf, unless that has become large.
func newFrame(kind frameKind, buf []byte) []byte {
	if cap(buf) > keptBuffer {
		buf = nil
	}
	return append(buf[:0], 0, 0, 0, 0, byte(kind))
}

// sealFrame fills in the length of a frame that is complete.
func sealFrame(frame []byte) ([]byte, error) {
	if len(frame)-frameHead > maxFrame {
		return nil, errFrameTooLarge
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame, nil
}

// readFrame reads the next frame. The payload is the caller's to keep. io.EOF
// is an end between frames, io.ErrUnexpectedEOF one within.
func readFrame(r *bufio.Reader) (frameKind, []byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := int64(binary.BigEndian.Uint32(head[:])) - 1
	switch {
	case size < 0:
		return 0, nil, errors.New("frame without a kind")
	case size > maxFrame:
		return 0, nil, errFrameTooLarge
	}
	payload, err := readPayload(r, size)
	return frameKind(head[4]), payload, err
}

func readPayload(r io.Reader, size int64) ([]byte, error) {
	if size <= trustedLength {
		payload := make([]byte, size)
		_, err := io.ReadFull(r, payload)
		return payload, cutShort(err)
	}
	var payload bytes.Buffer
	_, err := io.CopyN(&payload, r, size)
	return payload.Bytes(), cutShort(err)
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
