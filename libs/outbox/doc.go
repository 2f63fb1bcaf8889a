// Package outbox lets a state change and the message about it leave together:
// the message is a row written in the change's own transaction, and a relay
// publishes the rows afterwards, in order, at least once.
//
// # Table
//
// A service puts Schema into its first migration and DropSchema into the
// matching down file. The text is fixed; a test of this package compares it.
//
// # Order
//
// Rows of one transaction leave in the order of their Add. Of two transactions,
// the one that committed before the other called Add leaves first; so changes
// of the same row, made under its row lock and followed by Add, leave in the
// order in which they happened. Transactions that ran side by side and touched
// nothing in common have no order. Replicas keep this order: one relay at a
// time publishes, under an advisory lock.
//
// # Loss and duplicates
//
// A row is deleted after the publisher acknowledged it. A crash in between
// publishes it again with the same ID, which JetStream drops within its
// duplicate window (Nats-Msg-Id) and consumers recognise after it. A publish
// that fails keeps its row and everything behind it, and is tried again with
// growing pauses.
package outbox
