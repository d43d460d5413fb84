SHELL := /bin/bash
GO ?= go
RACE := $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo -race)

.PHONY: help build demo test fuzz lint
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

build: ## both binaries into bin/
	CGO_ENABLED=0 $(GO) build -o bin/ ./cmd/...

demo: build ## sandbox, pipeline, the broker-stop experiment and its verdict; FAULTLINE_TRADES=DIR plays recorded trades
	bin/faultline demo

test: ## all tests that need Go only, with the race detector where a C compiler is
	@if [ -z "$(RACE)" ]; then echo "no C compiler: running without the race detector"; fi
	$(GO) test $(RACE) -shuffle=on -timeout 10m ./...

fuzz: ## each fuzz target for 30 s
	$(GO) test -run '^$$' -fuzz FuzzParse -fuzztime 30s ./spec
	$(GO) test -run '^$$' -fuzz FuzzDecodeBatch -fuzztime 30s ./events
	$(GO) test -run '^$$' -fuzz FuzzDecode -fuzztime 30s ./commands

lint: ## gofmt and vet
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
