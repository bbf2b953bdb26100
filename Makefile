# Every target prepares .venv by itself; nothing but Python 3.11+ and make is needed first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Named after its version, so that another PYTHON finds none and makes the environment anew.
CREATED := $(VENV)/.python-$(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
# uv where it is there, for speed; otherwise the interpreter's own venv and pip.
ifeq ($(shell command -v uv 2>/dev/null),)
CREATE := $(PYTHON) -m venv --clear
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
else
CREATE := uv venv --quiet --clear --python $(PYTHON)
INSTALL := uv pip install --quiet --compile-bytecode --python $(BIN)/python
endif

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint format test-docker test-botocore budget-with faults pictures models golden bench bench-scale bench-reader chaos attack runbooks messages wheel lock audit sbom clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

venv: $(READY)  ## the pinned environment in .venv

$(CREATED):
	$(CREATE) $(VENV)
	@touch $@

$(READY): $(CREATED) pyproject.toml hatch_build.py constraints.txt $(wildcard academy_ops/locale/*/LC_MESSAGES/*.po)
	$(INSTALL) --require-hashes -r constraints.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## the whole story on this machine
	@$(BIN)/academy-ops demo

# Compiled beforehand: what a lab starts writes no byte code, and would compile it at each start. What pytest makes of
# the tests is made once, too: each of its processes would make it anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest
COLLECTED := tests/__pycache__/.collected

$(COLLECTED): $(READY)
	@ls -d tests/*/ tests/test_*.py | xargs -n 24 -P 2 $(PYTEST) -q --collect-only >/dev/null || true
	@touch $@

test: $(READY) $(COLLECTED)  ## every test
	@$(BIN)/python -m compileall -q academy_ops checks
	$(PYTEST) -n 7 --dist loadgroup --no-loadscope-reorder

# The operator's part is checked as Windows and macOS have it, too; the academy and the lab need POSIX.
POSIX_ONLY := /(academy|attack|bench|chaos|docker|lab)/|/(commands|pictures|terminal|test_readers)\.py$$

lint: $(READY)  ## ruff, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@printf 'win32\ndarwin\n' | xargs -P2 -I% $(BIN)/mypy --platform % --cache-dir .mypy_cache/% \
	  --follow-imports silent --exclude '$(POSIX_ONLY)'

format: $(READY)  ## let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-docker: $(READY)  ## the probe on a throw-away Docker engine, where one can run (root, dockerd)
	TEST_DOCKER=1 $(BIN)/pytest -q -rs -n 0 tests/docker

# The lowest that pyproject.toml allows, and whatever the registry has today.
LOWEST_BOTO := $(shell sed -nE 's/^ *"botocore>=([0-9.]+)".*/\1/p' pyproject.toml).0

test-botocore:  ## the call budget with the lowest and the newest botocore, in environments that are thrown away
	$(MAKE) VENV=build/botocore BOTO="boto3==$(LOWEST_BOTO) botocore==$(LOWEST_BOTO)" budget-with
	$(MAKE) VENV=build/botocore BOTO="--upgrade boto3 botocore" budget-with

budget-with:
	rm -rf $(VENV) && $(MAKE) VENV=$(VENV) venv
	$(INSTALL) $(BOTO)
	$(BIN)/python -c 'import botocore; print("botocore", botocore.__version__)'
	$(BIN)/pytest -q -n 0 tests/test_budget.py
	rm -rf $(VENV)

faults: $(READY)  ## every cause provoked and named, as a table (FAULTS_FLAGS="--into docs/faults.md" writes it there)
	$(BIN)/python -m tests.faults.matrix $(FAULTS_FLAGS)

pictures: $(READY)  ## what commands really show, drawn for the README
	$(BIN)/python -m tests.pictures
	$(BIN)/python -m tests.web.pictures

models: $(READY)  ## the parts of botocore's service models that are called, for the botocore that is pinned
	$(BIN)/python -m tests.sdk_models

golden: $(READY)  ## what the outputs say of a few diagnoses, held in tests/report/golden/
	$(BIN)/python -m tests.report.golden

bench: wheel  ## speed, as ratios against rivals in the same run (BENCH_FLAGS="--into docs/performance.md")
	$(PYTHON) -m venv --clear build/installed
	build/installed/bin/pip install --quiet --disable-pip-version-check dist/*.whl
	test -x build/aws-cli/bin/aws || { $(PYTHON) -m venv build/aws-cli && \
	  build/aws-cli/bin/pip install --quiet --disable-pip-version-check awscli; }
	$(BIN)/python -m tests.bench $(BENCH_FLAGS)

bench-scale: $(READY)  ## large fleets, and what the bundled academy gets through (BENCH_FLAGS as above)
	$(BIN)/python -m tests.bench.scale $(BENCH_FLAGS)

bench-reader: $(READY)  ## rows a second of the workbook reader against a former one's (BENCH_FLAGS="--ref COMMIT")
	$(BIN)/python -m tests.bench.reader $(BENCH_FLAGS)

chaos: $(READY)  ## ten minutes of load while parts die; nothing lost, twice or leaked (CHAOS_FLAGS="--seed 7")
	@$(BIN)/python -m tests.chaos $(CHAOS_FLAGS)

attack: $(READY)  ## ten minutes of hostile input on this machine; nothing lost, leaked, frozen or wrong (ATTACK_FLAGS="--seed 7")
	@$(BIN)/python -m tests.attack $(ATTACK_FLAGS)

runbooks: $(READY)  ## the numbers and the job's path in both runbooks, from academy_ops/thresholds.py and contract.py, and the options in both READMEs
	$(BIN)/python -m tests.runbooks

messages: $(READY)  ## collect new sentences into the Korean catalogue, to be translated there
	mkdir -p build
	$(BIN)/pybabel -q extract --mapping-file=pyproject.toml --keyword=say --no-location --sort-output --width=110 \
	  --output-file=build/academy_ops.pot academy_ops checks
	$(BIN)/pybabel -q update --ignore-pot-creation-date --no-fuzzy-matching --ignore-obsolete --width=110 --domain=academy_ops \
	  --input-file=build/academy_ops.pot --output-dir=academy_ops/locale --locale=ko
	$(BIN)/pybabel -q compile --domain=academy_ops --directory=academy_ops/locale

wheel: $(READY)  ## the wheel in dist/, with the man page
	rm -rf dist
	mkdir -p build
	$(BIN)/academy-ops --lang en help --man >build/academy-ops.1
	$(BIN)/hatchling build --target wheel --directory dist

lock:  ## renew constraints.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --extra dev --custom-compile-command 'make lock' --no-emit-package academy-ops \
	  --output-file constraints.txt pyproject.toml $(LOCK_FLAGS)

audit:  ## known vulnerabilities of the locked packages (needs uv and the network)
	uvx pip-audit --require-hashes --disable-pip --requirement constraints.txt

sbom:  ## dist/sbom.cdx.json: every locked package, with its hashes, as CycloneDX (needs uv)
	mkdir -p dist
	uvx --from cyclonedx-bom cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/sbom.cdx.json constraints.txt

clean:  ## remove what the targets above made
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
