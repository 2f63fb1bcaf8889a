// Package health answers the two questions an orchestrator asks a process:
// /healthz, is it alive, and /readyz, should it get traffic now.
//
// Alive is whoever answers; no check belongs there, for restarting a process
// does not bring its database back. Ready is who is not draining and whose
// checks all pass. The body of /readyz names the checks and, in words fit for
// strangers, what became of them; the errors themselves go to the log, once
// when a check starts to fail and once when it passes again.
package health
