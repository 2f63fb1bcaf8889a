// Command targets runs the owner of targets as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/targets"
)

func main() {
	host.Main("targets", nil, host.Service("targets", targets.DefaultConfig(), targets.New, host.WithDatabase))
}
