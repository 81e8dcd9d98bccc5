# Every command of the project. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
SRC := pipeline dags plugins deploy tests bench docs training

.DEFAULT_GOAL := help
.PHONY: help dev demo airflow test test-fast test-long lint format types check lock picture bench clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.runtime: requirements/runtime.txt requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Newsline needs Python 3.11 or later; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/build.txt --requirement requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pipeline.adapters.places
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

# The lock is complete and names the same versions as dev.txt, so nothing is left to resolve.
.venv/.airflow: .venv/.dev requirements/airflow.txt
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/airflow.txt
	@touch $@

demo: .venv/.runtime ## the whole trip over the rehearsal news world, from feeds to a balanced index
	$(BIN)/newsline demo --data var/demo

airflow: .venv/.airflow ## a real local Airflow over the rehearsal news world, until Ctrl-C (DIR=folder: works there, afresh each time; POSTGRES=url: on that server)
	$(BIN)/python -m pipeline.devairflow $(if $(DIR),--dir "$(DIR)") $(if $(POSTGRES),--postgres "$(POSTGRES)")

dev: .venv/.dev ## install what development needs, and `newsline elasticsearch start`

test: .venv/.airflow ## every test but the long ones (20 to 25 minutes on two cores)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not long"

test-fast: .venv/.dev ## the tests that need no server of their own and take no time (under two minutes)
	$(BIN)/python -m pytest -n 2 -m "not long and not slow and not postgres and not elasticsearch and not airflow and not corpora"

test-long: .venv/.airflow ## soak, load and full-length outages
	$(BIN)/python -m pytest -m long

lint: .venv/.dev ## ruff and the import layers
	$(BIN)/ruff check $(SRC)
	$(BIN)/ruff format --check $(SRC)
	$(BIN)/lint-imports

format: .venv/.dev ## let ruff lay out the code
	$(BIN)/ruff format $(SRC)
	$(BIN)/ruff check --fix $(SRC)

types: .venv/.dev ## mypy, strict
	$(BIN)/mypy

check: lint types test ## what CI runs

bench: .venv/.airflow ## the measurements that the README quotes
	$(BIN)/python -m bench

picture: .venv/.dev ## draw docs/demo.svg anew
	$(BIN)/python docs/picture.py

lock: .venv/.dev ## renew requirements/*.txt from pyproject.toml
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --output-file requirements/runtime.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --constraint requirements/runtime.txt --output-file requirements/dev.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra airflow --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade --constraint requirements/dev.txt --output-file requirements/airflow.txt

clean: ## remove the environment and everything that commands made
	rm -rf .venv var build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
