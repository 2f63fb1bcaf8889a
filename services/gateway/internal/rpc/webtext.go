package rpc

import (
	"bufio"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

// The content types of gRPC-Web: browsers that cannot read bytes as they
// arrive speak the text form, in which both bodies are base64.
const (
	webType  = "application/grpc-web"
	textType = "application/grpc-web-text"
)

// webText translates the text form of gRPC-Web for next, which speaks the
// binary one (grpc/grpc, doc/PROTOCOL-WEB.md).
func webText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := r.Header.Get("Content-Type")
		rest, ok := strings.CutPrefix(sent, textType)
		if !ok || rest != "" && rest[0] != '+' && rest[0] != ';' {
			next.ServeHTTP(w, r)
			return
		}
		r = r.Clone(r.Context())
		r.Header.Set("Content-Type", webType+rest)
		r.Header.Del("Content-Length")
		r.ContentLength = -1
		r.Body = &textBody{Closer: r.Body, text: bufio.NewReader(r.Body)}
		out := &textWriter{ResponseWriter: w}
		next.ServeHTTP(out, r)
		out.end()
	})
}

// textBody reads base64 of any number of chunks, each padded for itself. What
// is not base64 ends it with io.ErrUnexpectedEOF.
type textBody struct {
	io.Closer
	text  *bufio.Reader
	ready []byte // decoded and not read yet
	space [3]byte
}

// Read implements io.Reader.
func (b *textBody) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(b.ready) == 0 {
			if n > 0 && b.text.Buffered() < 4 {
				return n, nil // rather than wait for more
			}
			if err := b.decode(); err != nil {
				return n, err
			}
		}
		copied := copy(p[n:], b.ready)
		b.ready = b.ready[copied:]
		n += copied
	}
	return n, nil
}

// decode decodes the next four characters, the unit that padding completes.
func (b *textBody) decode() error {
	var four [4]byte
	for i := 0; i < len(four); {
		c, err := b.text.ReadByte()
		switch {
		case err == io.EOF && i > 0:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case c == '\r' || c == '\n':
			continue
		}
		four[i] = c
		i++
	}
	n, err := base64.StdEncoding.Decode(b.space[:], four[:])
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	b.ready = b.space[:n]
	return nil
}

// textWriter encodes what is written. It pads where the answer pauses, so that
// all before can be read, and at its end.
type textWriter struct {
	http.ResponseWriter
	wrote   bool
	pending []byte // up to two bytes that make no group yet
}

// WriteHeader implements http.ResponseWriter.
func (w *textWriter) WriteHeader(status int) {
	if !w.wrote {
		w.wrote = true
		h := w.Header()
		h.Del("Content-Length")
		if rest, ok := strings.CutPrefix(h.Get("Content-Type"), webType); ok {
			h.Set("Content-Type", textType+rest)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *textWriter) Write(b []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	w.pending = append(w.pending, b...)
	whole := len(w.pending) / 3 * 3
	if err := w.encode(w.pending[:whole]); err != nil {
		return 0, err
	}
	w.pending = append(w.pending[:0], w.pending[whole:]...)
	return len(b), nil
}

func (w *textWriter) encode(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, err := w.ResponseWriter.Write(base64.StdEncoding.AppendEncode(nil, b))
	return err
}

// pad ends a chunk.
func (w *textWriter) pad() {
	_ = w.encode(w.pending) // the client went away
	w.pending = w.pending[:0]
}

// end ends the answer.
func (w *textWriter) end() {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	w.pad()
}

// Flush implements http.Flusher.
func (w *textWriter) Flush() {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	w.pad()
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (w *textWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
