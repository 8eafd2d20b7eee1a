# Everything here works in a fresh clone and leaves nothing outside of it. `make` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run demo examples test check check-all format lint types imports bench lock clean

VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# pip is asked only when the dependencies or the lock have changed since it last succeeded.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { \
	  python="$${PYTHON:-$$(.ci/pythons | head -n 1 | cut -d ' ' -f 2)}"; \
	  test -n "$$python" || { echo "No Python 3.11 to 3.14 found; name one: make PYTHON=…" >&2; exit 1; }; \
	  echo "Making $(VENV) with $$python"; \
	  "$$python" -m venv $(VENV); }
	@echo "Installing into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(READY) ## start the server with its data under data/ (options: ARGS="--cwmp HOST:PORT …")
	@$(BIN)/acs serve --db data/acs.db $(ARGS)

demo: $(READY) ## server and three simulated CPEs: watch them register, be read, set and rebooted
	@$(BIN)/python -m simulator.demo

test: $(READY) ## run the tests (options: ARGS="-k …")
	@$(BIN)/python -m pytest --numprocesses auto $(ARGS)

check: lint types imports test ## what CI runs: format, lint, types, import rules, tests

check-all: ## run the tests on every Python 3.11 to 3.14 of this machine
	@.ci/pythons | while read -r version python; do \
	  echo "Python $$version"; \
	  $(MAKE) --no-print-directory VENV=.venvs/$$version PYTHON="$$python" test < /dev/null || exit 1; \
	done

examples: $(READY) ## run the commands of docs/api-examples.md and write down what they answer
	@$(BIN)/python -m docs.make_api_examples

format: $(READY) ## rewrite the code in the house's format
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lint: $(READY) ## check format and lint rules
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check

types: $(READY) ## check types (mypy --strict)
	@$(BIN)/mypy

imports: $(READY) ## check the direction of imports; a wrong arrow is shown with its path
	@$(BIN)/lint-imports

bench: $(READY) ## measure, and print the figures (some alone: ARGS="codec sessions")
	@$(BIN)/python -m benchmarks $(ARGS)

# The newest Python needs all that the older ones need, and legacy-cgi besides.
lock: ## pin the newest versions of all dependencies in constraints.txt
	@python="$$(.ci/pythons | sort -V | tail -n 1 | cut -d ' ' -f 2)"; "$$python" -m venv .venvs/lock
	@.venvs/lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	@.venvs/lock/bin/python -m piptools compile --quiet --upgrade --extra dev --strip-extras --no-annotate \
	  --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file .venvs/constraints.txt pyproject.toml
	@{ echo "# What every environment gets, on Python 3.11 to 3.14 (\`make lock\` renews it)."; \
	  grep '==' .venvs/constraints.txt; } > constraints.txt

clean: ## remove environments and caches; data/ stays
	rm -rf .venv .venvs build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
