package main

import "syscall"

// childAttr returns the attributes of every child: a process group of its own,
// so that Ctrl-C at a terminal reaches us and we decide the order, and SIGKILL
// when we die, however we die, so that nothing stays behind.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
