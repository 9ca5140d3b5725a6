# Needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
PHOTOS ?=
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)

.PHONY: demo test test-web lint types unit format clean

demo: $(VENV)/base
	$(BIN)/python examples/demo.py $(if $(PHOTOS),"$(PHOTOS)")

test: lint types unit

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

unit: $(VENV)/dev
	$(BIN)/pytest --numprocesses auto --dist worksteal

# The gallery, and colours, in a real browser; installs Chromium where there is none (Debian, Ubuntu).
test-web: $(VENV)/dev
	command -v chromium || command -v chromium-browser || test -n "$$CHROMIUM" || \
		($(SUDO) apt-get update && $(SUDO) apt-get install --yes chromium)
	$(BIN)/pytest tests/web/browser tests/images/browser -m browser --numprocesses auto --dist worksteal

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . scikit-image
	touch $@

$(VENV)/dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@ $(VENV)/base
