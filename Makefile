# `make demo` shows the program and `make test` proves it, on a bare Debian 12 too: both make their
# virtual environment themselves and, as root, fetch what Debian splits off or leaves out.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --root-user-action=ignore
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

# $(call apt,PACKAGE): fetch a Debian package, or tell who may not what is missing.
define apt
{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && export DEBIAN_FRONTEND=noninteractive \
	&& apt-get -qq update && apt-get -qq install --no-install-recommends $(1) >/dev/null; } \
	|| { echo "$(1) is missing and could not be installed here; please install it" >&2; exit 1; }
endef

.PHONY: help demo test mutants lint format clean systemd-analyze

help: ## show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 10

demo: $(VENV)/.demo ## the main job end to end, with nothing to configure
	@$(BIN)/refilld demo

test: lint systemd-analyze ## everything that has to hold: style, types, floors, tests
	$(BIN)/pytest -n 2

mutants: $(VENV)/.mutation ## does a test fail whatever is broken in the arithmetic? some minutes (docs/proof.md)
	$(BIN)/python tests/proof/mutants.py

lint: $(VENV)/.dev ## style, types and the floors of the house, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## bring the sources into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

systemd-analyze:
	@command -v systemd-analyze >/dev/null || $(call apt,systemd)

# Stamps: one is made only when its step has succeeded, and made anew when pyproject.toml changes.
$(VENV)/.demo: pyproject.toml $(VENV)/.pip
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.pip
	$(PIP) --editable '.[demo,postgres]' --group dev
	@touch $@

$(VENV)/.mutation: $(VENV)/.dev
	$(PIP) --group mutation
	@touch $@

$(VENV)/.benchmarks: $(VENV)/.dev
	$(PIP) --group benchmarks
	@touch $@

$(VENV)/.pip:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(call apt,python3-venv)
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) --upgrade 'pip>=25.1'
	@touch $@
