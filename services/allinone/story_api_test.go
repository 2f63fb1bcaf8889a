package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/actionplane/actionplane/libs/telemetry"
)

const (
	targetsPath    = "/resources/v3alpha/actions/targets"
	executionsPath = "/resources/v3alpha/actions/executions"
	actionsPath    = "/management/v1/actions"
)

// object is a JSON object that is written by hand.
type object = map[string]any

// api is the public API as a plain HTTP client sees it. Every call goes to the
// next gateway: what one has done the other must know of.
type api struct {
	urls  []string
	token string
	calls *atomic.Uint64
}

func newAPI(h *house) *api { return &api{urls: h.urls, token: h.token, calls: new(atomic.Uint64)} }

// as returns the same API for another token.
func (a *api) as(token string) *api { return &api{urls: a.urls, token: token, calls: a.calls} }

// url returns the next gateway.
func (a *api) url() string { return a.urls[a.calls.Add(1)%uint64(len(a.urls))] }

// do sends in as JSON, unless it is nil, and returns the answer.
func (a *api) do(t *testing.T, method, path string, in any) (status int, answer object) {
	t.Helper()
	status, answer, err := a.try(within(t), method, path, in)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return status, answer
}

// try is do for when the gateway may be away.
func (a *api) try(ctx context.Context, method, path string, in any) (status int, answer object, err error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url()+path, body)
	if err != nil {
		return 0, nil, err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	req.Header.Set("Content-Type", "application/json")
	telemetry.Inject(ctx, req.Header)
	resp, err := plainHTTP.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, nil, fmt.Errorf("%s is no JSON object: %q", resp.Status, text)
	}
	return resp.StatusCode, answer, nil
}

// want is do for calls that must be answered with a status.
func (a *api) want(t *testing.T, status int, method, path string, in any) object {
	t.Helper()
	got, answer := a.do(t, method, path, in)
	if got != status {
		t.Fatalf("%s %s: status %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

// at walks down an answer; nil where there is nothing.
func at(answer any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := answer.(object)
			answer = o[step]
		case int:
			list, _ := answer.([]any)
			if step >= len(list) {
				return nil
			}
			answer = list[step]
		}
	}
	return answer
}

// target is a target that the story has created.
type target struct{ id, name, key string }

func (a *api) createTarget(t *testing.T, name, endpoint, kind string, interrupts bool) target {
	t.Helper()
	return a.createTargetWith(t, object{
		"name": name, "endpoint": endpoint, "timeout": "5s", kind: object{"interruptOnError": interrupts},
	})
}

func (a *api) createTargetWith(t *testing.T, body object) target {
	t.Helper()
	answer := a.want(t, http.StatusCreated, http.MethodPost, targetsPath, body)
	name, _ := body["name"].(string)
	id, _ := at(answer, "details", "id").(string)
	key, _ := answer["signingKey"].(string)
	if id == "" || key == "" {
		t.Fatalf("no id or no key: %v", answer)
	}
	return target{id: id, name: name, key: key}
}

// setExecution sets what is called, in order: targets, or conditions whose
// targets are called in their place.
func (a *api) setExecution(t *testing.T, condition object, steps ...any) {
	t.Helper()
	list := []object{}
	for _, step := range steps {
		switch step := step.(type) {
		case target:
			list = append(list, object{"target": step.id})
		case object:
			list = append(list, object{"include": step})
		}
	}
	a.want(t, http.StatusCreated, http.MethodPut, executionsPath, object{"condition": condition, "execution": object{"targets": list}})
}
