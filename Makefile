# Every target creates the virtual environment that it needs. As root on Debian 12, it also installs the
# Debian packages that are missing (python3-venv, systemd, libfaketime, pgbouncer, chromium, prometheus, prometheus-alertmanager).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# The tests start the program hundreds of times, which would compile its source each time.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --root-user-action=ignore
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

# $(call apt,PACKAGE): install a Debian package; without the right to do so, fail with its name.
define apt
{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && export DEBIAN_FRONTEND=noninteractive \
	&& apt-get -qq update && apt-get -qq install --no-install-recommends $(1) >/dev/null; } \
	|| { echo "$(1) is missing and could not be installed here; please install it" >&2; exit 1; }
endef

# $(call unpack,PACKAGE): unpack a Debian package into the virtual environment, so that no service is installed.
define unpack
{ packages=$$(mktemp -d) && trap 'rm -rf "$$packages"' EXIT && command -v apt-get >/dev/null \
	&& { [ "$$(id -u)" != 0 ] || apt-get -qq update; } \
	&& (cd "$$packages" && apt-get -qq -o APT::Sandbox::User=root download $(1)) \
	&& dpkg-deb --extract "$$packages"/*.deb $(VENV)/programs; } \
	|| { echo "$(1) is missing and could not be installed here; please install it" >&2; exit 1; }
endef

# $(call catalogues,COMMAND): read the texts of the source, and run a command of pybabel for all languages with them.
LOCALE := refilld/translations/locale
define catalogues
$(BIN)/pybabel -q extract --mapping=pyproject.toml --output=$(VENV)/refilld.pot --project=refilld --no-location --no-wrap \
	--sort-output -k labelled:1c,2 -k marked -k marked_forms:1,2 -k labelled_forms:1c,2,3 \
	-k translatable -k ListColumn:2 -k FilterField:2 -k DeskPage:3 .
$(BIN)/pybabel -q update --input-file=$(VENV)/refilld.pot --output-dir=$(LOCALE) --domain=refilld --no-wrap \
	--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date $(1)
endef

.PHONY: help demo test coverage mutants lint format translations clean programs systemd-analyze libfaketime pgbouncer chromium prometheus alertmanager

help: ## show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 14

demo: $(VENV)/.demo ## run the program end to end against a simulated Instagram, nothing to configure
	@$(BIN)/refilld demo

# mypy and its like use one processor for a minute; with a low priority they disturb no test.
test: $(VENV)/.dev programs ## all checks: all tests, and beside them what lint checks
	@nice $(MAKE) lint >$(VENV)/lint.log 2>&1 & lint=$$!; trap 'kill $$lint 2>/dev/null || :' EXIT; failed=0; \
		$(BIN)/pytest -n 3 || failed=$$?; \
		if wait $$lint; then echo "lint: passed"; else failed=$$?; cat $(VENV)/lint.log; fi; exit $$failed

coverage: $(VENV)/.dev programs ## all tests with line coverage, some minutes longer; lists the lines they do not reach
	$(BIN)/pytest -n 3 --cov --cov-report=term-missing:skip-covered

mutants: $(VENV)/.mutation ## mutation tests of the guarantee, about an hour (docs/proof.md)
	$(BIN)/python tests/proof/mutants.py

lint: $(VENV)/.dev ## formatting, lint rules, types, import contracts and catalogues
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(call catalogues,--check)

format: $(VENV)/.dev ## format the code and apply automatic fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

translations: $(VENV)/.dev ## update the catalogues from the source, and compile them (docs/translations.md)
	$(call catalogues)
	$(BIN)/pybabel -q compile --directory=$(LOCALE) --domain=refilld

clean: ## remove the virtual environment, builds and caches
	rm -rf $(VENV) dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Programs of Debian that the tests run.
programs: systemd-analyze libfaketime pgbouncer chromium prometheus alertmanager

systemd-analyze:
	@command -v systemd-analyze >/dev/null || $(call apt,systemd)

libfaketime:
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || $(call apt,libfaketime)

pgbouncer:
	@PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || $(call apt,pgbouncer)

chromium:
	@command -v chromium >/dev/null || $(call apt,chromium fonts-liberation)

prometheus:
	@export PATH="$$PATH:$(VENV)/programs/usr/bin"; \
		{ command -v prometheus && command -v promtool; } >/dev/null || $(call unpack,prometheus)

alertmanager:
	@PATH="$$PATH:$(VENV)/programs/usr/bin" command -v prometheus-alertmanager >/dev/null \
		|| $(call unpack,prometheus-alertmanager)

# Python compiles a sixth of what is installed, when it is imported first; pip would compile everything, for half a minute.
# Stamp files: each is written when its step has succeeded, and outdated when pyproject.toml changes.
$(VENV)/.demo: pyproject.toml $(VENV)/.pip
	$(PIP) --no-compile --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.pip
	$(PIP) --no-compile --editable '.[demo,oidc,postgres]' --group dev
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
