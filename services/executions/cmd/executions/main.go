// Command executions runs the executions service as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/executions"
)

func main() {
	host.Main("executions", nil, host.Service("executions", executions.DefaultConfig(), executions.New, host.WithDatabase, host.WithCache))
}
