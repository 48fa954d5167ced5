"""Other scripts than Latin: refused as such. Lines drawn in them, and what is learned of those."""

import json
import shutil
import string
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data_scripts import draw_scripts
from data_scripts.fetch_scripts import script_files
from fontid.identifier import told
from fontid.text.reader import NoText, OtherScript
from fontid.text.scripts import ScriptClassifier
from train import train_scripts
from train.train_scripts import GREEK, LETTERS, Look, fit, measure

DEJAVU = Path(matplotlib.get_data_path()) / "fonts/ttf"  # fonts that have more than Latin letters


def page(*lines: str, font: str = "DejaVuSans", pixels: int = 44, ink: str = "black", ground: str = "white"):
    picture = Image.new("RGB", (760, 60 + 90 * len(lines)), ground)
    opened = ImageFont.truetype(str(DEJAVU / f"{font}.ttf"), pixels)
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((60, 40 + 90 * number), line, ink, opened)
    return picture


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSerif-Bold", "DejaVuSansMono-Oblique"])
@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Вкусный завтрак", "Cyrillic"),
        ("ЖЕЛЕЗНАЯ ДОРОГА", "Cyrillic"),
        ("Καλημέρα κόσμε", "Greek"),
        ("ΔΗΜΟΣΙΑ ΩΡΑ", "Greek"),
    ],
)
def test_another_script_is_refused_by_its_name(reader, text, script, font):
    with pytest.raises(OtherScript, match=f"look {script}: only Latin letters are covered"):
        reader.find_lines(page(text, font=font))


def test_a_script_without_a_name_here_is_refused_too(reader):
    with pytest.raises(OtherScript, match="look like those of another script"):
        reader.find_lines(page("საქართველო თბილისი"))


def test_other_scripts_are_not_turned_to_look_latin(reader):
    with pytest.raises(OtherScript):
        reader.find_lines(page("Вкусный завтрак").rotate(90, expand=True))


@pytest.mark.parametrize("text", ["Wake up", "HOTEL", "Größe", "A", "R", "37", "1,299.50", "Café Noël", "minimum"])
@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSerif-Bold"])
def test_latin_letters_and_digits_are_not_refused(reader, text, font):
    (line,) = reader.find_lines(page(text, font=font, ink="#fd4", ground="#235"))
    assert line.text.replace(" ", "") == text.replace(" ", "")


def test_latin_letters_upside_down_are_no_other_script(reader):
    (line,) = reader.find_lines(page("Breakfast served").rotate(180))
    assert line.text == "Breakfast served"


def test_of_two_scripts_the_latin_lines_are_answered(reader):
    found = reader.find_lines(page("Вкусный завтрак", "Tasty breakfast", "Καλημέρα κόσμε"))
    assert [line.text for line in found] == ["Tasty breakfast"]


def test_digits_beside_another_script_are_no_latin_letters(reader):
    with pytest.raises(OtherScript):
        reader.find_lines(page("Вкусный завтрак", "2026"))


@pytest.mark.parametrize("text", ["?!", "...", "– –", "&"])
def test_marks_alone_are_no_text(reader, text):
    assert reader.find_lines(page(text)) == []


def test_a_refusal_is_no_failure():
    answer = told("a.png", OtherScript("The letters look Greek."))
    assert answer == {"schema_version": 2, "image": "a.png", "matches": [], "verdict": "no_text"}
    assert issubclass(OtherScript, NoText)


# --- lines in other scripts, with DejaVu's letters under the names of packages' files


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
            shutil.copy(DEJAVU / "DejaVuSans.ttf", folder / f"{name}-sans-{part}-400-normal.woff2")
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
    ImageDraw.Draw(picture).text((20, 10), "Hi", "black", ImageFont.truetype(str(DEJAVU / "DejaVuSans.ttf"), 48))
    turns = set()
    for number in range(6):
        picture.save(scripts / f"{number}.png")
        row = {"file": f"{number}.png", "condition": "latin", "text": "Hi", "box": [20, 20, 60, 65]}
        for look in train_scripts.looks_at((scripts, row)):
            turns.add(look.turns)
            assert look.evidence.shape == (len(LETTERS),)
            assert look.script == ("turned" if look.turns else "latin")
    assert 0 in turns and len(turns) > 1
