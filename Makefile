# Each target sets up all it needs on a bare machine, and skips what is done.
# `make demo` verbosifies an essay; `make test` proves that everything works; `make check` reads the code;
# `make site` serves our published piece.

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python tools/install.py

export VERBOSIFY_CHECKPOINTS ?= $(CURDIR)/checkpoints
# What a process imports is compiled once and kept, whatever the shell says: hundreds of processes import the same.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test coverage test-seeds test-hostile check docs study site models clean

demo: $(VENV)/.installed
	$(BIN)/verbosify run essays/lengths.md --out pieces/lengths --most-samples 20

# Two processes, a thread each, share the work. gpt-2-simple changes TensorFlow for its whole process, so it has its own,
# beside them, and what that says comes at the end.
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
PYTEST := $(ONE_THREAD) $(BIN)/python -m pytest
test: $(VENV)/.test-installed $(VENV)/.browser $(VENV)/.redis node_modules/.installed models
	COVERAGE_FILE=.coverage.tensorflow $(PYTEST) -q tests/tensorflow >.tensorflow.log 2>&1 & beside=$$!; \
	  COVERAGE_FILE=.coverage.torch $(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/tensorflow; red=$$?; \
	  wait $$beside || red=1; cat .tensorflow.log; exit $$red

# The same, with a count of the lines that were run: half as long again. 95 % is the aim; the youngest rooms (desk,
# exhibits, pipeline, studies) have not been counted as a whole yet.
COVERED ?= 90
coverage: PYTEST += --cov --cov-report=
coverage: test
	$(BIN)/coverage combine --quiet .coverage.tensorflow .coverage.torch
	$(BIN)/coverage report --fail-under=$(COVERED)

# Once more what rests on a model that is drawn or trained from a seed, with ten other seeds: an hour or more.
SEEDS ?= 1 2 3 4 5 6 7 8 9 10
test-seeds: $(VENV)/.test-installed $(VENV)/.browser $(VENV)/.redis node_modules/.installed models
	red=; for seed in $(SEEDS); do for part in "-n 2 --dist loadfile --ignore tests/tensorflow tests" tests/tensorflow; do \
	  echo "seed $$seed: $$part"; \
	  VERBOSIFY_TEST_SEED=$$seed $(PYTEST) -q -m drawn $$part || red="$$red $$seed"; \
	done; done; test -z "$$red" || { echo "Red with the seeds$$red."; exit 1; }

# Two thousand hostile requests to each server, where `make test` sends three hundred.
test-hostile: $(VENV)/.test-installed
	VERBOSIFY_TEST_HOSTILE=2000 $(PYTEST) -n 2 -k hostile tests/desk tests/test_hostile_requests.py

check: $(VENV)/.check-installed node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	npm run --silent check

# Every figure and table of the findings, from the committed tables; `verbosify study run --all` makes those anew.
study: $(VENV)/.test-installed
	$(BIN)/verbosify study draw docs/findings.md --ratings benchmarks/ratings.json

# The documentation, into build/docs: a dead link, a missing page or an undocumented parameter fails.
docs: $(VENV)/.test-installed
	$(BIN)/python tools/describe_commands.py
	$(BIN)/mkdocs build

# The published piece, on this machine alone.
site:
	$(PYTHON) -m http.server --bind 127.0.0.1 --directory site 8000

models: $(VENV)/.installed
	$(BIN)/python -m verbosify models get smollm2-135m minilm

clean:
	rm -rf $(VENV) node_modules .coverage* .tensorflow.log .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# PyTorch comes first: as a dependency of ours, it may be the build for NVIDIA cards, of several GB. The rest comes in the
# versions of uv.lock, where they can be had.
$(VENV)/.installed: pyproject.toml uv.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python tools/install_torch.py '$(TORCH)'
	$(INSTALL) -e '.[torch,site]'
	touch $@

$(VENV)/.test-installed: $(VENV)/.installed
	$(INSTALL) -e '.[torch,tensorflow,notebook,site,punkt,serve,bot,ray,deploy,docs,test]'
	touch $@

$(VENV)/.check-installed: $(VENV)/.test-installed
	$(INSTALL) -e '.[check]'
	touch $@

# Pages are tested in a real browser; where there is none, Debian's Chromium is installed, without its own windows.
# `make -j` installs programs beside packages, but one program after another: apt-get waits for nobody.
$(VENV)/.browser:
	mkdir -p $(VENV)
	command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { apt-get update -qq && for name in chromium-headless-shell chromium; do \
	    apt-get install -qq -y --no-install-recommends $$name && break; done; } >/dev/null
	touch $@

# Quotas are tested with a real Redis; where there is none, Debian's is installed. The tests start their own.
$(VENV)/.redis: | $(VENV)/.browser
	command -v redis-server >/dev/null || \
	  { apt-get update -qq && apt-get install -qq -y --no-install-recommends redis-server; } >/dev/null
	touch $@

# The browser code is read and tested by Biome, TypeScript and Node.js; where that is missing, Debian's is installed.
node_modules/.installed: package-lock.json | $(VENV)/.redis
	command -v npm >/dev/null || \
	  { apt-get update -qq && apt-get install -qq -y --no-install-recommends nodejs npm; } >/dev/null
	npm ci --silent --no-audit --no-fund
	touch $@
