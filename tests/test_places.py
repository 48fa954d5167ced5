"""Which faces a variable font holds, and the table of them."""

import dataclasses
import io
import json
import string
from types import SimpleNamespace

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.TupleVariation import TupleVariation

from benchmarks.protocols import PROTOCOLS
from data_scripts.make_faces import faces_of_family
from data_scripts.make_letterforms import main as make_letterforms
from data_scripts.places import places, usual_place
from data_scripts.renderers import unpack
from data_scripts.texts import DRAWABLE
from fontid.catalogue.faces import read_faces, regular_face, write_faces
from fontid.letters.letterforms import EM, Letterforms
from tests.conftest import square_font

AXES = (("wght", 400, 400, 700), ("wdth", 75, 100, 125), ("opsz", 8, 8, 72), ("slnt", -10, 0, 0), ("CASL", 0, 1, 1))


@pytest.fixture
def family(tmp_path):
    """A folder as fetched, with a font of squares that grow with wdth; the metadata says that CASL is usually 0."""
    folder = tmp_path / "fonts" / "box"
    folder.mkdir(parents=True)
    builder = square_font(string.ascii_lowercase, "Box")
    instances = [{"location": {tag: default for tag, _, default, _ in AXES}, "stylename": "Casual"}]
    builder.setupFvar([(*axis, axis[0]) for axis in AXES], instances)
    wider = [(0, 0)] * 4 + [(0, 0), (100, 0), (0, 0), (0, 0)]
    letters = [f"u{ord(letter)}" for letter in string.ascii_lowercase]
    builder.setupGvar({letter: [TupleVariation({"wdth": (0, 1, 1)}, wider)] for letter in letters} | {".notdef": []})
    font = builder.font
    font.flavor = "woff2"
    font.save(folder / "box-latin-full-normal.woff2")
    font.save(folder / "box-latin-ext-full-normal.woff2")
    usual = {"wght": {"default": "400"}, "CASL": {"default": "0"}}
    metadata = {"id": "box", "family": "Box", "variable": usual, "license": {"type": "OFL-1.1", "attribution": "Me"}}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    (folder / "source.json").write_text('{"id": "box", "version": "1", "source": "npm"}')
    return folder


def test_axes_vary_one_at_a_time_with_every_slant(family):
    with TTFont(family / "box-latin-full-normal.woff2") as font:
        found = list(places(font, {"CASL": 0.0}))
        usual = usual_place(font, {"CASL": 0.0})
    assert usual == {"wght": 400, "wdth": 100, "opsz": 14, "slnt": 0, "CASL": 0}
    variations = {(p["wdth"], p["opsz"], p["CASL"]) for p in found}
    widths = {(width, 14, 0) for width in (75, 87.5, 100, 112.5, 125)}
    assert variations == widths | {(100, 8, 0), (100, 72, 0), (100, 14, 1)}
    assert len(found) == (4 + 2 * 4 + 5 * 2) * 2  # unusual ones, but for sizes, at regular, bold and the ends of weight
    assert {p["wght"] for p in found if p["opsz"] == 72} == {400, 500, 600, 700}
    assert {p["wght"] for p in found if p["wdth"] == 75} == {400, 700}
    assert found[0] == usual


def test_a_long_axis_of_optical_sizes_has_a_face_for_headlines_unless_the_font_has_axes_of_its_own():
    def sizes(largest: int, *own: str) -> set[float]:
        axes = [SimpleNamespace(axisTag="opsz", minValue=8, defaultValue=14, maxValue=largest)]
        axes += [SimpleNamespace(axisTag=tag, minValue=0, defaultValue=0, maxValue=1) for tag in own]
        font = {"fvar": SimpleNamespace(axes=axes, instances=[])}
        return {place["opsz"] for place in places(font, {})}

    assert sizes(72) == sizes(72, "GRAD") == {8, 14, 36, 72}
    assert sizes(72, "SOFT") == {8, 14, 72}
    assert sizes(32) == {8, 14, 32}


@pytest.fixture
def faces(family):
    return faces_of_family(family, family.parent / "ttf")


def test_the_table_of_a_variable_family(faces, tmp_path):
    assert len({face.id for face in faces}) == len(faces) == 44
    regular = regular_face(faces)
    assert regular.id == "box-400-normal" and regular.source == "npm" and regular.axes["opsz"] == 14
    assert {"box-700-italic-wdth75", "box-400-normal-CASL1", "box-400-italic-opsz72"} < {face.id for face in faces}
    write_faces(faces, tmp_path / "faces.jsonl")
    assert read_faces(tmp_path / "faces.jsonl") == faces


def test_a_table_without_axes_is_still_read(tmp_path, faces):
    row = dataclasses.asdict(faces[0])
    del row["axes"], row["source"]
    (tmp_path / "faces.jsonl").write_text(json.dumps(row) + "\n")
    (face,) = read_faces(tmp_path / "faces.jsonl")
    assert face.axes == {} and face.source == "google"


def test_a_face_is_unpacked_at_its_axes(family, faces, tmp_path):
    widths = {}
    for face in faces:
        if face.weight == 400 and not face.italic and face.axes["opsz"] == 14 and face.axes["CASL"] == 0:
            with TTFont(unpack(family.parent / face.file, tmp_path / "ttf", face.axes)) as font:
                assert "fvar" not in font
                widths[face.axes["wdth"]] = font["hmtx"]["u97"][0]
    assert widths == {75: 600, 87.5: 600, 100: 600, 112.5: 650, 125: 700}


def test_a_variable_font_among_the_letterforms_draws_each_of_its_faces(family, faces, tmp_path):
    write_faces(faces, tmp_path / "faces.jsonl")
    folders = ("--fonts", str(family.parent), "--out", str(tmp_path / "letterforms"))
    make_letterforms(["--faces", str(tmp_path / "faces.jsonl"), *folders, "--num-proc", "1"])
    (file,) = (tmp_path / "letterforms").glob("*.zip")
    letterforms = Letterforms([file], faces)
    for face in faces:
        assert face.id in letterforms
        with TTFont(io.BytesIO(letterforms.font_data(face.id))) as font:
            assert "fvar" not in font
        wider = max(0.0, face.axes["wdth"] - 100) / 25
        assert letterforms.layout(face.id, "ab") == pytest.approx([0, 0.6 + 0.1 * wider], abs=1 / EM)
    assert faces[0].id not in Letterforms([file])  # without a table nobody knows where it lies on the axes


def test_the_style_of_a_face_says_what_is_unusual(faces):
    style = {face.id: face.style for face in faces}
    assert style["box-400-normal"] == "Regular" and style["box-700-italic-wdth75"] == "Bold Italic, Condensed"
    assert style["box-400-normal-opsz72"] == "Regular, opsz 72" and style["box-400-normal-CASL1"] == "Regular, CASL 1"


def boxes_of(protocol: str, faces: list, seed: int) -> list:
    """What a protocol draws of these faces and of a family without axes."""
    static = dataclasses.replace(faces[0], id="flat-400-normal", family="flat", axes={})
    opened = SimpleNamespace(charset=DRAWABLE)
    drawings = PROTOCOLS[protocol](np.random.default_rng(seed), [static, *faces], lambda face: opened, "test")
    return [drawing.box for drawing in drawings]


def test_the_axes_protocol_draws_a_face_off_the_usual_place_of_every_family_that_has_one(faces):
    ids = [[box.face.id for box in boxes_of("axes", faces, seed)] for seed in (*range(12), 0)]
    assert ids[0] == ids[-1] and len({tuple(found) for found in ids}) > 3
    assert all(len(found) == 1 and found[0].count("-") > 2 for found in ids)


def test_the_sizes_protocol_draws_every_weight_at_the_size_that_a_browser_chooses(faces):
    boxes = boxes_of("sizes", faces, 1)
    assert [(box.face.family, box.face.weight) for box in boxes] == [("box", w) for w in (400, 500, 600, 700)]
    assert len({box.face.id for box in boxes}) == 4, "each has a font of its own on the page"
    for box in boxes:
        assert box.face.axes["opsz"] == min(72, box.pixels) and not box.face.italic
        assert box.face.axes["wght"] == box.face.weight and box.face.axes["wdth"] == 100
