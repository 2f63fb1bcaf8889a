// Command dispatch runs the dispatch service as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/dispatch"
)

func main() {
	host.Main("dispatch", nil, host.Service("dispatch", dispatch.DefaultConfig(), dispatch.New, host.WithDatabase))
}
