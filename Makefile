# Everything that is done to this project; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run run-distributed test check format docs bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## start the service on this machine, with nothing else installed
	@$(BIN)/imgsvc serve

run-distributed: $(INSTALLED) ## start an API and two workers on Postgres, S3, RabbitMQ and Redis
	@$(BIN)/python -m deploy.distributed

# The many processes that tests start would each compile all our modules where Python is told not to write what it compiled.
test: export PYTHONDONTWRITEBYTECODE =
test: $(INSTALLED) ## run every test
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: $(INSTALLED) ## lint, formatting, types, architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## bring the code into its one format
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

docs: $(INSTALLED) ## write docs/transforms.md and docs/errors.md, and draw the pictures
	$(BIN)/python -m docs

bench: $(INSTALLED) ## measure; PICTURE=path takes your photograph, FIGURES="jobs lists" measures these alone
	$(BIN)/python -m bench $(if $(PICTURE),--picture "$(PICTURE)") $(if $(FIGURES),--figures $(FIGURES))

clean: ## remove the environment and what tools left behind; the data folder stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# For the build too, so that every machine gets the same versions: older pips read the first, newer ones the second.
$(INSTALLED): pyproject.toml constraints.txt
	@echo "Making the environment in $(VENV); this takes about a minute, once."
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
