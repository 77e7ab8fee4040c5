# Two commands: `make demo` tracks people in a clip, `make test` checks everything.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VIDEO ?= tests/data/clips/store-aisle-detection.mp4
OUTPUT ?= runs
# Where torch is taken from; empty: the default index (on Linux that build brings CUDA libraries).
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH_OPTION := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
ROOMS := apps engine evaluation exporters formats kernels models structures trackers
SOURCES := $(sort $(shell find $(ROOMS) -type f ! -name '*.pyc')) CMakeLists.txt pyproject.toml __init__.py

NATIVE := $(shell find kernels tests examples -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh')
# Whether the CUDA twins are built: AUTO, ON or OFF. Checks of them need no GPU and no such build.
CUDA ?= OFF
# The folder with ONNX Runtime's include/, for its operators; empty: they are not built.
ORT_ROOT ?=
# The folder with TensorRT's include/, for its plugins, which need CUDA=ON; empty: they are not built.
TENSORRT_ROOT ?=
BUILD := --config-settings=cmake.define.POSETRACK_CUDA=$(CUDA) \
	--config-settings=cmake.define.ORT_ROOT=$(ORT_ROOT) \
	--config-settings=cmake.define.TENSORRT_ROOT=$(TENSORRT_ROOT)
DEV_BUILD := $(BUILD) --config-settings=cmake.define.POSETRACK_WERROR=ON
# The package as it lies here, for mypy: a folder may be called what no package can.
PACKAGE := $(VENV)/package/posetrack

.PHONY: demo check test test-all lint format typecheck dev wheel clean FORCE

demo: $(VENV)/installed
	@folder="$$($(BIN)/posetrack-run "$(VIDEO)" --output "$(OUTPUT)" --overwrite)" && \
	echo "Results are in $$folder:" && ls "$$folder"

# While working: nothing is installed or rebuilt for a changed line of Python.
check: $(VENV)/editable lint typecheck
	$(BIN)/python -m pytest -m "not slow"

test: $(VENV)/installed-dev lint typecheck
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/bin/ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(NATIVE)

format: $(VENV)/bin/ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(NATIVE)

typecheck: $(VENV)/bin/ruff
	@mkdir -p $(PACKAGE)
	@ln -sfn $(foreach name,$(ROOMS) __init__.py py.typed,$(CURDIR)/$(name)) $(PACKAGE)
	cd $(PACKAGE)/.. && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p posetrack

dev: $(VENV)/editable

wheel: $(VENV)/bin/python
	$(PIP) wheel --quiet --no-deps $(BUILD) --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	{ echo "posetrack needs Python 3.10 or newer: name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
	{ echo "Python's venv module is missing: install it, on Debian as python3-venv" >&2; exit 1; }
	@command -v $${CXX:-c++} > /dev/null || \
	{ echo "There is no C++ compiler ($${CXX:-c++}): install one, on Debian as g++" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(VENV)/bin/python $(SOURCES) constraints.txt
	$(PIP) install --quiet --constraint constraints.txt $(BUILD) ".[cpu]"
	@rm -f $(VENV)/editable
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python $(SOURCES) constraints.txt
	$(PIP) install --quiet --constraint constraints.txt $(TORCH_OPTION) $(DEV_BUILD) ".[dev]"
	@rm -f $(VENV)/editable
	@touch $(VENV)/installed $@

# An editable install knows the files that were there: it is made anew where one comes or goes, or
# where native sources change.
$(VENV)/editable: $(VENV)/bin/python $(VENV)/files $(filter kernels/%,$(NATIVE)) \
	$(shell find kernels -name CMakeLists.txt -o -name '*.inc') CMakeLists.txt pyproject.toml __init__.py constraints.txt
	$(PIP) install --quiet --constraint constraints.txt $(TORCH_OPTION) $(DEV_BUILD) --editable ".[dev]"
	@rm -f $(VENV)/installed $(VENV)/installed-dev # the next `make test` installs normally
	@touch $@

$(VENV)/files: FORCE | $(VENV)/bin/python
	@echo "$(SOURCES)" | cmp -s - $@ || echo "$(SOURCES)" > $@

# The tools, by whichever install comes first.
$(VENV)/bin/ruff: | $(VENV)/bin/python
	@$(MAKE) --no-print-directory $(VENV)/installed-dev
