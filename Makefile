# Two commands are enough: `make demo` and `make test`. All set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A cached .pyc saves 1.5 to 2 s at every start of Dagster, whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo dev test test-deployment check renew docs pictures lock clean

help:
	@echo 'make demo             ingest a fortnight of sample meetings from a stand-in API'
	@echo 'make dev              open the Dagster UI with daemon, sensors and schedules'
	@echo 'make test             run linters, type checks and tests'
	@echo 'make test-deployment  run the tests that start whole deployments or take minutes'
	@echo 'make check            run linters and type checks only'
	@echo 'make install          create .venv'
	@echo 'make renew            write the golden files again after an intended change'
	@echo 'make docs             renew the parts of the documentation that come from the code, pictures included'
	@echo 'make lock             resolve requirements.lock again'
	@echo 'make clean            remove .venv'

install: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: install
	$(BIN)/meeting-assets demo

dev: install
	$(BIN)/meeting-assets dev

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.language

test: check
	$(BIN)/python -m pytest -m "not deployment"

# The real daemon, webserver and browser, and tests with many runs of Dagster. LONG=1 kills a backfill 100 times, not 25,
# and runs concurrent commands for 180 s, not 60 s.
test-deployment: install
	$(BIN)/python -m pytest -n 2 --dist loadfile -m deployment

# Golden files are read in review: a difference that nobody intended is a defect.
renew: install
	RENEW=1 $(BIN)/python -m pytest -n0 -m golden
	git diff --stat

# Tables of the documents come from the code; pictures from the running product, taken by the tests that look at it.
docs: renew
	MEETING_ASSETS_PICTURES=docs/pictures $(BIN)/python -m pytest -n0 meeting_assets_tests/browser

lock:
	$(BIN)/uv pip compile pyproject.toml --extra media --group dev --universal --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV)
