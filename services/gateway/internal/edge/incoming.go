package edge

import (
	"context"
	"net/http"
	"strings"
)

type incomingKey struct{}

// WithIncoming puts the request's headers where Call finds them, whichever
// protocol carries the call.
func WithIncoming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), incomingKey{}, r.Header)))
	})
}

func header(ctx context.Context, name string) string {
	h, _ := ctx.Value(incomingKey{}).(http.Header)
	return h.Get(name)
}

// bearer returns the token of the Authorization header; "" where there is
// none.
func bearer(ctx context.Context) string {
	scheme, token, ok := strings.Cut(header(ctx, "Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
