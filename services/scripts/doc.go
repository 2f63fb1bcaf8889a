// Package scripts runs JavaScript. It owns the worker processes in which
// scripts run, the host modules they may require and their outgoing calls; the
// scripts themselves belong to actions.
//
// Subjects in (queue group "scripts", followed by the tenant):
//
//	actionplane.scripts.v1.rpc.invoke
//
// Subjects out:
//
//	actionplane.actions.v1.rpc.get_program   what to run, remembered
//	stream CHANGES, followed                 changed actions are forgotten
//
// It has no tables. Each invocation gets a fresh VM in a worker process that
// runs nothing else meanwhile (internal/worker, internal/sandbox); programs are
// compiled once per worker (internal/program). A worker is the running binary,
// started with the subcommand WorkerCommand.
//
// What a script does wrong is a result, not an error of the call: it goes into
// the answer with its text, logs and duration.
//
// When a neighbour is away:
//
//	actions       what is remembered goes on running for programTTL; the rest
//	              answers UNAVAILABLE
//	the bus       nothing is asked of this room
package scripts
