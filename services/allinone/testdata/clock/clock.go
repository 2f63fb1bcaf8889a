// Package time, with a clock that can be set: a file that chaos adds to that of Go.
package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// offset is how far this process's wall clock is ahead, in nanoseconds, in
// memory that is shared with whoever sets it; nil: it is right.
var offset = mapOffset()

// mapOffset makes this process's file, named by its number, in the directory
// that the variable names.
func mapOffset() *int64 {
	dir, ok := syscall.Getenv("ACTIONPLANE_TEST_CLOCKS")
	if !ok {
		return nil
	}
	var shared []byte
	fd, err := syscall.Open(dir+"/"+decimal(syscall.Getpid()), syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	if err == nil {
		err = syscall.Ftruncate(fd, 8)
	}
	if err == nil {
		shared, err = syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	}
	if err != nil {
		panic("time: ACTIONPLANE_TEST_CLOCKS: " + err.Error())
	}
	_ = syscall.Close(fd) // the memory stays
	return (*int64)(unsafe.Pointer(&shared[0]))
}

func decimal(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return decimal(n/10) + string(rune('0'+n%10))
}

// jumped returns the wall clock as this process is to see it.
func jumped(sec int64, nsec int32) (int64, int32) {
	if offset == nil {
		return sec, nsec
	}
	by := atomic.LoadInt64(offset)
	sec, sum := sec+by/1e9, int64(nsec)+by%1e9
	switch {
	case sum < 0:
		return sec - 1, int32(sum + 1e9)
	case sum >= 1e9:
		return sec + 1, int32(sum - 1e9)
	}
	return sec, int32(sum)
}
