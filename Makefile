# The only front door. `make help` lists what there is.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Pinned tools, fetched into .tools/bin when a target first needs them.
TOOLS := $(CURDIR)/.tools/bin
BUF_VERSION := v1.68.4
GOLANGCI_VERSION := v2.15.0
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
PROTOC_GEN_CONNECT_GO_VERSION := v1.21.1
PROTOC_GEN_GRPC_GATEWAY_VERSION := v2.27.8

MODULES := proto libs libs/sdk services
# Beside the workspace.
BESIDE := tools tools/dashboards tools/manifests
SERVICES := access actions approvals dispatch executions gateway scripts targets
BIN := $(CURDIR)/.tools/actionplane
DEMO ?= 1
RACE ?= -race
# What is on PATH first: our own pinned tools.
export PATH := $(TOOLS):$(PATH)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: ## start everything in one process, show the main job, serve (DEMO=0: no show)
	@go build -o $(BIN)/actionplane ./services/allinone
	@DEMO=$(DEMO) ACTIONPLANE_LOG_LEVEL=$${ACTIONPLANE_LOG_LEVEL:-WARN} exec $(BIN)/actionplane

.PHONY: test
test: ## run all tests with the race detector; needs nothing that runs
	go test $(RACE) -timeout 20m $(foreach m,$(MODULES),./$(m)/...)
	cd tools && GOWORK=off go test $(RACE) ./...

.PHONY: up
up: ## a process per service, two replicas each, on outside Postgres, Redis and NATS of this machine
	@$(MAKE) --no-print-directory binaries
	@$(BIN)/up

.PHONY: binaries
binaries: ## build every service, a stand-alone NATS server and the launcher of `make up`
	@go build -o $(BIN)/ $(foreach s,$(SERVICES),./services/$(s)/cmd/$(s))
	@go build -o $(BIN)/actionplane ./services/allinone
	@cd libs && GOWORK=off go build -o $(BIN)/nats-server github.com/nats-io/nats-server/v2
	@cd tools && GOWORK=off go build -o $(BIN)/up ./up

.PHONY: compose
compose: .env ## everything in containers, with Prometheus, Grafana and Jaeger; makes secrets where there are none
	docker compose up -d --build --wait

# Never made again: what is encrypted with the master key would be lost.
.env:
	@umask 077 && while IFS= read -r line; do case $$line in \
		*_PASSWORD=|*_TOKEN=|*_KEY=) line=$${line}s$$(head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n');; \
		esac; printf '%s\n' "$$line"; done < .env.example > $@
	@echo "made the secrets in .env"

.PHONY: story
story: ## the show, the end-to-end story and the restarts, in both shapes
	go test -count=1 -timeout 15m -v -skip '^(TestChaos|TestRollingRestart|TestUpgrade|TestBackupAndRestore)$$' ./services/allinone

.PHONY: chaos
chaos: ## break everything in the middle of 10,000 events each time, and print one table; about ten minutes
	@$(MAKE) --no-print-directory binaries
	ACTIONPLANE_CHAOS=1 ACTIONPLANE_STORY_BIN=$(BIN) go test -count=1 -timeout 20m -run '^TestChaos$$' -v ./services/allinone

.PHONY: dashboards
dashboards: ## every query of dashboards and alerts, against the metrics of a process per service
	@$(MAKE) --no-print-directory binaries
	cd tools/dashboards && ACTIONPLANE_STORY_BIN=$(BIN) GOWORK=off go test -count=1 ./...

.PHONY: foreign
foreign: $(TOOLS)/buf ## clients that others publish, against make run's binary; needs Node 20 or later
	@command -v npm >/dev/null || { echo "make foreign needs Node and npm (Debian: apt-get install nodejs npm)"; exit 1; }
	@go build -o $(BIN)/actionplane ./services/allinone
	@cd proto && buf build --as-file-descriptor-set -o $(BIN)/descriptors.binpb
	cd tools/foreign && npm ci --no-audit --no-fund --loglevel=error && \
		ACTIONPLANE_BINARY=$(BIN)/actionplane ACTIONPLANE_DESCRIPTORS=$(BIN)/descriptors.binpb npm test

.PHONY: manifests
manifests: binaries ## what we are deployed with, read strictly and held to what we are; and the services started as production would
	cd tools/manifests && GOWORK=off MANIFESTS_BINARIES=$(BIN) go test -count=1 ./...

.PHONY: images
images: ## an image of each service on nothing, started as production would; needs podman
	@command -v podman >/dev/null && command -v runc >/dev/null || { echo "make images needs podman and runc (Debian: apt-get install --no-install-recommends podman runc buildah)"; exit 1; }
	@mkdir -p .tools/image && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o .tools/image/ $(foreach s,$(SERVICES),./services/$(s)/cmd/$(s))
	cd tools/manifests && GOWORK=off MANIFESTS_IMAGES=$(CURDIR)/.tools/image go test -count=1 -run '^TestTheImages' -v .

.PHONY: generate-manifests
generate-manifests: ## write what is generated in deploy
	cd tools/manifests && GOWORK=off go run . -update ../..

.PHONY: generate
generate: $(TOOLS)/buf $(TOOLS)/protoc-gen-go $(TOOLS)/protoc-gen-go-grpc $(TOOLS)/protoc-gen-connect-go $(TOOLS)/protoc-gen-grpc-gateway ## regenerate what comes from proto
	cd tools && GOWORK=off go build -o $(TOOLS)/ ./protoc-gen-actionplane ./protoc-gen-reference
	cd proto && ./generate.sh

.PHONY: verify
verify: generate ## fail when generated code is stale, modules are untidy or walls are broken
	@git diff --exit-code --stat -- proto/gen || (echo "generated code is stale: commit what 'make generate' wrote"; exit 1)
	@test -z "$$(git ls-files --others --exclude-standard proto/gen)" || (echo "generated files are not committed"; exit 1)
	cd proto && buf lint && buf format --diff --exit-code --path actionplane --path zitadel --path dynamic
	@$(MAKE) --no-print-directory compatible
	@for m in $(MODULES) $(BESIDE); do (cd $$m && GOWORK=off go mod tidy -diff) || exit 1; done
	@for m in $(MODULES) $(BESIDE); do (cd $$m && GOWORK=off go vet ./...) || exit 1; done
	cd tools && GOWORK=off go run ./archcheck ..

# The release that this one must be able to replace while it serves, a commit.
PREVIOUS := $(shell grep -x '[0-9a-f]\{40\}' deploy/previous-release)
PREVIOUS_DIR := $(CURDIR)/.tools/previous/$(PREVIOUS)
HAS_PREVIOUS := git cat-file -e '$(PREVIOUS)^{commit}' 2>/dev/null
NO_PREVIOUS := skipped: this clone lacks the previous release, $(PREVIOUS) (git fetch --unshallow)

.PHONY: compatible
compatible: $(TOOLS)/buf ## fail when contracts or released migrations break the previous release
	@if $(HAS_PREVIOUS); then $(MAKE) --no-print-directory $(PREVIOUS_DIR)/source && \
		(cd proto && buf breaking --against $(PREVIOUS_DIR)/source/proto) && \
		git diff --exit-code --diff-filter=DMR --stat $(PREVIOUS) -- 'services/*/migrations/*.sql' || \
		{ echo "not compatible with the previous release"; exit 1; }; \
	else echo "make compatible: $(NO_PREVIOUS)"; fi

.PHONY: upgrade
upgrade: ## replace the previous release by this one while it serves, and back; about a minute, and one to build it
	@if $(HAS_PREVIOUS); then $(MAKE) --no-print-directory binaries $(PREVIOUS_DIR)/bin && \
		ACTIONPLANE_STORY_PREVIOUS=$(PREVIOUS_DIR)/bin ACTIONPLANE_STORY_BIN=$(BIN) \
			go test -count=1 -timeout 10m -run '^TestUpgrade$$' -v ./services/allinone; \
	else echo "make upgrade: $(NO_PREVIOUS)"; fi

$(PREVIOUS_DIR)/source:
	@rm -rf $@.part && mkdir -p $@.part && git archive $(PREVIOUS) | tar -x -C $@.part && mv $@.part $@
$(PREVIOUS_DIR)/bin: | $(PREVIOUS_DIR)/source
	@rm -rf $@.part && cd $(PREVIOUS_DIR)/source && go build -ldflags='-s -w' -o $@.part/ $(foreach s,$(SERVICES),./services/$(s)/cmd/$(s)) && mv $@.part $@

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## golangci-lint on every module
	@for m in $(MODULES); do (cd $$m && golangci-lint run --config $(CURDIR)/.golangci.yaml ./...) || exit 1; done
	@for m in $(BESIDE); do (cd $$m && GOWORK=off golangci-lint run --config $(CURDIR)/.golangci.yaml ./...) || exit 1; done

# Where a benchmark and its baseline are.
BENCHED := ./services/gateway ./services/executions ./services/dispatch ./services/dispatch/internal/sender ./services/scripts ./services/scripts/internal/worker ./services/allinone
.PHONY: bench
bench: ## what our parts cost against the same work done bare, in the same run, and each process, for make simulate; about eight minutes
	@$(MAKE) --no-print-directory binaries
	@TIMEFORMAT="benchmarks took %R s, and CPU seconds: %U as users, %S in the kernel"; set -o pipefail; time \
	go test -run '^$$' -bench . -benchtime 0.5s -count 3 -timeout 30m $(BENCHED) | tee .tools/bench.txt | (cd tools && GOWORK=off go run ./benchratio)
	@echo; cd tools && GOWORK=off go run ./simulator/measure -binaries $(BIN) -costs simulator/costs.json

PROFILE ?= login-provider
.PHONY: simulate
simulate: ## replicas, stores and delays of PROFILE's day (tools/simulator/profiles, or a file) against the costs of make bench
	@cd tools && GOWORK=off go run ./simulator $(SIMULATE) $(if $(wildcard tools/simulator/profiles/$(PROFILE).json),simulator/profiles/$(PROFILE).json,$(abspath $(PROFILE)))

.PHONY: clean
clean: ## remove state, tools and binaries
	rm -rf .data .tools

$(TOOLS)/buf:
	GOBIN=$(TOOLS) go install github.com/bufbuild/buf/cmd/buf@$(BUF_VERSION)
$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
$(TOOLS)/protoc-gen-go:
	GOBIN=$(TOOLS) go install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO_VERSION)
$(TOOLS)/protoc-gen-go-grpc:
	GOBIN=$(TOOLS) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION)
$(TOOLS)/protoc-gen-connect-go:
	GOBIN=$(TOOLS) go install connectrpc.com/connect/cmd/protoc-gen-connect-go@$(PROTOC_GEN_CONNECT_GO_VERSION)
$(TOOLS)/protoc-gen-grpc-gateway:
	GOBIN=$(TOOLS) go install github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway@$(PROTOC_GEN_GRPC_GATEWAY_VERSION)
