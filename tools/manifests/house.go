package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// house is what is to be deployed: the services, what each needs, and the
// variables that they read.
type house struct {
	root       string
	services   map[string]service
	variables  map[string]variable
	secrets    map[string][]string          // keys of the Secrets that an operator makes, by name
	documented map[string]map[string]string // what their values look like, by key
}

// service is one of services/*/cmd.
type service struct {
	database, cache bool // asked for in its main
}

// variable is one of the configuration's.
type variable struct {
	readers  []string // services, "every service", "all-in-one"
	fallback string   // its default
}

// allInOne is the image of all services in one process; it is none of them.
const allInOne = "allinone"

func readHouse(root string) (*house, error) {
	h := &house{root: root, services: map[string]service{}, variables: map[string]variable{}, secrets: map[string][]string{}, documented: map[string]map[string]string{}}
	for _, read := range []func() error{h.readServices, h.readVariables, h.readSecrets} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *house) path(parts ...string) string {
	return filepath.Join(append([]string{h.root}, parts...)...)
}

// readServices reads each main function, which says what its service is handed.
func (h *house) readServices() error {
	mains, err := filepath.Glob(h.path("services", "*", "cmd", "*", "main.go"))
	if err != nil {
		return err
	}
	for _, main := range mains {
		text, err := os.ReadFile(main)
		if err != nil {
			return err
		}
		h.services[filepath.Base(filepath.Dir(main))] = service{
			database: bytes.Contains(text, []byte("host.WithDatabase")), cache: bytes.Contains(text, []byte("host.WithCache")),
		}
	}
	if len(h.services) == 0 {
		return fmt.Errorf("%s has no services", h.root)
	}
	return nil
}

func (h *house) readVariables() error {
	text, err := os.ReadFile(h.path("proto", "configuration.tsv"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(line, "\t")
		if len(columns) >= 3 && !strings.HasPrefix(line, "#") {
			h.variables[columns[0]] = variable{readers: strings.Split(columns[1], ", "), fallback: columns[2]}
		}
	}
	return nil
}

// readSecrets reads the documented list of Secrets.
func (h *house) readSecrets() error {
	text, err := os.ReadFile(h.path("deploy", "k8s", "base", "secrets.example.yaml"))
	if err != nil {
		return err
	}
	objects, err := decode(text)
	if err != nil {
		return fmt.Errorf("secrets.example.yaml: %w", err)
	}
	for _, object := range objects {
		if s, ok := object.(*corev1.Secret); ok {
			h.secrets[s.Name], h.documented[s.Name] = secretKeys(s), s.StringData
		}
	}
	return nil
}

// checkSecrets reports documented keys that no overlay refers to.
func (h *house) checkSecrets(overlays []*overlay) []string {
	used := map[string]bool{}
	for _, o := range overlays {
		for _, w := range o.runs() {
			for _, r := range w.references() {
				used[r.kind+r.name+r.key] = true
			}
		}
	}
	var findings []string
	for name, keys := range h.secrets {
		for _, key := range keys {
			if !used["Secret"+name+key] && !used["Secret"+name] { // one key, or mounted as a whole
				findings = append(findings, fmt.Sprintf("deploy/k8s/base/secrets.example.yaml: nothing refers to %s of %s", key, name))
			}
		}
	}
	return findings
}

// reads reports whether a service reads a variable.
func (h *house) reads(service, name string) bool {
	readers := h.variables[name].readers
	if service == allInOne {
		return len(readers) > 0
	}
	return slices.Contains(readers, service) || slices.Contains(readers, "every service")
}

// names returns the services, sorted.
func (h *house) names() []string { return sortedKeys(h.services) }
