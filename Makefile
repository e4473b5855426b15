# make demo    see it work: a recording through the real node, into demo_output/
# make test    lint, types, layers and tests
# make setup   only the virtual environment both use
# make bench   every figure of docs/performance.md on this machine, an hour of it
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# A sourced ROS 2 brings rclpy and the messages; elsewhere they come as wheels.
ifdef ROS_DISTRO
VENV_OPTIONS := --system-site-packages
EXTRAS := cpu,replay,sim,dev
else
EXTRAS := ros,cpu,replay,sim,dev
endif
INSTALLED := $(VENV)/.installed$(ROS_DISTRO:%=-%)

DEMO_OPTIONS := $(if $(RECORDING),--recording '$(RECORDING)') $(if $(MODEL),--model '$(MODEL)')

.PHONY: setup demo test test-export setup-bench bench clean
setup: $(INSTALLED)

$(INSTALLED): setup.py
	$(PYTHON) -m venv $(VENV_OPTIONS) $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@

demo: setup
	$(BIN)/depth-anything-ros demo $(DEMO_OPTIONS)

# What a test checks the TensorRT code against; beside the environment, where nothing imports it.
NAMES := $(VENV)/tensorrt-names

$(NAMES)/.installed: | setup
	$(BIN)/python -m pip install --quiet --no-deps --target $(NAMES) \
		--only-binary :all: --python-version 3.11 \
		tensorrt-stubs==10.13.0.35.1 tensorrt-cu12-bindings==11.4.0.106
	touch $@

test: setup $(NAMES)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy depth_anything_ros
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

# The exporter needs torch, the robot never does: its tests have an environment of their own.
# Any build of torch will do; on the CPU the small one is enough.
EXPORT_VENV ?= .venv-export
TORCH ?= torch==2.13.0

test-export: $(EXPORT_VENV)/.installed
	$(EXPORT_VENV)/bin/python -m pytest -m export test/estimation test/simulation

$(EXPORT_VENV)/.installed: setup.py
	$(PYTHON) -m venv $(EXPORT_VENV)
	$(EXPORT_VENV)/bin/python -m pip install --quiet '$(TORCH)'
	$(EXPORT_VENV)/bin/python -m pip install --quiet --editable '.[cpu,export,replay,sim,dev]'
	touch $@

# Small is measured with random weights, which torch makes, beside transformers, which needs it.
BENCH := $(EXPORT_VENV)/bin/python
SOAK_SECONDS ?= 1800
SMALL := --model small --random-weights --size 252x336
RATES := --search 6 --rate 20 10 30

setup-bench: $(EXPORT_VENV)/.bench

$(EXPORT_VENV)/.bench: $(EXPORT_VENV)/.installed
	$(BENCH) -m pip install --quiet --editable '.[$(EXTRAS),export]' pillow
	touch $@

bench: setup-bench
	$(BENCH) benchmark/chain.py $(SMALL) $(RATES) --json benchmark_output/chain_small.json
	$(BENCH) benchmark/chain.py $(SMALL) $(RATES) --image-size 1280x720 \
		--json benchmark_output/chain_small_720p.json
	$(BENCH) benchmark/chain.py $(RATES) 60 --json benchmark_output/chain_demo.json
	$(BENCH) benchmark/peers.py --json benchmark_output/peers.json
	$(BENCH) benchmark/growth.py --json benchmark_output/growth.json
	$(BENCH) benchmark/growth.py $(SMALL) --json benchmark_output/growth_small.json
	$(BENCH) benchmark/soak.py --seconds $(SOAK_SECONDS) --json benchmark_output/soak.json
	$(BENCH) benchmark/tables.py benchmark_output docs/performance.md

clean:
	rm -rf $(VENV) $(EXPORT_VENV) demo_output benchmark_output build
