# muster: a thin layer over Meson. `make help` says what there is.
.NOTPARALLEL:
.DEFAULT_GOAL := help
SHELL := /bin/bash

# The system's own Python builds and tests; a shim in front of it costs more than a script.
export PATH := /usr/bin:/bin:$(PATH)

BUILD  := build
PREFIX ?= /usr/local
TIME   ?= 60
ONLY   ?=

# The binary and its messages alone: the unit tests are built when they are run. Says nothing where
# there is nothing to do.
compile = ninja -C $(1) -n muster muster-gmo | grep -q 'no work to do' || \
	ninja -C $(1) muster muster-gmo

.PHONY: help deps build run test bench lint fmt asan tsan fuzz soak install

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install what building, testing, linting, fuzzing and the bench need (apt)
	@tools/deps.sh build test lint fuzz bench

build: $(BUILD)/build.ninja ## Build build/muster
	@$(call compile,$(BUILD))

run: build ## Run examples/ in a scratch home
	@tools/run_examples.sh $(BUILD)/muster

test: build asan ## Unit and end-to-end tests, ordinary and under ASan + UBSan
	@tools/deps.sh test
	@tools/test.sh $(BUILD) build-asan

bench: build ## Measure against the peers (ONLY=name): a table and build/bench.json
	@tools/deps.sh bench
	@/usr/bin/python3 bench/run.py --muster $(BUILD)/muster --json $(BUILD)/bench.json $(if $(ONLY),--only $(ONLY))

lint: ## Format, layers, banned functions, scripts, messages, warnings
	@tools/deps.sh build lint
	@tools/lint.sh

fmt: ## Format all C files in place
	@tools/deps.sh lint
	@find src include tests -name '*.[ch]' 2>/dev/null | xargs clang-format -i

asan: build-asan/build.ninja ## Build build-asan/muster (ASan + UBSan)
	@$(call compile,build-asan)

tsan: build-tsan/build.ninja ## Build under ThreadSanitizer and run the unit tests
	@$(call compile,build-tsan)
	@meson test -C build-tsan --print-errorlogs

fuzz: ## Run every fuzz target for TIME seconds (60)
	@tools/deps.sh build fuzz
	@tools/fuzz.sh $(TIME)

soak: build ## The long tests: all of CPython's test scripts, many kills
	@tools/deps.sh test
	@MUSTER_BIN=$(BUILD)/muster /usr/bin/python3 -m pytest -q tests/e2e --soak -m soak

install: build ## Install (PREFIX=/usr/local, DESTDIR=)
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@meson install -C $(BUILD)

# Ninja configures anew by itself when a meson.build changes; packages are looked at each time,
# because a machine may have lost one since.
.PHONY: build-deps
build-deps:
	@tools/deps.sh build

$(BUILD)/build.ninja: | build-deps
	@meson setup $(BUILD) >/dev/null || { meson setup $(BUILD); exit 1; }

build-asan/build.ninja: | build-deps
	@meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false >/dev/null

build-tsan/build.ninja: | build-deps
	@meson setup build-tsan -Db_sanitize=thread -Db_lundef=false >/dev/null
