// Package worker runs invocations in processes of their own, because no
// interrupt stops a backtracking regular expression and nothing inside a
// process takes back the memory that a script piles up.
//
// The parent side is Pool: it keeps a number of worker processes warm, gives
// each invocation one of them for itself, and kills what overruns its time by a
// grace period. Only that invocation fails; a replacement starts at once, off
// everybody's way. Tenants take turns, and no tenant holds all workers. The child side is Serve, which the running binary calls when
// it is started with Config.Command.
//
// They speak length-prefixed frames over the child's stdin and stdout (frame.go,
// codec.go). A script's source travels to each worker once; after that its hash
// will do, and a worker that has let go of it asks again.
//
//	parent                      child
//	hello (settings) ────────▶  set limits, build sandbox
//	                 ◀────────  ready (processor time so far)
//	invoke (hash)    ────────▶
//	                 ◀────────  need source       only when it does not hold it
//	invoke (source)  ────────▶  run
//	cancel           ────────▶  interrupt         only when the caller left
//	                 ◀────────  result
//	check (source)   ────────▶  compile           for Pool.Check
//	                 ◀────────  warnings
//	close stdin      ────────▶  finish, exit 0
//
// A worker has three limits of memory. The garbage collector works harder from
// three quarters of Config.MaxMemory on. While an invocation runs, a watchdog
// compares the heap with MaxMemory every few milliseconds and exits, saying why
// by its exit code. And the kernel refuses data beyond what the process had at
// its start plus twice MaxMemory (RLIMIT_DATA, Linux only), which catches the
// single gigantic string that is there before any watchdog looks. RLIMIT_AS
// will not do: Go reserves address space far beyond what it uses. A worker that
// hits the kernel's limit dies as Go programs do, and the parent reads the
// reason from its last words.
//
// A child does not outlive its parent: it ends when its stdin does, and on
// Linux the kernel kills it. It inherits no environment and hence no secrets.
package worker
