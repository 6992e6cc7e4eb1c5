# `make demo` shows the main job on a control plane of its own; `make test` runs every check.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# -- set-up ---------------------------------------------------------------------------------------------------------

node_modules/.installed: package.json package-lock.json
	npm ci --loglevel=error
	touch $@

.PHONY: install
install: node_modules/.installed ## Install the npm packages, Node 24 among them

# -- for people -----------------------------------------------------------------------------------------------------

.PHONY: demo run manifests dist lock
demo: install ## A commit in Git becomes objects in a real cluster, and an alert says so (DIST=1: from the bundles)
	node hack/demo/main.ts $(if $(DIST),--dist)

run: install ## Start the three controllers against the current KUBECONFIG
	node hack/run/main.ts

manifests: install ## Print CRDs, RBAC and reference pages, and one install.yaml
	node hack/printers/main.ts
	node hack/printers/main.ts manifests

dist: install ## One bundle per program, in dist/
	node hack/dist/main.ts

lock: ## Complete package-lock.json after a change of the dependencies
	npm install --package-lock-only
	node hack/lock/main.ts

# -- checks ---------------------------------------------------------------------------------------------------------

.PHONY: test check unit e2e bench
test: check unit e2e ## Everything that CI runs

check: install ## Types, imports, lint, format, unused code, printed files, bundles
	tsc --noEmit -p .
	node hack/areas.ts --check
	oxlint --type-aware --quiet
	biome format
	knip
	node hack/printers/main.ts --check
	node hack/dist/main.ts --check

unit: install ## Tests without a network, a cluster or a child process
	node hack/test/main.ts unit

e2e: install ## Tests on a real control plane, Git server and kustomize
	node hack/test/main.ts e2e

bench: install ## N Kustomizations of 4 objects: first sync, update, no-op, delete (N=100)
	node hack/bench/sync.ts --units $(or $(N),100)

.PHONY: parity fuzz-kustomize bench-kustomize
parity: install ## Our engines against the real kustomize, sops and cel-go
	node hack/test/main.ts e2e $(wildcard test/parity/*.e2e.test.ts)

fuzz-kustomize: install ## Generated kustomizations, ours against the real kustomize
	node hack/fuzz/kustomize.ts

bench-kustomize: install ## Builds of several sizes, ours beside the real kustomize
	node hack/bench/kustomize.ts

.PHONY: help
help:
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'
