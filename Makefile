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
SOURCES := $(shell find apps engine exporters formats kernels models structures trackers \
	-type f ! -name '*.pyc') CMakeLists.txt pyproject.toml __init__.py

NATIVE := $(shell find kernels tests -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh')
# Whether the CUDA twins are built: AUTO, ON or OFF. Checks of them need no GPU and no such build.
CUDA ?= OFF
BUILD := --config-settings=cmake.define.POSETRACK_CUDA=$(CUDA)

.PHONY: demo test test-all lint format typecheck dev clean

demo: $(VENV)/installed
	@folder="$$($(BIN)/posetrack-run "$(VIDEO)" --output "$(OUTPUT)" --overwrite)" && \
	echo "Results are in $$folder:" && ls "$$folder"

test: lint typecheck
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(NATIVE)

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(NATIVE)

# mypy reads the installed package: a folder may be called what no package can.
typecheck: $(VENV)/installed-dev
	cd $(VENV) && bin/mypy --config-file ../pyproject.toml -p posetrack

dev: $(VENV)/installed-dev
	$(PIP) install --quiet $(BUILD) --editable .
	@rm -f $(VENV)/installed $(VENV)/installed-dev # the next `make test` installs normally

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
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python $(SOURCES) constraints.txt
	$(PIP) install --quiet --constraint constraints.txt $(TORCH_OPTION) $(BUILD) \
	--config-settings=cmake.define.POSETRACK_WERROR=ON ".[dev]"
	@touch $(VENV)/installed $@
