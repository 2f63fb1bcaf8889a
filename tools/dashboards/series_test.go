package dashboards

// made are series that an alert fires on, and series that look alike and that it
// keeps quiet on. A sample a minute: a+bxn is a, then n times b more.
type made struct{ fire, quiet []string }

// ratio has n failures in 100 calls a minute, for eight hours.
func ratio(metric, failed, succeeded, n string) []string {
	return []string{
		metric + `{` + failed + `} 0+` + n + `x480`,
		metric + `{` + succeeded + `} 0+100x480`,
	}
}

// histogram is a minute's 100 observations, all below one bound.
func histogram(metric, labels, faster, slower string) []string {
	return []string{
		metric + `_bucket{` + labels + `, le="` + faster + `"} 0+0x40`,
		metric + `_bucket{` + labels + `, le="` + slower + `"} 0+100x40`,
		metric + `_bucket{` + labels + `, le="+Inf"} 0+100x40`,
	}
}

const (
	edge    = `actionplane_edge_duration_seconds_count`
	chain   = `actionplane_chain_duration_seconds_count`
	resolve = `actionplane_resolve_total`
	step    = `actionplane_step_duration_seconds_count`
	lag     = `{stream="EVENTS", consumer="executions", `
)

var series = map[string]made{
	"ApiErrorsFast": {
		fire:  ratio(edge, `method="/a.B/C", code="Internal"`, `method="/a.B/C", code="OK"`, "3"),
		quiet: ratio(edge, `method="/a.HookService/RunRequestHook", code="Unavailable"`, `method="/a.B/C", code="OK"`, "50"),
	},
	"ApiErrorsSlow": {
		fire:  ratio(edge, `method="/a.B/C", code="Unavailable"`, `method="/a.B/C", code="OK"`, "1"),
		quiet: ratio(edge, `method="/a.B/C", code="NotFound"`, `method="/a.B/C", code="OK"`, "50"),
	},
	"ApiSlow": {
		fire:  histogram(`actionplane_edge_duration_seconds`, `method="/a.TargetService/Get"`, "1", "5"),
		quiet: histogram(`actionplane_edge_duration_seconds`, `method="/a.HookService/RunRequestHook"`, "1", "5"),
	},
	"HooksFailFast": {
		fire:  append(ratio(chain, `kind="request", outcome="failed"`, `kind="request", outcome="succeeded"`, "3"), resolve+`{kind="request", result="match"} 0+100x480`),
		quiet: append(ratio(chain, `kind="request", outcome="interrupted"`, `kind="event", outcome="failed"`, "50"), resolve+`{kind="request", result="match"} 0+100x480`),
	},
	"HooksFailSlow": {
		fire:  ratio(resolve, `kind="function", result="error"`, `kind="function", result="match"`, "1"),
		quiet: ratio(resolve, `kind="event", result="error"`, `kind="function", result="none"`, "50"),
	},
	"HooksSlowByUs": {
		fire:  histogram(`actionplane_chain_overhead_seconds`, `kind="request"`, "0.1", "0.5"),
		quiet: histogram(`actionplane_chain_overhead_seconds`, `kind="event"`, "0.1", "0.5"),
	},
	"EventsWait": {
		fire:  []string{`actionplane_delivery_oldest_seconds{instance="a"} 0+60x20`, `actionplane_delivery_oldest_seconds{instance="b"} 0+60x20`},
		quiet: []string{`actionplane_delivery_oldest_seconds{instance="a"} 200+0x20`, `actionplane_delivery_oldest_seconds{instance="b"} 200+0x20`},
	},
	"EventsWaitLong": {
		fire:  []string{`actionplane_delivery_oldest_seconds 0+60x40`},
		quiet: []string{`actionplane_delivery_oldest_seconds 0+60x20`},
	},
	"MessagesWait": {
		fire:  []string{`actionplane_consumer_oldest_seconds` + lag + `instance="a"} 0+30x20`},
		quiet: []string{`actionplane_consumer_oldest_seconds` + lag + `instance="a"} 5+0x20`},
	},
	"LagGrows": {
		fire:  []string{`actionplane_consumer_lag` + lag + `instance="a"} 0+100x60`, `actionplane_consumer_lag` + lag + `instance="b"} 0+100x60`},
		quiet: []string{`actionplane_consumer_lag` + lag + `instance="a"} 9000-100x60`},
	},
	"DeadLettersGrow": {
		fire:  []string{`actionplane_delivery_dead_letters{instance="a"} 5+1x60`, `actionplane_delivery_dead_letters{instance="b"} 5+1x60`},
		quiet: []string{`actionplane_delivery_dead_letters{instance="a"} 500+0x60`},
	},
	"StreamNearlyFull": {
		fire:  []string{`actionplane_stream_bytes{stream="EVENTS", instance="a"} 900+0x20`, `actionplane_stream_limit_bytes{stream="EVENTS", instance="a"} 1000+0x20`},
		quiet: []string{`actionplane_stream_bytes{stream="EVENTS", instance="a"} 500+0x20`, `actionplane_stream_limit_bytes{stream="EVENTS", instance="a"} 1000+0x20`},
	},
	"HistoryIncomplete": {
		fire:  []string{`actionplane_scripts_invocations_not_recorded_total{job="scripts"} 0+1x20`, `actionplane_dispatch_runs_not_recorded_total{job="dispatch"} 0+0x20`},
		quiet: []string{`actionplane_scripts_invocations_not_recorded_total{job="scripts"} 7+0x20`, `actionplane_dispatch_runs_not_recorded_total{job="dispatch"} 3+0x20`},
	},
	"TargetFails": {
		fire:  ratio(step, `tenant="t", target="1", outcome="retryable"`, `tenant="t", target="1", outcome="succeeded"`, "200"),
		quiet: ratio(step, `tenant="t", target="1", outcome="retryable"`, `tenant="t", target="1", outcome="succeeded"`, "20"),
	},
	"CircuitOpenLong": {
		fire:  []string{`actionplane_breaker_state{tenant="t", target="1", instance="a"} 2+0x20`, `actionplane_breaker_state{tenant="t", target="1", instance="b"} 0+0x20`},
		quiet: []string{`actionplane_breaker_state{tenant="t", target="1", instance="a"} 1+0x20`},
	},
	"FailuresLetThrough": {
		fire:  []string{`actionplane_fail_open_total{tenant="t", target="1"} 0+3x20`},
		quiet: []string{`actionplane_fail_open_total{tenant="t", target="1"} 90+0x20`},
	},
	"AddressesBlocked": {
		fire:  []string{`actionplane_egress_blocked_total{rule="private-use"} 0+5x20`},
		quiet: []string{`actionplane_egress_blocked_total{rule="private-use"} 0+1x20`},
	},
	"ScriptsTimeOut": {
		fire:  ratio(`actionplane_scripts_invocations_total`, `result="timed_out"`, `result="succeeded"`, "10"),
		quiet: ratio(`actionplane_scripts_invocations_total`, `result="failed"`, `result="succeeded"`, "50"),
	},
	"WorkersRestart": {
		fire:  []string{`actionplane_worker_restarts_total{reason="overrun", instance="a"} 0+1x30`, `actionplane_worker_restarts_total{reason="overrun", instance="b"} 0+1x30`},
		quiet: []string{`actionplane_worker_restarts_total{reason="overrun", instance="a"} 0+0.5x30`},
	},
	"WorkersBusy": {
		fire:  []string{`actionplane_workers{state="busy"} 4+0x20`, `actionplane_workers{state="idle"} 0+0x20`},
		quiet: []string{`actionplane_workers{state="busy"} 3+0x20`, `actionplane_workers{state="idle"} 1+0x20`},
	},
	"ApprovalsWait": {
		fire:  []string{`actionplane_approvals_oldest_seconds 86500+60x70`},
		quiet: []string{`actionplane_approvals_oldest_seconds 3600+60x70`},
	},
	"ApprovedChangesFail": {
		fire:  []string{`actionplane_approvals_transitions_total{state="stale"} 0+0x10 1+0x10`},
		quiet: []string{`actionplane_approvals_transitions_total{state="denied"} 0+1x20`, `actionplane_approvals_transitions_total{state="failed"} 4+0x20`},
	},
	"PostgresPoolExhausted": {
		fire:  []string{`pgxpool_empty_acquire_wait_time_nanoseconds_total{job="dispatch", pool="dispatch"} 0+120000000000x20`},
		quiet: []string{`pgxpool_empty_acquire_wait_time_nanoseconds_total{job="dispatch", pool="dispatch"} 0+12000000000x20`},
	},
	"PostgresFails": {
		fire:  []string{`db_client_operation_errors_total{job="access", pool="access"} 0+10x20`, `db_client_operation_duration_seconds_count{job="access", pool="access"} 0+100x20`},
		quiet: []string{`db_client_operation_duration_seconds_count{job="access", pool="access"} 0+100x20`},
	},
	"RedisAway": {
		fire:  []string{`actionplane_cache_lookups_total{layer="redis", result="hit"} 900+0x20`, `actionplane_cache_lookups_total{layer="redis", result="miss"} 0+100x20`},
		quiet: []string{`actionplane_cache_lookups_total{layer="redis", result="hit"} 0+100x20`, `actionplane_cache_lookups_total{layer="redis", result="miss"} 0+100x20`},
	},
	"ServiceGone": {
		fire:  []string{`up{job="access", instance="a"} 1+0x10`, `up{job="targets", instance="b"} 1+0x30`},
		quiet: []string{`up{job="access", instance="a"} 0+0x20`, `up{job="access", instance="b"} 1+0x20`},
	},
	"ProcessNotScraped": {
		fire:  []string{`up{job="access", instance="a"} 0+0x20`, `up{job="access", instance="b"} 1+0x20`},
		quiet: []string{`up{job="access", instance="a"} 1+0x20`},
	},
	"ProcessRestarts": {
		fire:  []string{`process_start_time_seconds{job="access", instance="a"} 0+100x20`},
		quiet: []string{`process_start_time_seconds{job="access", instance="a"} 1+0x10 2+0x10`, `process_start_time_seconds{job="access", instance="b"} 1+0x10 2+0x10`},
	},
	"MemoryNearLimit": {
		fire: []string{`go_memstats_sys_bytes{job="access", instance="a"} 990+0x20`, `go_memstats_heap_released_bytes{job="access", instance="a"} 20+0x20`,
			`go_gc_gomemlimit_bytes{job="access", instance="a"} 1000+0x20`},
		quiet: []string{`go_memstats_sys_bytes{job="access", instance="a"} 990+0x20`, `go_memstats_heap_released_bytes{job="access", instance="a"} 500+0x20`,
			`go_gc_gomemlimit_bytes{job="access", instance="a"} 1000+0x20`},
	},
	"FilesNearLimit": {
		fire:  []string{`process_open_fds{job="access", instance="a"} 900+0x20`, `process_max_fds{job="access", instance="a"} 1000+0x20`},
		quiet: []string{`process_open_fds{job="access", instance="a"} 90+0x20`, `process_max_fds{job="access", instance="a"} 1000+0x20`},
	},
	"Watchdog": {fire: []string{`up 1+0x5`}},
}
