// Command up is `make up`: a process per service, two replicas of each unless
// REPLICAS says otherwise, against servers outside of them on this machine.
//
//	postgres   a private cluster with a role and a schema per service
//	redis      the redis-server of the system's packages
//	nats       the stand-alone nats-server beside this program, with JetStream
//
// Each is left out where DATABASE_URL, REDIS_URL or NATS_URL names another. With
// NATS_NODES=3 NATS is a cluster of three, and every stream has three replicas.
//
// Everything is a child of this process and goes away with it: in reverse order
// after SIGINT or SIGTERM, at once (Linux) when it is killed. A child that ends
// by itself ends the rest, for half a house would only look like a whole one.
//
// With -restart a service or server that was killed by a signal, or told to stop
// and did so in order, is started again, as an orchestrator would; a Postgres
// that ended in whatever way is, too. What is started is the binary that lies
// there then: so a link that is set to another one is an upgrade. While there is a file away/<child>, e.g. away/redis or away/dispatch-1,
// that child is left dead: so a test may keep it away for as long as it likes.
//
// State lives in one directory, ACTIONPLANE_DATA_DIR or ./.data/up:
//
//	admin.token organization.id master.key nats.token redis.password
//	nats/ postgres/   streams and tables
//	log/              what each child says
//	pids.json         the children, while they run
//	away/             children that are not to be started again for now
package main
