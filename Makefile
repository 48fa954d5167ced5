# make app: environment, install, the app on the shipped model.   make test: the same environment, tests.
# make slow: the tests that take minutes.   make audit: bandit, pip-audit, detect-secrets; needs the network.
PYTHON ?= python3
BIN := .venv/bin

app: .venv/serving
	$(BIN)/python app.py

test: .venv/training
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

slow: .venv/training
	$(BIN)/python -m pytest -m slow

audit: .venv/training .venv/audit/ready
	$(BIN)/python -m data_scripts.audit --tools .venv/audit/bin --results results/audit.json

.venv/audit/ready: requirements-audit.txt
	$(BIN)/python -m venv .venv/audit
	.venv/audit/bin/pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	touch $@

.venv/serving: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/training: .venv/serving requirements-train.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-train.txt
	touch $@

.PHONY: app test slow audit
