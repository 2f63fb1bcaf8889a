package sandbox

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/actionplane/actionplane/services/scripts/internal/invocation"
	"github.com/actionplane/actionplane/services/scripts/internal/payload"
	"github.com/actionplane/actionplane/services/scripts/types"
)

// The declarations that authors get name exactly what api offers, and every
// member that ctx has beside its JSON.
func TestTypes(t *testing.T) {
	t.Parallel()
	flows := readTypes(t, "flows.d.ts")
	for trigger, name := range map[invocation.Trigger]string{
		{Flow: 1, Type: 1}: "ExternalAuthentication", {Flow: 1, Type: 2}: "PreCreation", {Flow: 1, Type: 3}: "PostCreation",
		{Flow: 2, Type: 4}: "Token", {Flow: 2, Type: 5}: "Token", {Flow: 3, Type: 1}: "InternalAuthentication",
		{Flow: 3, Type: 2}: "PreCreation", {Flow: 3, Type: 3}: "PostCreation", {Flow: 4, Type: 6}: "Saml",
	} {
		offer := offers[trigger]
		got, want := flows.paths(name+"Api", ""), menuPaths(offer.api, "")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%sApi declares %v\nthere are %v", name, got, want)
		}
		ctx := flows.paths(name+"Context", "")
		for _, added := range addedPaths(offer.ctx, "") {
			if !slices.Contains(ctx, added) {
				t.Errorf("%sContext does not declare %s", name, added)
			}
		}
	}
	targets := readTypes(t, "targets.d.ts").paths("TargetApi", "")
	if slices.Sort(targets); !slices.Equal(targets, slices.Sorted(slices.Values(targetNames))) {
		t.Errorf("TargetApi declares %v", targets)
	}
}

func TestEveryTriggerIsOffered(t *testing.T) {
	t.Parallel()
	for _, trigger := range invocation.Triggers() {
		if offers[trigger] == nil {
			t.Errorf("nothing is offered to %v", trigger)
		}
	}
	if len(offers) != len(invocation.Triggers()) {
		t.Errorf("%d triggers are offered something", len(offers))
	}
}

func menuPaths(m menu, path string) []string {
	var paths []string
	for _, name := range m.names {
		paths = append(paths, path+name)
		paths = append(paths, menuPaths(m.inner[name], path+name+".")...)
	}
	return paths
}

func addedPaths(s *payload.Shape, path string) []string {
	var paths []string
	for _, name := range s.Added {
		paths = append(paths, path+name)
	}
	for name, inner := range s.Members {
		paths = append(paths, addedPaths(inner, path+name+".")...)
	}
	return paths
}

// interfaces are the bodies of a file's interfaces, by name.
type interfaces map[string]string

var interfaceStart = regexp.MustCompile(`(?m)^interface (\w+)[^{]*\{$`)

func readTypes(t *testing.T, file string) interfaces {
	t.Helper()
	raw, err := types.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := make(interfaces)
	for _, m := range interfaceStart.FindAllStringSubmatchIndex(string(raw), -1) {
		body, _, _ := strings.Cut(string(raw[m[1]:]), "\n}")
		all[string(raw[m[2]:m[3]])] = body
	}
	return all
}

var memberLine = regexp.MustCompile(`^\s*(\w+)\??(?:\(.*|: (.*));$|^\s*(\w+): \{$`)

// paths lists the members of an interface: those of objects in it, and of the
// interfaces of the same file that are only made of functions.
func (i interfaces) paths(name, path string) []string {
	var paths []string
	var within []string
	for line := range strings.Lines(i[name]) {
		line = strings.TrimRight(line, "\n")
		if strings.TrimSpace(line) == "};" {
			within = within[:len(within)-1]
			continue
		}
		m := memberLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		prefix := path + strings.Join(append(slices.Clone(within), ""), ".")
		if m[3] != "" {
			paths = append(paths, prefix+m[3])
			within = append(within, m[3])
			continue
		}
		paths = append(paths, prefix+m[1])
		if strings.HasSuffix(m[2], "Api") {
			paths = append(paths, i.paths(m[2], prefix+m[1]+".")...)
		}
	}
	return paths
}
