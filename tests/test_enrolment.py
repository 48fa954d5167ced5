"""Somebody's own fonts: enrolled, searched alone and beside the shipped ones, twins named, removed."""

import gzip
import json
import re
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageFont

from fontid.__main__ import main
from fontid.catalogue.enrolment import (
    TOLERANCE,
    draw_reference,
    enroll,
    make_prototype,
    open_own,
    own_of,
    searching_own,
)
from fontid.catalogue.own import EnrolmentError, catalogue_file, catalogue_names, read_own, remove, save_own, searching
from fontid.evaluation.experiment import read_result
from fontid.fonts.reading import DAMAGED, read_apart
from fontid.letters.letterforms import Letterforms
from tests.conftest import ROOT, draw, draw_with, font_file, run_command, run_module
from tests.hostile import true_font, with_scale


def own_font(path: Path, family: str, name: str, widen: float = 1.0, style: str = "400-normal") -> Path:
    """A font of one's own: one of the test fonts under another name, its letters `widen` times as wide."""
    with TTFont(font_file(family, style)) as font:
        for record in font["name"].names:
            if record.nameID in (1, 4, 16):
                record.string = name
        font["name"].setName("SIL Open Font License", 13, 3, 1, 0x409)
        for glyph in font["glyf"].keys() if widen != 1 else ():
            outline = font["glyf"][glyph]
            if outline.isComposite():
                for part in outline.components:
                    part.x = round(part.x * widen)
            elif outline.numberOfContours > 0:
                outline.coordinates.scale((widen, 1))
                outline.coordinates.toInt()
            advance, bearing = font["hmtx"][glyph]
            font["hmtx"][glyph] = round(advance * widen), round(bearing * widen)
        font.flavor = None
        path.parent.mkdir(parents=True, exist_ok=True)
        font.save(path)
    return path


def drawn_with(file: Path, text: str) -> Image.Image:
    return draw_with(ImageFont.truetype(str(file), 56), text)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fonts")
    own_font(folder / "wide" / "AcmeWide.ttf", "pacifico", "Acme Wide", widen=1.5)
    own_font(folder / "AcmeScript.ttf", "pacifico", "Acme Script")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FONTID_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def enrolment(identifier, fonts, tmp_path_factory):
    """What enrolling said, and the folder that it wrote into."""
    folder = tmp_path_factory.mktemp("enrolled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FONTID_DATA", str(folder))
        return enroll(identifier, fonts, "brand"), folder


@pytest.fixture
def enrolled(enrolment, home):
    said, folder = enrolment
    shutil.copytree(folder, home)
    return said


def test_own_fonts_are_found_beside_the_shipped_ones_and_alone(identifier, fonts, enrolled):
    assert [face.id for face in enrolled.added] == ["acme-script-400-normal", "acme-wide-400-normal"]
    assert not enrolled.problems and catalogue_names() == ["brand"]
    assert all("SIL Open Font License" in face.license and "Copyright" in face.copyright for face in enrolled.added)
    picture = drawn_with(fonts / "wide" / "AcmeWide.ttf", "Signal Window")
    for alone in (False, True):
        answer = searching_own(identifier, "brand", alone).identify(picture)
        assert (answer.matches[0].family, answer.matches[0].name) == ("acme-wide", "Acme Wide")
    assert len(answer.matches) == 2  # the whole catalogue
    shipped = draw("Signal Window", "playfair-display", 60)
    assert searching_own(identifier, "brand").identify(shipped).matches[0].family == "playfair-display"
    assert "acme-wide" not in identifier.catalogue  # the shipped one is as it was


def test_three_own_fonts_alone_are_told_from_others(identifier, tmp_path):
    names = "lobster", "lora", "open-sans"
    files = [own_font(tmp_path / f"{name}.ttf", name, f"Acme {name}", widen=1.5) for name in names]
    alone = searching(identifier, own_of(identifier, tmp_path, {}), alone=True)
    assert len(alone.catalogue.faces) == 3
    for file in files:
        assert alone.identify(drawn_with(file, "Signal Window")).in_catalogue > 0.5, file
    for family in ("pacifico", "merriweather", "arimo", "press-start-2p", "abeezee"):
        assert alone.identify(draw("Signal Window", family, 56)).in_catalogue < 0.5, family


def test_own_fonts_are_drawn(identifier, fonts, enrolled):
    """Verification works for them: with the encoder's scores all alike, drawing alone finds the face."""
    searching = searching_own(identifier, "brand", alone=True)
    searching.catalogue.prototypes[:] = searching.catalogue.prototypes[0]
    # cosines, which mean nothing here, would also say that letters were stretched
    undoing = replace(searching.settings.undoing, fitting=-1.0)
    searching.settings = replace(searching.settings, undoing=undoing)
    for file, family in (("wide/AcmeWide.ttf", "acme-wide"), ("AcmeScript.ttf", "acme-script")):
        assert searching.identify(drawn_with(fonts / file, "Signal Window")).matches[0].family == family


def test_a_copy_of_a_shipped_font_is_its_twin(identifier, fonts, enrolled):
    own = open_own(identifier, "brand")
    assert ("acme-script-400-normal", "pacifico-400-normal") in own.twins
    assert not any("acme-wide-400-normal" in pair for pair in own.twins)
    first = searching_own(identifier, "brand").identify(draw("Signal Window", "pacifico", 60)).matches[0]
    assert {"pacifico", "acme-script"} <= {first.family, *first.twins}


def test_a_face_of_a_shipped_name_stands_in_for_it(identifier, home, tmp_path):
    own_font(tmp_path / "in" / "mine.ttf", "press-start-2p", "Pacifico")
    enroll(identifier, tmp_path / "in", "mine")
    searching = searching_own(identifier, "mine")
    assert len(searching.catalogue.faces) == len(identifier.catalogue.faces)
    answer = searching.identify(draw("Signal Window", "press-start-2p", 30))
    assert "pacifico" in (answer.matches[0].family, *answer.matches[0].twins)
    assert searching.catalogue.prototypes.shape == identifier.catalogue.prototypes.shape


def test_enrolling_again_renews_and_adds(identifier, fonts, enrolled, tmp_path):
    before = open_own(identifier, "brand")
    own_font(tmp_path / "more" / "AcmeWide.ttf", "lobster", "Acme Wide")
    own_font(tmp_path / "more" / "AcmeBold.ttf", "playfair-display", "Acme Serif")
    again = enroll(identifier, tmp_path / "more", "brand")
    own = open_own(identifier, "brand")
    assert sorted(face.family for face in own.faces) == ["acme-script", "acme-serif", "acme-wide"]
    assert len(again.added) == 2 and own.twins >= before.twins
    picture = draw("Signal Window", "lobster", 60)
    first = searching_own(identifier, "brand", alone=True).identify(picture).matches[0]
    assert first.family == "acme-wide"  # its new letters


def test_removing_a_family_and_a_catalogue(identifier, fonts, enrolled):
    with pytest.raises(EnrolmentError, match="no family nothing; it has acme-script, acme-wide"):
        remove("brand", "nothing")
    remove("brand", "acme-script")
    own = open_own(identifier, "brand")
    assert [face.family for face in own.faces] == ["acme-wide"] and not own.twins
    answer = searching_own(identifier, "brand").identify(drawn_with(fonts / "wide" / "AcmeWide.ttf", "Signal Window"))
    assert answer.matches[0].family == "acme-wide"
    remove("brand")
    assert catalogue_names() == []
    for action in (lambda: remove("brand"), lambda: searching_own(identifier, "brand")):
        with pytest.raises(EnrolmentError, match="No catalogue is named brand"):
            action()


@pytest.mark.parametrize("name", ["", "../etc", "Brand", "a/b", ".hidden", "brand\n", "x" * 80])
def test_only_plain_names(identifier, fonts, home, name):
    with pytest.raises(EnrolmentError, match="cannot name a catalogue"):
        enroll(identifier, fonts, name)
    assert not home.exists()


def test_what_cannot_be_used_is_told_and_skipped(identifier, fonts, home, tmp_path):
    folder = tmp_path / "mixed"
    good = own_font(folder / "a.ttf", "lobster", "Fine")
    own_font(folder / "b.ttf", "lobster", "Fine")
    (folder / "c.otf").write_bytes(b"OTTO" + bytes(200))
    (folder / "notes.txt").write_text("no font")
    for name, missing in (("d.ttf", "Q"), ("e.ttf", "ABCDEFGHIJKL")):
        with TTFont(good) as font:
            for table in font["cmap"].tables:
                for letter in missing:
                    table.cmap.pop(ord(letter), None)
            for record in font["name"].names:
                if record.nameID in (1, 16):
                    record.string = "Lacking"
            font.save(folder / name)
    enrolled = enroll(identifier, folder, "mixed")
    assert [face.family for face in enrolled.added] == ["fine"]
    problems = {Path(file).name: reason for file, reason in enrolled.problems.items()}
    assert set(problems) == {"b.ttf", "c.otf", "d.ttf", "e.ttf"}
    assert "same face" in problems["b.ttf"] and problems["d.ttf"].endswith("lacks the Latin letters Q")
    assert problems["c.otf"] == DAMAGED and problems["e.ttf"].endswith("letters ABCDEFGHIJ and 2 more")
    for file in (folder / "a.ttf", folder / "b.ttf"):
        file.unlink()
    with pytest.raises(EnrolmentError, match="No font file in"):
        enroll(identifier, folder, "mixed")
    assert [face.family for face in open_own(identifier, "mixed").faces] == ["fine"]  # as it was


def test_what_the_documentation_does_in_python_works(home, tmp_path, monkeypatch):
    own_font(tmp_path / "folder" / "of" / "fonts" / "x.ttf", "pacifico", "Acme Script")
    for name in ("picture.png", "a.png", "b.png"):
        draw("Signal Window", "pacifico").save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    usage = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    blocks = [code for code in re.findall(r"```python\n(.*?)```", usage, re.S) if "gradio_client" not in code]
    known: dict = {}
    for code in blocks:
        exec(code, known)
    assert len(blocks) == 2 and catalogue_names() == ["brand"]
    assert known["searching_own"](known["identifier"], "brand", alone=True).catalogue.families == ["acme-script"]


@pytest.mark.parametrize("times", [0.05, 12.0])
def test_letters_out_of_all_proportion_are_refused(tmp_path, times):
    """Each the size of a grain, or as high as a house: drawing them would take all memory, or show nothing."""
    (tmp_path / "odd.ttf").write_bytes(true_font(with_scale(times, times)))
    ((file, face, problem),) = read_apart([tmp_path / "odd.ttf"])
    assert face is None and "out of all proportion" in problem


def in_format_1(name: str) -> Path:
    """Turn a catalogue into what fontid wrote until November 2026: a folder."""
    file = catalogue_file(name)
    folder = file.with_suffix("")
    folder.mkdir()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(folder / "letterforms-0.zip", "w") as letterforms:
        for entry in archive.namelist():
            if entry.endswith(".woff2"):
                letterforms.writestr(entry, archive.read(entry))
        made = json.loads(archive.read("catalogue.json"))
        (folder / "prototypes.npy").write_bytes(archive.read("prototypes.npy"))
    (folder / "faces.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, made["faces"])).encode()))
    (folder / "twins.json").write_text(json.dumps(made["twins"]))
    (folder / "catalogue.json").write_text(json.dumps({"format": 1, "encoder": made["encoder"]}))
    file.unlink()
    return folder


def test_a_catalogue_of_format_1_is_opened_changed_and_removed(identifier, fonts, enrolled, tmp_path):
    before = open_own(identifier, "brand")
    folder = in_format_1("brand")
    own = open_own(identifier, "brand")
    assert catalogue_names() == ["brand"]
    assert (own.faces, own.twins) == (before.faces, before.twins) and (own.prototypes == before.prototypes).all()
    picture = drawn_with(fonts / "wide" / "AcmeWide.ttf", "Signal Window")
    assert searching_own(identifier, "brand", alone=True).identify(picture).matches[0].family == "acme-wide"
    own_font(tmp_path / "more" / "x.ttf", "lobster", "Later")
    enroll(identifier, tmp_path / "more", "brand")
    assert len(open_own(identifier, "brand").faces) == 3 and catalogue_names() == ["brand"]
    assert catalogue_file("brand").is_file() and not folder.exists()
    in_format_1("brand")
    remove("brand")
    assert catalogue_names() == [] and not folder.exists()


@pytest.mark.parametrize("part", ["faces.jsonl.gz", "prototypes.npy", "twins.json", "letterforms-0.zip"])
def test_a_damaged_catalogue_of_format_1_is_refused(identifier, enrolled, part):
    path = in_format_1("brand") / part
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(EnrolmentError, match="damaged"):
        searching_own(identifier, "brand")


@pytest.mark.parametrize("lost", ["catalogue.json", "prototypes.npy", "acme-wide-400-normal.woff2", "the end"])
def test_a_damaged_catalogue_is_refused(identifier, enrolled, lost):
    path = catalogue_file("brand")
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist() if entry != lost}
    if lost == "the end":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for entry, data in parts.items():
                archive.writestr(entry, data)
    with pytest.raises(EnrolmentError, match="damaged"):
        searching_own(identifier, "brand")


def of_another_model(name: str) -> None:
    """Have a catalogue of this model look like one of another, whose embeddings are shorter."""
    own, _ = read_own(name)
    own = replace(own, prototypes=np.ones((len(own.faces), 8), np.float16), twins=frozenset())
    letterforms = Letterforms([own.letterforms])
    save_own(name, own, {face.id: letterforms.font_data(face.id) for face in own.faces}, "0" * 64)


def test_a_catalogue_of_another_model_is_made_anew_once(identifier, fonts, enrolled, caplog, tmp_path):
    before, encoder = read_own("brand")
    of_another_model("brand")
    picture = drawn_with(fonts / "wide" / "AcmeWide.ttf", "Signal Window")
    for _ in range(2):
        assert searching_own(identifier, "brand", alone=True).identify(picture).matches[0].family == "acme-wide"
    assert caplog.messages == ["The catalogue brand is of another model: it is made anew for this one, once."]
    own, made_with = read_own("brand")
    assert made_with == encoder and (own.faces, own.twins) == (before.faces, before.twins)
    assert (own.prototypes == before.prototypes).all()
    of_another_model("brand")
    own_font(tmp_path / "more" / "x.ttf", "lobster", "Later")
    enroll(identifier, tmp_path / "more", "brand")
    own, made_with = read_own("brand")
    assert made_with == encoder and len(own.faces) == 3 and (own.prototypes[:2] == before.prototypes).all()


def test_the_command_line_says_that_a_catalogue_is_made_anew(fonts, enrolled, tmp_path):
    of_another_model("brand")
    drawn_with(fonts / "wide" / "AcmeWide.ttf", "Signal Window").save(tmp_path / "wide.png")
    run = run_module("fontid", "identify", tmp_path / "wide.png", "--catalogue", "brand", "--alone")
    assert run.returncode == 0 and "Acme Wide" in run.stdout
    assert run.stderr == "The catalogue brand is of another model: it is made anew for this one, once.\n"


def test_prototypes_are_near_the_trained_ones(identifier):
    """They are averages of other texts by another renderer, but of the same letters."""
    for family in ("pacifico", "arimo", "playfair-display"):
        made = make_prototype(font_file(family).read_bytes(), identifier.embed_line)
        row = [face.id for face in identifier.catalogue.faces].index(f"{family}-400-normal")
        assert np.linalg.norm(made) == pytest.approx(1, abs=1e-5)
        assert made @ identifier.catalogue.prototypes_of(row)[0] > 0.9, family


def test_a_reference_is_one_dark_line():
    gray = draw_reference(font_file("lora").read_bytes(), "Portez ce vieux", 32)
    assert gray.dtype == np.uint8 and gray.min() < 60 and (gray[[0, -1]] == 255).all()
    assert 32 < gray.shape[0] < 80 < gray.shape[1]
    rows, columns = np.flatnonzero((gray < 250).any(1)), np.flatnonzero((gray < 250).any(0))
    around = [rows[0], columns[0], gray.shape[0] - 1 - rows[-1], gray.shape[1] - 1 - columns[-1]]
    assert around == pytest.approx([32 // 3] * 4, abs=2.5)


def test_the_tolerance_is_that_of_the_catalogue():
    record = read_result(Path("results/once.jsonl#twins"))
    assert record["settings"]["tolerance"] * record["metrics"]["noise_pixels"] == pytest.approx(TOLERANCE, abs=5e-4)


def test_by_the_command_line(capsys, identifier, fonts, home, tmp_path):
    def run(*arguments) -> tuple[int, str, str]:
        status = main(list(map(str, arguments)))
        return status, *capsys.readouterr()

    status, out, _ = run("enroll", fonts, "--name", "brand")
    assert status == 0 and "2 faces enrolled; brand has 2 in all, of 2 families" in out
    assert run("catalogues")[1] == "brand: acme-script, acme-wide\n"
    picture = tmp_path / "wide.png"
    drawn_with(fonts / "wide" / "AcmeWide.ttf", "Signal Window").save(picture)
    status, out, _ = run("identify", picture, "--catalogue", "brand", "--json", "--top", 1)
    assert status == 0 and json.loads(out)["matches"][0]["family"] == "acme-wide"
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"file": "wide.png", "family": "acme-wide"}))
    status, out, _ = run("evaluate", tmp_path, "--catalogue", "brand", "--alone")
    assert status == 0 and json.loads(out.splitlines()[-1])["strict"]["top1"] == 1
    assert json.loads(run("evaluate", tmp_path)[1].splitlines()[-1])["left_out"] == 1
    assert run("remove", "brand", "--family", "acme-wide")[0] == 0
    assert "removed" in run("remove", "brand")[1] and run("catalogues")[1] == ""
    assert "1 face enrolled" in run("enroll", fonts / "wide" / "AcmeWide.ttf", "--name", "one")[1]
    assert run("catalogues")[1] == "one: acme-wide\n"
    for arguments, told in (
        (("identify", picture, "--catalogue", "brand"), "No catalogue is named brand"),
        (("identify", picture, "--alone"), "--alone needs --catalogue"),
        (("enroll", tmp_path / "none", "--name", "x"), "does not exist: name a font file"),
        (("enroll", tmp_path, "--name", "x"), "no ttf, otf, woff or woff2 file"),
    ):
        status, _, err = run(*arguments)
        assert status == 2 and told in err


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_stopped_enrolment_leaves_the_catalogue_as_it_was(identifier, fonts, enrolled, monkeypatch, tmp_path, step):
    own_font(tmp_path / "more" / "x.ttf", "lobster", "Later")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"fontid.catalogue.own.os.{step}", full)
        with pytest.raises(EnrolmentError, match="No space left on device.; it is what it was before"):
            enroll(identifier, tmp_path / "more", "brand")
    assert len(open_own(identifier, "brand").faces) == 2
    assert sorted(path.name for path in catalogue_file("brand").parent.iterdir()) == [".brand.lock", "brand.zip"]


def test_a_killed_removal_leaves_the_catalogue_as_it_was(identifier, enrolled):
    """Killed at the last moment, by whatever call puts files in place."""
    killed = """
import os, pathlib
from fontid.letters.letterforms import Letterforms
from fontid.catalogue.own import remove
os.replace = pathlib.Path.rename = lambda *_: os._exit(9)
remove("brand", "acme-script")
"""
    assert run_command(sys.executable, "-c", killed).returncode == 9
    assert catalogue_names() == ["brand"] and len(open_own(identifier, "brand").faces) == 2
    remove("brand", "acme-script")  # what was left does not stand in the way
    assert [face.family for face in open_own(identifier, "brand").faces] == ["acme-wide"]


def test_enrolments_at_once_lose_nothing(identifier, enrolled, tmp_path):
    for number, family in enumerate(("lobster", "playfair-display")):
        own_font(tmp_path / family / "x.ttf", family, f"Later {number}")
    with ThreadPoolExecutor() as pool:
        added = pool.map(lambda family: enroll(identifier, tmp_path / family, "brand"), ("lobster", "playfair-display"))
        removed = pool.submit(remove, "brand", "acme-script")
        assert [len(one.added) for one in added] == [1, 1] and "Removed" in removed.result()
    families = sorted(face.family for face in open_own(identifier, "brand").faces)
    assert families == ["acme-wide", "later-0", "later-1"]
