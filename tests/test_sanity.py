"""The training code learns data that everybody knows; another data set's format is read."""

import numpy as np
import pytest
import yaml
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image

from fontid.evaluation.experiment import SettingsError, read_result, read_yaml
from tests.conftest import ROOT, run_module
from train.sanity import open_pictures

LAUNCH = ("accelerate.commands.launch", "--num_processes", "1", "--num_machines", "1", "--mixed_precision", "no")


def test_digits_are_learned(tmp_path):
    run = run_module(
        *LAUNCH, "--dynamo_backend", "no", "-m", "train.sanity", "experiments/sanity.yaml#digits",
        "--run", tmp_path, "--results", tmp_path / "results.jsonl",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    result = read_result(tmp_path / "results.jsonl#digits")
    assert result["metrics"]["test_top1"] > 0.97
    assert len(list((tmp_path / "watched").glob("step-*.png"))) == 3


def little_cifar(folder, columns=("img", "label")) -> str:
    """A few pictures in CIFAR-10's format: what is red is a cat, what is blue a ship."""
    rng = np.random.default_rng(0)
    features = Features({columns[0]: Image(), columns[1]: ClassLabel(names=["cat", "dog", "ship"])})
    parts = {}
    for split, count in (("train", 60), ("test", 12)):
        labels = np.arange(count) % 3
        pictures = rng.integers(0, 90, (count, 32, 32, 3)).astype(np.uint8)
        pictures[np.arange(count), :, :, labels] += 150
        parts[split] = Dataset.from_dict({columns[0]: list(pictures), columns[1]: labels.tolist()}, features=features)
    for split, part in DatasetDict(parts).items():
        (folder / "data").mkdir(parents=True, exist_ok=True)
        part.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return str(folder)


def test_cifar10s_format_is_read_and_learned(tmp_path):
    name = little_cifar(tmp_path / "cifar")
    train, test, names = open_pictures(name)
    assert train.pictures.shape == (60, 3, 32, 32) and len(test) == 12 and names == ["cat", "dog", "ship"]
    assert all(
        picture.float().mean((1, 2)).argmax() == label
        for picture, label in zip(test.pictures, test.labels, strict=True)
    )
    settings = read_yaml(ROOT / "experiments" / "sanity.yaml#cifar10")
    settings |= {"data": name, "steps": 40, "batch_size": 16, "warmup_steps": 5}
    settings["encoder"]["widths"] = [8, 8, 8, 16, 16]
    (tmp_path / "little.yaml").write_text(yaml.safe_dump(settings))
    run = run_module(
        *LAUNCH, "--dynamo_backend", "no", "-m", "train.sanity", tmp_path / "little.yaml",
        "--run", tmp_path / "run", "--results", tmp_path / "little.jsonl",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert read_result(tmp_path / "little.jsonl#little")["metrics"]["test_top1"] == 1.0


def test_what_is_no_such_data_set_is_told(tmp_path):
    with pytest.raises(SettingsError, match="columns img and label"):
        open_pictures(little_cifar(tmp_path / "other", ("picture", "kind")))
    run = run_module("train.sanity", "experiments/sanity.yaml#cifar10", "--run", tmp_path / "run", data_home=tmp_path)
    assert run.returncode == 1 and "the hub must be reachable" in run.stderr and "Traceback" not in run.stderr
