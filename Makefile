# Two commands do everything: `make quickstart` and `make test`. Both make the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: quickstart test bench lint clean

quickstart: $(STAMP)
	$(BIN)/emailimg quickstart

# First what starts a cluster of several nodes: two of those beside each other are too much for two
# cores. Then two processes, each with a Ray cluster of its own, because Ray's tests often wait. One
# thread each, because their tensors are small. In the order of the files: those that take longest
# come first. (Not --dist loadgroup: pytest-xdist 3.8 overlooks its groups under pytest 9.2.)
NODES := tests/nodes tests/e2e/test_jobs.py
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(NODES)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
		$(NODES:%=--ignore=%)

# Ray Data beside a plain multiprocessing.Pool; with BENCH="--training" Ray Train beside plain PyTorch,
# with BENCH="--classifiers" xgboost-ray beside plain XGBoost, with BENCH="--search" Bayesian beside
# random search, with BENCH="--encoder" ways to run the encoder on a CPU.
bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks $(BENCH)

lint: $(STAMP)
	$(BIN)/ruff format emailimg serve_app tune_jobs tests
	$(BIN)/ruff check --fix emailimg serve_app tune_jobs tests
	$(BIN)/mypy

# constraints.txt pins the tested versions; the stamp is renewed when what is installed changes.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v in ((3, 11), (3, 12)) else "Python 3.11 or 3.12 is needed, found %d.%d; try make PYTHON=python3.11" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) workspace
