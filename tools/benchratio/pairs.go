package main

// pair names a benchmark and the baseline that it is held against: the same
// work done bare, in the same package and run.
type pair struct{ what, benchmark, baseline string }

// pairs are all comparisons. A benchmark that reports ratios itself
// (ownRatios) needs none.
var pairs = []pair{
	{"REST call at the edge / bare Fiber route", "BenchmarkREST", "BenchmarkBareFiber"},
	{"the same with spans and metrics / bare Fiber route", "BenchmarkRESTObserved", "BenchmarkBareFiber"},
	{"guarded, bounded POST / net/http, 1 caller", "BenchmarkSend/Sender/1", "BenchmarkSend/NetHTTP/1"},
	{"guarded, bounded POST / net/http, 64 callers", "BenchmarkSend/Sender/64", "BenchmarkSend/NetHTTP/64"},
	{"guarded, bounded POST / fasthttp, 64 callers", "BenchmarkSend/Sender/64", "BenchmarkSend/FastHTTP/64"},
	{"script in the sandbox / bare VM in this process", "BenchmarkSandbox", "BenchmarkBareVM"},
	{"script in a worker process / bare VM in this process", "BenchmarkInvoke", "BenchmarkBareVM"},
	{"the same, a worker a CPU, 64 callers / bare VM, one", "BenchmarkInvokeParallel", "BenchmarkBareVM"},
	{"trigger of two scripts over the bus / a script in a worker", "BenchmarkRunTrigger", "BenchmarkInvoke"},
	{"hook over the bus that nothing listens to, 64 callers / 1", "BenchmarkHook/NoMatch/64", "BenchmarkHook/NoMatch/1"},
	{"longest wait behind another's flood / nothing overtaking", "BenchmarkOvertake/default", "BenchmarkOvertake/never"},
}

// ownRatios begin the metrics of benchmarks that measure their baseline
// themselves, e.g. "x/nethttp", and say what is compared.
var ownRatios = []struct{ prefix, of string }{
	{"x/", "time"},
	{"cpu/", "CPU time"},
	{"all/", "CPU time with Postgres and receiver"},
	{"p50/", "median latency"},
	{"p99/", "p99 latency"},
}
