# Works on a bare Debian or Ubuntu with Python >= 3.11, make and apt; elsewhere as well, if what
# tools/system-packages-*.txt name is there. `make` alone lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Debian 12's pip would build what has no wheel in a way that it warns of itself.
PIP    := PIP_USE_PEP517=1 $(BIN)/python -m pip --disable-pip-version-check install --quiet

# Tests start Python hundreds of times: compiled code is kept, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help install setup format format-check lint types test test-unit check demo soak bench zip pot lock \
        clean runtime system-demo system-test system-bench
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

install: ## Install the command aipkit-bridge on this machine
	@tools/install.sh $(PYTHON) $(FOLDER)

format: setup ## Put the code in order
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

format-check: setup
	@$(BIN)/ruff format --check .

lint: setup ## Find mistakes and unclear code
	@$(BIN)/ruff check .

types: setup ## Check the types
	@$(BIN)/mypy

# One worker more than processors: many tests wait, for a clock, a browser or a killed database.
TEST_WORKERS = $$(n=$$(( $$(nproc) + 1 )); echo $$(( n > 4 ? 4 : n )))

test: system-test setup ## Install what the tests need, then run all of them
	@$(PYTEST) --numprocesses=$(TEST_WORKERS) --dist=loadfile --no-loadscope-reorder $(ARGS)

test-unit: setup ## Run the tests that need nothing but Python
	@$(PYTEST) tests/unit $(ARGS)

check: format-check lint types test ## All that a change must pass

demo: system-demo runtime ## Try the bridge on a shop of its own; ARGS=--once plays it through
	@$(BIN)/python -m demo $(ARGS)

soak: system-test setup ## Run the long forms of the tests (hours)
	@$(PYTEST) --soak $(ARGS)

bench: system-bench setup ## Measure against plain loops in the same run; ARGS="--only record"
	@$(BIN)/python -m bench $(ARGS)

zip: ## Build dist/aipkit-bridge.zip, the WordPress plugin
	@$(PYTHON) tools/build_plugin_zip.py

pot: system-test setup ## Collect all texts; renew their templates and translations
	@$(BIN)/python -m tools.bridge_languages
	@$(BIN)/python -m tools.plugin_languages

lock: ## Choose new versions of all dependencies
	@tools/lock.sh $(PYTHON)

clean: ## Delete what was built; .venv stays until you delete it
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find bridge demo shop_stand_in tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +

system-demo:
	@tools/install_system.sh demo

system-test:
	@tools/install_system.sh test

system-bench:
	@tools/install_system.sh bench

# The stamps make a second run quick; a .venv that no longer works is made anew, without them.
setup: ## Make .venv with everything for development
	@tools/make_venv.sh $(PYTHON)
	@$(MAKE) -s $(VENV)/.dev

# A development environment can run everything.
runtime:
	@tools/make_venv.sh $(PYTHON)
	@if test -e $(VENV)/.dev; then $(MAKE) -s $(VENV)/.dev; else $(MAKE) -s $(VENV)/.runtime; fi

$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PIP) --requirement requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock requirements.lock pyproject.toml
	@$(PIP) --requirement requirements-dev.lock
	@$(PIP) --no-deps --editable .
	@touch $@
