// Command up is `make up`: a process per service, two replicas of each unless
// REPLICAS says otherwise, against servers outside of them on this machine.
//
//	postgres   a private cluster with a role and a schema per service
//	redis      the redis-server of the system's packages
//	nats       the stand-alone nats-server beside this program, with JetStream
//
// Each is left out where DATABASE_URL, REDIS_URL or NATS_URL names another.
// Everything is a child of this process and goes away with it: in reverse order
// after SIGINT or SIGTERM, at once (Linux) when it is killed. A child that ends
// by itself ends the rest, for half a house would only look like a whole one.
//
// State lives in one directory, ACTIONPLANE_DATA_DIR or ./.data/up:
//
//	admin.token organization.id master.key nats.token redis.password
//	nats/ postgres/   streams and tables
//	log/              what each child says
//	pids.json         the children, while they run
package main
