package sdk

import "context"

// Guard is how middleware uses a client: what it does when Actionplane cannot
// be asked is decided here, once.
type Guard struct {
	Client *Client
	// FailOpen lets a message through when Actionplane is not available.
	// Without it the service's caller gets UNAVAILABLE: what guards must not
	// be switched off by an outage. A refusal always holds.
	FailOpen bool
	// OnLetThrough is told of every message that was let through unseen. It
	// may be nil.
	OnLetThrough func(ctx context.Context, method string, err error)
}

// MayListen reports whether somebody may listen to the requests of a method, or
// to its responses, as it is now (Client.MayListen).
func (g Guard) MayListen(method string) bool {
	return g.Client.MayListen(KindRequest, method) || g.Client.MayListen(KindResponse, method)
}

// Request runs the request hook.
func (g Guard) Request(ctx context.Context, h Hook) (Result, error) {
	result, err := g.Client.Request(ctx, h)
	return g.settle(ctx, h, result, err)
}

// Response runs the response hook.
func (g Guard) Response(ctx context.Context, h Hook) (Result, error) {
	result, err := g.Client.Response(ctx, h)
	return g.settle(ctx, h, result, err)
}

func (g Guard) settle(ctx context.Context, h Hook, result Result, err error) (Result, error) {
	if err == nil || !g.FailOpen || !Unavailable(err) {
		return result, err
	}
	if g.OnLetThrough != nil {
		g.OnLetThrough(ctx, h.Method, err)
	}
	return Result{Payload: h.Payload}, nil
}
