package main

import (
	"fmt"
	"strings"
)

// allinone is the one service that may know the others.
const allinone = "services/allinone"

// walls reports imports that the direction of dependencies forbids. Tests are
// held to it too.
func (r *repository) walls() []string {
	var findings []string
	for _, p := range r.packages {
		for _, to := range r.imported(p) {
			if why := forbidden(p.folder, to); why != "" {
				findings = append(findings, fmt.Sprintf("%s: imports %s: %s", p.folder, to, why))
			}
		}
	}
	return findings
}

// forbidden returns why the package in one folder may not import that in
// another; empty: it may.
//
//	proto <- libs <- services/<x> <- services/<x>/cmd, services/allinone
func forbidden(from, to string) string {
	there := room(to)
	switch here := room(from); {
	case here == "proto" && there != "proto":
		return "contracts depend on nothing of ours"
	case here == "libs/sdk" && there != "libs/sdk" && there != "proto":
		return "the SDK is for strangers, who get it and the contracts alone"
	case here == "libs" && strings.HasPrefix(there, "services/"):
		return "libraries know no service"
	case !strings.HasPrefix(here, "services/") || here == allinone:
		return ""
	case strings.HasPrefix(there, "services/") && here != there:
		return "services meet only in messages"
	case to == here && from != here && !strings.HasPrefix(from, here+"/cmd/"):
		return "only its commands and " + allinone + " may import a service"
	}
	return ""
}

// room returns which part of the repository a folder belongs to: proto,
// libs/sdk, libs, or a service.
func room(folder string) string {
	parts := strings.Split(folder, "/")
	if parts[0] == "services" && len(parts) > 1 || folder == "libs/sdk" || strings.HasPrefix(folder, "libs/sdk/") {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}
