// Package telemetry is what a process says about itself: traces, metrics and
// logs.
//
// Metrics can always be scraped from MetricsHandler. Where the standard
// variable OTEL_EXPORTER_OTLP_ENDPOINT is set, traces and metrics are pushed
// there too, by OTLP over gRPC; the other standard variables (headers,
// certificates, sampler, batch sizes, export interval, OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES) mean what OpenTelemetry's specification says. Logs
// are JSON lines that carry the ids of the trace they belong to.
//
// # Traces
//
// A trace begins where a call or a message comes in that has none, at the edge,
// at an owner, or before that with whoever called us; never where one goes out:
// what a service does by itself, such as looking what is due, is no trace. A
// synchronous run, as a collector draws it:
//
//	pkg.Service/Method                       gateway, or the SDK's client span
//	└ actionplane.hooks.v1.Hooks/RunRequestHook         client, server: executions
//	  ├ resolve                              no children: this process knew
//	  │ ├ GET, SELECT …                      Redis, Postgres
//	  │ └ …Targets/GetTargetSnapshots        client, server: targets
//	  └ …Dispatch/RunHook                    client, server: dispatch
//	    ├ step 1
//	    │ └ attempt
//	    │   └ POST                           what the target is told of, or not
//	    └ step 2
//	      └ attempt
//	        └ …Scripts/Invoke                client, server: scripts
//	          └ invocation                   the wait for a worker lies in here
//	            └ script worker              the process; below it, its calls
//
// and an event, whose trace id is one from its publisher to its last retry:
//
//	send actionplane.events.v1.{tenant}.{type}
//	└ process actionplane.events.v1.{tenant}.{type}     + link to send: dispatch
//	  ├ …Executions/ResolveEvents            client, server: executions; for all that
//	  │ └ resolve                            came together: those chains at hand
//	  ├ …Executions/ResolveEvents            for this event alone, where its chain
//	  │ └ resolve                            was not: Redis, Postgres, targets
//	  ├ delivery                             attempt, POST: 503
//	  ├ commit                               Postgres; shared by many events
//	  └ delivery                             a retry, hours later: + link to process
//
// Calls are parent and child. A message's processing links to its creation, as
// conventions ask, and is its child as well: they leave that open for who takes
// one message at a time, and people look for an event by one id. So is a retry
// of what made the delivery, whose trace context is a column beside it, and the
// execution of an approved request of the decision; where it was not sampled
// nothing is kept, and nothing begun. Work that many share (a question, a commit)
// is seen under the first of them, and the others link to it. A CloudEvent's own
// traceparent is a link of the span that processes the event.
//
// What a target is told is its policy (TargetSettings.trace_context, or
// ACTIONPLANE_TRACE_CONTEXT for those that do not say): nothing, which is the
// default, since ids of ours are none of a third party's business; the trace
// itself; or another trace, to which our span links. Scripts' calls are told
// nothing, nor is what a NATS target's subject leads to, unless its policy says
// so. Baggage and tracestate never leave the house.
//
// Without a collector nothing is recorded: traces of others go through as they
// are, calls that have none get ids for their log lines, and a span costs no
// allocation. With one, OTEL_TRACES_SAMPLER says what is recorded, of it all
// parts or none. Names are few; ids are attributes.
//
// # Lines
//
// One wide line tells of each thing that came to an end, with all that one may
// want to filter by: edge.call (gateway), run.finished and delivery.attempted
// (dispatch), script.invoked (scripts), approvals.decided (approvals). Durations
// in them are nanoseconds, sizes bytes. Levels say who should look:
//
//	DEBUG  nobody, unless he is looking for something
//	INFO   what happened, failures of targets, scripts and callers included
//	WARN   somebody, when it goes on: trouble of our own, and what nobody will
//	       try again
//	ERROR  somebody now: a message was refused, a part does not come up
//
// A line costs some five microseconds, a tenth of an event. Those about what
// went well are therefore written up to Config.LogSuccesses a second of each
// kind, and the next one that is tells how many were not ("not_logged"); what
// did not go well always has its line. Secrets, payloads, answers and the paths
// of endpoints are in none.
//
// # Series
//
// Labels have few values that we know, but for tenants and targets: of those the
// first Config.MetricLabels of each that a process meets have series of their
// own, and what comes later shares those of "other" (PerTarget). With N labels
// dispatch has at most 96 x (2N + 1) + 22 x (N + 1) series with them: 21,500 with
// the 100 of the default, where all targets fail in every way; 44 x N where they
// only succeed or are tried again. All others have about 3,000 in one process,
// whatever comes by. The SDK's own limit for each metric is a backstop, at 1,000
// + 16 x N.
//
// # Globals
//
// Nothing here touches OpenTelemetry's globals: a process makes one Telemetry
// and hands it to its services, so that several services in one process share
// one metrics endpoint and tests share nothing.
package telemetry
