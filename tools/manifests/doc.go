// Command manifests holds what we are deployed with to what we are: it builds
// the kustomize overlays in process, decodes every document strictly into the
// types of Kubernetes' own client, cert-manager and the Prometheus operator,
// loads docker-compose.yml as Compose does, skaffold.yaml into skaffold's own
// schema and the NATS configuration with the server's own parser, and checks
// all of them against each other and against the services.
//
//	go run . ../..            every breach is one line; exit code 1
//	go run . -update ../..    writes what is generated
//
// It needs no cluster, no registry and no network. What cannot be read here,
// whether the processes come up with what the manifests give them, its tests
// show with MANIFESTS_BINARIES (the binaries as plain processes) and
// MANIFESTS_IMAGES (the images, with podman).
//
// It is a module of its own, so that the many modules of those types stay away
// from the generators.
package main
