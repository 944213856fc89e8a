# The commands of the course; continuous integration runs the same ones.
PYTHON ?= python3.11
export PATH := $(CURDIR)/.venv/bin:$(PATH)
LESSON := lesson01_why_finetune/lesson01_why_finetune.ipynb

.PHONY: demo lab test lint notebooks bench

demo: .venv/installed ; python -m autograder demo
lab: .venv/installed ; jupyter lab --ServerApp.root_dir=. $(LESSON)
test: .venv/installed ; python -m pytest
lint: .venv/installed ; ruff check . && ruff format --check .
notebooks: .venv/installed ; python -m autograder build
bench: .venv/installed ; python -m benchmarks

# torch comes first, as its CPU build; where that index cannot be reached, the ordinary one serves.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	pip install --retries 0 --extra-index-url https://download.pytorch.org/whl/cpu -c constraints.txt torch
	pip install -c constraints.txt -e '.[local,instructor,dev]'
	touch $@
