// Command access runs the access service as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/access"
)

func main() {
	host.Main("access", nil, host.Service("access", access.DefaultConfig(), access.New, host.WithDatabase))
}
