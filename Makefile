# Each target sets itself up: a virtual environment in .venv with pinned packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: demo test test-slow fuzz check lint docs clean
.DEFAULT_GOAL := test

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt setuptools
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	touch $@

demo: $(INSTALLED)  ## two minutes: phantom hands read, a page of them, a model trained
	$(BIN)/boneage demo --out demo

test: $(INSTALLED)  ## the tests, but for the slow ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 -m "not slow" --durations 10

test-slow: $(INSTALLED)  ## the slow tests: notebooks, a wheel, the demonstration, trainings on real hands
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 -m slow --durations 10

fuzz: $(INSTALLED)  ## damaged files of every kind: none crashes, hangs, fills the memory or does more than read
	$(BIN)/python -m pytest tests/fuzz/fuzz_readers.py --numprocesses 2 --maxfail 20

lint: $(INSTALLED)  ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p boneage.imaging -p boneage.landmarks -p boneage.regression -p boneage.pipeline -p boneage.evaluation -p boneage.cli
	$(BIN)/lint-imports

docs: $(INSTALLED)  ## the API reference from the docstrings: build/api/index.html; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs/api build/api

check: lint docs test test-slow  ## everything that must hold before a commit

clean:
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
