# make demo: fresh clone to reports · make test: is it right · make soak: does it stay right · make slurm: on a cluster · make install: just .venv
PYTHON ?= python3
BIN := .venv/bin
EXTRAS := data,manufacturing,healthtech,creative,test
TORCH_CPU := https://download.pytorch.org/whl/cpu
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := demo
.PHONY: demo test soak slurm foundation install runtime

demo: .venv/.installed
	@$(BIN)/pilot-demo

test: .venv/.installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term tests

soak: .venv/.installed foundation
	@$(BIN)/pytest -n auto --dist loadfile -m long tests
	@$(BIN)/python -m benchmarks.soak

# A Slurm of one node in a folder of its own, from Debian's packages: as root; elsewhere its tests are skipped, and say so.
slurm: .venv/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[slurm]'
	@$(BIN)/pytest -m slurm tests/slurm

# What drives a text-to-image model of the user's own, which nobody else needs.
foundation: .venv/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[foundation]'
	@$(BIN)/pytest tests/creative/test_foundation_run.py

install: .venv/.installed $(if $(RUNTIME),runtime)

# RUNTIME=cpu, gpu or openvino, also in a .venv that is there: one wheel of ONNX Runtime at a time, for two overwrite
# each other's files. Nothing is removed before what replaces it is known to be had. OpenVINO stands beside the cpu one.
ORT := $(shell sed -n 's/^onnxruntime==//p' constraints.txt)
WHEEL_cpu := onnxruntime==$(ORT)
WHEEL_gpu := onnxruntime-gpu[cuda,cudnn]==$(ORT)
WHEEL_openvino := onnxruntime==$(ORT) openvino<2027
OTHERS := onnxruntime-gpu onnxruntime-openvino openvino openvino-telemetry

runtime: .venv/.installed
	@$(if $(WHEEL_$(RUNTIME)),,echo "RUNTIME=$(RUNTIME) is not known: choose cpu, gpu or openvino"; exit 2)
	@$(BIN)/python -m pip install --quiet --dry-run --no-deps --disable-pip-version-check -c constraints.txt '$(subst $() ,' ',$(WHEEL_$(RUNTIME)))'
	@$(BIN)/python -m pip uninstall -qq --yes onnxruntime $(OTHERS)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt '$(subst $() ,' ',$(WHEEL_$(RUNTIME)))'

# PyTorch's own index has wheels without CUDA; where it does not answer, the pinned version from the usual index is
# taken. A wheel of another RUNTIME goes first: the usual one comes back.
.venv/.installed: pyproject.toml constraints.txt
	@command -v git >/dev/null || { echo "git is missing: sudo apt-get install git"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is older: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: sudo apt-get install python3-venv"; exit 2; }
	@echo "installing into .venv, about a minute and a half"; date +%s > .install-began
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip uninstall -qq --yes $(OTHERS)
	@index=""; if ! command -v nvidia-smi >/dev/null && \
	  $(PYTHON) -c 'import urllib.request as u; u.urlopen("$(TORCH_CPU)/torch/", timeout=3)' 2>/dev/null; \
	  then index="--extra-index-url $(TORCH_CPU)"; fi; \
	  $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check $$index -c constraints.txt -e '.[$(EXTRAS)]'
	@echo $$(( $$(date +%s) - $$(cat .install-began) )) > $@; rm .install-began
	@echo "installed in $$(cat $@) s"
