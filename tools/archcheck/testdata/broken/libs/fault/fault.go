// Package fault is a library.
package fault
