//go:build !unix

package sender

// quiet cannot tell here, so no connection is used twice: slower, never wrong.
func quiet(uintptr) bool { return false }
