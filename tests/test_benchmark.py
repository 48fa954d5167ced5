"""What the benchmarks draw: seeds, texts, colours, noise, photographs; a few pictures through Chromium itself."""

import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.compare import compare, mcnemar
from benchmarks.measure_cost import FACE, cost_of, draw_page
from benchmarks.measure_cost import main as measure_cost
from benchmarks.protocols import GOOGLE_FONTS_BENCH, PROTOCOLS, cut, noisy_at_224, wrap
from benchmarks.recipes import FONTBENCH, STAND_INS
from benchmarks.render import main
from data_scripts.chromium import TextBox, draw_boxes
from data_scripts.photograph import LUMA, contrasting_ink, perspective, photograph, place_in_view, project
from data_scripts.texts import words_of
from fontid.catalogue.faces import regular_faces
from fontid.evaluation.experiment import read_result
from fontid.evaluation.folders import Sample, read_manifest
from fontid.settings import DEFAULTS
from tests.conftest import FONTS, draw


@pytest.fixture(scope="module")
def drawings(faces, open_face):
    """Protocol, seed -> its drawings, before any browser."""
    return lambda protocol, seed=5: list(PROTOCOLS[protocol](np.random.default_rng(seed), faces, open_face, "test"))


def described(drawing) -> tuple:
    return drawing.box, drawing.suffix, drawing.condition, getattr(drawing.finish, "keywords", None)


def lumas(box: TextBox) -> list[float]:
    """Of ink and ground, as the box's style tells Chromium."""
    colours = re.findall(r"rgb\((\d+),(\d+),(\d+)\)", box.style)
    assert len(colours) == 2
    return [float(np.array(colour, float) @ LUMA) for colour in colours]


# the others: tests/test_effects.py, test_places.py, and below
PLAIN = sorted(set(PROTOCOLS) - {"effects", "grounds", "photolike", "axes", "sizes", "earlier", "fontbench"})


@pytest.mark.parametrize("protocol", sorted(set(PLAIN) - {"abrupt"}))
def test_a_seed_repeats_and_another_differs(drawings, protocol):
    first, again, other = ([*map(described, drawings(protocol, seed))] for seed in (5, 5, 6))
    assert first == again != other


@pytest.mark.parametrize("protocol", ["chars", "abrupt", "words", "para", "body", "photo", "small"])
def test_every_family_once_in_its_regular_face(drawings, faces, protocol):
    assert [drawing.box.face for drawing in drawings(protocol)] == list(regular_faces(faces))


def test_every_weight_and_slope_once(drawings, faces):
    assert [drawing.box.face for drawing in drawings("styles")] == faces


def test_only_faces_of_earlier_versions_are_drawn_as_such(faces, open_face):
    old = replace(faces[0], id=f"{faces[0].id}-v1.0", version="1.0")
    drawn = list(PROTOCOLS["earlier"](np.random.default_rng(5), [*faces, old], open_face, "test"))
    assert {drawing.box.face for drawing in drawn} == {old} and len({drawing.box.text for drawing in drawn}) > 6


@pytest.mark.parametrize("protocol", ["words", "para", "body", "styles", "googlefontsbench", "photo"])
def test_texts_are_drawable_words_that_were_never_trained_on(drawings, open_face, protocol):
    known = {word.casefold() for language in words_of("test") for word in language}
    for drawing in drawings(protocol):
        text = drawing.box.text
        assert open_face(drawing.box.face).charset.issuperset(text.replace("\n", "").replace(" ", ""))
        words = re.split(r"[,.]?\s", text + " ")[: -2 if protocol == "googlefontsbench" else -1]  # its last word is cut
        assert words or protocol == "googlefontsbench"
        assert {word.casefold() for word in words} <= known


def test_numbers_hold_digits_and_no_letter(drawings, faces):
    many = [drawing for seed in range(5) for drawing in drawings("numbers", seed)]
    texts = [drawing.box.text for drawing in many]
    assert [drawing.box.face for drawing in many[: len(many) // 5]] == list(regular_faces(faces))
    assert all(any(map(str.isdigit, text)) and not any(map(str.isalpha, text)) for text in texts)
    for kind in (r"\d{4}", r"[$€£]?\d+\.\d\d", r"\d+%", r"\d\d\.\d\d\.\d{4}", r"\d{4}-\d\d-\d\d", r"\d+:\d\d"):
        assert any(re.fullmatch(kind, text) for text in texts), kind


def test_words(drawings):
    many = [drawing for seed in range(5) for drawing in drawings("words", seed)]
    assert {len(drawing.box.text.split()) for drawing in many} == {2, 3, 4, 5}
    assert all(abs(ink - ground) >= 80 for ink, ground in (lumas(drawing.box) for drawing in many))
    assert any(drawing.box.text.isupper() for drawing in many) and any(drawing.box.text.islower() for drawing in many)
    assert all(55 <= drawing.finish.keywords["quality"] <= 95 for drawing in many)
    spacings = [float(re.search(r"letter-spacing:(-?[\d.]+)em", drawing.box.style)[1]) for drawing in many]
    assert 0.2 < np.mean(np.array(spacings) != 0) < 0.6


@pytest.mark.parametrize(("protocol", "count", "sizes"), [("para", 3, range(18, 29)), ("body", 5, range(13, 18))])
def test_running_text(drawings, open_face, protocol, count, sizes):
    for drawing in drawings(protocol):
        lines = drawing.box.text.split("\n")
        assert len(lines) == count and drawing.box.pixels in sizes
        font = open_face(drawing.box.face).at(drawing.box.pixels)
        assert max(map(font.getlength, lines)) <= 34 * drawing.box.pixels


def test_half_of_the_body_is_light_on_dark(drawings):
    light = [ink > ground for ink, ground in (lumas(drawing.box) for drawing in drawings("body"))]
    assert abs(sum(light) - len(light) / 2) <= 0.5
    assert all(abs(ink - ground) > 100 for ink, ground in (lumas(drawing.box) for drawing in drawings("body")))


def test_googlefontsbench(drawings, faces):
    many = drawings("googlefontsbench")
    assert len(GOOGLE_FONTS_BENCH) == len(set(GOOGLE_FONTS_BENCH)) == 31
    expected = {face.id: 3 for face in faces if face.family in GOOGLE_FONTS_BENCH}
    assert Counter(drawing.box.face.id for drawing in many) == expected and "lobster-400-normal" not in expected
    assert all(20 <= len(drawing.box.text) <= 100 for drawing in many)
    assert all(abs(ink - ground) >= 80 for ink, ground in (lumas(drawing.box) for drawing in many))


def test_text_is_cut_and_wrapped_where_told():
    text = "one three five seven nine eleven"
    assert [cut(iter(text.split()), length) for length in (1, 3, 4, 5)] == ["o", "one", "one", "one t"]
    assert list(wrap(["one", "three", "extraordinary", "a"], len, 9)) == ["one three", "extraordinary", "a"]


def test_noise_has_a_tenth_of_the_scale():
    flat = Image.new("RGB", (900, 150), (120, 128, 136))
    noisy = np.asarray(Image.open(io.BytesIO(noisy_at_224(flat, seed=1))), float)
    assert noisy.shape == (224, 1344, 3)
    assert noisy.std(axis=(0, 1)) == pytest.approx([25.5] * 3, abs=0.3)
    assert noisy.mean(axis=(0, 1)) == pytest.approx([120, 128, 136], abs=0.5)


def test_frb_never_spells_the_drawn_font_and_draws_each_text_in_two_sizes(drawings):
    many = drawings("frb")
    names = {drawing.box.face.name for drawing in many}
    assert len(names) == 3  # of the eight, those in tests/fonts.zip
    hard = [drawing.box for drawing in many if drawing.condition == "hard"]
    assert all(box.text in names - {box.face.name} for box in hard)
    counts = Counter((drawing.box.face.name, drawing.condition, drawing.box.pixels) for drawing in many)
    assert counts == {
        (name, kind, size): n for name in names for kind, n in (("easy", 10), ("hard", 2)) for size in (32, 40)
    }


def test_fontbench_draws_every_modifier_in_every_weight_there_is(drawings, faces):
    """One pangram in boxes of the recipe's widths; a family is drawn italic only where it has that face."""
    many = drawings("fontbench")
    known = {(face.family, face.weight, face.italic) for face in faces}
    for drawing in many:
        face, style = drawing.box.face, drawing.box.style
        assert face.family in FONTBENCH + STAND_INS and face.weight in (200, 400, 700, 900)
        assert len(drawing.box.text) == 44
        assert ("underline" in style, "line-through" in style, "small-caps" in style).count(True) <= (not face.italic)
    roboto = Counter(drawing.condition for drawing in many if drawing.box.face.family == "roboto")
    weights = sum(("roboto", weight, False) in known for weight in (200, 400, 700, 900))
    assert [roboto[name] for name in ("underline", "strike-through", "small capitals")] == [weights] * 3
    assert roboto["italic"] == sum(("roboto", weight, True) in known for weight in (200, 400, 700, 900))
    assert {drawing.condition for drawing in many if drawing.box.face.family == "arimo"} == {"stand-in"}


def test_a_photograph_is_sized_as_told_and_repeats():
    drawn = draw("Signal", "lora", 110)
    first, again, other = (photograph(drawn, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() and first.mode == "RGB" and first.size != other.size
    assert all(500 <= picture.width <= 1200 for picture in (first, other))


def test_photographed_letters_stay_within_the_picture_and_tilt(rng):
    drawn = draw("Signal", "lora", 110)
    ink = (255 - np.asarray(drawn, float)).sum()
    areas, heights = [], []
    for _ in range(20):
        view = place_in_view(drawn, rng, 800, 500)
        left, top, right, bottom = view.getbbox()
        assert left > 0 and top > 0 and right < 800 and bottom < 500
        areas.append(np.asarray(view, float).sum() / ink)
        heights.append((bottom - top) / (right - left))
    assert min(areas) > 0.2 and np.std(heights) > 0.02


def test_perspective_takes_the_seen_corners_to_the_drawn_ones():
    corners = project(400, 100, 0.4, 0.3, 0.1) + 500
    a, b, c, d, e, f, g, h = perspective(corners, (400, 100))
    x, y = corners.T
    depth = g * x + h * y + 1
    drawn = np.stack([(a * x + b * y + c) / depth, (d * x + e * y + f) / depth], 1)
    assert drawn == pytest.approx(np.array([[0, 0], [400, 0], [400, 100], [0, 100]]), abs=1e-6)
    # the side that is turned away looks shorter
    assert np.linalg.norm(corners[1] - corners[2]) < np.linalg.norm(corners[0] - corners[3])


def test_painted_letters_stand_out(rng):
    for ground in ([20, 20, 20], [128, 128, 128], [240, 230, 220]):
        assert all(abs((contrasting_ink(rng, np.array(ground)) - ground) @ LUMA) >= 90 for _ in range(50))


def test_chromium_draws_every_protocol_with_its_own_fonts(chromium, drawings, open_face):
    """In one browser: letters are as wide as the face's own, whole in their box, and finished into a picture."""
    chosen = [drawing for protocol in PLAIN for drawing in drawings(protocol)[2::9][:2]]
    for drawing, image in zip(chosen, draw_boxes([drawing.box for drawing in chosen], FONTS), strict=True):
        picture = Image.open(io.BytesIO(drawing.finish(image)))
        picture.load()
        assert {"JPEG": ".jpg", "PNG": ".png"}[picture.format] == drawing.suffix
        ground = np.asarray(image.convert("L"), float)[0, 0]
        inked = np.abs(np.asarray(image.convert("L"), float) - ground) > 30
        rows, columns = (np.flatnonzero(inked.any(axis)) for axis in (1, 0))
        assert rows[0] > 0 and rows[-1] < image.height - 1 and columns[0] > 0 and columns[-1] < image.width - 1
        spaced = re.search(r"letter-spacing:(-?[\d.]+)em", drawing.box.style)
        spacing = float(spaced[1]) * drawing.box.pixels if spaced else 0
        width = open_face(drawing.box.face).at(drawing.box.pixels).getlength
        expected = max(width(line) + spacing * (len(line) - 1) for line in drawing.box.text.split("\n"))
        assert columns[-1] - columns[0] == pytest.approx(expected, rel=0.04, abs=5), drawing.box


def test_without_chromium_there_is_a_sentence_and_no_manifest(prepared, tmp_path, monkeypatch):
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit, match="install Chromium"):
        main(["abrupt", "--out", str(tmp_path), "--fonts", str(FONTS), "--faces", str(prepared / "faces.jsonl")])
    assert not (tmp_path / "manifest.jsonl").exists()


def test_a_folder_repeats_byte_for_byte_and_can_be_evaluated(chromium, prepared, faces, tmp_path, monkeypatch):
    monkeypatch.setenv("FONTID_DATA", str(prepared))
    table = tmp_path / "faces.jsonl"
    rows = (prepared / "faces.jsonl").read_text().splitlines(keepends=True)
    table.write_text("".join(row for row in rows if json.loads(row)["family"] in {"lora", "lobster", "marcellus"}))
    folders = [tmp_path / name for name in ("first", "again")]
    for folder in folders:
        main(["words", "--seed", "4", "--out", str(folder), "--faces", str(table), "--fonts", str(FONTS)])
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert files[0] == files[1] and len(files[0]) == 4
    samples = read_manifest(folders[0])
    assert [sample.family for sample in samples] == ["lobster", "lora", "marcellus"]
    assert [sample.groups for sample in samples] == [
        ("words", "trained family"), ("words", "trained family"), ("words", "held-out family"),
    ]  # fmt: skip
    for sample in samples:
        luma = np.asarray(Image.open(sample.file).convert("L"), float)
        assert sample.weight == 400 and np.ptp(luma) >= 70  # 80 in the style, less what thin lines and JPEG take


def test_answers_are_compared_with_the_baseline(identifier):
    def row(family: str, probability: float) -> dict:
        return {"families": [family], "probability": probability, "in_catalogue": 0.9, "cpu_seconds": 1.0}

    samples = {name: Sample(Path(name), "pacifico", None, False, ()) for name in "abc"} | {"d": None}
    before = {"a": row("pacifico", 0.9), "b": row("lora", 0.9), "c": row("pacifico", 0.9), "d": row("lora", 0.5)}
    after = {"a": row("lora", 0.9), "b": row("lora", 0.88), "c": row("pacifico", 0.9), "d": row("lora", 0.5)}
    found = compare(before, after, samples, identifier.catalogue)
    assert (found["n"], found["same_first_row"], found["lost"], found["won"]) == (4, 3, 1, 0)
    assert found["differing"] == {"a": ["first row"], "b": ["probability"]}
    assert mcnemar(5, 0) == 2 / 32 and mcnemar(3, 3) == 1.0 and mcnemar(0, 0) == 1.0


# --- what a whole picture costs, in a process of its own


@pytest.mark.slow
@pytest.mark.parametrize(("megapixels", "suffix", "most"), [(4, ".jpg", 500), (4, ".png", 500), (50, ".jpg", 800)])
def test_memory(tmp_path, megapixels, suffix, most):
    file = tmp_path / f"page{suffix}"
    file.write_bytes(draw_page(megapixels, suffix))
    cost = cost_of(file)
    assert cost["first"] == "lora" and cost["peak_mb"] <= most


@pytest.mark.slow
def test_costs_are_written_for_every_kind_and_size(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.measure_cost.MEGAPIXELS", (0.5,))
    monkeypatch.setattr("benchmarks.measure_cost.FACES", (FACE,))
    monkeypatch.setattr("benchmarks.measure_cost.KINDS", {"line": (1, 3, 32)})
    measure_cost(["--results", str(tmp_path / "cost.json")])
    metrics = read_result(tmp_path / "cost.json")["metrics"]
    drawing, kinds, pages = metrics["drawing"], metrics["kinds"], metrics["pages"]
    assert drawing["faces_drawn"] > DEFAULTS.drawing.first
    assert drawing["warm_milliseconds"] < drawing["cold_milliseconds"]
    assert set(pages) == {"0.5 MP png", "0.5 MP jpg", "900 x 14,000 png"}
    assert all(150 < one["peak_mb"] < 900 and one["next_seconds"] < one["first_seconds"] for one in pages.values())
    assert set(kinds) == {"line", "photograph", "page"}
    for found in kinds.values():
        stages = dict(found["cpu_seconds"])
        assert stages.pop("whole") == pytest.approx(sum(stages.values()), abs=0.003)
        assert all(stages[stage] > 0 for stage in ("detector", "recogniser", "encoder", "drawing"))
        assert found["rapidocr"] > 0
