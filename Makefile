# Two commands do everything: `make run` and `make test`.
#   make run PORT=9000 WORKERS=2 VOICE=kokoro CONFIG=my.toml     any setting also works as KEFU_SECTION_FIELD=value
PYTHON ?= python3
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup test lint bench lock clean

ifdef PORT
export KEFU_GATEWAY_PORT := $(PORT)
endif
ifdef HOST
export KEFU_GATEWAY_HOST := $(HOST)
endif
ifdef WORKERS
export KEFU_GATEWAY_WORKERS := $(WORKERS)
endif
ifdef VOICE
export KEFU_TTS_VOICE := $(VOICE)
endif
ifdef CONFIG
export KEFU_CONFIG := $(CONFIG)
endif

help:
	@echo "make run    start everything: Triton, demo shop, gateway, page"
	@echo "make test   format, lint, types, import contracts, tests"
	@echo "make bench  measure; writes build/bench.json"
	@echo "make setup  only install and prepare (COQUI=1 adds the Coqui voices)"

run: ; @$(PYTHON) deploy/bootstrap.py && exec .venv/bin/kefu serve --demo

setup: ; @$(PYTHON) deploy/bootstrap.py $(if $(COQUI),--coqui) && exec .venv/bin/kefu setup

test: ; @$(PYTHON) deploy/bootstrap.py --test && .venv/bin/kefu setup --for-tests && exec .venv/bin/python deploy/check.py

bench: ; @$(PYTHON) deploy/bootstrap.py --test && .venv/bin/kefu setup --for-tests && exec .venv/bin/python -m tests.bench

lock: ; @$(PYTHON) deploy/lock.py

clean: ; rm -rf build .venv .venv-server .mypy_cache .ruff_cache .pytest_cache
