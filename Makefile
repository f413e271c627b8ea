# `make` alone lists the targets. `make demo` and `make test` do all set-up themselves; a second run starts at once.

PYTHON      ?= python3
TORCH_INDEX ?=
PYTEST_ARGS ?=
DEMO        ?= demo.png

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS   += --no-print-directory

VENV  := .venv
QT6   := .venv-pyqt6
WHEEL := .venv-wheel
BIN   := $(VENV)/bin
PINS  := constraints.txt
TORCH := $(shell grep '^torch==' $(PINS))
PYQT6_TEST := .[pyqt6,test]

# Linux without a display: windows open on a virtual screen.
HEADLESS := $(if $(DISPLAY)$(filter-out Linux,$(shell uname -s)),,yes)
SCREEN   := $(if $(HEADLESS),xvfb-run -a -s "-screen 0 1600x1000x24")

# Many small matrices: more threads than this only get in each other's way.
TEST_ENV := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-2} OPENBLAS_NUM_THREADS=$${OPENBLAS_NUM_THREADS:-2}

# Tests that open windows and move a mouse go one after the other.
WINDOWS := tests/ui tests/journey
# Where each process has a screen of its own, as much as makes both equally long on two cores goes after what needs none.
LATER := $(if $(HEADLESS),$(wildcard tests/ui/test_[t-z]*.py))
IN_WINDOW = $(TEST_ENV) QT_API=pyside6 $(SCREEN) $(BIN)/python -m pytest

# One core is left to the window. (5 of pytest, below: no test of this part was asked for.)
WORKERS := $(shell cores=$$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2); echo $$((cores > 2 ? cores - 1 : 1)))

# $(call die,MESSAGE): say what to do, and stop.
die = { echo "error: $(1)" >&2; exit 1; }

# $(call check,NAME,COMMAND): one line, and the command's output only where it fails.
check = echo "Checking: $(1)"; said=$$($(2) 2>&1) || { echo "$$said"; $(call die,$(1) found something (see above)); }

# $(call pip,FOLDER,WHAT): install WHAT at the pinned versions into the virtual environment FOLDER.
pip = $(1)/bin/python -m pip install -qq --disable-pip-version-check --constraint $(PINS) $(2) \
	|| $(call die,could not install $(2): see the messages above; is there a network connection?)

# $(call torch,FOLDER): torch goes first and alone, so that nothing else chooses its build.
torch = echo "Installing $(TORCH) into $(1)"; $(call pip,$(1),$(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)))


.PHONY: help
help:
	@echo "make demo      open the app on the sample slide; without a display, write $(DEMO)"
	@echo "make test      lint, types, import rules, manifest and all tests (PYTEST_ARGS='-k brush' for some)"
	@echo "make test-all  make test, then broken clusters, the other Qt binding and the built wheel"
	@echo "make bench     measure start, training, painting and memory"
	@echo "make soak      paint, undo and predict for a while and watch the memory"
	@echo "make lint      only the checks that need no test run"
	@echo "make format    let ruff format and fix what it can"
	@echo "make setup     only the set-up: system packages, $(VENV)"
	@echo "make pins      write $(PINS) anew from the newest versions that fit"
	@echo "make clean     remove all that make made, the virtual environments too"
	@echo
	@echo "Variables: PYTHON=python3.11   TORCH_INDEX=<index of CPU builds>   SKIP_APT=1   PYTEST_ARGS=…   DEMO=$(DEMO)"


.PHONY: setup system
setup: .stamps/dev

system:
	@PYTHON=$(PYTHON) .ci/system-packages

$(VENV)/pyvenv.cfg $(QT6)/pyvenv.cfg: | system
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
		|| $(call die,$(PYTHON) is not Python 3.11 to 3.13; name one that is: make PYTHON=python3.11 …)
	@echo "Making $(@D) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(@D) || $(call die,$(PYTHON) cannot make a virtual environment; install its venv package)

.stamps/dev: pyproject.toml $(PINS) $(VENV)/pyvenv.cfg | system
	@$(call torch,$(VENV))
	@echo "Installing napari-concert, Qt and the development tools into $(VENV)"
	@$(call pip,$(VENV),--editable '.[dev]')
	@mkdir -p $(@D) && touch $@

.stamps/pyqt6: pyproject.toml $(PINS) $(QT6)/pyvenv.cfg | system
	@$(call torch,$(QT6))
	@echo "Installing napari-concert and PyQt6 into $(QT6)"
	@$(call pip,$(QT6),--editable '$(PYQT6_TEST)')
	@mkdir -p $(@D) && touch $@


.PHONY: demo
demo: .stamps/dev
ifdef HEADLESS
	@$(BIN)/napari-concert demo --headless $(DEMO)
	@echo "There is no display here, so the demo drew a picture: $(abspath $(DEMO))"
else
	@$(BIN)/napari-concert demo
endif


.PHONY: lint format test test-all test-cluster test-pyqt6 test-wheel
lint: .stamps/dev
	@$(call check,style (ruff check),$(BIN)/ruff check .)
	@$(call check,format (ruff format; 'make format' mends it),$(BIN)/ruff format --check .)
	@$(call check,types (mypy),$(BIN)/mypy)
	@$(call check,import rules (lint-imports),$(BIN)/lint-imports)
	@$(call check,plugin manifest (npe2 validate),QT_QPA_PLATFORM=offscreen $(BIN)/npe2 validate --imports napari.yaml)

format: .stamps/dev
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

test: lint
	@echo "Testing the window, and beside it what needs none ($(WORKERS) at a time), then what is left of the window"
	@said=$$(mktemp); windows=0; others=0; \
	( code=0; \
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile \
		-m "not cluster" $(addprefix --ignore=,$(WINDOWS)) $(PYTEST_ARGS) || code=$$?; \
	$(if $(LATER),$(IN_WINDOW) $(LATER) $(PYTEST_ARGS) || { last=$$?; [ $$last -eq 5 ] || code=$$last; };) \
	exit $$code ) >$$said 2>&1 & beside=$$!; \
	$(IN_WINDOW) $(WINDOWS) $(addprefix --ignore=,$(LATER)) $(PYTEST_ARGS) || windows=$$?; \
	wait $$beside || others=$$?; \
	cat $$said; rm -f $$said; \
	for code in $$windows $$others; do [ $$code -eq 0 ] || [ $$code -eq 5 ]; done

test-all: test test-cluster test-pyqt6 test-wheel

test-cluster: .stamps/dev
	@echo "Testing what happens when a Dask cluster breaks"
	@$(TEST_ENV) $(BIN)/python -m pytest -m cluster tests/remote $(PYTEST_ARGS)

test-pyqt6: .stamps/pyqt6
	@echo "Testing the window with PyQt6"
	@$(TEST_ENV) QT_API=pyqt6 PYTEST_QT_API=pyqt6 $(SCREEN) $(QT6)/bin/python -m pytest tests/ui $(PYTEST_ARGS)

test-wheel: .stamps/dev
	@echo "Building the source archive and, from it, the wheel"
	@rm -rf dist build/wheel
	@said=$$($(BIN)/python -m build --outdir dist . 2>&1) || { echo "$$said"; $(call die,the build failed (see above)); }
	@$(PYTHON) -m venv --clear $(WHEEL)
	@$(call torch,$(WHEEL))
	@echo "Installing the wheel into $(WHEEL)"
	@$(call pip,$(WHEEL),$$(ls dist/*.whl))
	@mkdir -p build/wheel && cd build/wheel \
		&& ../../$(WHEEL)/bin/python -c "import napari_concert" \
		&& ../../$(WHEEL)/bin/napari-concert simulate tumour slide.h5ad --spots 300 --genes 60 \
		&& ../../$(WHEEL)/bin/napari-concert info slide.h5ad
	@echo "The wheel works without Qt and outside the checkout."


.PHONY: bench soak
bench: .stamps/dev
	@$(SCREEN) $(BIN)/python benchmarks/journey.py

soak: .stamps/dev
	@$(SCREEN) $(BIN)/python benchmarks/soak.py


.PHONY: pins clean
pins: | system
	@echo "Installing the newest versions that fit into .venv-pins"
	@$(PYTHON) -m venv --clear .venv-pins
	@.venv-pins/bin/python -m pip install -qq --disable-pip-version-check $(TORCH)
	@.venv-pins/bin/python -m pip install -qq --disable-pip-version-check --editable '.[dev,pyqt6]'
	@{ sed '/^[^#]/,$$d' $(PINS); .venv-pins/bin/python -m pip freeze --exclude-editable | grep -v '^nvidia-' | sed 's/+.*//'; } \
		> $(PINS).new && mv $(PINS).new $(PINS)
	@rm -rf .venv-pins
	@echo "Wrote $(PINS); run 'make test' before you commit it."

clean:
	@rm -rf $(VENV) $(QT6) $(WHEEL) .venv-pins .stamps build dist demo.png
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find napari_concert tests benchmarks sample_data -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
