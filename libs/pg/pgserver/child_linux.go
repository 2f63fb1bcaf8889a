package pgserver

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// childAttr returns the attributes every child has: a process group of its own,
// so that Ctrl-C at a terminal reaches us and not the database under us, and
// SIGINT (postgres: fast shutdown) when our process dies, however it dies.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}

// isPostgres reports whether pid is a running postgres.
func isPostgres(pid int) bool {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return err == nil && strings.TrimSpace(string(name)) == "postgres"
}
