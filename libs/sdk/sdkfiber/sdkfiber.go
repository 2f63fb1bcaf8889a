// Package sdkfiber runs the request and response conditions around the
// handlers of a Fiber app that speak JSON.
package sdkfiber

import (
	"bytes"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/actionplane/actionplane/libs/sdk"
	"github.com/actionplane/actionplane/libs/sdk/sdkhttp"
)

// Config says how requests are guarded.
type Config struct {
	Guard sdk.Guard
	// Method names a request, "/pkg.Service/Method"; "" leaves it alone. It is
	// required.
	Method func(c *fiber.Ctx) string
	// Caller says on whose behalf a request is made; nil: nobody's.
	Caller func(c *fiber.Ctx) sdk.Caller
}

// New returns the middleware. Requests with a JSON body, or none, are shown
// before the next handler runs, successful JSON responses before they are
// sent; what was changed replaces the original. A refusal becomes the
// response, as in sdkhttp, which also says what counts as JSON. Streamed
// responses are left alone, and so is what nobody listens to when it comes in.
// Fiber's BodyLimit bounds requests.
func New(cfg Config) fiber.Handler {
	if cfg.Caller == nil {
		cfg.Caller = func(*fiber.Ctx) sdk.Caller { return sdk.Caller{} }
	}
	return func(c *fiber.Ctx) error {
		body := c.Request().Body()
		method := strings.Clone(cfg.Method(c))
		if method == "" || len(body) > 0 && !isJSON(&c.Request().Header) || !cfg.Guard.MayListen(method) {
			return c.Next()
		}
		// Fiber's bytes live only as long as the handler: what leaves it is a copy.
		hook := sdk.Hook{Method: method, Payload: bytes.Clone(body), Caller: cfg.Caller(c), Headers: headers(c)}
		result, err := cfg.Guard.Request(c.UserContext(), hook)
		if err != nil {
			return refuse(c, err)
		}
		if result.Changed {
			c.Request().SetBody(result.Payload)
		}
		before := fasthttp.ResponseHeader{}
		c.Response().Header.CopyTo(&before)
		if err := c.Next(); err != nil {
			return err
		}
		hook.Request = result.Payload
		return cfg.respond(c, hook, &before)
	}
}

func (cfg Config) respond(c *fiber.Ctx, hook sdk.Hook, before *fasthttp.ResponseHeader) error {
	resp := c.Response()
	if resp.StatusCode()/100 != 2 || resp.IsBodyStream() || !isJSON(&resp.Header) || len(resp.Body()) == 0 {
		return nil
	}
	hook.Payload = bytes.Clone(resp.Body())
	result, err := cfg.Guard.Response(c.UserContext(), hook)
	if err != nil {
		before.CopyTo(&resp.Header) // a refusal sends none of the handler's headers
		return refuse(c, err)
	}
	if result.Changed {
		resp.SetBody(result.Payload)
	}
	return nil
}

func refuse(c *fiber.Ctx, err error) error {
	status, body := sdkhttp.StatusAndBody(err)
	c.Status(status).Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(body)
}

func isJSON(h interface {
	ContentType() []byte
	ContentEncoding() []byte
}) bool {
	return sdkhttp.IsJSON(string(h.ContentType()), string(h.ContentEncoding()))
}

func headers(c *fiber.Ctx) map[string][]string {
	h := map[string][]string{}
	for _, name := range []string{"Content-Type", "X-Forwarded-For", "X-Forwarded-Host", "Host", "Origin"} {
		if v := c.Get(name); v != "" {
			h[name] = []string{strings.Clone(v)}
		}
	}
	return h
}
