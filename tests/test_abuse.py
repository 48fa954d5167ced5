"""Hostile files at every way in: an answer or the documented sentence, soon, in bounded memory, nothing left behind.

`tests/hostile.py` makes them, `tests/feeding.py` feeds them to one way in, in a process of its own.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from fontid.catalogue.enrolment import read_fonts
from fontid.catalogue.own import EnrolmentError
from fontid.evaluation.folders import Sample, evaluate
from fontid.fonts.reading import NO_TIME_LEFT, TOO_MUCH, read_apart
from tests import hostile
from tests.conftest import run_command
from web import own_fonts

SECONDS = 10  # of the processor
MEGABYTES = 450  # growth of the peak: the whole server has 900

RIGHT = {  # strange, but honest pictures: they open
    "and-zip.png", "exif-orientation-nan.png", "exif-orientation-9.jpg", "exif-many-tags.png", "exif-many-tags.jpg",
    "many-frames.gif", "progressive-scans.jpg",
}  # fmt: skip


def fed(folder: Path, *options: str) -> list[dict]:
    """What `tests.feeding` says of each file. Nothing of it may be known to the world outside the folder."""
    homes = dict.fromkeys(("TMPDIR", "HOME", "GRADIO_TEMP_DIR", "FONTID_DATA"), str(folder))
    done = run_command(sys.executable, "-m", "tests.feeding", folder, *options, **homes)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"after {rows[-1] if rows else 'nothing'}: {done.stderr[-2000:]}"
    return rows


def check(rows: list[dict], least: int) -> None:
    """Every file ended in an answer or in a sentence, within the limits."""
    assert len(rows) >= least
    assert not [row for row in rows if row["outcome"] not in ("right", "refused")]
    assert not [row for row in rows if row["seconds"] > SECONDS or row["megabytes"] > MEGABYTES]
    assert not [row for row in rows if row["written"]]
    sentences = [row["said"] for row in rows if row["outcome"] == "refused"]
    assert not [said for said in sentences if not said.endswith(".") and len(said) < 600]
    assert not [said for said in sentences if "Traceback" in said or "object at 0x" in said]


def test_every_hostile_file(tmp_path):
    rows = fed(tmp_path, "--ways", "picture", "batch", "--kinds", "pictures", "zips")
    check(rows, least=2 * 20)
    pictures = {row["name"] for row in rows if row["way"] == "picture" and row["outcome"] == "right"}
    documents = {name for name in pictures if Path(name).stem in hostile.DOCUMENTS}
    assert pictures >= RIGHT and documents <= {"svg.png"}  # drawn, its script unread


def test_hostile_fonts_at_once(tmp_path):
    """Some of them in one folder: the good ones are read, each of the others gets its reason."""
    for number, (name, data) in enumerate(hostile.fonts()):
        if number % 5 == 0 or name in ("good.ttf", "good.otf", "letters-huge.ttf"):
            (tmp_path / name).write_bytes(data)
    (tmp_path / "composites-doubling.ttf").unlink(missing_ok=True)  # for the next test
    problems: dict[str, str] = {}
    faces = read_fonts(tmp_path, problems)
    assert {"hostile"} <= {face.family for face in faces}
    reasons = {Path(file).name: reason for file, reason in problems.items()}
    assert len(reasons) > 5 and "out of all proportion" in reasons["letters-huge.ttf"]
    assert all("same face" in reasons.get(name, "same face") for name in ("good.ttf", "good.otf"))


@pytest.fixture
def hostile_fonts(tmp_path) -> dict[str, Path]:
    """A good font, and one that takes for ever."""
    files = {name: tmp_path / name for name in ("good.ttf", "composites-doubling.ttf")}
    for name, data in hostile.fonts():
        if name in files:
            files[name].write_bytes(data)
    return files


def test_a_font_that_takes_for_ever_is_left_and_the_next_one_read(hostile_fonts):
    good, endless = hostile_fonts.values()
    found = list(read_apart([endless, good], seconds=1.5))
    assert [(file, face is None) for file, face, _ in found] == [(endless, True), (good, False)]
    assert found[0][2] == TOO_MUCH


def test_many_fonts_that_take_for_ever_share_one_time(hostile_fonts):
    good, endless = hostile_fonts.values()
    before = os.times()
    found = list(read_apart([good, *[endless] * 40], seconds=1, total_seconds=2.5))
    assert found[0][1] and [reason for _, face, reason in found if not face][-1] == NO_TIME_LEFT
    assert len(found) == 41 and sum(reason == TOO_MUCH for *_, reason in found) in (2, 3)
    after = os.times()
    assert after.children_user - before.children_user < 20  # three processes that start, too


def test_an_upload_of_fonts_that_take_for_ever_ends(identifier, hostile_fonts, tmp_path, monkeypatch):
    good, endless = hostile_fonts.values()
    monkeypatch.setattr("web.own_fonts.MOST_SECONDS", 2)
    files = [good]
    for number in range(39):
        files.append(shutil.copyfile(endless, tmp_path / f"endless-{number}.ttf"))
    own, skipped = own_fonts.take(identifier, files, alone=True)
    assert len(own.catalogue.faces) == 1 and len(skipped) == 39
    assert f"endless-38.ttf {NO_TIME_LEFT}." in skipped


@pytest.mark.parametrize(
    ("python", "told"), [("/nowhere/python", "no process can be started .*/nowhere/python"), ("/bin/false", "")]
)
def test_a_reader_that_cannot_start_is_told(hostile_fonts, monkeypatch, python, told):
    monkeypatch.setattr("sys.executable", python)
    good = hostile_fonts["good.ttf"]
    hostile_fonts["composites-doubling.ttf"].unlink()
    with pytest.raises(EnrolmentError, match=f"can be used: .*good.ttf .*{told}"):
        read_fonts(good.parent, {})


def test_a_device_named_by_a_manifest_is_not_read(identifier, tmp_path):
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "null.png").symlink_to("/dev/null")
    names = ("zero.png", "null.png", "x" * 5000, "a\0b")
    samples = [Sample(tmp_path / name, "lora", None, False, ()) for name in names]
    outcomes, _ = evaluate(lambda picture: pytest.fail("read"), identifier.catalogue, samples)
    assert len(outcomes) == 4 and not any(outcome.strict for outcome in outcomes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "least"),
    [
        ("--ways question --kinds pictures", 13),
        ("--ways font --whole --kinds fonts", 32),
        ("--ways picture question --big --kinds pictures", 30),
        ("--ways font --big --kinds fonts", 2),
        ("--ways batch --big --kinds zips", 3),
    ],
)
def test_every_hostile_file_to_the_answer(options, least, tmp_path):
    rows = fed(tmp_path, *options.split())
    check(rows, least)
    if options == "--ways question --kinds pictures":
        said = {row["name"]: row["said"] for row in rows}
        assert said["exif-many-tags.jpg"] == said["exif-orientation-9.jpg"] == said["many-frames.gif"] == "pacifico"
