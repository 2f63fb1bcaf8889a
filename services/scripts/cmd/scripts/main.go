// Command scripts runs the scripts service as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/scripts"
)

func main() {
	host.Main("scripts", scripts.Subcommands(), host.Service("scripts", scripts.DefaultConfig(), scripts.New, host.WithDatabase))
}
