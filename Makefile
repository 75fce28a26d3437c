# Needs Python 3.11 or newer and make; everything else goes into .venv, once.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-lowest test-newest lint browser docs goldens pictures map-library world clean \
	bench bench-quick bench-clusters bench-options bench-most
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
LOWEST := .cache/lowest
NEWEST := .cache/newest
INSTALL := -m pip install --quiet --disable-pip-version-check
OUT := out/us_5gw

# A name on the PATH may be a shim that fails, so each candidate is asked for its version.
FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
		then echo $$python; exit 0; fi; \
	done; \
	echo 'no Python 3.11 or newer on the PATH; install one and run make again' >&2; exit 1

# The newest of all that work, those of pyenv among them, which are not on the PATH.
FIND_NEWEST = for python in python3 python3.14 python3.13 python3.12 python3.11 \
		"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin/python3; do \
		$$python -c 'import sys; v = sys.version_info; v >= (3, 11) and print("%d.%d.%d" % v[:3], sys.executable)' \
			2>/dev/null; \
	done | sort -V | tail -n 1 | cut -d ' ' -f 2-

help:
	@echo 'make demo         solve one 5 GW cluster on the bundled US world, and draw its map'
	@echo 'make test         lint, types, layers and tests'
	@echo 'make test-all     the same, with the tests that take long'
	@echo 'make test-lowest  install the oldest versions that pyproject.toml allows, and solve'
	@echo 'make test-newest  the tests on the newest Python and packages that are found'
	@echo 'make lint         lint, types and layers alone'
	@echo 'make goldens      remake the golden texts that tests compare with'
	@echo 'make pictures     take the pictures of the documentation, in a browser'
	@echo 'make map-library  fetch the mapping library of map.html anew'
	@echo 'make bench        siting beside other ways to solve the same; some hours, can be taken up again'
	@echo 'make bench-quick  the same in five minutes, with few instances and short limits'
	@echo 'make bench-clusters  the gap of 2, 4 and 8 clusters on all sites; more than an hour'
	@echo 'make bench-options  the time of each option in each sense; some minutes'
	@echo 'make bench-most  how many clusters of four sizes there is room for; twenty minutes'
	@echo 'make docs         build the documentation as a site'
	@echo 'make world        rebuild data/us from its sources, and build us_all for this user'
	@echo 'make clean        remove what the other targets made'

demo: $(VENV)/installed
	$(BIN)/siting solve us_5gw --out $(OUT)
	@echo
	@echo 'The map, to open in a browser: $(OUT)/map.html'
	@echo 'The plan: $(OUT)/plan.json'
	@echo 'Its layers, for QGIS, kepler.gl or any GeoJSON viewer:'
	@for file in $(OUT)/*.geojson; do echo "  $$file"; done

lint: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The map is tested in Chromium. Where it is missing and cannot be installed, those tests skip.
browser:
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing Chromium, to test the map in it'; \
		(apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
			--no-install-recommends chromium chromium-driver fonts-dejavu-core) >/dev/null 2>&1 \
		|| echo 'Chromium cannot be installed: tests that need a browser will be skipped'; \
	else echo 'no Chromium and driver: tests that need a browser will be skipped'; fi

test: lint browser
	$(BIN)/python -m pytest -n auto -m 'not slow' $(PYTEST)

test-all: lint browser $(VENV)/installed-docs
	$(BIN)/python -m pytest -n auto $(PYTEST)

test-lowest: $(LOWEST)/installed
	$(LOWEST)/bin/python -m pytest -q -W ignore tests/test_models.py tests/test_bad_inputs.py \
		tests/test_cli.py $(PYTEST)

test-newest: $(NEWEST)/installed
	$(NEWEST)/venv/bin/python -m pytest -n auto -m 'not slow' $(PYTEST)

goldens: $(VENV)/installed-test
	$(BIN)/python -m siting.world.columns > docs/tables.md
	$(BIN)/python -m siting.model.reference > docs/model.md
	$(BIN)/python -m pytest -n auto -m 'not slow' --remake-goldens

pictures: $(VENV)/installed-test
	$(BIN)/python tools/map_pictures.py

map-library: $(VENV)/installed-test
	$(BIN)/python tools/vendor_map_library.py

bench: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks.run full
	$(BIN)/python -m benchmarks.report full

bench-quick: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks.run quick --fresh
	$(BIN)/python -m benchmarks.report quick

bench-clusters: $(VENV)/installed-bench
	$(BIN)/python -m benchmarks.clusters

bench-options: $(VENV)/installed
	$(BIN)/python benchmarks/options.py

bench-most: $(VENV)/installed
	$(BIN)/python benchmarks/most.py

docs: $(VENV)/installed-docs
	$(BIN)/python tools/build_docs.py

world: $(VENV)/installed-test
	$(BIN)/python tools/build_us_world.py
	$(BIN)/python tools/build_us_world.py --world us_all

clean:
	rm -rf $(VENV) $(LOWEST) $(NEWEST) out dist build

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

$(VENV)/installed-bench: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python $(INSTALL) --upgrade pip
	$(BIN)/python $(INSTALL) --editable '.[bench]'
	@touch $(VENV)/installed $@

$(VENV)/installed-docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python $(INSTALL) --upgrade pip
	$(BIN)/python $(INSTALL) --editable '.[docs]'
	@touch $@

$(LOWEST)/installed: pyproject.toml tools/lowest.txt
	rm -rf $(LOWEST)
	@mkdir -p $(dir $(LOWEST)) && python=$$($(FIND_PYTHON)) && $$python -m venv $(LOWEST)
	$(LOWEST)/bin/python $(INSTALL) --upgrade pip
	$(LOWEST)/bin/python $(INSTALL) --constraint tools/lowest.txt --editable '.[solvers]' pytest \
		jsonschema
	@touch $@

# Made anew each day, as newer packages come out.
$(NEWEST)/installed: pyproject.toml $(NEWEST)/day
	rm -rf $(NEWEST)/venv
	@python=$$($(FIND_NEWEST)) && echo "making $(NEWEST) with $$python" && $$python -m venv $(NEWEST)/venv
	$(NEWEST)/venv/bin/python $(INSTALL) --upgrade pip
	$(NEWEST)/venv/bin/python $(INSTALL) --upgrade --upgrade-strategy eager --editable '.[test]'
	@$(NEWEST)/venv/bin/python -VV && $(NEWEST)/venv/bin/python -m pip list --disable-pip-version-check
	@touch $@

$(NEWEST)/day: FORCE
	@mkdir -p $(NEWEST)
	@date +%F | cmp -s - $@ || date +%F > $@

.PHONY: FORCE
FORCE:
