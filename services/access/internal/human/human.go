// Package human tells humans apart. One human may have several accounts, and
// where other people must decide, each of them counts once: accounts whose
// addresses are spelled differently but reach the same mailbox are one human.
// Which spellings those are is said where the address is kept, in the people
// table's column canonical_email.
package human

import "github.com/google/uuid"

// ID names a human: a lower-case UUID, the same for all of his accounts; empty
// for who is none.
type ID string

// FromEmail returns the id of the human whom a canonical address reaches. It
// depends on nothing else, so that it outlives accounts.
func FromEmail(canonical string) ID {
	if canonical == "" {
		return ""
	}
	return ID(uuid.NewSHA1(uuid.NameSpaceURL, []byte("mailto:"+canonical)).String())
}
