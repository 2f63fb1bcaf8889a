package envelope

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/actionplane/actionplane/libs/fault"
)

// Error ids of the wire.
const (
	idForwardedStatus = "EXEC-reUaUZCzCp" // 400 to 499
	idForwarded       = "EXEC-bmhNhpcqpF" // any other code, or a message alone
	idFailed          = "EXEC-dra6yamk98" // no 2xx
)

// maxForwardedMessage bounds in bytes what a target can have us repeat: the
// message travels in gRPC trailers, which clients limit to 8 KiB.
const maxForwardedMessage = 2048

// forwardedCodes are the 4xx that have a code of their own.
var forwardedCodes = map[int]fault.Code{
	400: fault.CodeInvalid,
	401: fault.CodeUnauthenticated,
	403: fault.CodePermissionDenied,
	404: fault.CodeNotFound,
	409: fault.CodeAlreadyExists,
	429: fault.CodeExhausted,
}

// Forwarded returns the error that the target wants the caller to get, nil
// where it wants none: a 2xx answer whose object holds forwardedStatusCode or
// forwardedErrorMessage is a veto, also by a webhook.
//
// As in the original, keys are found whatever their case, the last of several
// counts, null does not, and a body that is no JSON object is no veto. Unlike
// there, a code that is no whole number or a message that is no text is a veto
// too: somebody meant to refuse, and letting it through would be the wrong
// guess.
func (a Answer) Forwarded() error {
	if !a.object {
		return nil
	}
	var v veto
	for key, value := range members(a.body) {
		v.read(key, value)
	}
	return v.fault(a.who)
}

// StatusFault is the error of a target, called who, that answered with
// something other than 2xx. Its body is not forwarded, for it was not written
// for the caller.
func StatusFault(who string, status int) error {
	return fault.FailedPrecondition("%s answered with status %d", who, status).WithID(idFailed)
}

// Refusal is the error of a target, called who, that refuses without an HTTP
// answer, as a script does, under the rules of Forwarded. Without a code it is
// 403.
func Refusal(who string, code int, message string) error {
	if code == 0 {
		code = 403
	}
	return (&veto{code: code, message: message}).fault(who)
}

// veto is what an answer says of an error to forward.
type veto struct {
	code    int
	message string
	broken  bool // one of both has the wrong type
}

// Lengths of the two keys with their quotes: as they are, and with every
// character escaped. Outside of them nothing needs a closer look.
const (
	shortestKey = len(`"forwardedStatusCode"`)
	longestKey  = len(`\u0000`)*len("forwardedErrorMessage") + len(`""`)
)

func (v *veto) read(key, value []byte) {
	if len(key) < shortestKey || len(key) > longestKey || string(value) == "null" {
		return
	}
	switch name := unquote(key); {
	case strings.EqualFold(name, "forwardedStatusCode"):
		v.readCode(value)
	case strings.EqualFold(name, "forwardedErrorMessage"):
		v.readMessage(value)
	}
}

func (v *veto) readCode(value []byte) {
	code, err := strconv.Atoi(string(value))
	if err != nil {
		v.broken = true
		return
	}
	v.code = code
}

func (v *veto) readMessage(value []byte) {
	if value[0] != '"' {
		v.broken = true
		return
	}
	v.message = unquote(value)
}

func (v *veto) fault(who string) error {
	message := clip(v.message)
	switch {
	case !v.broken && v.code == 0 && message == "":
		return nil
	case message == "" && v.code != 0:
		message = who + " refused with status " + strconv.Itoa(v.code)
	case message == "":
		message = who + " refused"
	}
	if v.code < 400 || v.code > 499 {
		return fault.FailedPrecondition("%s", message).WithID(idForwarded)
	}
	code, ok := forwardedCodes[v.code]
	if !ok {
		code = fault.CodeUnknown
	}
	return fault.New(code, "%s", message).WithID(idForwardedStatus)
}

// clip shortens a message to its limit without cutting a character.
func clip(message string) string {
	if len(message) <= maxForwardedMessage {
		return message
	}
	end := maxForwardedMessage
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end]
}
