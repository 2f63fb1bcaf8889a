// Package pgserver runs a private Postgres as a child process: the database of
// the all-in-one binary and, thrown away afterwards, of tests.
//
// It takes the binaries it finds (PATH, the distribution's and Homebrew's
// places) and downloads a pinned, hash-checked build where there are none. As
// root it runs the server as another user, because Postgres refuses root. The
// server listens on a Unix socket only, in a directory that only its own user
// and root can enter; that directory is the access control, so there is no
// password and no TCP port.
//
// The server never outlives this process on Linux (the kernel signals it), and
// elsewhere the next start stops what was left.
package pgserver
