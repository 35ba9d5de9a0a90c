# The commands of the project. Each does all set-up that it needs; a second run finds it done (.make/).
#
#   make demo       the demonstration city at http://127.0.0.1:8080
#   make test       every test
#   make check      format, lint, strict types, tests
#   make guards     look for weak spots in the code
#   make bench      load figures against a constant answer, into bench/results.json
#   make bench-scale  10,000 stations against 1,000,000, into bench/scale; long when first run
#   make lock       compile the hashed requirements anew from pyproject.toml
#   make reference  write docs/reference.md and docs/indicators.md anew from the code
#   make clean      forget every set-up

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
WEB_SOURCES := $(shell find web-src -name node_modules -prune -o -type f -print 2>/dev/null)
WEB_BUILD := src/madang/web/static/build
# In the order of tests/conftest.py, of which pytest-xdist would else think nothing
PYTEST := $(BIN)/pytest -n auto --dist loadgroup --no-loadscope-reorder

# Python keeps the bytecode of what it imports, whatever the environment says: the tests start it hundreds of times
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check guards bench bench-scale setup lock reference clean
.SILENT:

demo: .make/run .make/web
	exec $(BIN)/madang up --demo

test: .make/dev .make/web .make/clients
	$(PYTEST) $(PYTEST_FLAGS)

check: .make/dev .make/web .make/clients
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	scripts/npm --prefix web-src run --silent check
	$(MAKE) guards
	$(PYTEST) $(PYTEST_FLAGS)

# ruff asks a reason, line by line, for what bandit says of hosts, statements and markup (B104, B608, B704).
GUARDS := .make/guards-venv/bin
guards: .make/guards
	$(GUARDS)/bandit --quiet --recursive src --severity-level medium --confidence-level medium --skip B104,B608,B704
	PATH=$(GUARDS):$$PATH $(GUARDS)/semgrep scan --metrics=off --disable-version-check --quiet --error --config scripts/weak-spots.yaml src

bench: .make/run .make/wrk
	exec $(BIN)/madang bench

bench-scale: .make/run .make/wrk
	exec $(BIN)/madang bench-scale

setup: .make/dev .make/web

lock:
	$(BIN)/python scripts/lock.py

reference: .make/run
	$(BIN)/python scripts/reference.py
	$(BIN)/python -m scripts.indicators

clean:
	rm -rf .make $(VENV) web-src/node_modules $(WEB_BUILD)

# Python: a virtual environment, uv within it, then what the hashed requirements name.
.make/venv: requirements/setup.txt scripts/require-python
	scripts/require-python $(PYTHON)
	echo "Setting up Python in $(VENV) ..."
	test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/setup.txt
	mkdir -p .make && touch $@

.make/run: .make/venv requirements/run.txt pyproject.toml
	$(UV) --require-hashes -r requirements/run.txt
	$(UV) --no-deps --no-build-isolation -e .
	$(BIN)/python -c 'import madang.wire' # every start finds bytecode then
	touch $@

.make/dev: .make/run requirements/dev.txt
	scripts/require-program git git
	$(UV) --require-hashes -r requirements/dev.txt
	touch $@

# Other people's programs that use the platform, each with what it wants, away from ours.
.make/clients: .make/dev requirements/clients.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .make/clients-venv
	$(BIN)/uv pip install --quiet --python .make/clients-venv/bin/python --require-hashes -r requirements/clients.txt
	touch $@

.make/guards: .make/venv requirements/guards.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .make/guards-venv
	$(BIN)/uv pip install --quiet --python .make/guards-venv/bin/python --require-hashes -r requirements/guards.txt
	touch $@

# The web: npm reads the lock file, Vite builds into the package.
.make/npm: .make/venv web-src/package.json web-src/package-lock.json scripts/npm
	echo "Setting up the web build ..."
	scripts/npm --prefix web-src ci --silent
	touch $@

.make/web: .make/npm $(WEB_SOURCES)
	scripts/npm --prefix web-src run --silent build -- --logLevel warn
	touch $@

.make/wrk:
	scripts/require-program wrk wrk
	mkdir -p .make && touch $@
