# The commands of the course; continuous integration runs the same ones.
PYTHON ?= python3.11
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
LESSON := lesson01_why_finetune/lesson01_why_finetune.ipynb
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: demo lab test lint notebooks site bench

demo: .venv/installed ; $(BIN)/python -m autograder demo
lab: .venv/installed ; $(BIN)/jupyter lab $(AS_ROOT) --LabApp.default_url=/lab/tree/$(LESSON)
test: .venv/installed ; $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
lint: .venv/installed ; $(BIN)/ruff check . && $(BIN)/ruff format --check .
notebooks: .venv/installed ; $(BIN)/python -m autograder build
site: .venv/installed ; $(BIN)/python -m docs
bench: .venv/installed ; $(BIN)/pip install -q -c constraints.txt -e '.[bench]' && $(BIN)/python -m benchmarks

# torch comes first, as its CPU build; where that index cannot be reached, the ordinary one serves.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --retries 0 --extra-index-url https://download.pytorch.org/whl/cpu -c constraints.txt torch
	$(BIN)/pip install -c constraints.txt -e '.[local,instructor,postgres,cluster,gguf,demo,site,dev]'
	touch $@
