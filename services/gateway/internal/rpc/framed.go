package rpc

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"

	"connectrpc.com/connect"

	"github.com/actionplane/actionplane/services/gateway/internal/edge"
)

// framed refuses bodies that break off within a gRPC message, or are none, as
// the client's mistake: connect takes it for one of the server's.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := Protocol(r); p == edge.ProtocolGRPC || p == edge.ProtocolGRPCWeb {
			r.Body = &frames{ReadCloser: r.Body}
		}
		next.ServeHTTP(w, r)
	})
}

const (
	prefixSize = 5    // of a message: a byte of flags and the length
	compressed = 0x01 // the one flag of a request
)

// frames follows the messages that pass through it.
type frames struct {
	io.ReadCloser
	prefix [prefixSize]byte
	have   int // bytes of prefix
	left   int // bytes of the message
}

// Read implements io.Reader.
func (f *frames) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if !f.follow(p[:n]) {
		return 0, refusal("the request is not a gRPC message: unknown flags")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF && (f.have > 0 || f.left > 0) {
		return n, refusal("the request ends within a gRPC message")
	}
	return n, err
}

// follow reports whether b may stand here.
func (f *frames) follow(b []byte) bool {
	for len(b) > 0 {
		if f.left > 0 {
			skipped := min(f.left, len(b))
			f.left, b = f.left-skipped, b[skipped:]
			continue
		}
		taken := copy(f.prefix[f.have:], b)
		f.have, b = f.have+taken, b[taken:]
		if f.prefix[0]&^compressed != 0 {
			return false
		}
		if f.have == prefixSize {
			f.have, f.left = 0, int(binary.BigEndian.Uint32(f.prefix[1:]))
		}
	}
	return true
}

func refusal(text string) error {
	return connect.NewError(connect.CodeInvalidArgument, errors.New(text))
}
