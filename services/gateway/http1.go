package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/actionplane/actionplane/libs/fault"
	"github.com/actionplane/actionplane/services/gateway/internal/bridge"
	"github.com/actionplane/actionplane/services/gateway/internal/listen"
	"github.com/actionplane/actionplane/services/gateway/internal/rest"
)

// maxHeader is the largest request header in bytes, on HTTP/1.1 the request
// line included.
const maxHeader = 16 << 10

// newHTTP1 is Fiber in front of the handler.
func (s *Service) newHTTP1() *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage:        true,
		DisablePreParseMultipartForm: true, // a body is a body
		BodyLimit:                    s.cfg.MaxRequest,
		ReadBufferSize:               maxHeader,
		ReadTimeout:                  s.cfg.RequestTimeout,
		WriteTimeout:                 s.cfg.RequestTimeout,
		IdleTimeout:                  2 * s.cfg.RequestTimeout,
		ServerHeader:                 "actionplane",
		ErrorHandler:                 s.refuse,
	})
	app.Server().CloseOnShutdown = true // tells clients not to send more on this connection
	app.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: s.logPanic}))
	app.Use(bridge.Handler(s.handler))
	return app
}

func (s *Service) logPanic(_ *fiber.Ctx, cause any) {
	s.log.Error("gateway.panic", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
}

// refuse answers where the handler was not reached or did not return.
func (s *Service) refuse(c *fiber.Ctx, err error) error {
	status := http.StatusInternalServerError
	var known *fiber.Error
	if errors.As(err, &known) {
		status = known.Code
	}
	listen.Linger(c.Context().Conn())
	c.Response().Reset()
	c.Status(status).Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(rest.ErrorBody(c.Path(), s.refusal(status)))
}

// refusal words what Fiber answers with a bare status.
func (s *Service) refusal(status int) *fault.Error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return rest.TooLarge(s.cfg.MaxRequest)
	case http.StatusRequestHeaderFieldsTooLarge:
		return fault.Exhausted("the request header is larger than %d bytes", maxHeader)
	case http.StatusRequestTimeout:
		return fault.Deadline("the request did not arrive in time")
	case http.StatusBadRequest:
		return fault.Invalid("malformed HTTP request")
	default:
		return fault.Internal("internal error")
	}
}
