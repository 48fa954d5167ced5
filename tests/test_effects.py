"""Conditions drawn on words, pictures without any, and what evaluation says of both."""

import io
import json
import random
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.effects import CONDITIONS, EDGES, HELD_OUT_CONDITIONS, NO_EDGE, effects, fringed
from benchmarks.grounds import grounds
from benchmarks.recipes import composed, photolike, seen_frontally
from benchmarks.render import main, row_of
from benchmarks.run import over_conditions
from benchmarks.tables import conditions
from data_scripts import fetch_grounds
from data_scripts.chromium import draw_boxes
from data_scripts.fetch_grounds import Package, Picture
from data_scripts.texts import words_of
from fontid.catalogue.faces import by_family
from fontid.evaluation.folders import read_manifest, summarise
from tests.conftest import FONTS, encode
from tests.test_evaluation import catalogue, judged, match  # noqa: F401


@pytest.fixture
def photos(monkeypatch, tmp_path):
    """FONTID_DATA with four photographs to test with and none to train with."""
    monkeypatch.setenv("FONTID_DATA", str(tmp_path))
    folder = tmp_path / "grounds" / "test"
    folder.mkdir(parents=True)
    for number in range(4):
        noisy = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noisy).save(folder / f"{number}.jpg")
    return folder


@pytest.fixture
def drawn(photos, faces, open_face):
    return list(effects(np.random.default_rng(3), faces, open_face, "test", count=2))


def test_the_conditions_never_trained_on_are_those_of_the_lot():
    assert sorted(random.Random(21).sample(list(CONDITIONS), 6)) == list(HELD_OUT_CONDITIONS)
    assert set(EDGES) < set(CONDITIONS) and NO_EDGE not in CONDITIONS and len(CONDITIONS) == 48


def test_every_condition_as_often_and_words_that_were_never_trained_on(drawn, open_face):
    assert Counter(drawing.condition for drawing in drawn) == {name: 2 for name in CONDITIONS} | {NO_EDGE: 4}
    known = {word.casefold() for language in words_of("test") for word in language}
    for drawing in drawn:
        assert {word.casefold() for word in drawing.box.text.split()} <= known
        assert open_face(drawing.box.face).charset.issuperset(drawing.box.text.replace("\n", "").replace(" ", ""))


def test_a_condition_draws_the_same_however_many_there_are_of_others(drawn, photos, faces, open_face):
    more = effects(np.random.default_rng(3), faces, open_face, "test", count=3)
    assert [one for one in drawn if one.condition == "wave"] == [one for one in more if one.condition == "wave"][:2]


def test_families_are_drawn_as_often_as_their_chances_say(photos, faces, open_face):
    families = list(by_family(faces))
    chances = np.array([0.75, 0.25] + [0.0] * (len(families) - 2))
    more = effects(np.random.default_rng(3), faces, open_face, "test", count=4, chances=chances)
    drawn = Counter(drawing.box.face.family for drawing in more if drawing.condition != NO_EDGE)
    assert set(drawn) == set(families[:2])
    assert 0.65 < drawn[families[0]] / drawn.total() < 0.85


def test_a_missing_photograph_is_a_sentence(photos, faces, open_face):
    with pytest.raises(SystemExit, match="fetch_grounds"):
        next(effects(np.random.default_rng(3), faces, open_face, "validation"))


def test_a_count_is_only_for_protocols_that_take_one(capsys):
    with pytest.raises(SystemExit):
        main(["words", "--count", "3", "--out", "nowhere"])
    assert "--count is for effects, grounds, pages" in capsys.readouterr().err


def test_chromium_draws_every_condition(chromium, drawn, faces):
    images = {}
    for drawing, image in zip(drawn, draw_boxes([drawing.box for drawing in drawn], FONTS), strict=True):
        images.setdefault(drawing.condition, []).append(Image.open(io.BytesIO(drawing.finish(image))).convert("RGB"))
        luma = np.asarray(image.convert("L"), float)
        middle = luma[len(luma) // 5 : -len(luma) // 5]
        assert np.ptp(middle) > 25, drawing  # letters are there
    for number, edge in enumerate(images["edge-1px"] + images["edge-3px"]):
        differs = np.any(np.asarray(edge) != np.asarray(images[NO_EDGE][number]), -1)
        inside = differs[3:-3, 3:-3]
        assert differs.any() and not inside.any(), "an edge moves or hides letters"
    assert all(image.height > image.width for name in ("turned-90", "turned-270") for image in images[name])
    assert all(np.ptp(np.asarray(image, int), -1).max() > 20 for image in images["lcd"])  # coloured fringes


def test_a_pixel_takes_its_colours_from_its_thirds():
    wide = np.full((4, 30, 3), 255, np.uint8)
    wide[:, 15:] = 0  # an edge between two pixels: blue of the left one is darkened, red of the right one brightened
    narrow = np.asarray(Image.open(io.BytesIO(fringed(Image.fromarray(wide)))), int)
    assert narrow.shape == (4, 10, 3)
    red, green, blue = narrow[0, 4]
    assert red > green > blue and narrow[0, 5, 0] > narrow[0, 5, 2] == 0


def test_photolike_words_are_whole_and_stand_out_and_repeat(photos, faces, open_face):
    """Seven to twelve letters; no letter clipped; hard pictures are noisier than easy ones."""
    many = list(photolike(np.random.default_rng(1), faces, open_face, "test"))
    assert all(7 <= len(drawing.box.text) <= 12 for drawing in many) and len(many) == len({f.family for f in faces})
    drawn = Image.new("RGB", (700, 300), "white")
    ImageDraw.Draw(drawn).rectangle([100, 100, 600, 200], fill="black")
    noise = {}
    for level in ("easy", "medium", "hard"):
        for kind in ("texture", "scene", "object"):
            made = [composed(drawn, photos / "0.jpg", kind, level, seed, 90) for seed in (1, 1, 2)]
            assert made[0] == made[1] != made[2]
            gray = np.asarray(Image.open(io.BytesIO(made[0])).convert("L"), float)
            assert gray.shape == (300, 700)
            noise[level, kind] = np.abs(np.diff(gray[120:180, 120:580], axis=1)).mean()
    assert noise["easy", "object"] < noise["medium", "object"] < noise["hard", "object"]
    ink = seen_frontally(drawn, np.random.default_rng(0))
    assert ink.sum() == pytest.approx(501 * 101, rel=0.06) and ink[[0, -1]].max() == ink[:, [0, -1]].max() == 0


def test_grounds_are_of_every_kind_and_have_no_text(photos, faces, tmp_path):
    many = list(grounds(np.random.default_rng(1), faces, None, "test", count=12))
    assert Counter(drawing.condition for drawing in many) == {"photograph": 6, "gradient": 2, "chart": 2, "noise": 2}
    assert len({drawing.box.style.split("background:")[1] for drawing in many[:3]}) == 3
    rows = [row_of("x.jpg", drawing, "grounds") for drawing in many]
    assert all(row["family"] is None and "text" not in row for row in rows)
    assert not any("<text" in drawing.box.markup for drawing in many)


def test_only_a_refusal_is_right_without_text(tmp_path, catalogue):  # noqa: F811
    cases = (
        ({"family": None, "weight": 400, "condition": "noise"}, []),
        ({"family": None, "condition": "noise"}, [match("a")]),
        ({"family": "a", "condition": "words"}, []),
        ({"family": "a", "condition": "words"}, [match("a")]),
    )
    summary = summarise(*judged(tmp_path, catalogue, *cases))
    assert (summary["n"], summary["families"], summary["left_out"]) == (4, 1, 0)
    noise, words = summary["by"]["noise"], summary["by"]["words"]
    assert noise["refused"] == words["refused"] == 0.5 == noise["twins"]["top1"] == words["twins"]["top1"]
    assert "styles" not in summary  # a weight says nothing where there is no font
    assert not any(sample.spells_its_family for sample in read_manifest(tmp_path))


def part(top1: float, n: int = 10, refused: float = 0.0) -> dict:
    accuracy = {"top1": top1, "top5": 1.0}
    return {"n": n, "strict": accuracy, "twins": accuracy, "refused": refused}


def test_conditions_count_the_same_and_held_out_ones_stand_apart(tmp_path, monkeypatch):
    by = {"effects": part(0.1), "glow": part(0.2, 30), "marker": part(0.6, 10, 0.5), "card": part(1.0)}
    by |= {"edge-1px": part(0.4), "edge-3px": part(0.8), NO_EDGE: part(0.9, 20)}
    found = over_conditions(by)
    assert found["held_out_conditions"]["twins"]["top1"] == 0.4 and found["held_out_conditions"]["n"] == 40
    assert found["held_out_conditions"]["conditions"] == ["glow", "marker"]
    assert found["held_out_conditions"]["refused"] == 0.25
    assert found["all_conditions"]["twins"]["top1"] == 0.6  # neither the whole protocol nor the twins without edges
    assert (found["edges"]["twins"]["top1"], found["without_edges"]["twins"]["top1"]) == (0.6, 0.9)
    file = tmp_path / "results" / "benchmarks" / "effects.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"by": by} | found))
    monkeypatch.setattr("benchmarks.tables.ROOT", tmp_path)
    assert (
        "| never trained on: glow, marker | 40 | 40.0 |" in conditions()
        and "| glow (never trained on) |" in conditions()
    )


def test_every_package_of_grounds_has_a_version_and_a_free_licence():
    packages = fetch_grounds.read_packages(fetch_grounds.PACKAGES)
    assert {package.registry for package in packages} == {"debian", "pypi"}
    assert all(package.version and package.licence.startswith(("GPL", "CC-BY", "MIT")) for package in packages)


def test_a_package_that_cannot_be_had_is_a_sentence(tmp_path):
    package = Package("debian", "no-such-package", "1", "MIT", "", "")
    with pytest.raises(fetch_grounds.FetchError, match="no-such-package"):
        fetch_grounds.fetch(package, tmp_path)
    assert not (tmp_path / "no-such-package-1").exists()  # a later run tries again


PACKAGE = Package("debian", "walls", "1", "GPL-2+", r"\.png$", "logo")


def test_pictures_of_a_package(tmp_path):
    looks = [np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8) for side in (8, 16)]
    sizes = [encode(Image.fromarray(look), "PNG") for look in looks]
    for name, content in {"a-8x8.png": sizes[0], "a-16x16.png": sizes[1], "logo.png": sizes[0], "b.txt": b""}.items():
        (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "more.pk3", "w") as archive:
        archive.writestr("wall/brick.png", sizes[0])
    found = list(fetch_grounds.pictures_in(PACKAGE, tmp_path))
    assert sorted(picture.path for picture in found) == ["a-16x16.png", "wall/brick.png"]


def test_pictures_alike_are_on_one_side():
    looks = [np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8) for number in range(40)]
    sides = fetch_grounds.Sides()
    kept = {"train": 0, "test": 0}
    for number, look in enumerate(looks):
        name = "stone" + chr(97 + number % 26) + chr(97 + number // 26)
        first = sides.side_of(Picture(PACKAGE, f"{name}.png", b""), Image.fromarray(look))
        darker = Image.fromarray(look // 2).resize((48, 48))
        assert sides.side_of(Picture(PACKAGE, f"other{number}{name}.png", b""), darker) == first
        kept[first] += 1
    assert min(kept.values()) > 1
    assert Picture(PACKAGE, "stone-1.png", b"").split == Picture(PACKAGE, "stone-22.png", b"").split


def test_crops_are_square_and_show_something(rng):
    noisy = Image.fromarray(rng.integers(0, 256, (700, 900, 3), np.uint8)).convert("RGBA")
    crops = list(fetch_grounds.crops_of(noisy, rng))
    assert crops and all(crop.size == (256, 256) and crop.mode == "RGB" for crop in crops)
    assert not list(fetch_grounds.crops_of(Image.new("RGBA", (900, 700), "red"), rng))
    noisy.putalpha(100)
    for picture in (noisy, noisy.resize((200, 900))):
        assert not list(fetch_grounds.crops_of(picture, rng))
