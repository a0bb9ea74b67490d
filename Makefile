# Offhook: what a person types. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
# a browser for the tests, what its driver links against, and a font with every letter we show
BROWSER := chromium libatomic1 fonts-dejavu-core
# what opens a callto: address on a desktop
DESKTOP := xdg-utils
# a proxy that others wrote, in front of a server whose replies we read
PROXY := nginx-light

FAST := -m "not slow and not browser"

.PHONY: help demo test long check format mutants bench docs clean

help:
	@echo "make demo    start everything and print the page's address"
	@echo "make check   format, lint, types, import contracts, fast tests: before every commit, one minute"
	@echo "make test    install what the tests need, then run them all: half an hour"
	@echo "make long    the same, with every long run whole: hours"
	@echo "make bench   the benchmarks: ratios measured in one run"
	@echo "make mutants change single lines of what decides, and see whether the fast tests notice"
	@echo "make docs    print the generated parts of the documentation again"
	@echo "make clean   remove what the others made"

demo: .venv/demo
	@$(BIN)/offhook demo

test: .venv/dev
	@tools/needs $(BROWSER) $(DESKTOP) $(PROXY)
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest -m "slow or browser"

long: export OFFHOOK_TESTS = long
long: test

check: .venv/dev static
	$(BIN)/pytest -n 2 $(FAST)

.PHONY: static
static: .venv/dev
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/dev
	$(BIN)/ruff format src tests bench tools
	$(BIN)/ruff check --fix src tests bench tools

bench: .venv/dev
	@tools/needs $(BROWSER) $(DESKTOP)
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python bench/dial.py
	$(BIN)/python bench/web_dial.py
	$(BIN)/python bench/getevent.py
	$(BIN)/python bench/stream.py
	$(BIN)/python -m bench.deaf
	$(BIN)/python -m bench.ami
	$(BIN)/python -m bench.esl
	$(BIN)/python -m bench.ringing

mutants: .venv/dev
	$(BIN)/python tools/mutants.py

docs: .venv/dev
	$(BIN)/python tools/printed.py

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A virtual environment with what the demo needs, and one step further with what developers need.
.venv/demo: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Offhook needs Python 3.11 or newer: make PYTHON=python3.11 demo" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/needs python3-venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[hub]'
	@touch $@

.venv/dev: .venv/demo pyproject.toml
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@
