//go:build unix

package embedded

import (
	"os"
	"syscall"
)

// lock takes f for this process; the kernel lets go of it when the process
// ends, however it ends.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
