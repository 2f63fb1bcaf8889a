package show

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// api is the public API as any HTTP client sees it.
type api struct {
	base, token string
	client      *http.Client
}

// do sends in as JSON, unless it is nil, and reads the answer into out, unless
// that is nil. Any status but 2xx is an error with the answer's text.
func (a *api) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, bytes.TrimSpace(text))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// object is a JSON object that is written by hand.
type object = map[string]any

// target is what CreateTarget answers with.
type target struct {
	name       string
	Details    struct{ ID string }
	SigningKey string
}

// createTarget creates a target in place of one that an earlier show has left.
func (a *api) createTarget(ctx context.Context, name, endpoint string, kind object) (target, error) {
	t := target{name: name}
	var old struct {
		Result []struct{ Details struct{ ID string } }
	}
	filter := []object{{"targetNameFilter": object{"targetName": name}}}
	if err := a.do(ctx, http.MethodPost, "/resources/v3alpha/actions/targets/_search", filter, &old); err != nil {
		return t, err
	}
	for _, o := range old.Result {
		if err := a.do(ctx, http.MethodDelete, "/resources/v3alpha/actions/targets/"+o.Details.ID, nil, nil); err != nil {
			return t, err
		}
	}
	body := object{"name": name, "endpoint": endpoint, "timeout": "5s"}
	for k, v := range kind {
		body[k] = v
	}
	return t, a.do(ctx, http.MethodPost, "/resources/v3alpha/actions/targets", body, &t)
}

// setExecution has the targets called, in order, when the condition holds.
func (a *api) setExecution(ctx context.Context, condition object, targets ...target) error {
	lines := []object{}
	for _, t := range targets {
		lines = append(lines, object{"target": t.Details.ID})
	}
	return a.do(ctx, http.MethodPut, "/resources/v3alpha/actions/executions",
		object{"condition": condition, "execution": object{"targets": lines}}, nil)
}

// createAction creates a JavaScript action in place of one that an earlier
// show has left, and returns its id.
func (a *api) createAction(ctx context.Context, name, script string) (string, error) {
	var old struct{ Result []struct{ ID string } }
	query := object{"queries": []object{{"actionNameQuery": object{"name": name}}}}
	if err := a.do(ctx, http.MethodPost, "/management/v1/actions/_search", query, &old); err != nil {
		return "", err
	}
	for _, o := range old.Result {
		if err := a.do(ctx, http.MethodDelete, "/management/v1/actions/"+o.ID, nil, nil); err != nil {
			return "", err
		}
	}
	var created struct{ ID string }
	err := a.do(ctx, http.MethodPost, "/management/v1/actions", object{"name": name, "script": script, "timeout": "5s"}, &created)
	return created.ID, err
}
