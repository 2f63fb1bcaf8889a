package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/libs/config"
	"github.com/actionplane/actionplane/libs/host"
	"github.com/actionplane/actionplane/services/access"
	"github.com/actionplane/actionplane/services/actions"
	"github.com/actionplane/actionplane/services/allinone/internal/embedded"
	"github.com/actionplane/actionplane/services/approvals"
	"github.com/actionplane/actionplane/services/dispatch"
	"github.com/actionplane/actionplane/services/executions"
	"github.com/actionplane/actionplane/services/gateway"
	"github.com/actionplane/actionplane/services/scripts"
	"github.com/actionplane/actionplane/services/targets"
)

// configurationFile is the list of all variables that the reference shows. The
// gateway, which shows it, knows no other service; this package knows all.
const configurationFile = "../../proto/configuration.tsv"

var update = flag.Bool("update", false, "write "+configurationFile)

const configurationHead = `# Every variable that an operator may set: name, services that read it, default,
# meaning, with tabs in between. Written by
#	go test ./services/allinone -run TestConfiguration -update
`

// variable is a config.Variable with those who read it.
type variable struct {
	config.Variable
	services []string
}

func variables() []variable {
	var all []variable
	for _, s := range []struct {
		name     string
		defaults any
	}{
		{"every service", host.DefaultConfig()},
		{"gateway", gateway.DefaultConfig()}, {"access", access.DefaultConfig()},
		{"targets", targets.DefaultConfig()}, {"executions", executions.DefaultConfig()},
		{"dispatch", dispatch.DefaultConfig()}, {"actions", actions.DefaultConfig()},
		{"scripts", scripts.DefaultConfig()}, {"approvals", approvals.DefaultConfig()},
		{"all-in-one", embedded.DefaultConfig()},
	} {
		for _, v := range config.Describe(s.defaults) {
			if known := slices.IndexFunc(all, func(o variable) bool { return o.Name == v.Name }); known >= 0 {
				all[known].services = append(all[known].services, s.name)
				continue
			}
			all = append(all, variable{v, []string{s.name}})
		}
	}
	return all
}

func (v variable) line() string {
	value := v.Default
	if here, ok := defaults[v.Name]; ok {
		value = strings.TrimPrefix(value+"; all-in-one: "+here, "; ")
	}
	return strings.Join([]string{v.Name, strings.Join(v.services, ", "), value, v.Doc}, "\t")
}

func TestConfiguration(t *testing.T) {
	t.Parallel()

	t.Run("TheReferenceListsEveryVariable", func(t *testing.T) {
		t.Parallel()
		var want strings.Builder
		want.WriteString(configurationHead)
		for _, v := range variables() {
			if v.Doc == "" {
				t.Errorf("%s says nothing", v.Name)
			}
			fmt.Fprintln(&want, v.line())
		}
		if *update {
			if err := os.WriteFile(configurationFile, []byte(want.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(configurationFile)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(want.String()) {
			if !strings.Contains(string(got), line) {
				t.Errorf("not listed as it is: %s", line)
			}
		}
		if string(got) != want.String() {
			t.Error("the list is not up to date: go test ./services/allinone -run TestConfiguration -update, then make generate")
		}
	})
}
