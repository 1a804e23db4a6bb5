# One entry per habit. `make` lists them.
.PHONY: help setup format lint types arrows test test-slow docs bench demo constraints ci
help:           ## list the habits
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
setup:          ## install everything into .venv
	uv sync
format:         ## format the code
	uv run ruff format .
	uv run ruff check --fix .
lint:           ## style and common mistakes
	uv run ruff format --check .
	uv run ruff check .
types:          ## type-check
	uv run mypy
arrows:         ## imports go down only
	uv run lint-imports
test:           ## the tests CI runs
	uv run pytest
test-slow:      ## the long ones too
	uv run pytest -m "slow or not slow"
docs:           ## write the reference pages again
	uv run python -m tools.edit_manual
	uv run python -m tools.derivation_manual
	uv run python -m tools.primaries_manual
bench:          ## run the benchmarks (figures go to docs/benchmarks.md by hand)
	for b in benchmarks/*.py; do uv run python $$b; done
demo:           ## the whole main job on made-up patients, then the app
	uv run registry demo
constraints:    ## resolve the pinned versions again
	uv run python -m tools.constraints
ci:             ## everything that CI does
	bash .ci/run
