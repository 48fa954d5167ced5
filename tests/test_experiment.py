from dataclasses import dataclass, field

import pytest

from fontid.evaluation.experiment import SettingsError, read_result, read_settings, write_result


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


def test_missing_file(tmp_path):
    with pytest.raises(SettingsError, match="none.yaml"):
        read_settings(Outer, tmp_path / "none.yaml")


def test_result_says_how_it_was_made(tmp_path):
    path = tmp_path / "deep" / "r.json"
    write_result(path, settings=Outer(1), command="python -m x", metrics={"top1": 0.5}, seeds=[1])
    record = read_result(path)
    assert record["settings"]["inner"] == {"share": 0.5} and record["seeds"] == [1]
    assert record["metrics"] == {"top1": 0.5} and record["command"] == "python -m x"
    assert record["hardware"]["cores"] >= 1 and "numpy" in record["versions"]
