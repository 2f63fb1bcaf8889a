// Package reference serves the description of the public API: the OpenAPI
// document that is generated from the protos, and a page for people that is
// made from the same document when the process starts. Both are public: they
// hold nothing that the sources do not.
package reference
