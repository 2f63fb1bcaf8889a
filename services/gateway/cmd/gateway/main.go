// Command gateway runs the edge as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/gateway"
)

func main() {
	host.Main("gateway", nil, host.Service("gateway", gateway.DefaultConfig(), gateway.New, host.WithCache))
}
