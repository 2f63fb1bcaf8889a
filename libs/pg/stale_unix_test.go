//go:build unix

package pg

import (
	"net"
	"testing"
)

// TestStaleWaitsForNobody: pgx leaves a reader behind where writing was slow.
func TestStaleWaitsForNobody(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ours, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ours.Close() }()
	theirs, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() {
		_, err := ours.Read(make([]byte, 1))
		read <- err
	}()
	for range 1000 {
		if stale(ours) {
			t.Fatal("an open connection is called stale")
		}
	}
	_ = theirs.Close()
	if err := <-read; err == nil {
		t.Fatal("nothing was sent, and yet was read")
	}
	if !stale(ours) {
		t.Error("a closed connection is not called stale")
	}
}
