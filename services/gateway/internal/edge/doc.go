// Package edge is the one door of the public API. Every call of every protocol
// comes through Door.Call, which reads the method's contract and does, in this
// order: name the caller, find the organization the call is about, check the
// permission there, validate the request, and send it to the owner. Handlers
// of single methods do not exist.
//
// Permission is checked before validation, as the original APIs do, so that a
// stranger learns nothing about what a valid request looks like.
package edge
