package worker

import "syscall"

// detached keeps a terminal's Ctrl-C from the workers, which have to finish
// what they hold, and has the kernel kill them when the parent dies without
// saying goodbye.
//
// The kernel watches the thread that started them. Go ends no thread except
// that of a goroutine which exits while locked to it, and none of ours is.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
