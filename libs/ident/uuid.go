package ident

import "github.com/google/uuid"

// NewUUID returns a UUIDv7 in lower case; UUIDs made later sort later.
func NewUUID() string {
	return uuid.Must(uuid.NewV7()).String() // fails only without a random source, and then Go has already stopped the program
}

// IsUUID reports whether s has the exact form that both public APIs demand:
// 8-4-4-4-12 lower-case hex digits. Version and variant bits are not looked at.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if !uuidByte(i, s[i]) {
			return false
		}
	}
	return true
}

func uuidByte(i int, c byte) bool {
	switch i {
	case 8, 13, 18, 23:
		return c == '-'
	default:
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
	}
}
