# Needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
PHOTOS ?=
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)

.PHONY: figures demo test test-web test-engines test-web-engines lint types unit coverage lowest audit docs format clean

demo: $(VENV)/base
	$(BIN)/python examples/demo.py $(if $(PHOTOS),"$(PHOTOS)")

test: lint types unit

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

unit: $(VENV)/dev
	$(BIN)/pytest --numprocesses auto --dist worksteal --cov --cov-report=

# The search suite and REST, each process on a Milvus of its own; the file that kills it begins.
ENGINE_TESTS := tests/index/test_engines.py tests/search tests/web/test_routes.py
test-engines: $(VENV)/dev
	$(BIN)/pytest -m engine $(ENGINE_TESTS) --numprocesses 2 --dist loadfile --no-loadscope-reorder \
		--cov --cov-append --cov-report=

# Of all lines and branches at least so many percent are run by make test and make test-engines, in that order. What runs
# in commands that the tests start is not counted.
coverage:
	$(BIN)/coverage report --skip-covered --fail-under=92

# The base install at its lowest versions, on tests that use each of its packages and need no more than it.
LOWEST_TESTS := search emotions test_collection.py images/test_decode.py index/test_store.py \
	cli/test_output.py cli/test_library.py cli/test_skipped.py web/test_routes.py web/test_access.py web/test_problems.py
lowest: $(VENV)/lowest/done
	$(VENV)/lowest/bin/python -m pytest -W ignore --numprocesses auto --dist worksteal \
		-p no:cacheprovider $(addprefix tests/,$(LOWEST_TESTS))

# Compares the pinned packages with published advisories.
audit: $(VENV)/dev
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

# The gallery, and colours, in a real browser; installs Chromium where there is none (Debian, Ubuntu).
test-web: $(VENV)/dev
	command -v chromium || command -v chromium-browser || test -n "$$CHROMIUM" || \
		($(SUDO) apt-get update && $(SUDO) apt-get install --yes chromium)
	$(BIN)/pytest tests/web/browser tests/images/browser -m browser --numprocesses auto --dist worksteal

# The same tests of the gallery while Milvus finds its pictures.
test-web-engines: $(VENV)/dev
	$(BIN)/pytest tests/web/browser -m "browser and engine" --numprocesses auto --dist worksteal

# The site of the documentation, in site/; every warning is an error.
docs: $(VENV)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/codespell README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md docs/*.md docs/*/*.md src --skip "*.json,*.csv,*.onnx,*.js" \
		--ignore-words-list "tung,fulfilment,nd,abd"
	$(BIN)/python benchmarks/readability.py

# Prints every table of the evaluation pages again, from committed results and the labels of the development sets; where
# these are missing, what needs none of them.
figures: $(VENV)/dev
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/figures.py

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . scikit-image scikit-learn
	touch $@

$(VENV)/dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@ $(VENV)/base

$(VENV)/docs: $(VENV)/dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	touch $@

$(VENV)/lowest/done: $(VENV)/dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/lowest
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --output-file $(VENV)/lowest.txt pyproject.toml
	$(BIN)/uv pip install --quiet --python $(VENV)/lowest --requirement $(VENV)/lowest.txt \
		pytest pytest-xdist hypothesis "httpx<0.28" httpx2 pexpect scikit-image scikit-learn onnx tokenizers lxml pandas polars pyarrow
	$(BIN)/uv pip install --quiet --python $(VENV)/lowest --no-deps --editable .
	touch $@
