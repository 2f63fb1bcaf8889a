package rpc

import (
	"net/http"
	"strings"

	"github.com/actionplane/actionplane/services/gateway/internal/edge"
)

// Protocol returns which protocol r speaks; "" where it is no RPC. The path of
// an RPC is "/pkg.Service/Method": a first segment with a dot, as no REST path
// has.
func Protocol(r *http.Request) string {
	service, method, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !ok || !strings.Contains(service, ".") || method == "" {
		return ""
	}
	switch contentType := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(contentType, "application/grpc-web"):
		return edge.ProtocolGRPCWeb
	case strings.HasPrefix(contentType, "application/grpc"):
		return edge.ProtocolGRPC
	default:
		return edge.ProtocolConnect
	}
}
