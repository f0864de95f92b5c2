# Everything happens in ./.venv, made on first use and renewed when pyproject.toml changes.
# Needs python3 (3.11 or newer) and make; another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
ARGS ?=
N ?= 200
SEEDS ?= 2000

# Folders that carry code; bench and examples are looked at only when they are there.
CODE := $(wildcard molroo_actor tests bench examples tools)
TYPED := $(wildcard molroo_actor tests/kit tests/crash tests/simulation bench examples tools tests/soak tests/hostile tests/faults)
MINUTES ?= 10
# Corpora that the character is measured on and fitted to; they are not part of this repository.
DATA ?= $(wildcard ../shared/data)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check fmt bench crash sim laws eval fit clean soak hostile faults

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## serve on http://127.0.0.1:8787 with its data in ./data (ARGS="--port 9000")
	$(PY) -m molroo_actor serve --data data $(ARGS)

test: $(VENV)/.dev ## all tests (ARGS="-k resume -x")
	$(PY) -m pytest $(ARGS)

check: $(VENV)/.dev ## format, lint and types; changes nothing
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m ruff check $(CODE)
	$(PY) -m mypy $(TYPED)

fmt: $(VENV)/.dev ## format, and fix what the linter can fix by itself
	$(PY) -m ruff check --fix-only $(CODE)
	$(PY) -m ruff format $(CODE)

bench: $(VENV)/.dev ## figures beside workerd and bare servers, 25 min (ARGS="--quick --only turns --png docs/bench.png")
	$(PY) -m bench $(ARGS)

crash: $(VENV)/.dev ## kill -9 under load N times and count what was lost (N=200)
	$(PY) -m tests.crash $(N) $(ARGS)

sim: $(VENV)/.dev ## a whole host with a faulty disk and careless clients, one seed a story (SEEDS=2000 ARGS="--only 7")
	$(PY) -m tests.simulation $(SEEDS) $(ARGS)

soak: $(VENV)/.dev ## hours of use in MINUTES=10: what should stay flat does, and backups restore equal (ARGS="--sessions 2000")
	$(PY) -m tests.soak --minutes $(MINUTES) $(ARGS)

hostile: $(VENV)/.hostile ## clients that mean harm, kind by kind, and a table of what they achieved (ARGS="frames idle --scale 0.2")
	$(PY) -m tests.hostile $(ARGS)

faults: $(VENV)/.dev ## hurt real servers in every known way and count what was lost (ARGS="power clock --times 50 --seed 1")
	$(PY) -m tests.faults $(ARGS)

laws: N = 20000
laws: $(VENV)/.dev ## every law of the character on N random cases each (ARGS="--only negation", N=20000)
	$(PY) -m tests.prop $(N) $(ARGS)

eval: $(VENV)/.dev ## the character against its gates (DATA=folder with the corpora; the project's own set without)
	$(PY) -m tools.evaluate $(if $(DATA),--data $(DATA)) $(ARGS)

fit: $(VENV)/.dev ## rebuild the appraiser's coefficients, byte for byte (DATA=folder with the corpora)
	$(PY) -m tools.fit --data $(DATA) $(ARGS)

clean: ## remove .venv and caches; ./data stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "molroo-actor needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Stamps: what the server needs, and what its tests need on top. Only a finished install leaves one.
$(VENV)/.run: pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.hostile: pyproject.toml | $(VENV)/.dev
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,hostile]'
	@touch $@
