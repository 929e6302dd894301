# Every target sets up what it needs: an environment in .venv, installed from constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export GANCLI_TEST_DATA ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help setup demo test thorough storm lint types bench features examples clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Create .venv and install gancli with its tools

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "gancli needs Python 3.11 or newer; say PYTHON=python3.12"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' $(CONSTRAIN)
	touch $@

# The exact versions that were tested are those of Python 3.11; newer Pythons take the newest that pyproject.toml allows.
CONSTRAIN = $(shell $(PYTHON) -c 'import sys; print("-c constraints.txt" if sys.version_info[:2] == (3, 11) else "")')

demo: setup ## Train on embedded digits, sample, interpolate, evaluate; pictures in demo/
	rm -rf demo
	$(BIN)/gancli train digits --outdir demo/run
	$(BIN)/gancli sample demo/run -n 100 --nearest --output demo/samples.png
	$(BIN)/gancli interpolate demo/run --output demo/interpolation.png
	$(BIN)/gancli interpolate demo/run --frames 20 --path slerp --output demo/interpolation.gif
	$(BIN)/gancli evaluate demo/run --all --figure demo/nearest.png
	$(BIN)/gancli parzen demo/run --baselines
	$(BIN)/gancli report demo/run --output demo/report.html
	@echo
	@echo "Look at demo/report.html, demo/samples.png, demo/interpolation.png, demo/interpolation.gif and demo/nearest.png"

test: setup ## Run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

thorough: setup ## Run the tests with all of their settings
	GANCLI_THOROUGH=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

storm: setup ## Kill, fill the disk, damage files and options at random, forty times as often as the tests do
	GANCLI_STORM=40 $(BIN)/python -m pytest --numprocesses auto --dist worksteal --timeout 3600 tests/storm tests/data/images/test_any_bytes.py

lint: setup ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## Check types
	$(BIN)/basedpyright

bench: setup ## Measure speed against the alternatives (installs PyTorch)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/parzen.py
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/streaming.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/wgan_gp.py
	$(BIN)/python benchmarks/convolutions.py dcgan
	$(BIN)/python benchmarks/convolutions.py dcgan --game spectral-norm
	$(BIN)/python benchmarks/convolutions.py resnet --steps 2
	$(BIN)/python benchmarks/convolutions.py resnet --game spectral-norm --steps 2
	$(BIN)/python benchmarks/convolutions.py layers
	$(BIN)/python benchmarks/objectives.py cost
	$(BIN)/python benchmarks/spikes.py
	$(BIN)/python benchmarks/blocks.py
	$(BIN)/python benchmarks/translation.py --batch 1
	$(BIN)/python benchmarks/translation.py --batch 8
	$(BIN)/python benchmarks/scaling.py equality
	$(BIN)/python benchmarks/scaling.py schedule
	$(BIN)/python benchmarks/scaling.py bytes
	$(BIN)/python benchmarks/scaling.py large
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps torch-fidelity==0.4.0
	$(BIN)/python benchmarks/inception.py

features: setup ## Train the built-in classifiers again (needs MNIST and CIFAR-10; about 45 minutes)
	$(BIN)/python scripts/train_classifiers.py

examples: setup ## Run the scripts in examples/
	for script in examples/*.sh; do PATH="$(CURDIR)/$(BIN):$$PATH" sh -e $$script || exit 1; done

clean: ## Remove what make and gancli wrote here
	rm -rf $(VENV) demo ckpt dist .pytest_cache .ruff_cache
