package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/GoogleContainerTools/skaffold/v2/pkg/skaffold/schema/latest"
	skaffoldyaml "github.com/GoogleContainerTools/skaffold/v2/pkg/skaffold/yaml"
	"github.com/GoogleContainerTools/skaffold/v2/pkg/skaffold/yamltags"
)

const skaffoldFile = "skaffold.yaml"

// skaffoldProfiles are those that there are to be.
var skaffoldProfiles = []string{"dev", "debug", allInOne}

// checkSkaffold reads what skaffold.yaml says into skaffold's own schema,
// unknown fields refused, and wants what it names to be there.
func checkSkaffold(h *house, text []byte, overlays []*overlay) []string {
	config := &latest.SkaffoldConfig{}
	if err := skaffoldyaml.UnmarshalStrict(text, config); err != nil {
		return []string{skaffoldFile + ": " + err.Error()}
	}
	var findings []string
	if config.APIVersion != latest.Version || config.Kind != "Config" {
		findings = append(findings, "is of another version of the schema than "+latest.Version)
	}
	if err := checkTags(reflect.ValueOf(config)); err != nil {
		findings = append(findings, err.Error())
	}
	findings = append(findings, h.checkPipeline("without a profile", config.Pipeline, config.Build.Artifacts, overlays)...)
	var names []string
	for _, p := range config.Profiles {
		names = append(names, p.Name)
		artifacts := p.Build.Artifacts
		if len(artifacts) == 0 {
			artifacts = config.Build.Artifacts
		}
		findings = append(findings, h.checkPipeline("profile "+p.Name, p.Pipeline, artifacts, overlays)...)
	}
	if !slices.Equal(names, skaffoldProfiles) {
		findings = append(findings, fmt.Sprintf("has the profiles %v and not %v", names, skaffoldProfiles))
	}
	for i, f := range findings {
		findings[i] = skaffoldFile + ": " + f
	}
	return findings
}

// checkTags holds every struct in v to what its tags require, as skaffold does
// itself: required fields, and one of several.
func checkTags(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Struct:
		var problems []error
		if v.CanAddr() && v.Addr().CanInterface() {
			problems = append(problems, yamltags.ValidateStruct(v.Addr().Interface()))
		}
		for i := range v.NumField() {
			problems = append(problems, checkTags(v.Field(i)))
		}
		return errors.Join(problems...)
	case reflect.Slice:
		var problems []error
		for i := range v.Len() {
			problems = append(problems, checkTags(v.Index(i)))
		}
		return errors.Join(problems...)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return checkTags(v.Elem())
		}
	}
	return nil
}

// checkPipeline wants the overlay that it deploys to run what it builds.
func (h *house) checkPipeline(at string, p latest.Pipeline, artifacts []*latest.Artifact, overlays []*overlay) []string {
	var findings []string
	built := h.checkArtifacts(at, artifacts, &findings)
	if p.Render.Kustomize == nil || len(p.Render.Kustomize.Paths) != 1 {
		return append(findings, at+": does not deploy one overlay")
	}
	i := slices.IndexFunc(overlays, func(o *overlay) bool { return p.Render.Kustomize.Paths[0] == overlaysDir+"/"+o.name })
	if i < 0 {
		return append(findings, at+": there is no "+p.Render.Kustomize.Paths[0])
	}
	o := overlays[i]
	var run []string
	for _, w := range o.ours() {
		run = append(run, w.service())
	}
	if slices.Sort(run); !slices.Equal(run, built) {
		findings = append(findings, fmt.Sprintf("%s: builds %v, and %s runs %v", at, built, o.name, run))
	}
	for _, f := range p.PortForward {
		if !o.offers(f.Namespace, f.Name, f.Port.String()) {
			findings = append(findings, fmt.Sprintf("%s: forwards %s %s, which %s does not offer in %s", at, f.Name, f.Port.String(), o.name, f.Namespace))
		}
	}
	return findings
}

// checkArtifacts returns the services that are built.
func (h *house) checkArtifacts(at string, artifacts []*latest.Artifact, findings *[]string) []string {
	var built []string
	for _, a := range artifacts {
		name := strings.TrimPrefix(a.ImageName, "actionplane/")
		built = append(built, name)
		if a.DockerArtifact == nil {
			*findings = append(*findings, fmt.Sprintf("%s: %s is not built by a Dockerfile", at, a.ImageName))
			continue
		}
		if service := a.DockerArtifact.BuildArgs["SERVICE"]; service == nil || *service != name {
			*findings = append(*findings, fmt.Sprintf("%s: %s is built of another service", at, a.ImageName))
		}
		if _, err := os.Stat(h.path(filepath.FromSlash(a.Workspace), a.DockerArtifact.DockerfilePath)); err != nil {
			*findings = append(*findings, fmt.Sprintf("%s: %v", at, err))
		}
	}
	slices.Sort(built)
	return built
}

// offers reports whether the overlay has a Service with a port.
func (o *overlay) offers(namespace, name, port string) bool {
	for _, s := range o.services {
		for _, p := range s.Spec.Ports {
			if s.Namespace == namespace && s.Name == name && (fmt.Sprint(p.Port) == port || p.Name == port) {
				return true
			}
		}
	}
	return false
}
