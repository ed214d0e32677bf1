# SPDX-License-Identifier: GPL-2.0-only
PYTHON ?= python3
VENV ?= .venv
TREE ?= sample-trees/probe-path/1-new-probe-path
BIN := $(VENV)/bin

.PHONY: audit test test-kernel check bench clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

audit: $(VENV)/.installed
	$(BIN)/kscan audit $(TREE) || [ $$? -eq 1 ]

test: $(VENV)/.installed
	$(BIN)/pytest -q -m 'not kernel'

test-kernel: $(VENV)/.installed
	$(BIN)/pytest -q -m kernel

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
