package sdk_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImportersInheritLittle lists what a service that imports package sdk
// builds: nats.go with the modules it needs, protobuf, and our own contracts.
func TestImportersInheritLittle(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"github.com/actionplane/actionplane/libs/sdk", "github.com/actionplane/actionplane/proto/",
		"github.com/nats-io/nats.go", "github.com/nats-io/nkeys", "github.com/nats-io/nuid",
		"github.com/klauspost/compress/", "golang.org/x/crypto/", "golang.org/x/sys/cpu",
		"google.golang.org/protobuf/", "buf.build/gen/go/bufbuild/protovalidate/",
	}
	for _, pkg := range strings.Fields(string(out)) {
		if !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(pkg, prefix) }) {
			t.Errorf("package sdk imports %s", pkg)
		}
	}
}
