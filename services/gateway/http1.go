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

// newHTTP1 is Fiber in front of the handler.
func (s *Service) newHTTP1() *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage:        true,
		DisablePreParseMultipartForm: true, // a body is a body
		BodyLimit:                    s.cfg.MaxRequest,
		ReadBufferSize:               s.cfg.MaxHeader,
		ReadTimeout:                  s.cfg.RequestTimeout,
		WriteTimeout:                 s.cfg.RequestTimeout,
		IdleTimeout:                  2 * s.cfg.RequestTimeout,
		ServerHeader:                 "actionplane",
		Concurrency:                  s.cfg.MaxConnections,
		ErrorHandler:                 s.fail,
	})
	app.Server().CloseOnShutdown = true // tells clients not to send more on this connection
	app.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: s.logPanic}))
	app.Use(s.sayGoodbye)
	app.Use(bridge.Handler(s.handler))
	return app
}

// sayGoodbye closes the connection behind the answer once the process stops.
func (s *Service) sayGoodbye(c *fiber.Ctx) error {
	if s.leaving.Load() {
		c.Context().SetConnectionClose()
	}
	return c.Next()
}

func (s *Service) logPanic(_ *fiber.Ctx, cause any) {
	s.log.Error("gateway.panic", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
}

// fail answers where the handler was not reached or did not return.
func (s *Service) fail(c *fiber.Ctx, err error) error {
	status := http.StatusInternalServerError
	var known *fiber.Error
	if errors.As(err, &known) {
		status = known.Code
	}
	listen.Linger(c.Context().Conn())
	c.Response().Reset()
	refusal := s.refusal(status)
	answer := bridge.Handler(named(s.cfg.cors().Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, refusal) }))))
	if answer(c) == nil {
		return nil
	}
	c.Response().Reset() // not even the path can be read
	c.Status(status).Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(rest.ErrorBody(c.Path(), refusal))
}

// refusal words what Fiber answers with a bare status.
func (s *Service) refusal(status int) *fault.Error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return rest.TooLarge(s.cfg.MaxRequest)
	case http.StatusRequestHeaderFieldsTooLarge:
		return fault.Exhausted("the request header is larger than %d bytes", s.cfg.MaxHeader).WithStatus(status)
	case http.StatusRequestTimeout:
		return fault.Deadline("the request did not arrive in time").WithStatus(status)
	case http.StatusBadRequest:
		return fault.Invalid("malformed HTTP request")
	default:
		return fault.Internal("internal error").WithStatus(status)
	}
}
