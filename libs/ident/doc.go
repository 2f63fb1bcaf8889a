// Package ident makes and recognizes the ids of Actionplane.
//
// Targets, actions, runs and deliveries have snowflakes: 63-bit numbers in
// decimal, the form the wire has always had. The bits are
//
//	41 milliseconds since 2015-01-01 | 10 node | 12 sequence
//
// Organizations, people and approval requests have UUIDs in lower case.
//
// # Nodes and collisions
//
// Nobody hands out node numbers: every process takes a random one of 1024 with
// RandomNode. With r replicas the odds that some two share a node are about
// r(r-1)/2048: 0.1 % for two, 4 % for ten. Sharing alone does no harm: an id
// collides only when both also use the same of 4096 sequence numbers in the
// same millisecond. Two replicas on one node, each making 100 ids a second,
// meet once in about seven minutes of that rate; on different nodes never. So
// the referee is the database: every id is a primary key, an insert that
// finds its id taken is tried again with the next one.
package ident
