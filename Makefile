# Everything lives in .venv; nothing is installed outside it. `make` alone lists the targets.

PYTHON ?= python3
# Processes of tests: one more than cores, since tests wait for programs too.
JOBS ?= 3
ARGS ?=
BROWSERS ?= yes

VENV := .venv
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run demo test faults check lint types format generate verify bench profiles
.PHONY: screenshots binary containers lock clean programs

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 picks the interpreter of a new .venv, JOBS=4 the test processes,"
	@echo "  ARGS='...' goes to the program that is started."

install: $(VENV)/.installed ## make .venv with the program in it
	@echo "ready: $(VENV)/bin/carnet"

run: install ## install, then serve
	$(VENV)/bin/carnet serve $(ARGS)

demo: $(VENV)/.demo ## install, then run the demo
	$(PY) -m examples.demo $(ARGS)

test: $(VENV)/.dev clients/typescript/dist/.built programs ## install, then run every test
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(WITHOUT) $(ARGS)

faults: $(VENV)/.dev programs ## of these, those that kill and cut off parts (FAULT_ROUNDS=10: longer)
	$(PY) -m pytest -n $(JOBS) $(WITHOUT) tests/faults $(ARGS)

check: lint types verify test ## style, types, generated files and tests: what CI runs

lint: $(VENV)/.dev ## check style and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/.dev ## check types
	$(PY) -m mypy

format: $(VENV)/.dev ## mend what ruff can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

generate: $(VENV)/.dev clients/node_modules/.installed ## write the generated parts of the documents
	$(PY) -m docs.generate
	@cd clients/typescript && npm run --silent generate

verify: $(VENV)/.dev clients/node_modules/.installed ## check that they are up to date
	$(PY) -m docs.generate --check
	@cd clients/typescript && npm run --silent verify

containers: $(VENV)/.demo ## build the image, and try ops/compose.yaml in this machine's Docker
	$(PY) -m ops.containers $(ARGS)

screenshots: $(VENV)/.dev ## take a picture of every page, into docs/images (ARGS=keys: of one)
	$(PY) -m docs.screenshots $(ARGS)

binary: $(VENV)/.binary ## the program as one file, a .deb and a .tar.gz, into dist/
	$(PY) -m ops.binary

bench: $(VENV)/.bench ## install, then run the benchmarks (QUICK=1: in two minutes)
	$(same_python)
	$(PY) -m bench $(ARGS)

profiles: $(VENV)/.bench ## install, then write bench/profiles: where the time of a request goes
	$(PY) -m bench.profiles

# The lock of the benchmarks is the largest; the others take their versions from it. One version
# of each package serves every Python: fork-strategy fewest.
lock: ## bring the lock files up to date with pyproject.toml (ARGS=--upgrade: newest versions)
	@uv=$$(command -v $(VENV)/bin/uv || command -v uv) || { \
		echo "make lock needs uv: put it on the PATH, or run $(PY) -m pip install uv" >&2; exit 1; }; \
	compile() { \
		"$$uv" pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
			--generate-hashes --custom-compile-command "make lock" --quiet "$$@" >/dev/null; }; \
	compile --extra demo --group bench -o requirements-bench.lock $(ARGS) && \
	compile --extra demo --group dev -c requirements-bench.lock -o requirements-dev.lock && \
	compile --extra demo --group build -c requirements-dev.lock -o requirements-demo.lock && \
	compile --group binary -c requirements-dev.lock -o requirements-binary.lock && \
	compile --group build -c requirements-dev.lock -o requirements.lock

clean: ## remove .venv, builds and caches (never data/)
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache \
		.ruff_cache .schemathesis schemathesis-report bench/tmp
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- .venv, in steps; a stamp file in it says how far it has come ---------------------------

# $(call need_python,INTERPRETER,ADVICE): stops with one line unless it is new enough.
define need_python
	@found=$$($(1) --version 2>/dev/null) || found="not to be found"; \
	$(1) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Carnet needs Python 3.11 or newer, and $(1) is $$found;" \
			"$(2)" >&2; exit 1; }
endef

# Stops where .venv is not of the interpreter that was asked for: figures would be another's.
define same_python
	@test "$(origin PYTHON)" != "command line" || \
		test "$$($(PYTHON) -c '$(BASE)')" = "$$($(PY) -c '$(BASE)')" || { \
		echo "$(VENV) has another interpreter than $(PYTHON): make clean removes it," \
			"VENV=bench/tmp/venv makes one beside" >&2; exit 1; }
endef

BASE := import sys; print(sys.base_prefix, sys.version)

# Where there is no ensurepip (Debian without python3-venv), the interpreter's own pip does it.
define pip_install
	@if $(PY) -c 'import pip' 2>/dev/null; then pip="$(PY) -m pip"; \
	elif $(PYTHON) -c 'import pip' 2>/dev/null; then pip="$(PYTHON) -m pip --python $(PY)"; \
	else echo "No pip found: install python3-venv, or pip for $(PYTHON)" >&2; exit 1; fi; \
	echo "installing $(1)"; \
	$$pip install --quiet --disable-pip-version-check $(2)
endef

$(VENV)/.made:
	$(call need_python,$(PYTHON),name another: make install PYTHON=python3.12)
	@test -x $(PY) || $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || \
		$(PYTHON) -m venv --clear --without-pip $(VENV)
	$(call need_python,$(PY),make clean removes it)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock pyproject.toml
	$(call pip_install,requirements.lock,--require-hashes -r requirements.lock)
	$(call pip_install,carnet,--no-deps --no-build-isolation -e .)
	@touch $@

$(VENV)/.demo: $(VENV)/.installed requirements-demo.lock
	$(call pip_install,requirements-demo.lock,--require-hashes -r requirements-demo.lock)
	@touch $@

$(VENV)/.binary: $(VENV)/.installed requirements-binary.lock
	$(call pip_install,requirements-binary.lock,--require-hashes -r requirements-binary.lock)
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements-dev.lock
	$(call pip_install,requirements-dev.lock,--require-hashes -r requirements-dev.lock)
	@touch $@

$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	$(call pip_install,requirements-bench.lock,--require-hashes -r requirements-bench.lock)
	@touch $@

# --- the Node parts: the clients in TypeScript, and what checks and draws the pages -----------

clients/node_modules/.installed: clients/package-lock.json clients/package.json
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null || { \
		echo "The tests need Node 20 or newer, with npm" >&2; exit 1; }
	@echo "installing the Node parts"
	@cd clients && npm ci --silent
	@touch $@

clients/typescript/dist/.built: $(wildcard clients/typescript/src/*.ts clients/typescript/*.json) \
		clients/node_modules/.installed
	@echo "building the TypeScript client"
	@cd clients/typescript && npm run --silent build
	@touch $@

# --- Debian's programs: a browser, a calendar program, Prometheus, a pooler, a proxy ------

PROGRAMS := chromium calcurse prometheus pgbouncer nginx objcopy/binutils mmdebstrap faketime \
	systemd-analyze/systemd ps/procps
SERVICES := prometheus pgbouncer nginx
WITHOUT := $(if $(filter no,$(BROWSERS)),-m "not debian")

# As services, which some packages make of them, they are not wanted. Debian 12's pgbouncer knows no
# prepared statements: Debian 13's is unpacked too, with its libraries.
programs: | $(VENV)/.made
	@test "$(BROWSERS)" = no || for program in $(PROGRAMS); do \
		PATH="$$PATH:/usr/sbin" command -v $${program%/*} >/dev/null || missing="$$missing $${program#*/}"; done; \
	test -z "$$missing" || { echo "installing$$missing"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null && \
		for service in $(SERVICES); do case "$$missing " in *" $$service "*) \
			systemctl disable --now --quiet $$service 2>/dev/null || true;; esac; done; \
	} || { echo "The tests need$$missing: install them," \
		"or leave their tests out: make test BROWSERS=no" >&2; exit 1; }
	@test "$(BROWSERS)" = no || test -d $(VENV)/debian-13 || { echo "unpacking pgbouncer of Debian 13"; \
		rm -rf $(VENV)/unpacked && mmdebstrap --quiet --mode=chrootless --variant=extract \
			--include=pgbouncer --aptopt='Acquire::Retries "3"' trixie $(VENV)/unpacked && \
		mv $(VENV)/unpacked $(VENV)/debian-13; }
