"""Search settings: a W&B sweep file, run here without a server.

    python -m train.sweep experiments/sweep.yaml [--results results/sweep.json]
    python -m train.sweep --trial --base=FILE --encoder.dimension=128 ...    (what `wandb agent` starts)

Optuna's journal in FONTID_DATA/runs/NAME remembers the trials: a killed sweep goes on, and two of the same command,
each bound to a core, share the work. No trial keeps a model; train the winner again from a file of its own.
"""

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import optuna
import torch
import yaml
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from fontid.evaluation.experiment import SettingsError, build_settings, read_yaml, write_result
from fontid.paths import data_home
from train.settings import TrainSettings
from train.train_encoder import train

SAMPLERS = {"bayes": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
Values = dict[str, Any]


def read_sweep(path: Path) -> dict[str, Any]:
    """Raises: SettingsError for a file that is no sweep or asks for what is not known here."""
    try:
        sweep = yaml.safe_load(path.read_text(encoding="utf-8"))
        missing = [key for key in ("method", "metric", "parameters", "run_cap") if key not in sweep]
    except (OSError, TypeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if missing:
        raise SettingsError(f"{path} needs {missing[0]}.")
    if sweep["method"] not in SAMPLERS:
        raise SettingsError(f"{path}: method takes {', '.join(SAMPLERS)}, not {sweep['method']!r}.")
    if "base" not in sweep["parameters"]:
        raise SettingsError(f"{path}: parameters need base, the experiment file that they change.")
    return sweep


def distribution_of(name: str, parameter: Values) -> BaseDistribution | None:
    """What Optuna draws a W&B parameter from; None for a fixed value."""
    if "value" in parameter:
        return None
    if "values" in parameter:
        return CategoricalDistribution(parameter["values"])
    if not {"min", "max"} <= set(parameter):
        raise SettingsError(f"{name} needs value, values, or min and max.")
    low, high = parameter["min"], parameter["max"]
    kind = parameter.get("distribution", "int_uniform" if isinstance(low, int) else "uniform")
    known = {
        "uniform": lambda: FloatDistribution(low, high),
        "log_uniform_values": lambda: FloatDistribution(low, high, log=True),
        "int_uniform": lambda: IntDistribution(low, high),
    }
    if kind not in known:
        raise SettingsError(f"{name}: distribution takes {', '.join(known)}, not {kind!r}.")
    return known[kind]()


def settings_of(values: Values) -> TrainSettings:
    """The settings of a trial: `base`'s, changed by the other values; dots reach into nested settings.

    A text with commas is a tuple of integers: W&B hands lists over to no program.
    """
    changed = dict(values)
    base = Path(changed.pop("base"))
    nested = read_yaml(base)
    for name, value in changed.items():
        *path, last = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = [int(part) for part in value.split(",")] if isinstance(value, str) and "," in value else value
    return build_settings(TrainSettings, nested | {"keep_model": False}, str(base))


def run_trial(values: Values, name: str, run: Path) -> dict[str, float]:
    """Train once; the run's folder is gone afterwards."""
    run.mkdir(parents=True, exist_ok=True)
    try:
        return train(settings_of(values), name, run)
    finally:
        shutil.rmtree(run, ignore_errors=True)


def search(sweep: dict[str, Any], folder: Path) -> list[dict]:
    """Run trials until the file's `run_cap` is reached, by all processes together. Returns them, the best first."""
    folder.mkdir(parents=True, exist_ok=True)
    metric, parameters = sweep["metric"], sweep["parameters"]
    drawn = {name: distribution_of(name, parameter) for name, parameter in parameters.items()}
    fixed = {name: parameters[name]["value"] for name, kind in drawn.items() if kind is None}
    free = {name: kind for name, kind in drawn.items() if kind is not None}
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        study_name=folder.name,
        direction=metric.get("goal", "minimize"),
        load_if_exists=True,
        sampler=SAMPLERS[sweep["method"]](),
    )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        if trial.user_attrs.get("core") == core():  # a killed one of this very core
            study.tell(trial.number, state=TrialState.FAIL)
    while len(study.get_trials(states=(TrialState.COMPLETE, TrialState.RUNNING))) < sweep["run_cap"]:
        trial = study.ask(free)
        trial.set_user_attr("core", core())
        started = time.monotonic()
        metrics = run_trial(fixed | trial.params, f"{folder.name}-{trial.number}", folder / f"trial-{trial.number}")
        trial.set_user_attr("seconds", round(time.monotonic() - started))
        study.tell(trial, metrics[metric["name"]])
    done = study.get_trials(states=(TrialState.COMPLETE,))
    best_first = sorted(done, key=lambda t: t.value, reverse=metric.get("goal") == "maximize")
    return [
        {"number": t.number, metric["name"]: round(t.value, 4), "seconds": t.user_attrs["seconds"], **t.params}
        for t in best_first
    ]


def core() -> str:
    """What this process is bound to, so that a sweep started again knows its own killed trial."""
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def trial_values(arguments: list[str]) -> Values:
    """`--name=value` as W&B's agent writes them."""
    pairs = (argument.removeprefix("--").partition("=") for argument in arguments)
    return {name: yaml.safe_load(value) if "," not in value else value for name, _, value in pairs}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, nargs="?")
    parser.add_argument("--trial", action="store_true", help="run one trial of the values that follow, with W&B")
    parser.add_argument("--results", type=Path, default=Path("results/sweep.json"))
    arguments, rest = parser.parse_known_args(argv)
    try:
        if arguments.trial:
            values = trial_values(rest) | {"tracker": "wandb"}
            print(json.dumps(run_trial(values, "trial", data_home() / "runs" / f"trial-{time.time_ns()}")))
            return
        if arguments.sweep is None or rest:
            parser.error("name one sweep file, or --trial and its values")
        sweep = read_sweep(arguments.sweep)
        trials = search(sweep, data_home() / "runs" / arguments.sweep.stem)
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    print(yaml.safe_dump(trials[0], sort_keys=False))
    command = f"python -m train.sweep {arguments.sweep}"
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    write_result(
        arguments.results, settings=sweep, command=command, metrics={"trials": trials}, accelerator=accelerator
    )


if __name__ == "__main__":
    main()
