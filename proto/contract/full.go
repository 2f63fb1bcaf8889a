package contract

import "strings"

// Error codes of JetStream for want of room: of the account, of the server, of
// its memory, of its disk; and for a message that a stream did not store, whose
// description says why.
const (
	accountExceeded = 10002
	serverExceeded  = 10023
	memoryExceeded  = 10028
	diskExceeded    = 10047
	notStored       = 10077
)

// StreamIsFull reports whether JetStream refused a message for want of room,
// by the code and the description of its error.
func StreamIsFull(code uint16, description string) bool {
	switch code {
	case accountExceeded, serverExceeded, memoryExceeded, diskExceeded:
		return true
	case notStored: // "maximum bytes exceeded", "write …: no space left on device"
		return strings.HasPrefix(description, "maximum ") || strings.Contains(description, "no space left")
	}
	return false
}
