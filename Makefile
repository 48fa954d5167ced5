# make app: environment, install, the app on the shipped model.   make test: the same environment, tests.
# make check: ruff and mypy.   make slow: the tests that take minutes.
# make refit DIR=...: everything that follows from an encoder and its faces.   make device-pack DIR=...: for a GPU machine.
# make audit: bandit, pip-audit, detect-secrets; needs the network.
PYTHON ?= python3
BIN := .venv/bin

app: .venv/serving
	$(BIN)/python app.py

test: check  # two files of tests at a time, each on a core
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

slow: .venv/training
	$(BIN)/python -m pytest -m slow

check: .venv/training
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy fontid

refit: .venv/training
	$(BIN)/python -m benchmarks.refit $(DIR)

device-pack: .venv/training
	$(BIN)/python -m release.device_pack $(DIR)

audit: .venv/training .venv/audit/ready
	$(BIN)/python -m data_scripts.audit --tools .venv/audit/bin --results results/once.jsonl#audit

# in an environment of their own, so that what they need is none of ours
AUDIT := bandit==1.9.4 pip-audit==2.10.1 detect-secrets==1.5.0
.venv/audit/ready: Makefile
	$(BIN)/python -m venv .venv/audit
	.venv/audit/bin/pip install --quiet --disable-pip-version-check $(AUDIT)
	touch $@

.venv/serving: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/training: .venv/serving requirements-train.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-train.txt
	touch $@

.PHONY: app test check slow audit refit device-pack
