//go:build !linux

package worker

import "syscall"

// detached keeps a terminal's Ctrl-C from the workers, which have to finish
// what they hold. They end when their stdin does.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
