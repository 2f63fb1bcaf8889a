// Command actions is the actions service as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/actions"
)

func main() {
	host.Main("actions", nil, host.Service("actions", actions.DefaultConfig(), actions.New, host.WithDatabase))
}
