# Everything a newcomer needs is one word: `make` lists them. Only Python 3.11 (or newer) and GNU
# make have to be there; uv, and by it the rest, goes into .venv and nowhere else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
JOBS ?= auto
ARGS ?=

IN := .venv/bin/python
UV := requirements/uv $(IN)
READY := .venv/.ready
UV_READY := .venv/.uv-ready

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

##@ Use it

.PHONY: demo
demo: setup ## play the example orders into paid invoices; look into demo-out/
	@.venv/bin/usance demo $(ARGS)

.PHONY: serve
serve: setup ## run API, hosted pages and a worker on the embedded database
	@.venv/bin/usance serve $(ARGS)

##@ Work on it

.PHONY: setup
setup: $(READY) ## make .venv with every locked dependency (does nothing when it is up to date)
	@:

.PHONY: test
test: setup ## run all tests, on all cores; narrow with ARGS="tests/flows -k issue"
	@$(IN) -m pytest -q -n $(JOBS) --durations=10 $(ARGS)

.PHONY: test-domain
test-domain: setup ## run the tests of the rules only, in seconds
	@$(IN) -m pytest -q tests/domain $(ARGS)

.PHONY: check
check: setup ## format, lint, types and house rules, changing nothing
	@$(IN) -m ruff format --quiet --check . || { echo 'Run: make format' >&2; exit 1; }
	@$(IN) -m ruff check --quiet .
	@$(IN) -m mypy --no-error-summary
	@$(IN) -m pytest -q tests/house

.PHONY: format
format: setup ## format, and repair what the linter can
	@$(IN) -m ruff check --quiet --fix-only .
	@$(IN) -m ruff format --quiet .

.PHONY: bench
bench: setup ## measure against the limits; one of them with ONLY=name
	@$(IN) -m bench --only "$(ONLY)"

##@ Keep it

.PHONY: docs
docs: setup ## write the pages that are made from code again
	@$(IN) -m tests.domain.ledger.t_accounts --write
	@$(IN) -m tests.api.reference --write
	@$(IN) -m tests.docs.deals.page --write

.PHONY: pictures
pictures: setup ## draw the pictures in docs/pictures/ again (needs Chromium)
	@$(IN) -m tests.browser.pictures

.PHONY: lock
lock: setup ## lock what pyproject.toml asks for; newer versions with ARGS=--upgrade
	@$(UV) pip compile --quiet $(ARGS) --universal --python-version 3.11 --group dev \
	    --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    pyproject.toml --output-file requirements/lock.txt
	@sed -n '/^uv==/,/[^\\]$$/p' requirements/lock.txt > requirements/bootstrap.txt
	@$(MAKE) --no-print-directory setup

.PHONY: build
build: setup ## make the wheels and source distributions in dist/, without a network
	@rm -rf dist
	@$(IN) -m hatchling build
	@cd clients/python && ../../$(IN) -m hatchling build --directory ../../dist

.PHONY: clean
clean: ## remove everything that was made: .venv, caches, dist/, demo-out/
	@rm -rf .venv dist build demo-out htmlcov .coverage .coverage.* \
	    .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src clients tests bench -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help
help: ## list all this
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ------------------------------------------------------------------------ how .venv comes about --

$(IN):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'Usance needs Python 3.11 or newer: make setup PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'Making .venv'
	@"$(PYTHON)" -m venv .venv

$(UV_READY): requirements/bootstrap.txt | $(IN)
	@$(IN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	    --requirement requirements/bootstrap.txt
	@touch $@

$(READY): requirements/lock.txt pyproject.toml clients/python/pyproject.toml $(UV_READY)
	@echo 'Installing the locked dependencies into .venv (a few hundred megabytes the first time)'
	@$(UV) pip sync --quiet --require-hashes requirements/lock.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable . \
	    --editable clients/python
	@touch $@
