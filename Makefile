# Two commands do everything: `make score` and `make test`. Both install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
POLICY ?= reference

.PHONY: score test lint docs benchmark dist clean

score: .venv/base
	$(BIN)/kinesis-bench score --policy $(POLICY)

test: .venv/dev lint
	$(BIN)/python -m pytest -n auto

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "look at it: $(BIN)/python -m http.server --directory build/site"

benchmark: .venv/base
	$(PIP) --editable ".[video]"
	$(BIN)/python benchmarks/environment_speed.py
	$(BIN)/python benchmarks/ik_speed.py
	$(BIN)/python benchmarks/static_optimisation_speed.py
	$(BIN)/python benchmarks/replay_speed.py

dist: | .venv/bin/python
	$(PIP) hatchling
	$(BIN)/python -m hatchling build --clean

clean:
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv .venv

.venv/base: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing kinesis-bench into .venv (a minute or two) …"
	$(PIP) --editable .
	@touch $@

.venv/dev: .venv/base
	@echo "Installing what the tests need …"
	$(PIP) --editable ".[dev]"
	@touch $@
