package main

import (
	"fmt"
	"testing"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/access"
	"github.com/actionplane/actionplane/services/actions"
	"github.com/actionplane/actionplane/services/approvals"
	"github.com/actionplane/actionplane/services/dispatch"
	"github.com/actionplane/actionplane/services/executions"
	"github.com/actionplane/actionplane/services/gateway"
	"github.com/actionplane/actionplane/services/scripts"
	"github.com/actionplane/actionplane/services/targets"
)

func TestZZ(t *testing.T) {
	for n, c := range map[string]any{"host": host.DefaultConfig(), "access": access.DefaultConfig(), "targets": targets.DefaultConfig(), "actions": actions.DefaultConfig(), "executions": executions.DefaultConfig(), "scripts": scripts.DefaultConfig(), "dispatch": dispatch.DefaultConfig(), "approvals": approvals.DefaultConfig(), "gateway": gateway.DefaultConfig()} {
		for _, v := range config.Describe(c) {
			fmt.Printf("%s\t%s\t%s\t%s\t%s\n", n, v.Name, v.Type, v.Default, v.Doc)
		}
	}
}
