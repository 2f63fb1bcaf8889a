package main

import (
	"fmt"
	"syscall"
)

// mountSmall puts a file system of a size, in memory, on a directory. It takes
// root.
func mountSmall(dir string, bytes int) error {
	return syscall.Mount("chaos", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes))
}

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }
