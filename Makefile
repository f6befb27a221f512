# Everything a developer runs. Each target does its own set-up; only Python 3.11+, git and make must be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -p no:cacheprovider
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

.PHONY: help demo docs test test-full full-tools fuzz lint format bench smoke-online lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.ready ## run the main job on the three examples and compare the verdicts
	@$(BIN)/python examples/demo.py

test: $(VENV)/.ready ## all tests that need only Python, git and make, with branch coverage
	$(PYTEST) -n auto --dist worksteal -m "not full" --cov --cov-report=term --cov-fail-under=95

docs: $(VENV)/.ready ## write docs/profiles anew from the profiles
	$(BIN)/python docs/profiles/generate.py

full-tools: ## install what test-full needs from Debian (as root)
	@sh tests/install_full_tools.sh

test-full: $(VENV)/.ready ## the tests that need npm or Debian packages, or minutes
	$(PYTEST) -n 2 --dist worksteal -m full

fuzz: $(VENV)/.ready ## break files for every parser, CASES each (default 100,000)
	GOVSEC_FUZZ_CASES=$(or $(CASES),100000) $(PYTEST) -n auto -m "not full" tests/fuzz

lint: $(VENV)/.ready ## ruff, mypy strict, import order, zizmor, schema of the action
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/zizmor --offline --no-progress --persona pedantic action.yml .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/pre-commit validate-manifest .pre-commit-hooks.yaml

format: $(VENV)/.ready ## rewrite the sources as lint wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready ## measure; prints tables, asserts nothing
	@$(BIN)/python -m compileall -q govsec_ci hooks
	@for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

dist: $(VENV)/.ready ## build sdist and wheel of HEAD twice in clean copies, and compare them byte for byte
	@$(BIN)/python tools/dist.py

smoke-online: $(VENV)/.ready ## try the publishers' addresses of advisory data (needs the network; not part of CI)
	@cache=$$(mktemp -d) && GOVSEC_CACHE_DIR=$$cache $(BIN)/govsec advisories sync; code=$$?; rm -rf "$$cache"; exit $$code

lock: $(VENV)/.ready ## renew the lock files with hashes
	$(BIN)/uv pip compile --quiet pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	  --no-header --output-file requirements/action.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --group build --group test --group lint --group bench --universal --python-version 3.11 \
	  --generate-hashes --no-header --constraint requirements/action.txt --output-file requirements/dev.txt

clean: ## remove what the targets made
	rm -rf $(VENV) govsec-out build dist .coverage* .mypy_cache .ruff_cache .hypothesis
