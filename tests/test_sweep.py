"""A sweep file means to train.sweep what it means to W&B, and runs without a server."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from fontid.evaluation.experiment import SettingsError
from tests.conftest import ROOT, run_module
from tests.test_train import YAML
from train.sweep import distribution_of, read_sweep, settings_of, trial_values

SWEEP = """
method: random
metric: {{name: validation_family_top1, goal: maximize}}
run_cap: 2
parameters:
  base: {{value: {base}}}
  steps: {{value: 2}}
  encoder.widths: {{values: ["8,8,12,12,16", "8,12,16,16,16"]}}
  learning_rate: {{distribution: log_uniform_values, min: 0.001, max: 0.01}}
"""


def test_the_sweep_file_is_one_to_wandb():
    """By the schema that W&B's own `sweeps` 0.3.0 checks with."""
    schema = json.loads((Path(__file__).parent / "wandb-sweep-schema.json").read_text())
    sweep = yaml.safe_load((ROOT / "experiments" / "sweep.yaml").read_text())
    jsonschema.validate(sweep, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sweep | {"method": "guess"}, schema)
    assert (ROOT / sweep["program"]).exists()


def test_every_trial_of_the_sweep_file_is_an_experiment(monkeypatch):
    monkeypatch.chdir(ROOT)
    sweep = read_sweep(ROOT / "experiments" / "sweep.yaml")
    for name, parameter in sweep["parameters"].items():
        choices = parameter.get("values") or [parameter.get("value", parameter.get("min"))]
        for choice in choices:
            values = {"base": sweep["parameters"]["base"]["value"], name: choice}
            assert not settings_of(values).keep_model


def test_parameters_are_drawn_as_wandb_draws_them():
    assert distribution_of("x", {"value": 3}) is None
    assert distribution_of("x", {"values": ["a", "b"]}) == CategoricalDistribution(["a", "b"])
    assert distribution_of("x", {"min": 1, "max": 4}) == IntDistribution(1, 4)
    assert distribution_of("x", {"min": 0.1, "max": 0.4}) == FloatDistribution(0.1, 0.4)
    log = {"distribution": "log_uniform_values", "min": 0.1, "max": 0.4}
    assert distribution_of("x", log) == FloatDistribution(0.1, 0.4, log=True)
    for wrong in ({}, {"distribution": "normal", "min": 0, "max": 1}):
        with pytest.raises(SettingsError, match="x"):
            distribution_of("x", wrong)


def test_an_agents_arguments_are_values():
    values = trial_values(["--encoder.widths=8,8,12,12,16", "--steps=3", "--learning_rate=0.002", "--base=a.yaml"])
    assert values == {"encoder.widths": "8,8,12,12,16", "steps": 3, "learning_rate": 0.002, "base": "a.yaml"}


def test_a_sweep_runs_and_keeps_no_model(prepared, tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(YAML.format(data=prepared / "datasets" / "tiny"))
    sweep = tmp_path / "search.yaml"
    sweep.write_text(SWEEP.format(base=base))
    results = tmp_path / "search.json"
    run = run_module("train.sweep", sweep, "--results", results, data_home=prepared)
    assert run.returncode == 0, run.stderr[-2000:]
    trials = json.loads(results.read_text())["metrics"]["trials"]
    assert sorted(trial["number"] for trial in trials) == [0, 1]
    assert trials[0]["validation_family_top1"] >= trials[1]["validation_family_top1"]
    assert all(0.001 <= trial["learning_rate"] <= 0.01 for trial in trials)
    assert [path.name for path in (prepared / "runs" / "search").iterdir()] == ["journal.log"]
    again = run_module("train.sweep", sweep, "--results", results, data_home=prepared)  # nothing is left to do
    assert again.returncode == 0 and json.loads(results.read_text())["metrics"]["trials"] == trials


def test_what_is_no_sweep_is_told(tmp_path):
    path = tmp_path / "x.yaml"
    for content, told in (("method: bayes", "needs metric"), ("[1, 2]", "needs method")):
        path.write_text(content)
        run = run_module("train.sweep", path)
        assert run.returncode == 1 and told in run.stderr and "Traceback" not in run.stderr
