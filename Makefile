# Photo-z Server: everything a user or a developer types. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
DATA_DIR ?= data
# One more than two cores: many tests wait for servers, browsers and clocks, but each worker
# takes ten seconds of a processor to start.
JOBS ?= 3
# Empty: without the tests marked thorough; 1, as in CI: with them.
THOROUGH ?=
# For test-cost: a part of the tests; empty: all.
TESTS ?=
# On PostgreSQL: all tests of the server, or those of the apps that speak most with the database.
SERVER_TESTS = $(if $(THOROUGH),packages/pzhub/tests,$(addprefix packages/pzhub/tests/,accounts catalog core downloads processes uploads))
MARKS = $(if $(THOROUGH),,-m "not thorough")
# Tests marked slow start servers and workers of their own, which use SQLite, or wait.
SERVER_MARKS = $(if $(THOROUGH),,-m "not thorough and not slow")
PYPROJECTS := $(wildcard packages/*/pyproject.toml)
LOCAL := -e packages/pztables -e packages/pzpipelines -e packages/pzserver -e packages/pzhub
# With uv where it can be had, which takes a quarter of the time; else, or with INSTALLER=pip, with pip.
INSTALL := $(BIN)/python scripts/install.py
CONTRACT_VENV := .venv-contract

# Servers, commands and pipelines start Python hundreds of times: let it keep what it compiled.
export PYTHONDONTWRITEBYTECODE :=

$(VENV)/.run: $(PYPROJECTS) constraints.txt
	@echo "Setting up $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) $(VENV) -c constraints.txt $(LOCAL) "psycopg[binary]"
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "Adding the tools for development ..."
	@$(INSTALL) --compile $(VENV) -c constraints.txt -r requirements-dev.txt
	@touch $@

$(CONTRACT_VENV)/.ready: $(VENV)/.run tests/contract/requirements.txt
	@echo "Setting up $(CONTRACT_VENV) with the published client ..."
	@test -x $(CONTRACT_VENV)/bin/python || $(PYTHON) -m venv --without-pip $(CONTRACT_VENV)
	@$(INSTALL) $(CONTRACT_VENV) -r tests/contract/requirements.txt
	@touch $@

.PHONY: help run demo setup test test-quick test-postgresql test-cost contract e2e check lint types imports format docs screenshots messages bench clean

help:  ## List what can be made
	@grep -hE '^[a-z0-9-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-16s %s\n", $$1, $$2}'
	@echo "  Variables: PORT=$(PORT) HOST=$(HOST) DATA_DIR=$(DATA_DIR) JOBS=$(JOBS) PYTHON=$(PYTHON) THOROUGH=$(THOROUGH)"

run: $(VENV)/.run  ## Set up and serve the site with demo data on http://127.0.0.1:8000
	@exec $(BIN)/pzhub serve --host $(HOST) --port $(PORT) --data-dir $(DATA_DIR)

demo: $(VENV)/.run  ## Do the main job through the API of the running server, and say what was done
	@$(BIN)/pzhub demo --host $(HOST) --port $(PORT) --data-dir $(DATA_DIR)

setup: $(VENV)/.dev  ## Set up the environment for development

test: $(VENV)/.dev $(CONTRACT_VENV)/.ready  ## Set up and run the tests, on SQLite and (where installed) PostgreSQL; THOROUGH=1 for all
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(MARKS)
	@$(BIN)/python scripts/with_postgresql.py $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(SERVER_MARKS) $(SERVER_TESTS)

test-quick: $(VENV)/.dev  ## Run the tests of the packages on SQLite only
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup packages

test-postgresql: $(VENV)/.dev  ## Run the server's tests on a private PostgreSQL
	@$(BIN)/python scripts/with_postgresql.py $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(SERVER_MARKS) $(SERVER_TESTS)

test-cost: $(VENV)/.dev $(CONTRACT_VENV)/.ready  ## Tell what the tests cost in CPU seconds; TESTS=... for a part
	@PYTHONPATH=tests $(BIN)/python -m pytest -p cpu_seconds -n $(JOBS) --dist loadgroup $(MARKS) $(TESTS)

contract: $(VENV)/.dev $(CONTRACT_VENV)/.ready  ## Run the published client against a live server
	@$(BIN)/python -m pytest tests/contract

e2e: $(VENV)/.dev  ## Run the browser stories in headless Chromium
	@$(BIN)/python -m pytest tests/e2e

check: lint types imports test  ## Everything that must hold before a change lands

lint: $(VENV)/.dev  ## Style, with ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## Types, with mypy --strict
	@$(BIN)/mypy packages/pztables/src packages/pzpipelines/src packages/pzserver/src packages/pzhub/src

imports: $(VENV)/.dev  ## The directions in which modules may look
	@$(BIN)/lint-imports

format: $(VENV)/.dev  ## Bring the code into form
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

docs: $(VENV)/.dev  ## Write the reference pages from the code
	@$(BIN)/python scripts/build_reference.py

screenshots: $(VENV)/.dev  ## Take pictures of every page of a demo server (light, dark, wide, phone)
	@$(BIN)/python scripts/screenshots.py

messages: $(VENV)/.dev  ## Collect and compile the translations
	@cd packages/pzhub/src/pzhub && ../../../../$(BIN)/python -m django makemessages --all --no-obsolete && ../../../../$(BIN)/python -m django compilemessages
	@$(BIN)/python scripts/collect_sentences.py

bench: $(VENV)/.dev  ## Measure the combination against its floor
	@$(BIN)/python benchmarks/combine.py

clean:  ## Remove environments and caches (not the data folder)
	rm -rf $(VENV) $(CONTRACT_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
