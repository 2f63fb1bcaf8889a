// Package cache remembers things that can be worked out again: in Redis for
// all replicas, and in front of it, in the process.
//
// A cache never decides whether a request succeeds. Callers treat every error
// as a miss and must not need what they stored to be there later. So the
// package makes a dead Redis cheap: calls have short timeouts and are not
// retried, and after one has failed the next ones are refused at once, without
// touching the network, until a single probe gets through again.
//
// There is one implementation. The all-in-one process starts a Redis of its
// own (package cacheserver) and uses it through the same client.
package cache
