package reference

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	generated "github.com/actionplane/actionplane/proto/gen/go/reference"
)

// Paths are those that Handler serves.
const (
	DocumentPath = "/openapi.json"
	PagePath     = "/docs"
)

// Handler serves DocumentPath and PagePath.
func Handler() (http.Handler, error) {
	d, err := parse(generated.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	page, err := render(d)
	if err != nil {
		return nil, fmt.Errorf("make the page of the reference: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+DocumentPath, static("application/json", generated.OpenAPI))
	mux.Handle("GET "+PagePath, static("text/html; charset=utf-8", page))
	return mux, nil
}

// static serves bytes that change only with the binary.
func static(contentType string, body []byte) http.Handler {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Etag", tag)
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
