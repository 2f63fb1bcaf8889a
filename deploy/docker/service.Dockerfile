# syntax=docker/dockerfile:1.9
# One file for every service. The context is the root of the repository:
#
#   docker build -f deploy/docker/service.Dockerfile --build-arg SERVICE=targets -t actionplane/targets .
#
# SERVICE=allinone is all of them in one process; in an image it needs a
# DATABASE_URL, because there are no Postgres binaries in here to start.

ARG GO_IMAGE=golang:1.26.4-bookworm
# Distroless names its releases by distribution only. Pin the digest that your
# own registry mirrors, with --build-arg RUN_IMAGE=…@sha256:…
ARG RUN_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.work go.work.sum ./
COPY proto proto
COPY libs libs
COPY services services
ARG SERVICE TARGETOS TARGETARCH
# Set by "skaffold debug": no optimization, and symbols are kept.
ARG SKAFFOLD_GO_GCFLAGS
# The folder of a command is services/<x>/cmd/<x>; allinone is one itself.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    set -eu; \
    : "${SERVICE:?build with --build-arg SERVICE=<name>}"; \
    main=./services/$SERVICE/cmd/$SERVICE; test -d "$main" || main=./services/$SERVICE; \
    ldflags="-s -w"; test -z "${SKAFFOLD_GO_GCFLAGS:-}" || ldflags=; \
    CGO_ENABLED=0 GOOS=${TARGETOS:-linux} GOARCH=${TARGETARCH:-} \
    go build -trimpath -gcflags="${SKAFFOLD_GO_GCFLAGS:-}" -ldflags="$ldflags" -o /out/service "$main"; \
    mkdir -p /out/data

FROM ${RUN_IMAGE}
COPY --from=build /out/service /service
# State of the embedded parts, for allinone alone: mount a volume over it.
COPY --from=build --chown=65532:65532 /out/data /data
ENV ACTIONPLANE_ADDR=:8080 ACTIONPLANE_OPS_ADDR=:9090 ACTIONPLANE_DATA_DIR=/data
# Go's own default; that it is named tells skaffold that this is a Go program.
ENV GOTRACEBACK=single
EXPOSE 8080 9090
USER 65532:65532
# Script workers are this same file, started again through /proc/self/exe.
ENTRYPOINT ["/service"]
