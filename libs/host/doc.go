// Package host turns services into a process: the only package that dials,
// reads the environment, handles signals and exits. A service is built from
// what it is handed, so it cannot tell whether it shares its process with
// others, nor whether its neighbours are embedded.
//
//	func main() {
//		host.Main("targets", nil, host.Service("targets", targets.DefaultConfig(), targets.New, host.WithDatabase))
//	}
//
// The life of a process: read the configuration of all services, and refuse to
// start with every problem named at once; serve /healthz, /readyz and
// /metrics; open what each service needs, waiting for stores that start later
// than we do; run the services until one fails or SIGTERM or SIGINT comes;
// then drain in reverse order of dependence: services first, connections
// last. A service that fails ends the process with exit code 1, as a crashed
// pod would.
package host
