SHELL := /bin/bash
GO ?= go
RACE := $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo -race)
LINT := $(GO) tool -modfile=tools/go.mod golangci-lint

# How many worlds of the crash matrix run at once: they mostly wait.
MATRIX_WORLDS ?= 10

# How many scenarios of make falsify run at once.
FALSIFY_WORLDS ?= 3

.PHONY: help build image demo test e2e e2e-scenarios e2e-proxy e2e-admin e2e-containers e2e-python e2e-chaostest queries crash crash-projection crash-matrix crash-matrix-full soak verifier nightly falsify falsify-sample falsify-containers scenarios scenarios-doc bench bench-real bench-halt bench-proxy bench-integrity bench-faults fuzz lint schema
help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

build: ## both binaries into bin/
	CGO_ENABLED=0 $(GO) build -o bin/ ./cmd/...

image: build ## the container image of deploy/Dockerfile, for docker compose -p faultline-sandbox --profile sandbox; IMAGE=name
	docker build -f deploy/Dockerfile -t $(or $(IMAGE),faultline) bin

demo: build ## sandbox, pipeline, the broker-stop experiment and its verdict; FAULTLINE_TRADES=DIR plays recorded trades
	bin/faultline demo $(DEMO)

test: ## all tests that need Go only, with the race detector where a C compiler is
	@if [ -z "$(RACE)" ]; then echo "no C compiler: running without the race detector"; fi
	$(GO) test $(RACE) -shuffle=on -timeout 10m ./...

e2e: build ## experiments on real servers: Kafka, registry, REST catalog, S3; E2E_SERVERS=lab|compose
	@trap 'e2e/servers/down.sh' EXIT; $(GO) test -tags e2e -count=1 -timeout 20m -skip 'Falsify|Scenarios|Chaos' -v ./e2e
	@$(MAKE) --no-print-directory e2e-proxy queries

queries: ## the questions of docs/QUERIES.md, and the audit that is SQL, on DuckDB and on Spark; part of e2e
	e2e/servers/tables.sh $(GO) test -tags e2e -count=1 -timeout 15m -v ./e2e/queries

e2e-scenarios: build ## the methodology's scenarios on real servers, through links and a Kafka proxy; part of nightly
	@trap 'e2e/servers/down.sh' EXIT; $(GO) test -tags e2e -count=1 -timeout 30m -run ScenariosOnRealServers -v ./e2e

e2e-proxy: build ## real Kafka clients through the Kafka proxy: franz-go, sarama, librdkafka, Java; part of e2e
	E2E_WITH=registry e2e/servers/three.sh $(GO) test -tags e2e -count=1 -timeout 20m -v ./e2e/proxy

FALSIFY_RUN = $(GO) test -tags e2e -count=1 -timeout 90m -parallel $(FALSIFY_WORLDS) -run Falsify -v ./e2e

falsify: build ## each scenario without a defect, and with each that concerns it: a table; FALSIFY_ONLY=a,b runs some; FALSIFY_TARGETS=containers on a sandbox of containers, of the engine at DOCKER_HOST
	FALSIFY=all $(FALSIFY_RUN)

falsify-sample: build ## each scenario without a defect, and with one
	FALSIFY=sample $(FALSIFY_RUN)

falsify-containers: build ## the same as falsify-sample, on a sandbox of containers of the engine at DOCKER_HOST; part of nightly
	FALSIFY=sample FALSIFY_TARGETS=containers $(FALSIFY_RUN)

scenarios: build ## each scenario without a defect, and how long all of them took
	FALSIFY=clean $(FALSIFY_RUN)

scenarios-doc: build ## the same as make falsify; writes docs/SCENARIOS.md and its plots from what ran
	FALSIFY=all $(FALSIFY_RUN) -update

e2e-python: build ## the Python client, and the methodology's seven examples as its tests, on the sandbox; takes root; part of nightly
	e2e/python.sh

e2e-chaostest: build ## package chaostest on a sandbox of its own: a broker goes and comes back, a killed test leaves no fault; part of nightly
	$(GO) test -tags e2e -count=1 -timeout 10m -run ChaosContext -v ./e2e

e2e-admin: ## faults of topics, quotas and schemas on three brokers and a registry; part of nightly
	E2E_WITH=registry e2e/servers/three.sh $(GO) test -tags e2e -count=1 -timeout 15m -v ./e2e/admin

e2e-containers: ## faults on containers of the engine at DOCKER_HOST, which needs bridge networks; takes root; part of nightly
	CGO_ENABLED=0 $(GO) test -tags e2e -count=1 -timeout 15m -v ./e2e/containers

crash: build ## kill the daemon at a random moment of each of CRASH_RUNS=20 runs
	$(GO) test -tags e2e -count=1 -timeout 30m -v ./e2e/crash

# How long make crash-projection kills.
FOR ?= 1m
crash-projection: ## kill -9 every 2 s, for FOR=1m, one of two projectors or the keeper of their tables; counts the rows; 10m in nightly
	PROJECTION_FOR=$(FOR) $(GO) test -tags e2e -count=1 -timeout 60m -run KilledProjectors -v ./e2e/projection

crash-matrix: ## kill every part at every numbered point of a run, and do worse at a sample of them
	$(GO) test -tags failpoint -count=1 -v -timeout 20m -parallel $(MATRIX_WORLDS) -run 'Matrix$$' ./e2e/matrix

crash-matrix-full: ## every death at every point, and to every kind of fault; writes docs/CRASH_MATRIX.md
	MATRIX_FULL=1 MATRIX_UPDATE=1 $(GO) test -tags failpoint -count=1 -v -timeout 90m -parallel $(MATRIX_WORLDS) -run Matrix ./e2e/matrix

soak: ## twenty minutes of random deaths at random moments
	SOAK_FOR=20m $(GO) test -tags failpoint -count=1 -v -timeout 40m -run Soak ./e2e/matrix

# How many clean runs make verifier has; VERIFIER_SEED=n begins with another, VERIFIER=-update writes the pages.
VERIFIER_CLEAN ?= 50
verifier: ## each defect of the sandbox's sink found by the class and the checks that are to find it, and nothing in fifty clean runs: docs/VERIFIER.md
	VERIFIER_LONG=1 VERIFIER_CLEAN=$(VERIFIER_CLEAN) $(GO) test -count=1 -timeout 120m -v -run 'Planted|NothingIsFound' ./e2e/verifier $(VERIFIER)

nightly: crash crash-matrix-full soak falsify e2e-scenarios e2e-admin e2e-containers falsify-containers e2e-python e2e-chaostest verifier fuzz ## what takes longer than CI may
	@$(MAKE) --no-print-directory crash-projection FOR=10m
	$(GO) test -run Interleaving -count=1 -timeout 30m ./experiment -rapid.checks=60000

bench: build ## the figures of docs/BENCHMARKS.md, as a table; BENCH="-only check" measures less
	$(GO) run ./bench $(BENCH)

bench-real: build ## the same with three real Kafka brokers beside the embedded one
	bench/real.sh $(BENCH)

bench-halt: build ## how quickly faults go, Chaos Toolkit beside: docs/BENCHMARKS.md; BENCH="-only trigger" measures less
	bench/halt.sh $(BENCH)

bench-proxy: build ## what the Kafka proxy costs on three real brokers, Toxiproxy beside; BENCH="-only memory" measures less
	bench/proxy.sh $(BENCH)

bench-integrity: build ## projector against Kafka Connect and pyiceberg, audit against PySpark, on a real Kafka, catalog and S3; BENCH="-only audit -audits 1000000" measures less
	bench/integrity.sh $(BENCH)

bench-faults: ## inject and rollback time of every kind of fault that needs Go and root only
	BENCH_FAULTS=1 $(GO) test -count=1 -timeout 10m -v ./bench/faults | grep -v '^ *\(---\|===\)'

# How long each fuzz target is fuzzed.
FUZZ_FOR ?= 30s
fuzz: ## each fuzz target for FUZZ_FOR=30s
	@git grep -oE '^func Fuzz[A-Za-z]+' -- '*_test.go' | while IFS=: read -r file target; do \
	  echo "== $$(dirname $$file) $${target#func }"; \
	  $(GO) test -run '^$$' -fuzz "^$${target#func }\$$" -fuzztime $(FUZZ_FOR) -fuzzminimizetime 10x "./$$(dirname $$file)" || exit 1; \
	done

lint: ## gofmt, vet and golangci-lint as tools/go.mod pins it
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet -tags e2e ./...
	$(LINT) run --allow-parallel-runners --build-tags e2e ./...
	$(LINT) run --allow-parallel-runners --build-tags failpoint ./e2e/matrix/... ./internal/failpoint/... ./internal/wallclock/...

schema: ## generate docs/schema and the tables of docs/WIRE.md anew
	$(GO) test ./internal/schema -update
