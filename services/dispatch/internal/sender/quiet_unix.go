//go:build unix

package sender

import (
	"errors"
	"syscall"
)

// quiet reports whether reading from the socket would block: open, and nothing
// has arrived. Go's sockets do not block, so this returns at once.
func quiet(fd uintptr) bool {
	var one [1]byte
	_, err := syscall.Read(int(fd), one[:])
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK)
}
