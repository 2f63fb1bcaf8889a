package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports for children are taken from below the range that the kernel gives to
// outgoing connections (32768 and up on Linux): it cannot give one of ours away
// between our look and the child's listen.
const (
	firstPort = 20_000
	ports     = 12_000
)

// freePorts returns n different ports of loopback that nobody listens on.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var found []int
	for i, start := 0, rand.IntN(ports); i < ports && len(found) < n; i++ {
		port := firstPort + (start+i)%ports
		if free(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) == nil {
			found = append(found, port)
		}
	}
	if len(found) < n {
		return nil, fmt.Errorf("fewer than %d ports from %d to %d are free", n, firstPort, firstPort+ports-1)
	}
	return found, nil
}

// free reports a port that somebody else has.
func free(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}
