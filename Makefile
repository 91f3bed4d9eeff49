# Rochdale's targets. `make` alone lists them.
#
# Everything that set-up makes lies in .venv: the Python environment, the engine's binary and
# the protobuf code generated from that engine's own files. `make clean` removes all of it.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

# The system's own Python comes first: distributions build theirs optimised by profiles, and the
# ledger is a fifth faster for it than with one that was simply compiled.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(or $(firstword $(shell for python in /usr/bin/python3 python3; do \
  $$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python; done)),python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := testnet node federation ledger activitypub governance did config
ENGINE := github.com/cometbft/cometbft/cmd/cometbft
# The engine's example application, from the same pinned module: only benchmarks run it.
KVSTORE := github.com/cometbft/cometbft/abci/cmd/abci-cli
# Its remote signer, likewise: only tests run it.
SIGNER := github.com/cometbft/cometbft/cmd/priv_val_server
# What Debian must bring for the locked Python packages that come as source.
DEBIAN := gcc libc6-dev libgmp-dev python3-dev python3-venv

.PHONY: help
help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: testnet
testnet: setup  ## run a federation of four until Ctrl-C (ARGS=--once: until its summary)
	@$(BIN)/rochdale testnet run $(ARGS)

.PHONY: bench
bench: setup $(BIN)/abci-cli  ## measure ledger, rules and identities, 16 minutes (ARGS=--quick: one)
	@$(BIN)/rochdale bench ledger $(ARGS)
	@$(BIN)/rochdale bench governance $(ARGS)
	@$(BIN)/rochdale bench identity $(ARGS)

.PHONY: test
test: setup $(VENV)/.dev $(VENV)/.foreign $(BIN)/abci-cli $(BIN)/priv_val_server  ## pass every test
	@$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

.PHONY: check
check: setup $(VENV)/.dev  ## format, lint, layers and types alone
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/codespell -L bloc,acadmic --skip "*.csv,*.jsonld,go.sum,tests/vectors" $(PACKAGES) tests docs *.md
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy

.PHONY: browser
browser: setup $(VENV)/.dev  ## look at the pages in Debian's Chromium
	@scripts/debian-packages chromium
	@$(BIN)/pytest -n 0 tests/browser $(ARGS)
	@$(BIN)/pytest -n 0 tests/node/web/browser $(ARGS)

.PHONY: soak
soak: setup $(VENV)/.dev  ## rules (CASES=10000), didkit (ENDS=1000), an hour of faults (FAULTS=200), the story (RUNS=10)
	@SOAK_CASES=$(or $(CASES),10000) $(BIN)/pytest -n 0 --timeout 0 \
	  $$(grep -rl --include='*.py' SOAK_CASES tests/governance)
	@SOAK_RUNS=$(or $(ENDS),1000) $(BIN)/pytest -n 0 tests/node/test_commands_credential_v1.py
	@FAULT_ROUNDS=$(or $(FAULTS),200) $(BIN)/pytest -n 0 tests/faults
	@for run in $$(seq $(or $(RUNS),10)); do \
	  echo "run $$run"; $(BIN)/rochdale testnet run --once $(ARGS) || exit 1; done

.PHONY: setup
setup: $(BIN)/cometbft $(VENV)/.installed $(VENV)/.protobuf  ## everything a node needs, in .venv

.PHONY: lock
lock: $(VENV)/.dev  ## write the hash-locked requirements anew
	@$(BIN)/pip -q install uv
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command 'make lock' requirements.in -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command 'make lock' requirements-dev.in -o requirements-dev.txt

.PHONY: clean
clean:  ## remove all that set-up made
	rm -rf $(VENV)

$(VENV)/.debian: scripts/debian-packages
	@$(PYTHON) -c '$(SUPPORTED)' || { \
	  echo "Rochdale needs Python 3.11 or 3.12, and $(PYTHON) is $$($(PYTHON) --version 2>&1):" >&2; \
	  echo "install one of them and name it, as in: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@scripts/debian-packages $(DEBIAN)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements.txt pyproject.toml | $(VENV)/.debian
	@echo "Installing the locked Python packages into $(VENV) …"
	@$(BIN)/pip -q install --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip -q install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.installed
	@echo "Installing what checks and tests need …"
	@$(BIN)/pip -q install --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(BIN)/cometbft: ledger/cometbft/go.mod ledger/cometbft/go.sum | $(VENV)/.debian
	@echo "Building the consensus engine from its pinned module …"
	@cd ledger/cometbft && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/$@ $(ENGINE)

$(BIN)/abci-cli: ledger/cometbft/go.mod ledger/cometbft/go.sum | $(VENV)/.debian
	@echo "Building the engine's example application for benchmarks …"
	@cd ledger/cometbft && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/$@ $(KVSTORE)

$(BIN)/priv_val_server: ledger/cometbft/go.mod ledger/cometbft/go.sum | $(VENV)/.debian
	@echo "Building the engine's remote signer for tests …"
	@cd ledger/cometbft && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/$@ $(SIGNER)

FOREIGN := tests/ledger/foreign
$(VENV)/.foreign: scripts/install-foreign-verifiers $(FOREIGN)/ics23/main.go \
    $(FOREIGN)/ics23/go.sum $(FOREIGN)/ics23-npm/package-lock.json \
    tests/did/foreign/package-lock.json | $(VENV)/.debian
	@echo "Installing the foreign verifiers that our proofs are tested with …"
	@scripts/install-foreign-verifiers $(VENV)/foreign
	@touch $@

# Into site-packages, like any dependency: the messages are the engine's, not ours.
$(VENV)/.protobuf: scripts/generate-protobuf $(VENV)/.installed $(BIN)/cometbft
	@scripts/generate-protobuf $(BIN)/python
	@touch $@
