"""Lines in other scripts and what is learned of them, with DejaVu's letters under the names of packages' files."""

import json
import shutil
import string
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

pytest.importorskip("sklearn")

from data_scripts import draw_scripts
from data_scripts.fetch_scripts import script_files
from fontid.text.scripts import ScriptClassifier
from train import train_scripts
from train.train_scripts import GREEK, LETTERS, Look, fit, measure

DEJAVU = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A folder of two families, one of them for validation; FONTID_DATA with a photograph for each split."""
    monkeypatch.setenv("FONTID_DATA", str(tmp_path))
    monkeypatch.setattr(draw_scripts, "is_validation", lambda name: name.startswith("v"))
    monkeypatch.setattr(draw_scripts, "COUNTS", {"train": {"latin": 4}, "validation": {"latin": 3}})
    monkeypatch.setattr(draw_scripts, "OTHERS", {"train": 2, "validation": 1})
    monkeypatch.setattr(draw_scripts, "FROM_CATALOGUE", 0)
    monkeypatch.setattr(draw_scripts, "LANGUAGES", {"latin": ["en"]})
    (tmp_path / "grounds/train").mkdir(parents=True)
    for name in ("v", "train"):
        Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / f"grounds/train/{name}.jpg")
        folder = tmp_path / "scripts" / f"{name}-sans"
        folder.mkdir(parents=True)
        (folder / "metadata.json").write_text("{}")
        for part in ("latin", "cyrillic", "greek"):
            shutil.copy(DEJAVU, folder / f"{name}-sans-{part}-400-normal.woff2")
    return tmp_path


def test_lines_are_drawn_of_every_script_there_is(scripts, prepared):
    options = ("--faces", str(prepared / "faces.jsonl"), "--fonts", str(prepared / "fonts"))
    draw_scripts.main(["--out", str(scripts / "lines"), *options])
    for split, counts in (("train", [4, 2, 2]), ("validation", [3, 1, 1])):
        rows = [json.loads(line) for line in (scripts / "lines" / split / "manifest.jsonl").read_text().splitlines()]
        drawn = [row["condition"] for row in rows]
        assert [drawn.count(script) for script in ("latin", "cyrillic", "greek")] == counts and len(rows) == sum(counts)
        for row in rows:
            with Image.open(scripts / "lines" / split / row["file"]) as picture:
                left, top, right, bottom = row["box"]
                assert 0 < left < right < picture.width and 0 < top < bottom < picture.height
            assert (row["family"] is None) == (row["condition"] != "latin")


def test_of_a_package_the_wanted_files_are_kept(tmp_path):
    (tmp_path / "files").mkdir()
    names = ("a-greek-400-normal", "a-greek-ext-400-normal", "a-latin-700-italic", "a-cyrillic-300-normal")
    for name in names:
        (tmp_path / "files" / f"{name}.woff2").touch()
    assert [file.stem for file in script_files(tmp_path)] == ["a-greek-400-normal", "a-latin-700-italic"]


def test_words_are_in_the_letters_of_their_script():
    assert "και" in {*draw_scripts.words_of("el", "train"), *draw_scripts.words_of("el", "validation")}
    for language, wanted in (("ru", "а"), ("en", "a")):
        letters = set("".join(draw_scripts.words_of(language, "train")))
        assert wanted in letters and not letters & set("а" if wanted == "a" else "a")


def test_what_is_learned_is_what_serving_says(tmp_path, monkeypatch):
    """Lines made up: those in Greek are taken for Greek letters, those in Thai for digits and marks."""
    rng = np.random.default_rng(0)
    greek, latin = (np.isin(list(LETTERS), list(letters)) for letters in (GREEK, string.ascii_letters))
    looks, likely = [], {}
    for condition, strong in (("greek", greek), ("latin", latin), ("thai", ~greek & ~latin)):
        for _ in range(40):
            steps = rng.uniform(0.001, 0.002, (5, len(LETTERS))) + strong * rng.uniform(0, 0.02, (5, len(LETTERS)))
            likely[condition] = np.concatenate([1 - steps.sum(1, keepdims=True), steps], 1)
            likely[condition][:, 0] = 0.01
            looks.append(Look(condition, "ab", 0, np.log(steps).mean(0)))
    parameters = fit(looks)
    found = measure(looks, parameters)
    assert found["greek"] == {"n": 40, "foreign": 1.0, "named_rightly": 1.0} and found["latin"]["foreign"] == 0
    file = tmp_path / "scripts.json"
    file.write_text(json.dumps(parameters))
    monkeypatch.setattr("fontid.text.scripts.PARAMETERS", file)
    classifier = ScriptClassifier(["", *LETTERS])
    assert classifier(likely["thai"])["other"] > 0.9 and classifier(likely["greek"])["greek"] > 0.9
    assert classifier(likely["latin"])["greek"] < 0.1
    assert classifier(np.eye(len(LETTERS) + 1)[:1]) == {}, "no character is seen"


def test_a_line_is_looked_at_in_the_ways_the_reader_tries(scripts):
    """A short one also on its side or upside down, by chance; every look has its evidence."""
    picture = Image.new("RGB", (90, 90), "white")
    ImageDraw.Draw(picture).text((20, 10), "Hi", "black", ImageFont.truetype(str(DEJAVU), 48))
    turns = set()
    for number in range(6):
        picture.save(scripts / f"{number}.png")
        row = {"file": f"{number}.png", "condition": "latin", "text": "Hi", "box": [20, 20, 60, 65]}
        for look in train_scripts.looks_at((scripts, row)):
            turns.add(look.turns)
            assert look.evidence.shape == (len(LETTERS),)
            assert look.script == ("turned" if look.turns else "latin")
    assert 0 in turns and len(turns) > 1
