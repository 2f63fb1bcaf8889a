package worker

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
)

func frame(tb testing.TB, kind frameKind, payload string) []byte {
	tb.Helper()
	f, err := sealFrame(append(newFrame(kind, nil), payload...))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestReadFrame(t *testing.T) {
	t.Parallel()
	whole := frame(t, frameInvoke, "payload")
	for _, test := range []struct {
		name  string
		bytes []byte
		err   error
	}{
		{"EndBetweenFramesIsEOF", nil, io.EOF},
		{"EndInTheHeadIsUnexpected", whole[:3], io.ErrUnexpectedEOF},
		{"EndInThePayloadIsUnexpected", whole[:len(whole)-1], io.ErrUnexpectedEOF},
		{"EndBeforeALargePayloadIsUnexpected", []byte{1, 0, 0, 0, 3}, io.ErrUnexpectedEOF},
		{"TooLargeIsRefusedUnread", []byte{0xff, 0, 0, 0, 3}, errFrameTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := readFrame(bufio.NewReader(bytes.NewReader(test.bytes)))
			if !errors.Is(err, test.err) {
				t.Errorf("error is %v, want %v", err, test.err)
			}
		})
	}
	t.Run("FramesFollowEachOther", func(t *testing.T) {
		t.Parallel()
		r := bufio.NewReader(bytes.NewReader(append(whole, frame(t, frameReady, "")...)))
		kind, payload, err := readFrame(r)
		if kind != frameInvoke || string(payload) != "payload" || err != nil {
			t.Errorf("first frame is %d %q %v", kind, payload, err)
		}
		kind, payload, err = readFrame(r)
		if kind != frameReady || len(payload) != 0 || err != nil {
			t.Errorf("second frame is %d %q %v", kind, payload, err)
		}
	})
}

// FuzzFrame reads anything: no panic, and what can be read is written the same.
func FuzzFrame(f *testing.F) {
	f.Add(frame(f, frameHello, `{"MaxMemory":1}`))
	f.Add(frame(f, frameReady, ""))
	f.Add([]byte{0, 0, 0, 0, 0})
	f.Add([]byte{1, 0, 0, 0, 3, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, payload, err := readFrame(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return
		}
		again := frame(t, kind, string(payload))
		if !bytes.HasPrefix(b, again) {
			t.Errorf("%x was read and is written %x", b, again)
		}
	})
}
