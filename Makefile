# Needs Python 3.11 or newer and make; everything else goes into .venv, once.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-lowest lint goldens world clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
LOWEST := .cache/lowest
INSTALL := -m pip install --quiet --disable-pip-version-check
OUT := out/us_5gw

# A name on the PATH may be a shim that fails, so each candidate is asked for its version.
FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
		then echo $$python; exit 0; fi; \
	done; \
	echo 'no Python 3.11 or newer on the PATH; install one and run make again' >&2; exit 1

help:
	@echo 'make demo         solve one 5 GW cluster on the bundled US world, and write its GeoJSON'
	@echo 'make test         lint, types, layers and tests'
	@echo 'make test-all     the same, with the tests that take long'
	@echo 'make test-lowest  install the oldest versions that pyproject.toml allows, and solve'
	@echo 'make lint         lint, types and layers alone'
	@echo 'make goldens      remake the golden texts that tests compare with'
	@echo 'make world        rebuild data/us from its sources, and build us_all for this user'
	@echo 'make clean        remove what the other targets made'

demo: $(VENV)/installed
	$(BIN)/siting solve us_5gw --out $(OUT)
	@echo
	@echo 'The plan: $(OUT)/plan.json'
	@echo 'The map, for QGIS, kepler.gl or any GeoJSON viewer:'
	@for file in $(OUT)/*.geojson; do echo "  $$file"; done

lint: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n auto -m 'not slow' $(PYTEST)

test-all: lint
	$(BIN)/python -m pytest -n auto $(PYTEST)

test-lowest: $(LOWEST)/installed
	$(LOWEST)/bin/python -m pytest -q -W ignore tests/test_models.py tests/test_bad_inputs.py \
		tests/test_cli.py $(PYTEST)

goldens: $(VENV)/installed-test
	$(BIN)/python -m siting.world.columns > docs/tables.md
	$(BIN)/python -m siting.model.reference > docs/model.md
	$(BIN)/python -m pytest -n auto -m 'not slow' --remake-goldens

world: $(VENV)/installed-test
	$(BIN)/python tools/build_us_world.py
	$(BIN)/python tools/build_us_world.py --world us_all

clean:
	rm -rf $(VENV) $(LOWEST) out dist build

$(VENV)/bin/python:
	@python=$$($(FIND_PYTHON)) && echo "making $(VENV) with $$python" && \
	if ! $$python -m venv $(VENV); then \
		rm -rf $(VENV); \
		echo "$$python cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; \
	fi

# An editable install finds data/ and models/ in the checkout. The pip of an old Python comes first.
$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python $(INSTALL) --upgrade pip
	$(BIN)/python $(INSTALL) --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python $(INSTALL) --upgrade pip
	$(BIN)/python $(INSTALL) --editable '.[test]'
	@touch $(VENV)/installed $@

$(LOWEST)/installed: pyproject.toml tools/lowest.txt
	rm -rf $(LOWEST)
	@mkdir -p $(dir $(LOWEST)) && python=$$($(FIND_PYTHON)) && $$python -m venv $(LOWEST)
	$(LOWEST)/bin/python $(INSTALL) --upgrade pip
	$(LOWEST)/bin/python $(INSTALL) --constraint tools/lowest.txt --editable '.[solvers]' pytest \
		jsonschema
	@touch $@
