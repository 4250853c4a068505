# Two words for a newcomer: `make demo` and `make test`. Everything else is for those who stay.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test endurance fuzz lint docs lock setup clean

demo: setup  ## draw cells, read them, explain every decision, and print the page's path
	@$(BIN)/spermlens demo

test: setup  ## the whole suite
	@$(BIN)/python -m pytest

endurance: setup  ## 200 kills and 20,000 images: some minutes; figures into experiments/results
	@$(BIN)/python -m pytest -m endurance --timeout=0 tests/endurance/test_kills.py tests/endurance/test_memory.py

fuzz: setup  ## 20,000 hostile images, manifests and experiments each: some minutes; figures the same
	@$(BIN)/python -m pytest -m endurance --timeout=0 tests/endurance/test_fuzz.py

lint: setup  ## style, types, floors, and generated pages that agree with their sources
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python docs/generate.py --check

docs: setup  ## write the generated pages and tables anew
	@$(BIN)/python docs/generate.py

lock: setup  ## newest versions that the ranges in pyproject.toml allow
	@$(BIN)/uv pip compile pyproject.toml --extra onnx --group dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spermlens needs Python 3.11 or newer; name it with PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

clean:
	rm -rf $(VENV) demo
