# make demo    sets up, builds, starts the collector and a real vehicle simulation, prints the URL
# make test    sets up, builds, runs all tests, slow ones in a short form
# make help    lists the rest

BUILD := $(CURDIR)/build
PREFIX ?= /usr/local
SWIFT_BUILD := swift build -c release --traits Collector
# In a terminal Swift's colours are a compiler flag: without this, `make test` would compile all again for its log.
export NO_COLOR := 1
.DEFAULT_GOAL := help
.PHONY: help setup build library web web-dev collector examples demo test test-all test-stress fuzz sanitize soak-live soak-engine soak-storage bench bench-emit bench-live bench-storage bench-answers bench-ui format lint install install-library deb docs clean

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: ## Installs what is missing (Debian packages, PyPI), repeatable
	@scripts/setup.sh build

# Files, so that the package manager is not even asked when nothing has changed.
LIBRARY_SOURCES := $(shell find include Sources/CTeltel Sources/TeltelSDK -type f) scripts/build-library.sh Package.swift
WEB_SOURCES := $(shell find web -type f) scripts/build-web.sh
COLLECTOR_SOURCES := $(shell find include Sources embedded-clickhouse -type f) Package.swift

library: $(BUILD)/lib/libteltel.a ## Builds libteltel into build/lib and build/include
$(BUILD)/lib/libteltel.a: $(LIBRARY_SOURCES)
	@echo "build: libteltel"
	@scripts/build-library.sh $(BUILD) $(CURDIR)/.build-library

web: $(BUILD)/web/index.html ## Builds the page into build/web
$(BUILD)/web/index.html: $(WEB_SOURCES)
	@echo "build: web page"
	@scripts/build-web.sh $(BUILD)/web
	@touch $@

web-dev: build ## Serves the page and rebuilds it on each save: a reload shows it; Ctrl-C stops
	@scripts/web_dev.py

collector: $(BUILD)/bin/teltel ## Builds build/bin/teltel
$(BUILD)/bin/teltel: $(COLLECTOR_SOURCES) $(BUILD)/web/index.html
	@echo "build: collector (the first time takes minutes)"
	@$(SWIFT_BUILD) --product teltel
	@mkdir -p $(BUILD)/bin && install -m 755 "$$($(SWIFT_BUILD) --show-bin-path)/teltel" $(BUILD)/bin/teltel

examples: library ## Builds the vehicle example
	@echo "build: examples"
	@$(MAKE) -s -C examples/vehicle BUILD=$(BUILD)

build: library collector examples ## Builds everything into build/

ENGINE ?= vehicle
demo: setup build ## Starts the collector and a simulation, ENGINE=vehicle, robot, flight or swift; Ctrl-C stops both
	@scripts/demo.sh $(ENGINE)

test: ## Sets up, builds, runs all tests, slow ones in a short form
	@scripts/setup.sh test
	@$(MAKE) -s build
	@scripts/test.sh

test-all: ## The same with the slow ones in their whole length: before a release
	@scripts/setup.sh test
	@$(MAKE) -s build
	@scripts/test.sh --whole

TIMES ?= 20
test-stress: ## Repeats tests TIMES (20) times while a load keeps all cores busy: NAMES="Tests/e2e/test_tail.py …"
	@scripts/setup.sh test
	@$(MAKE) -s build
	@build/test-python/bin/python scripts/test_stress.py --times $(TIMES) $(NAMES)

FUZZ_SECONDS ?= 600
fuzz: ## Fuzzes lines, payloads, WebSocket frames and subscriptions, FUZZ_SECONDS (600) for each fuzzer
	@scripts/setup.sh test
	@build/test-python/bin/python Tests/fuzz/fuzz.py $(FUZZ_SECONDS)

sanitize: ## Runs library and reader under the thread and the address sanitizer
	@scripts/setup.sh test
	@build/test-python/bin/python Tests/sanitize/sanitize.py

MINUTES ?= 60
soak-live: build ## Everything at once against the live path, the collector killed at random, MINUTES (60) long; writes build/soak-live.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Tests/soak/live.py $(MINUTES)

KILLS ?= 1000
soak-engine: build ## Engines killed at random moments, KILLS (1000) times, and at every few instructions; writes build/soak-engine.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Tests/soak/engine.py $(KILLS)

soak-storage: build ## Server, connection and collector killed between insert and answer, KILLS (1000) times; writes build/soak-storage.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Tests/soak/storage.py $(KILLS)

bench-emit: build ## Measures what an event costs an engine; writes build/bench-emit.txt
	@scripts/setup.sh test
	@scripts/setup.sh bench
	@build/test-python/bin/python Benchmarks/bench.py --only emit engines --output build/bench-emit.txt

bench-live: build ## Measures ingest and live path; writes build/bench-live.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Benchmarks/bench.py --only latency live ingest --output build/bench-live.txt

bench-storage: build ## Measures spool and storage; writes build/bench-storage.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Benchmarks/bench.py --only storage --output build/bench-storage.txt

bench-answers: build ## Measures answers about stored runs; writes build/bench-answers.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Benchmarks/bench.py --only answers --output build/bench-answers.txt

bench-ui: build ## Measures the page in a browser; writes build/bench-ui.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Benchmarks/bench.py --only ui --output build/bench-ui.txt

bench: build ## Measures; writes build/bench.txt
	@scripts/setup.sh test
	@build/test-python/bin/python Benchmarks/bench.py

format: ## Formats the Swift code
	swift format -i -r Package.swift Sources Tests examples

lint: ## Checks the format of the Swift code, and lints the page's
	swift format lint --strict -r Package.swift Sources Tests examples
	@test -x build/test-python/bin/deno || scripts/setup.sh test
	scripts/lint-web.sh

docs: ## Makes the reference pages of the library in build/docs
	@scripts/setup.sh docs
	@scripts/build-docs.sh $(BUILD)/docs

install: build ## Installs everything under PREFIX (default /usr/local); DESTDIR and LIBDIR work
	@PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" DESTDIR="$(DESTDIR)" scripts/install.sh $(BUILD) runtime development collector

install-library: library ## The same for the library alone: what engines need
	@PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" DESTDIR="$(DESTDIR)" scripts/install.sh $(BUILD) runtime development

deb: library ## Makes Debian packages of the library in build/deb
	@scripts/build-deb.sh $(BUILD)

clean: ## Removes what was built; fetched things stay in ~/.cache/teltel
	rm -rf $(BUILD) .build .build-*
