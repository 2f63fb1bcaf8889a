package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
)

// summary is what programs are told.
type summary struct {
	URLs           []string             `json:"urls"` // of the gateways
	Token          string               `json:"token"`
	OrganizationID string               `json:"organizationId"`
	NATSURL        string               `json:"natsURL"`
	Processes      map[string][]process `json:"processes"` // by service
}

type process struct {
	PID      int    `json:"pid"`
	ReadyURL string `json:"readyURL,omitempty"`
	Log      string `json:"log,omitempty"`
}

func (f *fleet) pidsFile() string { return filepath.Join(f.cfg.dir, "pids.json") }

func (f *fleet) urls() []string {
	var urls []string
	for i := range f.cfg.replicas {
		urls = append(urls, "http://"+f.cfg.gateway(i+1))
	}
	return urls
}

// processes lists the children; mu is held.
func (f *fleet) processes() map[string][]process {
	all := map[string][]process{}
	if f.postgres != nil {
		all["postgres"] = append(all["postgres"], process{PID: f.postgres.PID()})
	}
	for _, r := range f.servers {
		all[r.service] = append(all[r.service], process{PID: r.child.pid(), Log: r.child.log})
	}
	for _, r := range f.replicas {
		all[r.service] = append(all[r.service], process{PID: r.child.pid(), ReadyURL: "http://" + r.ops + "/readyz", Log: r.child.log})
	}
	return all
}

// writeSummary writes the file of pids and what -json asks for; mu is held.
func (f *fleet) writeSummary() error {
	s := summary{
		URLs: f.urls(), Token: f.secrets.adminToken, OrganizationID: f.secrets.organization,
		NATSURL: f.natsURL, Processes: f.processes(),
	}
	if err := writeJSON(f.pidsFile(), s.Processes); err != nil {
		return err
	}
	if f.cfg.summary == "" {
		return nil
	}
	return writeJSON(f.cfg.summary, s)
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return write(path, append(text, '\n'))
}

// print tells people where things are. What it cannot print is not worth
// ending for.
func (f *fleet) print(out io.Writer) {
	_, _ = fmt.Fprintf(out, "\nActionplane is up: %d services, %d of each\n", len(services), f.cfg.replicas)
	for _, url := range f.urls() {
		_, _ = fmt.Fprintf(out, "   gateway   %s\n", url)
	}
	_, _ = fmt.Fprintf(out, "   token     %s   organization: %s\n", filepath.Join(f.cfg.dir, "admin.token"), f.secrets.organization)
	if f.cfg.natsURL == "" {
		_, _ = fmt.Fprintf(out, "   NATS      %s\n", f.natsURL)
	}
	_, _ = fmt.Fprintf(out, "   pids      %s\n   logs      %s\nCtrl-C stops all.\n", f.pidsFile(), filepath.Join(f.cfg.dir, "log"))
}
