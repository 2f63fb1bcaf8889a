// Package scripts runs JavaScript. It owns the worker processes in which
// scripts run, the host modules they may require, their outgoing calls, and the
// records of what they did; the scripts themselves belong to actions.
//
// Subjects in (queue group "scripts", followed by the tenant):
//
//	actionplane.scripts.v1.rpc.invoke             an action as the target of an execution
//	actionplane.scripts.v1.rpc.run_trigger        the actions of a trigger of a flow
//	actionplane.scripts.v1.rpc.check              what looks wrong with a script
//	actionplane.scripts.v1.rpc.{list_invocations,get_invocation,dry_run_action,get_types}
//	    actionplane.v1.InvocationService, for the organization of the call
//
// Subjects out:
//
//	actionplane.actions.v1.rpc.get_program            what to run, remembered
//	actionplane.actions.v1.rpc.get_trigger_programs   what a trigger runs, remembered
//	stream CHANGES, followed                          changed actions and flows are forgotten
//
// # Running
//
// Each invocation gets a fresh VM in a worker process that runs nothing else
// meanwhile (internal/worker, internal/sandbox); programs are compiled once per
// worker (internal/program). A worker is the running binary, started with the
// subcommand WorkerCommand. Who waits for a worker waits in one queue in which
// tenants take turns.
//
// What a script does wrong is a result, not an error of the call: it goes into
// the answer of an invocation with its text, logs and duration. A trigger runs
// its actions in order (internal/flow); the first that fails, unless it is
// allowed to, or denies, is the answer, and nothing is to be applied. That goes
// for setMetadata too, which the original platform stores at once, before a later
// action may fail.
//
// The function hooks preuserinfo, preaccesstoken and presamlresponse are
// executions, which this room knows nothing of. A service that has both calls
// RunTrigger first, applies the changes, and asks the hook with the result.
//
// # Records
//
// Schema "scripts", table invocations: one row for each invocation, except dry
// runs. They are written behind the answer, in batches (internal/journal), and
// deleted after Config.Retention, by one replica at a time. Secrets are masked
// in the worker, before anything leaves it.
//
// A dry run makes no outgoing calls and sees stand-ins in place of secrets,
// because it shows whatever a script makes of them.
//
// # Neighbours
//
//	Postgres  away: scripts run on; what they do is recorded once it is back, as
//	          far as Config.Buffer goes, and the rest counted by the metric
//	          actionplane.scripts.invocations_not_recorded. Lists are UNAVAILABLE.
//	          A process does not start without it.
//	actions   away: what is remembered goes on running for programTTL; the rest
//	          answers UNAVAILABLE
//	the bus   away: nothing is asked of this room
package scripts
