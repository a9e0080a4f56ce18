# Every target installs what it needs into .venv (test-matrix: into .venv-*), and writes nothing outside this folder.
.DEFAULT_GOAL := demo
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
RANKS ?= 2
PYTEST_ARGS ?=

BIN := .venv/bin
CREATED := .venv/.created
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev
PIP := $(BIN)/python -m pip
# Not "python -m pytest": that puts this folder on the path, and core/ could be imported under a second name.
PYTEST := $(BIN)/pytest $(PYTEST_ARGS)
# The unit tests: nothing that starts processes, compiles, samples by the thousand or runs whole scans and fits.
QUICK := tests/core -m "not integration and not slow and not mpi"

# Caches stay inside, too.
export PIP_NO_CACHE_DIR ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
export UV_CACHE_DIR ?= $(CURDIR)/.venv/uv
export MPLCONFIGDIR ?= $(CURDIR)/.venv/matplotlib
export XDG_STATE_HOME ?= $(CURDIR)/.venv/state
# A virtual environment or a PYTHONPATH of the caller must not shadow ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

# What `test-oldest` and `test-newest` leave out, as `test` does at first.
FAST := -n 2 --dist loadfile -m "not mpi and not slow"

.PHONY: help demo install test test-quick test-slow test-oldest test-newest test-matrix faults check bench clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(INSTALLED) ## Scan the 3HDM for a minute on two MPI ranks and write a report (the default).
	@echo "1/3  Compiling the model and the sampler, once for each version (a minute or two; later, seconds)"
	@$(BIN)/terranova warm thdm3 --sampler cmaes-novelty
	@echo "2/3  Scanning examples/thdm3.yaml on $(RANKS) MPI ranks, for about a minute"
	@$(BIN)/mpirun -n $(RANKS) $(BIN)/terranova scan --next examples/thdm3.yaml
	@echo "3/3  Writing the report: random points to compare with, then the figures"
	@run=$$(ls -td runs/thdm3*/ | head -n 1) && run=$${run%/} && $(BIN)/terranova report "$$run" && \
	    echo && echo "Open  file://$$(cd "$$run" && pwd)/report.html" && echo "and then:" && \
	    echo "  source .venv/bin/activate" && \
	    echo "  terranova best $$run                the best points; --to slha, json, csv or yaml" && \
	    echo "  terranova resume $$run --evaluations 1000000      more of them" && \
	    echo "  a function of your own: README.md, A function of your own"

install: $(INSTALLED) ## Install terranova with MPI into .venv.

test: $(INSTALLED_DEV) ## Run the test suite.
	$(PYTEST) $(FAST)
	$(PYTEST) -m "mpi and not slow"

test-quick: $(INSTALLED_DEV) ## Run the unit tests of core/ alone, in less than a minute.
	$(PYTEST) -n 2 --dist loadfile $(QUICK)

test-slow: $(INSTALLED_DEV) ## Run the long tests as well.
	$(PYTEST) -m "slow"

# PYTHON names the interpreter of both: make PYTHON=python3.13 test-newest.
test-oldest test-newest: test-%: .venv-%/.installed-$(notdir $(PYTHON))
	.venv-$*/bin/python -V
	.venv-$*/bin/pytest $(PYTEST_ARGS) $(FAST) $(WARNINGS-$*)

test-matrix: test-oldest test-newest ## Run the fast tests with the oldest and the newest dependencies allowed.

faults: $(INSTALLED_DEV) ## Inject every fault of docs/reliability.md, the slow ones included.
	$(PYTEST) -n 2 --dist loadfile -m "not mpi" tests/faults
	$(PYTEST) -m "mpi" tests/faults

check: $(INSTALLED_DEV) ## Check format, style, types, and how much of core/ the unit tests reach.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p terranova
	$(PYTEST) -q -n 2 --dist loadfile $(QUICK) --cov --cov-report=term

bench: $(INSTALLED_DEV) ## Measure, and print the tables of benchmarks/.
	@for script in benchmarks/*.py; do echo "== $$script" && $(BIN)/python "$$script" || exit 1; done

clean: ## Remove everything that was generated, except runs/.
	rm -rf .venv .venv-oldest .venv-newest build dist *.egg-info .package/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are touched last: an installation that was interrupted is done again.
$(CREATED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "terranova needs Python 3.11 or newer; '$(PYTHON)' is: $$($(PYTHON) -V 2>&1)" >&2; \
	    echo "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv || { \
	    echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu, install the package python3-venv" >&2; exit 1; }
	@touch $@

# What pip says, in one line that changes; all of it if it fails.
define SHOW_INSTALLATION
awk '{ all = all $$0 "\n" } \
    /^ *(Collecting|Downloading|Installing|Building)/ { n += /Collecting/; \
        printf "\r  %3d packages  %-60.60s", n, $$1 " " $$2; fflush() } \
    /^ERROR|^error/ { failed = 1 } \
    END { printf "\r%-76s\r", ""; if (failed) printf "%s", all }'
endef

$(INSTALLED): pyproject.toml $(CREATED)
	@echo "Installing terranova and what it needs into .venv, with an MPI of its own: one to three minutes"
	@set -o pipefail; $(PIP) install --editable ".[mpi]" 2>&1 | $(SHOW_INSTALLATION)
	@touch $@

$(INSTALLED_DEV): pyproject.toml $(INSTALLED)
	$(PIP) install --quiet --editable ".[all,dev]"
	@touch $@

# The lowest versions that pyproject.toml allows, or the next that come as a wheel for this Python; and the highest.
RESOLUTION-oldest := lowest-direct
RESOLUTION-newest := highest
# An old release cannot know what its neighbours have deprecated since.
WARNINGS-oldest := -W ignore::DeprecationWarning
.venv-%/.installed-$(notdir $(PYTHON)): pyproject.toml $(INSTALLED_DEV)
	@rm -rf .venv-$*
	@$(PYTHON) -m venv .venv-$*
	$(BIN)/uv pip install --quiet --python .venv-$*/bin/python --resolution $(RESOLUTION-$*) \
	    --only-binary :all: --no-binary terranova --editable ".[all,dev]"
	@touch $@
