// Command approvals runs the approvals service as a process of its own.
package main

import (
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/approvals"
)

func main() {
	host.Main("approvals", nil, host.Service("approvals", approvals.DefaultConfig(), approvals.New, host.WithDatabase))
}
