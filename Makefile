# SPDX-License-Identifier: GPL-2.0-only
PYTHON ?= python3
VENV ?= .venv
TREE ?= sample-trees/probe-path/1-new-probe-path
BIN := $(VENV)/bin
KERNELS := linux-source-6.12 linux-source-6.1
ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
install = $(ROOT) apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	$(ROOT) apt-get install -q -y --no-install-recommends $(1)

.PHONY: help audit test test-kernel kernels ctags check bench clean

help:
	@echo 'make audit [TREE=path/to/linux]   install kscan below $(VENV) and audit a tree'
	@echo 'make test                         run the tests'
	@echo 'make test-kernel                  run the tests on Debian kernel sources'
	@echo 'make check                        ruff, mypy and the layers'
	@echo 'make bench [TREE=path/to/linux]   measure against what one would run instead'

$(VENV)/.installed: pyproject.toml
	@echo 'installing kscan and what it needs below $(VENV): this takes a minute'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m compileall -q kscan
	touch $@

# An audit that ran is a success, findings or not.
audit: $(VENV)/.installed
	$(BIN)/kscan audit '$(TREE)' || [ $$? -eq 1 ]
	@case ":$$PATH:" in *":$(CURDIR)/$(BIN):"*) ;; *) \
		echo 'kscan is $(BIN)/kscan here: PATH=$(CURDIR)/$(BIN):$$PATH makes its commands work' ;; \
	esac

test: $(VENV)/.installed
	$(BIN)/pytest -q -n 2 --dist worksteal -m 'not kernel'

test-kernel: $(VENV)/.installed kernels ctags
	$(BIN)/pytest -q -n 2 --dist loadfile -m kernel -o faulthandler_timeout=1200

kernels:
	@for package in $(KERNELS); do \
		[ -e /usr/src/$$package.tar.xz ] || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then $(call install,$$missing); fi

# Without it the functions found are not compared with what it finds: that test is skipped then.
ctags:
	-@ctags --version 2>/dev/null | grep -q '^Universal' || { $(call install,universal-ctags); }

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench '$(TREE)'

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
