// Package cloudevents turns CloudEvents 1.0 into the JSON bodies of our own
// event calls: binary and structured mode of the HTTP protocol binding into
// PublishEvent's, batched mode into PublishEvents'
// (github.com/cloudevents/spec, v1.0.2).
//
//	source and id  id: a hash of both, for CloudEvents are told apart by both,
//	               and ours by an id that holds no dots and spaces
//	type           type
//	subject        aggregateId
//	time           createdAt
//	partitionkey   orderingKey
//	data           payload, byte for byte; JSON alone
//
// The extensions sequence, organizationid, userid and aggregatetype go into the
// fields they sound like. What has no field, id and source included, is kept
// under its own name in attributes, so that nothing that a source says of its
// event is lost.
//
// A mapping of our own is a page; the CloudEvents SDK for Go would bring four
// modules and re-encode the data.
package cloudevents

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// The content types of whole events; binary mode has the data's own.
const (
	TypeStructured = "application/cloudevents+json"
	TypeBatch      = "application/cloudevents-batch+json"
)

const (
	anyType      = "application/cloudevents"
	headerPrefix = "Ce-"
	// unsupported is HTTP's 415.
	unsupported = 415
)

// Is reports whether a request with these headers, in Go's canonical
// spelling, carries CloudEvents.
func Is(header map[string][]string) bool {
	if strings.HasPrefix(mediaType(first(header, "Content-Type")), anyType) {
		return true
	}
	return first(header, "Ce-Specversion") != ""
}

// Translate returns the body of the call that publishes what a request
// carries, and whether that is the call for many events. Errors are
// INVALID_ARGUMENT and name the attribute; the status is 415 where the format
// is not JSON.
func Translate(header map[string][]string, body []byte) (translated []byte, batch bool, err error) {
	if !utf8.Valid(body) {
		return nil, false, fault.Invalid("the event must be UTF-8")
	}
	switch contentType := mediaType(first(header, "Content-Type")); {
	case contentType == TypeStructured:
		translated, err = structured(body, "")
		return translated, false, err
	case contentType == TypeBatch:
		translated, err = batched(body)
		return translated, true, err
	case strings.HasPrefix(contentType, anyType):
		return nil, false, fault.Invalid("%s is not supported: send %s or %s", contentType, TypeStructured, TypeBatch).WithStatus(unsupported)
	}
	translated, err = binary(header, body)
	return translated, false, err
}

// event is a CloudEvent on its way to ours.
type event struct {
	attributes map[string]string
	data       json.RawMessage
	// where precedes an attribute's name in errors.
	where string
}

func binary(header map[string][]string, body []byte) ([]byte, error) {
	e := event{attributes: map[string]string{}, where: "ce-"}
	for name, values := range header {
		if rest, ok := strings.CutPrefix(name, headerPrefix); ok && len(values) > 0 {
			e.attributes[strings.ToLower(rest)] = headerValue(values[0])
		}
	}
	if len(body) > 0 {
		if err := checkJSON(body, first(header, "Content-Type"), "content-type"); err != nil {
			return nil, err
		}
		e.data = body
	}
	return e.translate()
}

// headerValue reads a value as the HTTP binding writes it (3.1.3.2): perhaps
// quoted, with percent-encoded characters.
func headerValue(text string) string {
	if inner, ok := strings.CutPrefix(text, `"`); ok && strings.HasSuffix(inner, `"`) {
		text = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(strings.TrimSuffix(inner, `"`))
	}
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

func batched(body []byte) ([]byte, error) {
	var events []json.RawMessage
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, fault.Invalid("the batch must be a JSON array of events")
	}
	out := []byte(`{"events":[`)
	for i, text := range events {
		translated, err := structured(text, "["+strconv.Itoa(i)+"].")
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, translated...)
	}
	return append(out, "]}"...), nil
}

func structured(body []byte, where string) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, fault.Invalid("%sthe event must be a JSON object", where)
	}
	e := event{attributes: map[string]string{}, where: where}
	for name, value := range members {
		if name == "data" || name == "data_base64" || string(value) == "null" {
			continue
		}
		text, ok := attribute(value)
		if !ok {
			return nil, e.invalid(name, "must be a string, a number or a boolean")
		}
		e.attributes[name] = text
	}
	var err error
	e.data, err = e.content(members["data"], members["data_base64"])
	if err != nil {
		return nil, err
	}
	return e.translate()
}

// attribute returns the text of an attribute's value.
func attribute(value json.RawMessage) (string, bool) {
	switch value[0] {
	case '"':
		var text string
		return text, json.Unmarshal(value, &text) == nil
	case '{', '[':
		return "", false
	default:
		return string(value), true
	}
}

// content returns an event's data as JSON; nil where it has none.
func (e event) content(data, data64 json.RawMessage) (json.RawMessage, error) {
	contentType, given := e.attributes["datacontenttype"]
	switch {
	case data != nil && data64 != nil:
		return nil, e.invalid("data_base64", "cannot stand beside data")
	case data64 != nil:
		var bytes []byte
		if json.Unmarshal(data64, &bytes) != nil {
			return nil, e.invalid("data_base64", "must be a base64 string")
		}
		if !given { // binary by its form
			contentType = "application/octet-stream"
		}
		data = bytes
	case data == nil:
		return nil, nil
	}
	return data, checkJSON(data, contentType, e.where+"datacontenttype")
}

// checkJSON refuses data that is not JSON. No content type means JSON (JSON
// event format, 3.1).
func checkJSON(data []byte, contentType, where string) error {
	if m := mediaType(contentType); m != "" && m != "application/json" && m != "text/json" && !strings.HasSuffix(m, "+json") {
		return fault.Invalid("%s: data of type %q is not supported: send JSON", where, m).WithStatus(unsupported)
	}
	if !utf8.Valid(data) || !json.Valid(data) {
		return fault.Invalid("%s: the data is not valid JSON", where)
	}
	return nil
}

// published is our event, in JSON.
type published struct {
	ID             string            `json:"id"`
	Type           string            `json:"type"`
	OrganizationID string            `json:"organizationId,omitempty"`
	OrderingKey    string            `json:"orderingKey,omitempty"`
	UserID         string            `json:"userId,omitempty"`
	AggregateID    string            `json:"aggregateId,omitempty"`
	AggregateType  string            `json:"aggregateType,omitempty"`
	Sequence       string            `json:"sequence,omitempty"`
	CreatedAt      string            `json:"createdAt,omitempty"`
	Attributes     map[string]string `json:"attributes"`
}

func (e event) translate() ([]byte, error) {
	a := e.attributes
	for _, name := range []string{"specversion", "id", "source", "type"} {
		if a[name] == "" {
			return nil, e.invalid(name, "is required")
		}
	}
	if a["specversion"] != "1.0" {
		return nil, e.invalid("specversion", `must be "1.0"`)
	}
	if t := a["time"]; t != "" {
		if _, err := time.Parse(time.RFC3339Nano, t); err != nil {
			return nil, e.invalid("time", `must be a time such as "2006-01-02T15:04:05Z"`)
		}
	}
	text, err := json.Marshal(published{
		ID: ID(a["source"], a["id"]), Type: a["type"],
		OrganizationID: a["organizationid"], OrderingKey: a["partitionkey"], UserID: a["userid"],
		AggregateID: a["subject"], AggregateType: a["aggregatetype"], Sequence: number(a["sequence"]), CreatedAt: a["time"],
		Attributes: kept(a),
	})
	if err != nil || e.data == nil {
		return text, err
	}
	text = append(text[:len(text)-1], `,"payload":`...)
	text = append(text, e.data...)
	return append(text, '}'), nil
}

// kept returns the attributes that the event has no field for.
func kept(attributes map[string]string) map[string]string {
	rest := maps.Clone(attributes)
	for _, name := range []string{"specversion", "type", "subject", "time", "partitionkey", "organizationid", "userid", "aggregatetype"} {
		delete(rest, name)
	}
	if number(rest["sequence"]) != "" {
		delete(rest, "sequence")
	}
	return rest
}

// number returns a sequence that is a number; others only sort.
func number(sequence string) string {
	if _, err := strconv.ParseUint(sequence, 10, 64); err != nil {
		return ""
	}
	return sequence
}

// ID returns the id under which the event of a source is published: the same
// for the same two, and never that of another event.
func ID(source, id string) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(source)) + ":" + source + id))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (e event) invalid(attribute, problem string) error {
	path := e.where + attribute
	return fault.Invalid("%s: %s", path, problem).WithField(path, problem)
}

// mediaType returns the type without its parameters.
func mediaType(contentType string) string {
	name, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

func first(header map[string][]string, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
