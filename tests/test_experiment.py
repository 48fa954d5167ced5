import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fontid.evaluation.experiment import SettingsError, entries, read_result, read_settings, readable_json, write_result
from tests.conftest import ROOT
from train.settings import TrainSettings


@dataclass(frozen=True)
class Inner:
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    steps: int
    rate: float = 0.1
    widths: tuple[int, ...] = (1, 2)
    note: str | None = None
    inner: Inner = field(default_factory=Inner)


def write(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    return path


def test_differences_are_merged_with_defaults(tmp_path):
    path = write(tmp_path, "steps: 5\nrate: 2\nwidths: [3, 4]\ninner: {share: 1.0e-1}\n")
    assert read_settings(Outer, path) == Outer(5, 2.0, (3, 4), None, Inner(0.1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps: 5\nstep: 3\n", "step"),
        ("steps: five\n", "takes int"),
        ("steps: 5\nrate: 1e-4\n", "takes float"),  # YAML reads 1e-4 as a string
        ("steps: 5\ninner: {other: 1}\n", "other"),
        ("steps: true\n", "takes int"),
        ("rate: 0.1\n", "steps"),
        ("- 1\n", "keys and values"),
        ("steps: [\n", "cannot be read"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, text, told):
    with pytest.raises(SettingsError, match=told):
        read_settings(Outer, write(tmp_path, text))


def test_result_says_how_it_was_made(tmp_path):
    path = tmp_path / "deep" / "r.json"
    write_result(path, settings=Outer(1), command="python -m x", metrics={"top1": 0.5}, seeds=[1])
    record = read_result(path)
    assert record["settings"]["inner"] == {"share": 0.5} and record["seeds"] == [1]
    assert record["metrics"] == {"top1": 0.5} and record["command"] == "python -m x"
    write_result(path.with_name("s.json"), settings=Outer(1), command="x", metrics={})  # the folder is there now
    assert read_result(path.with_name("s.json"))["metrics"] == {}
    assert record["hardware"]["cores"] >= 1 and "numpy" in record["versions"]


def test_results_are_a_line_for_what_is_short():
    text = readable_json({"few": [1, 2], "many": ["word"] * 40, "odd": "[not json"})
    assert text.splitlines()[1] == ' "few": [1, 2],' and len(text.splitlines()) == 2 + 1 + 42 + 1
    assert json.loads(text) == {"few": [1, 2], "many": ["word"] * 40, "odd": "[not json"}


def test_tables_hold_many(tmp_path):
    """An entry by its name, those that fit a pattern, and of two lines of one name the later."""
    table = write(tmp_path, "one: {steps: 1}\nother: {steps: 2}\n")
    assert read_settings(Outer, Path(f"{table}#other")) == Outer(2)
    assert entries(Path(f"{table}#o*r")) == [Path(f"{table}#other")] and len(entries(table)) == 2
    for missing, told in ((Path(f"{table}#third"), "no experiment 'third'"), (tmp_path / "none.yaml", "none.yaml")):
        with pytest.raises(SettingsError, match=told):
            read_settings(Outer, missing)
    for top1 in (0.1, 0.2):
        for name in ("a", "b"):
            metrics = {"top1": top1}
            write_result(Path(f"{tmp_path}/r.jsonl#{name}"), settings=Outer(1), command="x", metrics=metrics)
    record = read_result(Path(f"{tmp_path}/r.jsonl#a"))
    assert record["metrics"] == {"top1": 0.2} and "name" not in record


def test_the_training_table_is_sound():
    for path in entries(ROOT / "experiments" / "ladder.yaml"):
        assert read_settings(TrainSettings, path).steps
