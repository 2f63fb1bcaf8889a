package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const composeFile = "docker-compose.yml"

// checkCompose loads what docker-compose.yml says as Compose does, with every
// variable of .env.example filled in. Its Postgres has to do for as many connections
// as the house may open.
func checkCompose(ctx context.Context, h *house, text []byte, connections int64) ([]string, error) {
	variables, err := exampleVariables(h.path(".env.example"))
	if err != nil {
		return nil, err
	}
	project, err := loadCompose(ctx, h.path(composeFile), text, variables)
	if err != nil {
		return []string{composeFile + ": " + err.Error()}, nil //nolint:nilerr // what is wrong with the file is a finding
	}
	findings := checkVariables(text, variables)
	findings = append(findings, checkComposeSet(h, project)...)
	for _, s := range project.Services {
		for _, f := range slices.Concat(checkComposeService(h, s), checkComposeFiles(s), checkPostgres(s.Image, s.Command, connections)) {
			findings = append(findings, fmt.Sprintf("service %s: %s", s.Name, f))
		}
	}
	for i, f := range findings {
		findings[i] = composeFile + ": " + f
	}
	return findings, nil
}

func loadCompose(ctx context.Context, file string, text []byte, variables map[string]string) (*types.Project, error) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	env := types.Mapping{}
	for name, value := range variables {
		if env[name] = value; value == "" {
			env[name] = "filled-in"
		}
	}
	return loader.LoadWithContext(ctx, types.ConfigDetails{
		WorkingDir: dir, Environment: env,
		ConfigFiles: []types.ConfigFile{{Filename: file, Content: text}},
	}, func(o *loader.Options) { o.SetProjectName("actionplane", true); o.Profiles = []string{"*"} })
}

// exampleVariables reads NAME=value lines.
func exampleVariables(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	variables := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, found := strings.Cut(lines.Text(), "="); found && !strings.HasPrefix(name, "#") {
			variables[name] = value
		}
	}
	return variables, lines.Err()
}

var composeVariable = regexp.MustCompile(`(?:^|[^$])\$\{([A-Z_]+)`)

// checkVariables wants the variables of the file and those of .env.example to be
// the same.
func checkVariables(text []byte, example map[string]string) []string {
	var findings []string
	used := map[string]bool{}
	for _, match := range composeVariable.FindAllSubmatch(text, -1) {
		name := string(match[1])
		if used[name] = true; example[name] == "" {
			if _, there := example[name]; !there {
				findings = append(findings, name+" is not in .env.example")
			}
		}
	}
	for name := range example {
		if !used[name] {
			findings = append(findings, name+" of .env.example is not used")
		}
	}
	return findings
}

// checkComposeSet holds what is built to the services that there are.
func checkComposeSet(h *house, p *types.Project) []string {
	var built []string
	for _, s := range p.Services {
		if s.Build != nil {
			built = append(built, s.Name)
		}
	}
	slices.Sort(built)
	if slices.Equal(built, h.names()) {
		return nil
	}
	return []string{fmt.Sprintf("builds %v, and the services are %v", built, h.names())}
}

func checkComposeService(h *house, s types.ServiceConfig) []string {
	var findings []string
	breach := func(yes bool, text string) {
		if yes {
			findings = append(findings, text)
		}
	}
	_, tag, pinned := strings.Cut(s.Image, ":")
	breach(!pinned || tag == "latest", "its image is not pinned")
	for name := range s.DependsOn {
		breach(s.DependsOn[name].Condition != types.ServiceConditionHealthy, "does not wait until "+name+" is healthy")
	}
	for _, p := range s.Ports {
		breach(p.HostIP != "127.0.0.1", "publishes a port beyond this machine")
	}
	if s.Build == nil {
		return findings
	}
	service := s.Build.Args["SERVICE"]
	breach(service == nil || *service != s.Name, "builds another service")
	breach(!s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true"), "may do more than it needs")
	breach(s.HealthCheck == nil || len(s.HealthCheck.Test) == 0, "has no health check")
	breach(s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < drainTimeout+closing, "is killed before it can have drained")
	for name := range s.Environment {
		_, shared := h.variables[name]
		breach(!shared && !slices.Contains(runtimeVariables, name) && !strings.HasPrefix(name, "OTEL_"), "nobody reads "+name)
		breach(shared && !h.reads(s.Name, name), "does not read "+name)
	}
	for _, name := range h.required(s.Name) {
		value := s.Environment[name]
		breach(name != "ACTIONPLANE_OPS_ADDR" && (value == nil || *value == ""), name+" is not set") // the image sets it
	}
	return findings
}

// checkComposeFiles wants what is mounted and built from to be there.
func checkComposeFiles(s types.ServiceConfig) []string {
	var findings []string
	paths := []string{}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind {
			paths = append(paths, v.Source)
		}
	}
	if s.Build != nil {
		paths = append(paths, filepath.Join(s.Build.Context, s.Build.Dockerfile))
	}
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			findings = append(findings, "there is no "+filepath.Base(path))
		}
	}
	return findings
}
