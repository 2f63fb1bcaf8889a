// Package embedded brings up what the services otherwise find outside: a NATS
// server with JetStream on disk, a Redis, a private Postgres, and the secrets
// that an operator would set. Each is left out where its variable names an
// outside one.
//
// State lives in one directory:
//
//	admin.token      the bootstrap token of the first instance owner
//	organization.id  the first organization
//	master.key       encrypts secrets at rest; losing it loses them
//	nats.token       for other processes, where a NATS listener is asked for
//	nats/            streams
//	postgres/        tables (see pgserver for what root does instead)
//	lock             held while a process uses the directory
//
// Redis keeps nothing: it is a cache.
package embedded
