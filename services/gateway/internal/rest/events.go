package rest

import (
	"bytes"
	"io"
	"net/http"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/gateway/internal/cloudevents"
)

const eventsPath = "/actionplane/v1/events"

// withCloudEvents lets next, which knows our own events, take CloudEvents.
func withCloudEvents(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != eventsPath || r.Method != http.MethodPost || !cloudevents.Is(r.Header) {
			next.ServeHTTP(w, r)
			return
		}
		sent, err := io.ReadAll(r.Body) // bounded by checked
		if err != nil {
			Refuse(w, r, fault.Deadline("the request did not arrive in time").WithStatus(http.StatusRequestTimeout))
			return
		}
		translated, batch, err := cloudevents.Translate(r.Header, sent)
		if err != nil {
			Refuse(w, r, classify(err))
			return
		}
		r = r.Clone(r.Context())
		if batch {
			r.URL.Path, r.URL.RawPath = eventsPath+":batch", ""
		}
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = int64(len(translated))
		r.Body = &body{ReadCloser: io.NopCloser(bytes.NewReader(translated))}
		next.ServeHTTP(w, r)
	})
}
