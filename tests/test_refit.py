"""Everything follows from encoder and faces, and says so: refitting, what is shown, and the pack for a GPU machine."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks import tables
from benchmarks.refit import Step, refit, steps_of
from fontid.evaluation.experiment import read_result, read_results
from release import device_pack
from tests.conftest import FONTS, MODEL, ROOT, run_module
from tests.test_results import FILE


def test_a_refit_goes_on_where_it_stopped(tmp_path):
    source, between, last = (tmp_path / name for name in ("source", "between", "last"))
    source.write_text("a")
    steps = [Step("first", (source,), ("copy", "between")), Step("second", (between,), ("copy", "last"))]
    fails = {"last"}

    def run(command):
        if command[1] in fails:
            return False
        (tmp_path / command[1]).write_text(source.read_text())
        return True

    with pytest.raises(SystemExit, match="second did not run to its end"):
        refit(steps, tmp_path / "stamps", run)
    fails.clear()
    assert refit(steps, tmp_path / "stamps", run) == ["second"] and last.read_text() == "a"
    assert refit(steps, tmp_path / "stamps", run) == []
    source.write_text("b")
    assert refit(steps, tmp_path / "stamps", run) == ["first", "second"] and last.read_text() == "b"
    source.unlink()
    with pytest.raises(SystemExit, match="first needs"):
        refit(steps, tmp_path / "stamps", run)


def test_every_step_of_a_refit_is_a_command(tmp_path):
    steps = steps_of(tmp_path)
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        assert (ROOT / f"{step.command[0].replace('.', '/')}.py").exists(), step


def test_what_is_shown_is_of_the_encoder_and_faces_that_ship():
    """Results name their model; `results/models.jsonl` holds the encoder and the table of faces of each."""
    ships = json.loads((MODEL / "config.json").read_text())["sha256"]
    models = {name: record["parts"] for name, record in read_results(ROOT / "results" / "models.jsonl").items()}
    shown = {name for page in tables.PAGES for name in FILE.findall((ROOT / page).read_text())}
    named = {name: record for name in shown if "model" in (record := read_result(ROOT / name))}
    assert sum(name.startswith("results/benchmarks/") for name in named) >= 15 and "results/calibration.json" in named
    text = "".join((ROOT / page).read_text() for page in tables.PAGES)
    for name, record in named.items():
        parts = models.get(record["model"], {})
        another = any(parts.get(part) != ships[part] for part in ("encoder.onnx", "faces.jsonl.gz"))
        assert (f"{name} †" in text) == another, f"{name} is of another model, or is not: python -m benchmarks.tables"


def test_a_gpu_machines_pack(prepared, tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    out = tmp_path / "pack"
    packed = run_module("data_scripts.pack_fonts", tmp_path / "fonts.tar.xz", "--fonts", FONTS, data_home=prepared)
    assert packed.returncode == 0, packed.stderr
    size = device_pack.pack(out, tmp_path / "wheels", tmp_path / "fonts.tar.xz")
    assert size < 5  # of which code is most: the fonts of the whole catalogue have 39 MB more
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {
        "train/train_encoder.py",
        "experiments/ladder.yaml",
        "fonts.tar.xz",
        "wheels/some-1-py3-none-any.whl",
    } <= names
    assert not [name for name in names if name.startswith(("docs/", "model/", "tests/", "web/", "results/"))]
    command = [sys.executable, "-m", "train.train_encoder", "--help"]  # the code is whole: it starts there
    assert subprocess.run(command, cwd=out, env=os.environ | {"PYTHONPATH": ""}, capture_output=True).returncode == 0
    with pytest.raises(SystemExit, match="is not empty"):
        device_pack.pack(out, None, None)


def test_too_large_a_pack_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(device_pack, "MOST_MB", 0.1)
    (tmp_path / "fonts.tar.xz").write_bytes(bytes(200_000))
    with pytest.raises(SystemExit, match="is the limit"):
        device_pack.pack(tmp_path / "pack", None, tmp_path / "fonts.tar.xz")


def test_a_mutant_survives_tests_that_do_not_look(tmp_path):
    """And annotations are not changed, which no test could see."""
    pytest.importorskip("cosmic_ray")
    from benchmarks import mutations

    (tmp_path / "tests").mkdir()
    (tmp_path / "module.py").write_text("def twice(number: int | None) -> int | None:\n    return number * 2\n")
    looks, sleeps = "assert twice(3) == 6", "assert twice(3)"
    mutants = mutations.mutants_of(tmp_path, "module.py")
    assert {mutant.line for mutant in mutants} == {2}
    plus = next(mutant for mutant in mutants if mutant.operator.endswith("Mul_Add"))
    for body, survived in ((looks, False), (sleeps, True)):
        (tmp_path / "tests" / "test_it.py").write_text(f"from module import twice\n\ndef test_it():\n    {body}\n")
        (tmp_path / "conftest.py").write_text("")
        assert mutations.passes(tmp_path, ("tests/test_it.py",), 60)
        assert mutations.survives(tmp_path, plus, ("tests/test_it.py",), 60) == survived
    assert "number * 2" in (tmp_path / "module.py").read_text()
    row = {"module": "a/b.py", "line": 1, "operator": "o", "occurrence": 0}
    found = mutations.summary([row | {"survived": True}, row | {"survived": False}])
    assert found["killed"] == 0.5 and found["survivors"] == [row]
