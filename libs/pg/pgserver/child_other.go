//go:build !linux

package pgserver

import "syscall"

// childAttr returns the attributes every child has: a process group of its own,
// so that Ctrl-C at a terminal reaches us and not the database under us. Only
// Linux signals children of a killed process; elsewhere the next start does it.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// isPostgres cannot be told here without asking ps, so postgres decides itself
// whether its pid file is stale.
func isPostgres(int) bool { return true }
