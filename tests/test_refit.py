"""Everything follows from encoder and faces, and says so: refitting, what is shown, the pack for a GPU machine, and
another table of faces for the shipped artifact."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import tables
from benchmarks.refit import Step, refit, steps_of
from fontid.artifact import open_artifact
from fontid.catalogue.faces import read_faces, write_faces
from fontid.evaluation.experiment import read_result, read_results
from fontid.identifier import FontIdentifier
from release import device_pack, widen
from tests.conftest import FONTS, MODEL, ROOT, draw, run_module
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
    text = "".join((ROOT / page).read_text() for page in tables.PAGES)
    named = {name: record for name in set(FILE.findall(text)) if "model" in (record := read_result(ROOT / name))}
    assert sum(name.startswith("results/benchmarks/") for name in named) >= 15 and "results/calibration.json" in named
    for name, record in named.items():
        parts = models.get(record["model"], {})
        another = any(parts.get(part) != ships[part] for part in ("encoder.onnx", "faces.jsonl.gz"))
        assert (f"{name} †" in text) == another, f"{name} is of another model, or is not: python -m benchmarks.tables"


def test_a_gpu_machines_pack(prepared, tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    out = tmp_path / "pack"
    catalogue = ("--catalogue", prepared, "--fonts", FONTS)
    packed = run_module("data_scripts.pack_fonts", tmp_path / "fonts.tar.xz", *catalogue, data_home=prepared)
    assert packed.returncode == 0, packed.stderr
    size = device_pack.pack(out, tmp_path / "wheels", tmp_path / "fonts.tar.xz")
    assert size < 6  # of which code and words are most: the fonts of the whole catalogue have 42 MB more
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    needed = {"train/train_encoder.py", "experiments/ladder.yaml", "fonts.tar.xz", "wheels/some-1-py3-none-any.whl"}
    assert needed <= names
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


# --- more faces: what the model knows stays, what is new is found


@pytest.fixture
def catalogue(prepared, copy, tmp_path):
    """The test fonts without Open Sans, and Pacifico once more under another name, before all others."""
    faces = [face for face in read_faces(prepared / "faces.jsonl") if face.family != "open-sans"]
    pacifico = next(face for face in faces if face.family == "pacifico")
    new = dataclasses.replace(pacifico, id="another-400-normal", family="another", name="Another")
    folder = tmp_path / "catalogue"
    folder.mkdir()
    write_faces([new, *faces], folder / "faces.jsonl")
    (folder / "fonts").symlink_to(FONTS)
    (folder / "letterforms").symlink_to(prepared / "letterforms")
    (folder / "twins.jsonl").write_text(json.dumps({"faces": [new.id, pacifico.id], "looseness": 0.0}) + "\n")
    return folder


def test_known_faces_keep_their_prototypes_and_new_ones_are_found(catalogue, tmp_path):
    model = tmp_path / "model"
    widen.main(["--catalogue", str(catalogue), "--model", str(model), "--num-proc", "1"])
    before, after = open_artifact(MODEL), open_artifact(model)
    row_of = {face.id: row for row, face in enumerate(before.faces)}
    assert [face.id for face in after.faces] == [face.id for face in read_faces(catalogue / "faces.jsonl")]
    for row, face in enumerate(after.faces[1:], 1):
        (now,) = after.prototypes[after.prototype_faces == row]
        assert np.array_equal(now, before.prototypes[before.prototype_faces == row_of[face.id]][0]), face.id
    identifier = FontIdentifier(model)
    assert "open-sans" not in identifier.catalogue
    families = len({face.family for face in after.faces})
    assert f"\n# fontid: {len(after.faces)} faces of {families} families\n" in (model / "README.md").read_text()
    best = identifier.identify(draw("Quartz jugs", "pacifico")).matches[0]
    assert {best.family, *best.twins} == {"another", "pacifico"}
    embedded = identifier.embed_line(np.asarray(draw("Quartz jugs", "pacifico")))
    assert identifier.catalogue.prototypes_of(0) @ embedded.mean(0) > 0.8
    golden = map(json.loads, (model / "golden/golden.jsonl").read_text().splitlines())
    assert {row["face"] for row in golden} <= {face.id for face in after.faces}


def test_a_killed_run_goes_on_with_the_prototypes_that_it_made(catalogue, tmp_path):
    arguments = ["--catalogue", str(catalogue), "--model", str(tmp_path / "model"), "--num-proc", "1"]
    widen.main(arguments)
    first = (tmp_path / "model" / "prototypes.npy").read_bytes()
    shutil.rmtree(tmp_path / "model")
    shutil.copytree(MODEL, tmp_path / "model")
    (catalogue / "fonts").unlink()  # nothing is drawn again
    widen.main(arguments)
    assert (tmp_path / "model" / "prototypes.npy").read_bytes() == first
