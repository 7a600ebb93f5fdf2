# Two commands on a fresh machine: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
# A Python that is asked for by name has an environment of its own: two would fight over one folder.
# So have the two sets of versions.
ifdef LOCKED
VENV ?= .venv-locked
else ifdef LOWEST
VENV ?= .venv-lowest
else ifeq ($(origin PYTHON),file)
VENV ?= .venv
else
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV ?= .venv-$(VERSION)
endif
BIN := $(VENV)/bin
# Byte code is written on first use: most of what is installed is never read.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
ifdef LOCKED
PIP += --constraint requirements.lock
else ifdef LOWEST
PIP += --constraint $(VENV)/lowest.txt
endif

# Dozens of processes import the same packages, whatever the shell says of byte code.
unexport PYTHONDONTWRITEBYTECODE

AT_ONCE := --numprocesses=auto --maxprocesses=4 --dist=loadfile

.PHONY: demo test slow fuzz kill parity parity-full bench bench-check lint types docs audit lock format clean help

help:
	@echo "make demo    the main job on the synthetic set (about two minutes after installing)"
	@echo "make test    the tests, without torch"
	@echo "make slow    the tests of several processes, machines and engines, and of every population"
	@echo "make fuzz    damaged files of every kind through every reader, for a minute"
	@echo "make kill    100 runs killed at random moments and started again (an hour)"
	@echo "make parity  the tests against torch and timm"
	@echo "make parity-full  the same with every backbone and size (an hour); writes docs/parity.md"
	@echo "make parity-full ONLY='own_sizes or vgg'  some of it; the other rows stay"
	@echo "make bench   every benchmark suite, small, in ten minutes, beside what docs/benchmarks/ holds"
	@echo "make bench-check  the same, and fails where something is slower or larger than there"
	@echo "make lint    ruff, formatting included"
	@echo "make types   mypy"
	@echo "make docs    the site, into build/docs; a warning is an error"
	@echo "make test PYTHON=python3.13  another Python, in .venv-3.13; VENV=DIR says where else"
	@echo "make test FEWER=1  of each test the first case"
	@echo "make test LOCKED=1  with the versions of requirements.lock, in .venv-locked"
	@echo "make test LOWEST=1  with the lowest versions that pyproject.toml allows, in .venv-lowest"
	@echo "make lock    writes requirements.lock, of the versions in .venv"
	@echo "make audit   known vulnerabilities of what is installed, where their database is reached"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "vadjax needs Python 3.11 or newer; name one with: make PYTHON=python3.12 VENV=.venv ..."; exit 1; }
	@echo "[1/3] making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(if $(LOWEST),$(PYTHON) tools/requirements.py lowest $(VENV)/lowest.txt)

$(VENV)/.installed: pyproject.toml setup.py | $(VENV)/bin/python
	@echo "[2/3] installing vadjax and what it needs (about 1.5 GB, one to three minutes)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "installing what the tests need"
	@$(PIP) --editable '.[test]'
	@$(PIP) --no-deps jax2onnx==0.17.1
	@$(PIP) --no-deps litert-converter==0.5.0 ai-edge-litert==2.3.0 || echo "no TensorFlow Lite here: its tests skip"
	@touch $@

$(VENV)/.installed-parity: $(VENV)/.installed-test
	@echo "installing torch, timm and grad-cam, to compare with"
	@$(PIP) --editable '.[parity]'
	@$(PIP) --no-deps timm==1.0.31 grad-cam==1.5.7 ttach==0.0.3
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	@$(PIP) --editable '.[docs]'
	@touch $@

demo: $(VENV)/.installed
	@echo "[3/3] running the main job on the synthetic set (about 2 minutes on 2 idle cores)"
	@$(BIN)/python -m vadjax.main --config=configs/synthetic_scene.py

test: $(VENV)/.installed-test
	@$(BIN)/python -m pytest $(TESTS) -m "not slow" --ignore=tests/parity $(AT_ONCE) $(if $(FEWER),--fewer)

slow: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -m slow --ignore=tests/parity $(AT_ONCE)

fuzz: $(VENV)/.installed-test
	@$(BIN)/python tools/fuzz.py --seconds=60 --seed=0

kill: $(VENV)/.installed-test
	@$(BIN)/python tools/kill.py --kills=$(or $(KILLS),100)

parity: $(VENV)/.installed-parity
	@$(BIN)/python -m pytest tests/parity $(AT_ONCE) --dist=worksteal

parity-full: $(VENV)/.installed-parity
	@VADJAX_PARITY_FULL=1 VADJAX_PARITY_TABLE=docs/parity.md $(BIN)/python -m pytest tests/parity $(if $(ONLY),-k "$(ONLY)")

bench: $(VENV)/.installed-parity
	@$(BIN)/python tools/bench.py all --quick

bench-check: $(VENV)/.installed-parity
	@$(BIN)/python tools/bench.py all --quick --check

lint: $(VENV)/.installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	@$(BIN)/mypy

docs: $(VENV)/.installed-docs
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -b html . build/docs
	@echo "build/docs/docs/index.html"

audit: $(VENV)/.installed
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@$(PYTHON) tools/audit.py $(VENV)/audit/bin/pip-audit $(BIN)/python

lock: $(VENV)/.installed-parity $(VENV)/.installed-docs
	@$(BIN)/python tools/requirements.py lock requirements.lock

format: $(VENV)/.installed-test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .mypy_cache
