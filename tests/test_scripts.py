"""Other scripts than Latin: refused as such, and what else reader and recogniser make of what their networks see.

Lines drawn in those scripts, and what is learned of them.
"""

import json
import shutil
import string
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

from data_scripts import draw_scripts
from data_scripts.fetch_scripts import script_files
from fontid.identifier import told
from fontid.settings import DEFAULTS, ReadingSettings
from fontid.text import reader as text_reader
from fontid.text import recogniser
from fontid.text.bends import Course
from fontid.text.frames import box_of, inside_rims
from fontid.text.lines import TextLine, line_around
from fontid.text.reader import NoText, OtherScript, TextReader
from fontid.text.recogniser import Reading, Recogniser
from fontid.text.scripts import OTHER, ScriptClassifier, evidence_of, places_of
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
    assert answer == {
        "schema_version": 2,
        "image": "a.png",
        "matches": [],
        "fonts": [],
        "groups": [],
        "verdict": "no_text",
    }
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


# --- what is another script, and what the recogniser makes of its network's answer


@pytest.mark.parametrize(
    ("reading", "foreign"),
    [
        (Reading("", 0.9, (), other_letters=1, other_confidence=0.96), True),
        (Reading("T", 0.9, (), other_letters=2, other_confidence=0.71), True),
        (Reading("Tpe", 0.9, (), other_letters=6, other_confidence=0.7), False),
        (Reading("", 0.9, (), other_letters=1, other_confidence=0.95), False),
        (Reading("Tpe", 0.9, (), other_letters=3, other_confidence=0.99), False),
        (Reading("Tp1", 0.9, (), other_letters=3, other_confidence=0.99), True),
        (Reading("Harbour", 0.9, (), other_letters=1, other_confidence=0.96, others={"greek": 0.6}), False),
        (Reading("Harbour", 0.9, (), other_letters=2, other_confidence=0.96, others={"greek": 0.5}), False),
        (Reading("Harbour", 0.9, (), other_letters=2, other_confidence=0.9, others={"greek": 0.51}), True),
        (Reading("", 0.0, (), others={"greek": 1.0}), True),
        (Reading("ab1", 0.9, (), others={"greek": 1.0}), False),
        (Reading("abc", 0.9, (), others={"cyrillic": 0.91}), True),
        (Reading("abc", 0.9, (), others={"cyrillic": 0.9}), False),
        (Reading("XvTy", 0.7, (), others={"greek": 0.99}), False),
        (Reading("XvTy", 0.69, (), others={"greek": 0.99}), True),
        (Reading("XvTya", 0.9, (), others={"cyrillic": 0.99}), True),
        (Reading("XvTy", 0.9, (), other_letters=1, others={"cyrillic": 0.99}), True),
        (Reading("abc", 0.9, (), others={"other": 0.99}), False),
        (Reading("abc", 0.9, (), others={"other": 0.995}), True),
        (Reading("abc", 0.9, (), others={"greek": 0.5, "other": 0.4375}), False),
        (Reading("abc", 0.9, (), others={"cyrillic": 0.5625, "other": 0.375}), True),
    ],
)
def test_the_more_is_seen_of_another_script_the_less_sure_it_has_to_be(reading, foreign):
    assert reading.is_foreign is foreign


@pytest.mark.parametrize(
    ("character", "latin", "other"),
    [
        *((character, True, False) for character in "aÉßﬁ7?€"),
        *((character, False, True) for character in "жω中"),
        *((character, False, False) for character in ("Ａ", "₽", "。", "ab", "жω", "")),
    ],
)  # fmt: skip
def test_characters_are_latin_or_letters_of_another_script_or_neither(character, latin, other):
    assert (recogniser._is_latin(character), recogniser._is_other_letter(character)) == (latin, other)


def test_repeats_are_one_character_and_blanks_part_them():
    assert recogniser._changes(np.array([0, 1, 1, 0, 1, 2, 2, 0, 0])) == [(1, 1), (4, 1), (5, 2)]
    assert recogniser._changes(np.array([2, 2, 1])) == [(0, 2), (2, 1)]


@pytest.fixture
def made_recogniser() -> Recogniser:
    """One that knows five characters; its scripts are how many steps it saw."""
    made = Recogniser.__new__(Recogniser)
    made.characters = ["", "a", "ж", "b", " "]
    made._latin, made._is_other = np.array([0, 1, 3, 4]), np.array([False, False, True, False, False])
    made._scripts, made._lock = (lambda likely: {"greek": len(likely) / 100}), threading.Lock()
    return made


def test_of_what_the_network_knows_latin_characters_and_letters_of_other_scripts_are_told_apart(monkeypatch):
    """The first is its blank, the last one a blank between words."""
    meta = SimpleNamespace(custom_metadata_map={"character": "a\nж\n1\n。\nß"})
    monkeypatch.setattr(recogniser, "open_network", lambda path: SimpleNamespace(get_modelmeta=lambda: meta))
    monkeypatch.setattr(recogniser, "ScriptClassifier", lambda characters: "".join(characters))
    made = Recogniser()
    assert made.characters == ["", "a", "ж", "1", "。", "ß", " "] and made._scripts == "aж1。ß "
    assert made._latin.tolist() == [0, 1, 3, 5, 6] and np.flatnonzero(made._is_other).tolist() == [2]


def test_a_reading_of_nothing_says_nothing():
    reading = Reading()
    assert (reading.text, reading.confidence, reading.centres, reading.is_foreign) == ("", 0, (), False)
    assert (reading.other_letters, reading.other_confidence, reading.others) == (0, 0, {})


def steps_of(*steps: dict[int, float]) -> np.ndarray:
    """(steps, 5): by step, how likely characters are by number."""
    likely = np.zeros((len(steps), 5), np.float32)
    for row, step in zip(likely, steps, strict=True):
        row[list(step)] = list(step.values())
    return likely


def test_a_line_says_its_latin_characters_and_counts_the_others(made_recogniser):
    """Where another letter is likeliest, the likeliest Latin one stands in."""
    blank = {0: 1.0}
    likely = steps_of({4: 0.9}, {1: 0.75}, {1: 1.0}, blank, {2: 0.5, 1: 0.25}, {4: 0.5}, {3: 0.5}, {4: 1.0}, blank)
    read = made_recogniser._decode(likely, 0.125)
    assert read.text == "aa b" and read.confidence == (0.75 + 0.25 + 0.5 + 0.5) / 4
    assert read.centres == (1.5 / 8, 4.5 / 8, 5.5 / 8, 6.5 / 8)
    assert (read.other_letters, read.other_confidence, read.others) == (1, 0.5, {"greek": 0.09})
    assert made_recogniser._decode(likely, 0.2).centres == pytest.approx((0.3, 0.9, 1.0, 1.0))


def test_where_nothing_or_only_blanks_are_seen_a_line_says_nothing(made_recogniser):
    for steps in ([{0: 1.0}], [{4: 1.0}, {0: 1.0}, {4: 1.0}]):
        read = made_recogniser._decode(steps_of(*steps), 0.5)
        assert (read.text, read.confidence, read.centres) == ("", 0, ())
        assert (read.other_letters, read.other_confidence) == (0, 0)


@pytest.mark.parametrize(
    ("height", "width", "wide", "shown"),
    [
        (48, 200, 200, 200), (48, 201, 201, 208), (48, 100, 100, 160), (24, 85, 170, 176), (96, 401, 201, 208),
        (48, 3000, 2400, 2400), (480, 20, 8, 160),
    ],
)  # fmt: skip
def test_the_recognisers_network_is_shown_a_line_48_pixels_high(made_recogniser, height, width, wide, shown):
    """Blue first, from -1 to 1, and nothing behind; its steps are shares of the line."""
    seen = []

    class Network:
        def run(self, _, inputs):
            seen.append(inputs["x"])
            return [np.ones((1, 10, 5))]

    made_recogniser._session = Network()
    likely, step = made_recogniser.look(np.full((height, width, 3), (255, 0, 102), np.uint8))
    assert likely.shape == (10, 5) and step == pytest.approx(shown / 10 / wide)
    assert seen[0].shape == (1, 3, 48, shown) and not seen[0][..., wide:].any()
    assert np.abs(seen[0][0, :, :, :wide] - np.reshape([-0.2, -1, 1], (3, 1, 1))).max() < 1e-6


@pytest.mark.parametrize(("height", "averaged"), [(96, True), (48, False), (47, False)])
def test_only_higher_lines_are_averaged_for_the_recogniser(made_recogniser, monkeypatch, height, averaged):
    methods = []

    def resize(line, size, interpolation):
        methods.append(interpolation)
        return np.zeros((*size[::-1], 3), np.uint8)

    monkeypatch.setattr(recogniser.cv2, "resize", resize)
    made_recogniser._session = SimpleNamespace(run=lambda *_: [np.ones((1, 10, 5))])
    made_recogniser.look(np.zeros((height, 200, 3), np.uint8))
    assert methods == [cv2.INTER_AREA if averaged else cv2.INTER_LINEAR]


def test_evidence_is_the_mean_of_logarithms_weighed_by_ink():
    """Of the steps whose blank is less likely than eight tenths; what is next to impossible counts as 1e-30."""
    likely = np.array([[0.5, 0.1, 0.4], [0.0, 0.5, 0.0], [0.85, 0.1, 0.05]])
    expected = (0.5 * np.log([0.4, 0.1]) + np.log([1e-30, 0.5])) / 1.5
    assert evidence_of(likely, np.array([2, 1])) == pytest.approx(expected)
    assert evidence_of(likely[2:], np.array([2, 1])) is None
    assert evidence_of(np.array([[0.75, 0.25]]), np.array([1])) == pytest.approx(np.log([0.25]))
    assert places_of("ca", ["", "a", "b", "c"]).tolist() == [3, 1]


def test_scripts_are_told_by_logistic_regression(tmp_path, monkeypatch):
    """Scores are the logarithms of 1, 3 and 4 times as much, by their constants and by the one letter's weight."""
    weights, constants = [[0.0, 1.0, 0.0]], [0.0, np.log(6), np.log(4)]
    parameters = {"letters": ["a"], "scripts": ["latin", "greek", "turned"], "weights": weights, "constants": constants}
    (tmp_path / "scripts.json").write_text(json.dumps(parameters))
    monkeypatch.setattr("fontid.text.scripts.PARAMETERS", tmp_path / "scripts.json")
    assert ScriptClassifier(["", "a"])(np.array([[0.5, 0.5]])) == pytest.approx({"greek": 3 / 8})


# --- the reader, with what it asks replaced by what a test knows


WHOLE = Image.new("RGB", (400, 300), "white")


@pytest.fixture
def asked() -> TextReader:
    """A reader without networks."""
    made = TextReader.__new__(TextReader)
    made.settings = ReadingSettings()
    return made


def read_as(line: TextLine, reading: Reading) -> TextLine:
    return replace(line, text=reading.text, confidence=reading.confidence, reading=reading)


def a_line(text: str, confidence: float = 1.0, box=(0, 0, 100, 20), **reading) -> TextLine:
    return read_as(line_around(box_of(*box)).cut(WHOLE), Reading(text, confidence, **reading))


FOREIGN = Reading("", 0.95, (), other_letters=4, other_confidence=0.99, others={"greek": 1.0})
WIDE, SQUARE, HIGH = (40, 20), (30, 30), (20, 40)


@pytest.mark.parametrize(
    ("size", "votes", "readings", "turn", "tried"),
    [
        (WIDE, {}, {0: ("abc", 0.89), 2: ("abc", 0.9)}, 0, [0, 2]),
        ((40, 60), {}, {0: ("abc", 0.9)}, 0, [0]),
        ((60, 40), {}, {}, 0, [0, 2, 1, 3]),
        ((61, 40), {}, {}, 0, [0, 2]),
        ((40, 61), {}, {}, 0, [1, 3, 0, 2]),
        (HIGH, {}, {1: ("ab", 0.9)}, 1, [1]),
        (HIGH, {}, {1: ("a", 0.9), 3: ("ab", 0.9)}, 3, [1, 3]),
        (HIGH, {}, {0: ("abc", 0.95), 2: ("abc", 0.9)}, 0, [1, 3, 0, 2]),
        (SQUARE, {}, {0: ("a", 0.8), 2: ("abc", 0.6)}, 2, [0, 2, 1, 3]),
        (SQUARE, {}, {0: ("a", 0.87), 2: ("abc", 0.6)}, 0, [0, 2, 1, 3]),
        (SQUARE, {}, {0: ("a-", 0.8), 2: ("abc", 0.6)}, 2, [0, 2, 1, 3]),
        (SQUARE, {}, {0: ("abcdefg", 0.3), 2: ("ab", 0.99)}, 0, [0, 2, 1, 3]),
        (SQUARE, {}, {0: ("abc", 0.6), 1: ("abc", 0.64)}, 0, [0, 2, 1, 3]),
        (SQUARE, {}, {0: ("abc", 0.6), 1: ("abc", 0.66)}, 1, [0, 2, 1, 3]),
        (WIDE, {}, {0: FOREIGN, 2: ("abcd", 0.89)}, 0, [0, 2]),
        (WIDE, {}, {0: FOREIGN, 2: ("abcdefg", 0.89)}, 2, [0, 2]),
        (SQUARE, {3: 10.1}, {}, 3, [3]),
        (SQUARE, {3: 10.0}, {}, 0, [0, 2, 1, 3]),
        (WIDE, {3: 11.0}, {}, 0, [0, 2]),
        (WIDE, {0: 11.0, 2: 12.0}, {}, 2, [2]),
    ],
)
def test_a_box_is_turned_until_it_reads_well(asked, size, votes, readings, turn, tried):
    box, seen = box_of(100, 100, 100 + size[0], 100 + size[1]), []

    def read_line(line, wider=1.0):
        if wider > 1:  # once more, which says nothing
            return read_as(line, Reading())
        seen.append(box.tolist().index(list(line.corners[0])))
        reading = readings.get(seen[-1], ("", 0.0))
        return read_as(line, reading if isinstance(reading, Reading) else Reading(*reading))

    asked._read_line = read_line
    found, line = asked._read_turned(WHOLE, box, np.array([votes.get(place, 0.0) for place in range(4)]))
    assert (found, seen) == (turn, tried) and line.corners == tuple(map(tuple, np.roll(box, -turn, 0)))


@pytest.mark.parametrize(
    ("height", "turn", "text", "confidence", "first"),
    [
        (61, 1, "abc", 0.9, 1), (61, 3, "abc", 0.9, 3), (61, 0, "abc", 0.9, 0), (61, 2, "abc", 0.9, 0),
        (60, 1, "abc", 0.9, 0), (20, 1, "abc", 0.9, 0), (61, 1, "abc", 0.89, 0), (61, 1, "ab12", 0.9, 0),
        (61, 1, "abc12", 0.9, 1),
    ],
)  # fmt: skip
def test_a_high_box_begins_where_its_letters_surely_run_up_or_down(asked, height, turn, text, confidence, first):
    box = box_of(100, 100, 120, 100 + height)
    asked._read_turned = lambda *_: (turn, a_line(text, confidence))
    assert asked._along_their_text(WHOLE, [box])[0].tolist() == np.roll(box, -first, 0).tolist()


def test_boxes_of_a_picture_on_its_side_are_brought_back(asked):
    """Each begins with the edge along its text, which runs upwards on the side."""
    picture = WHOLE.copy()
    ImageDraw.Draw(picture).rectangle((250, 20, 279, 119), "black")

    def find_boxes(side):
        return [box_of(*ImageOps.invert(side).getbbox())], False

    asked._detector = SimpleNamespace(find_boxes=find_boxes)
    assert asked._turned_boxes(picture)[0].tolist() == [[280, 20], [280, 120], [250, 120], [250, 20]]


def test_of_very_many_boxes_the_largest_are_read(asked, monkeypatch):
    monkeypatch.setattr(text_reader, "_fitted", lambda picture, box, others: box)
    monkeypatch.setattr(text_reader, "_near", lambda boxes, index: [])
    asked._read = lambda picture, boxes: boxes
    boxes = [box_of(0, 0, 100 + number, 10) for number in range(251)]
    assert [box[1, 0] for box in asked._read_boxes(WHOLE, boxes)] == list(range(350, 100, -1))


def bars(*boxes, size=(400, 200), ground=(255, 255)) -> Image.Image:
    """Black bars on a ground of two levels of gray, one at the left and one at the right."""
    picture = Image.new("RGB", size, (ground[0],) * 3)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((size[0] // 2, 0, *size), (ground[1],) * 3)
    for left, top, right, bottom in boxes:
        pen.rectangle((left, top, right - 1, bottom - 1), "black")
    return picture


LONG, SHORT = (50, 40, 350, 70), (50, 120, 350, 130)  # three quarters of the ink, and one


@pytest.mark.parametrize(
    ("picture", "box", "by_rows"),
    [
        (bars(LONG, SHORT), LONG, False),
        (bars(LONG, SHORT), (50, 41, 350, 69), True),
        (bars(LONG, SHORT), (0, 0, 400, 71), False),
        (bars(LONG, SHORT, ground=(250, 240)), SHORT, False),
        (bars(LONG, SHORT, ground=(250, 242)), SHORT, True),
        (bars(), LONG, False),
        (bars(LONG, SHORT), None, True),
        (bars(LONG, SHORT, ground=(250, 240)), None, True),
    ],
)
def test_rows_of_ink_are_read_where_a_plain_picture_holds_much_that_was_not(asked, picture, box, by_rows):
    asked._read = lambda picture, boxes: [box.tolist() for box in boxes]
    read = [] if box is None else [a_line("abc", box=(box[0], box[1], box[2] - 1, box[3] - 1))]
    found = asked._by_rows(picture, read)
    assert found == [box_of(*LONG).tolist(), box_of(*SHORT).tolist()] if by_rows else found is read


@pytest.mark.parametrize(("level", "by_rows"), [(145, False), (144, True)])
def test_ink_that_is_left_out_counts_above_110_of_255(asked, level, by_rows):
    """Of black and white. Paler than that it is neither ink nor ground."""
    picture = bars(LONG)
    ImageDraw.Draw(picture).rectangle((50, 100, 349, 159), (level,) * 3)
    asked._read = lambda picture, boxes: len(boxes)
    read = [a_line("abc", box=(50, 40, 349, 69))]
    found = asked._by_rows(picture, read)
    assert found == 2 if by_rows else found is read


def test_rows_of_a_large_picture_are_found_in_a_smaller_one(asked, monkeypatch):
    monkeypatch.setattr(text_reader, "MOST_PIXELS", 20_000)
    picture = bars(LONG, SHORT)
    asked._read = lambda picture, boxes: [box.tolist() for box in boxes]
    for read in ([], [a_line("abc", box=SHORT)]):
        assert asked._by_rows(picture, read) == [box_of(*LONG).tolist(), box_of(*SHORT).tolist()]
    read = [a_line("abc", box=LONG)]
    assert asked._by_rows(picture, read) is read


def read_boxes(asked, boxes, reading=lambda box: (0, Reading("abc", 1.0))) -> tuple[list, list]:
    """The boxes that were read, in this order, and the lines found. Args: reading: of a box, with its turn."""
    seen = []

    def read_turned(picture, box, votes):
        seen.append((box.tolist(), votes.copy()))
        turn, read = reading(box)
        return turn, read_as(line_around(box).cut(WHOLE), read)

    asked._read_turned = read_turned
    lines = asked._read(WHOLE, boxes)
    return seen, lines


def sizes_of(seen: list) -> list[tuple[float, float]]:
    return [(corners[2][0] - corners[0][0], corners[2][1] - corners[0][1]) for corners, _ in seen]


def boxes_of(*sizes: tuple[float, float]) -> list[np.ndarray]:
    return [box_of(0, 0, *size) for size in sizes]


def test_few_boxes_are_all_read_and_three_of_a_page(asked):
    """Of few the largest first, of a page those about ten times as long as high."""
    sizes = [(30 + 5 * place, 10) for place in range(8)]
    seen, lines = read_boxes(asked, boxes_of(*sizes))
    assert sizes_of(seen) == sizes[::-1] and len(lines) == 8
    seen, lines = read_boxes(asked, boxes_of(*sizes, (200, 5)))
    assert sizes_of(seen) == [(65, 10), (60, 10), (55, 10)] and len(lines) == 9
    seen, _ = read_boxes(asked, boxes_of(*sizes, (200, 5)), lambda box: (0, FOREIGN if box[1, 0] > 55 else Reading()))
    assert sizes_of(seen) == sizes[:2:-1], "besides two in another script"
    assert len(read_boxes(asked, boxes_of(*sizes, (200, 5)), lambda box: (0, FOREIGN))[0]) == 8


TINY = [(10, 1)] * 5


@pytest.mark.parametrize(
    ("sizes", "read"),
    [
        ([(1000, 10), (250.1, 10), (10, 250.1), (250, 10), (1, 1)], [(1000, 10), (250, 10)]),
        ([(1000, 10), (26, 1), (20, 0.5)], [(1000, 10), (20, 0.5)]),
        ([(1300, 10), (10, 10)], [(1300, 10)]),
        ([(100, 10), (100, 10), (50.1, 10), (50, 10), *TINY], [(100, 10), (100, 10), (50, 10)]),
    ],
)
def test_the_lines_read_are_no_more_than_6000_pixels_long_together_and_of_a_page_1200(asked, sizes, read):
    """As the recogniser is shown them, 48 pixels high; one is read in any case."""
    assert sizes_of(read_boxes(asked, boxes_of(*sizes))[0]) == read


def test_lines_in_another_script_cost_no_length(asked):
    sizes = [(1000, 10), (999, 10), (260, 10)]
    seen, _ = read_boxes(asked, boxes_of(*sizes), lambda box: (0, FOREIGN if box[1, 0] == 1000 else Reading("a", 1.0)))
    assert sizes_of(seen) == sizes[:2]


@pytest.mark.parametrize(("letters", "turn"), [(5, 0), (6, 2)])
def test_what_is_not_read_is_turned_like_most_letters(asked, letters, turn):
    """Each letter as far as its line was read with confidence: 0.5 of those upside down, 1 of the three upright."""
    readings = {100: (2, Reading("a" * letters, 0.5)), 99: (0, Reading("bcd"[: 5 - letters // 2], 1.0))}
    boxes = boxes_of((100, 60), (99, 60), (5000, 1))
    seen, lines = read_boxes(asked, boxes, lambda box: readings[round(box[1, 0])])
    assert [votes.tolist() for _, votes in seen] == [[0, 0, 0, 0], [0, 0, letters / 2, 0]]
    assert lines[2].corners[0] == tuple(boxes[2][turn]) and not lines[2].text


@pytest.mark.parametrize(("confidence", "sure"), [(0.8, True), (0.79, False)])
def test_a_bent_line_counts_where_it_is_surely_read(asked, confidence, sure):
    middle = np.stack([np.linspace(50.5, 349.5, 300), np.full(300, 150.0)], 1)
    course = Course.along(middle, np.tile([0.0, 1.0], (300, 1)), 20.0)
    read = a_line("abc", confidence, box=(20, 20, 280, 40))
    asked._read_turned = lambda strip, box, votes: (0, read)
    found = asked._read_bent(WHOLE, course)
    if sure:
        assert found.course.corners.tolist() == box_of(20, 20, 280, 40).tolist() and found.text == "abc"
        assert found.corners == course.box()
    else:
        assert found is None


def test_a_line_read_says_what_the_recogniser_says_of_its_pixels(asked):
    said = Reading("ab", 0.5, (0.25, 0.75))
    shown = []
    asked._recogniser = SimpleNamespace(read=lambda pixels, wider: shown.append(pixels) or said)
    line = line_around(box_of(10, 10, 90, 30)).cut(WHOLE)
    read = asked.read_line(line)
    assert (read.text, read.confidence, read.centres, read.reading) == ("ab", 0.5, (0.25, 0.75), said)
    assert shown[0] is line.frame.pixels and read.corners == line.corners
    said = FOREIGN
    assert asked.read_line(line) is line


@pytest.mark.parametrize(
    ("lines", "doubtful"),
    [
        ([], True), ([("", 0.9)], True), ([("abcd", 0.85)], False), ([("abcd", 0.84)], True),
        ([("abcd", 0.8), ("efgh", 0.9)], False), ([("abcde", 0.8), ("efg", 0.9)], True),
    ],
)  # fmt: skip
def test_reading_is_doubtful_where_most_of_it_is(asked, lines, doubtful):
    assert asked._doubtful([a_line(*line) for line in lines]) == doubtful


@pytest.mark.parametrize(
    ("lines", "are_text"),
    [
        ([], False), ([("ab", 0.75)], True), ([("ab", 0.74)], False), ([("a-b.", 0.75)], True), ([("a-.", 0.7)], False),
        ([("a", 0.9)], True), ([("a", 0.89)], False), ([("-?-", 0.99)], False), ([("a", 0.8), ("b", 0.7)], True),
    ],
)  # fmt: skip
def test_a_few_letters_are_text_and_one_that_is_sure(asked, lines, are_text):
    assert asked._are_text([a_line(*line) for line in lines]) == are_text


def asked_for(
    asked, level: list, turned: list = (), rows: list | None = None, boxes=((0, 0, 10, 31),), bent: bool = False
) -> list:
    """What the reader finds where these lines are read of a picture as it is, on its side, and by rows of ink.

    Args: boxes: that the detector finds, bent ones where `bent`.
    """
    asked._detector = SimpleNamespace(find_boxes=lambda picture: ([box_of(*box) for box in boxes], bent))
    asked._along_their_text = lambda picture, boxes: boxes
    asked._turned_boxes = lambda picture: []
    asked._read_boxes = lambda picture, boxes: level if boxes else list(turned)
    asked._by_rows = lambda picture, read: read if rows is None else rows
    return [line.text for line in asked.find_lines(WHOLE)]


def test_the_picture_is_also_read_on_its_side_where_boxes_are_high(asked):
    level, turned = [a_line("abcde", 0.9)], [a_line("fghijkl", 0.9)]
    assert asked_for(asked, level, turned) == ["fghijkl"]
    assert asked_for(asked, turned, level) == ["fghijkl"]
    assert asked_for(asked, level, turned, boxes=[(0, 0, 10, 30)]) == ["abcde"]
    with pytest.raises(OtherScript):
        asked_for(asked, [a_line("", **vars_of(FOREIGN))], turned)


def test_the_picture_is_also_read_on_its_side_where_lines_run_upright(asked):
    """The detector misses parts of large words that do."""
    level, turned = [(0, 0, 30, 10)], [a_line("fghijkl", 0.9)]
    upright = line_around(np.roll(box_of(0, 0, 20, 50), -1, 0)).cut(WHOLE)
    assert asked_for(asked, [read_as(upright, Reading("ghi", 0.9))], turned, boxes=level) == ["fghijkl"]
    wide = line_around(box_of(0, 0, 200, 50)).cut(WHOLE)  # most of the area
    both = [read_as(wide, Reading("abc", 0.9)), read_as(upright, Reading("ghi", 0.9))]
    assert sorted(asked_for(asked, both, turned, boxes=level)) == ["abc", "ghi"]


def test_what_seems_to_be_an_unknown_script_is_read_on_its_side_where_that_is_sure(asked):
    level = [(0, 0, 30, 10)]
    unknown = Reading("", 0.0, others={OTHER: 0.995})
    named = Reading("", 0.0, others={"arabic": 0.995})
    letters = Reading("", 0.0, other_letters=2, other_confidence=0.99, others={OTHER: 0.995})
    assert [reading.is_unknown for reading in (unknown, named, letters, Reading("abc", 1.0))] == [True] + 3 * [False]
    sure, unsure = a_line("fghijkl", 0.9), a_line("fghijkl", 0.89)
    assert asked_for(asked, [a_line("", **vars_of(unknown))], [sure], boxes=level) == ["fghijkl"]
    assert asked_for(asked, [], [sure], boxes=level) == ["fghijkl"]
    assert asked_for(asked, [], [unsure, sure], boxes=level) == []
    for reading in (named, letters):
        with pytest.raises(OtherScript):
            asked_for(asked, [a_line("", **vars_of(reading))], [sure], boxes=level)
    with pytest.raises(OtherScript):
        asked_for(asked, [a_line("", **vars_of(unknown))], [unsure], boxes=level)


def vars_of(reading: Reading) -> dict:
    return {key: value for key, value in vars(reading).items() if key not in ("text", "centres")}


def test_rows_of_ink_take_the_place_of_doubtful_lines_where_they_read_as_well(asked):
    doubtful, level = [a_line("abcde", 0.8)], [(0, 0, 30, 10)]
    assert asked_for(asked, doubtful, rows=[a_line("fghi", 1.0)], boxes=level) == ["fghi"]
    assert asked_for(asked, doubtful, rows=[a_line("fgh", 1.0)], boxes=level) == ["abcde"]
    assert asked_for(asked, [a_line("abcde", 0.9)], rows=[a_line("fghijkl", 1.0)], boxes=level) == ["abcde"]
    assert asked_for(asked, [a_line("-", 0.99)], rows=[a_line("-", 0.99)], boxes=level) == []


def test_bent_lines_are_looked_for_where_the_detector_sees_some(asked, monkeypatch):
    monkeypatch.setattr(text_reader, "find_bent", lambda picture, boxes, read: ([a_line("bent", 0.9)], boxes))
    level = [a_line("level", 0.9, box=(0, 50, 100, 70))]
    assert asked_for(asked, level, bent=True) == ["bent", "level"]
    assert asked_for(asked, level, boxes=[(0, 0, 30, 10)]) == ["level"]


@pytest.mark.parametrize(
    ("bent", "straight", "are_bent"),
    [
        (("abcdefgh", 0.9), ("abcdefgh", 1.0), True),  # surely read along the bend
        (("abcdefgh", 0.89), ("abcde", 1.0), True),
        (("abcdefgh", 0.89), ("abcdef", 1.0), False),
    ],
)
def test_unsure_bends_are_straight_lines_where_these_read_nearly_as_well(asked, monkeypatch, bent, straight, are_bent):
    boxes = boxes_of(WIDE, SQUARE, WIDE)
    found = [a_line(*bent)], [boxes[2]]
    monkeypatch.setattr(text_reader, "find_bent", lambda picture, boxes, read: found)
    asked._read_boxes = lambda picture, taken: [a_line(*straight)] if len(taken) == 1 else pytest.fail("all boxes read")
    lines, left = asked._bent_lines(WHOLE, boxes)
    assert (lines, left) == (found if are_bent else ([], boxes))


@pytest.mark.parametrize(
    ("size", "worth"),
    [
        ((200, 20), 20), ((400, 20), 10), ((100, 20), 10), ((300, 30), 20), ((190, 19), 19), ((10, 0.5), 0.5),
        ((0.5, 10), 0.1), ((2, 10), 0.2),
    ],
)  # fmt: skip
def test_lines_ten_times_as_long_as_high_are_worth_most(size, worth):
    assert text_reader.worth_reading(*size) == pytest.approx(worth)


@pytest.mark.parametrize(
    ("size", "smaller", "scale"),
    [
        ((10, 10), (10, 10), 1), ((10, 9), (10, 9), 1), ((20, 20), (10, 10), 0.5), ((40, 10), (20, 5), 0.5),
        ((400, 1), (200, 1), 0.5), ((1, 400), (1, 200), 0.5),
    ],
)  # fmt: skip
def test_a_large_picture_is_reduced_to_so_many_pixels(monkeypatch, size, smaller, scale):
    monkeypatch.setattr(text_reader, "MOST_PIXELS", 100)
    picture = Image.new("RGB", size)
    found, by = text_reader._reduced(picture)
    assert found.size == smaller and by == scale and (found is picture) == (scale == 1)


@pytest.mark.parametrize("turn", range(4))
def test_a_line_begins_at_the_corner_where_its_text_does(turn):
    corners = text_reader._line(box_of(10, 20, 110, 40), turn).corners
    assert np.array(corners).tolist() == (2 * box_of(10, 20, 110, 40).tolist())[turn : turn + 4]


@pytest.mark.parametrize(
    ("sizes", "upright"),
    [
        ([(10, 31)], True), ([(10, 30)], False), ([(31, 10)], False), ([(10, 40), (40, 10)], False),
        ([(10, 41), (40, 10)], True), ([(10, 40), (10, 40), (79, 10)], True), ([], False),
    ],
)  # fmt: skip
def test_boxes_run_upright_where_most_of_their_area_does(sizes, upright):
    assert text_reader._run_upright(boxes_of(*sizes), 3.0) == upright


def test_boxes_of_a_page_more_than_twice_as_high_as_most_are_parted(monkeypatch):
    monkeypatch.setattr(text_reader, "_rows_of", lambda picture, box: [box, box])
    few = boxes_of(*[(100, 20)] * 7, (100, 45))
    assert text_reader._parted(WHOLE, few) is few
    for high, count in ((44, 9), (45, 10)):
        assert len(text_reader._parted(WHOLE, boxes_of(*[(100, 20)] * 6, (20, 40), (100, 30), (100, high)))) == count


def test_rows_are_looked_for_in_boxes_of_at_least_two_pixels():
    """Two bars in a box, which ends where they do; that is cut off where the picture ends."""
    picture = bars((100, 110, 102, 120), (100, 130, 102, 140), (0, 10, 60, 20), (0, 30, 60, 40))
    rows = text_reader._rows_of(picture, box_of(100, 100, 102, 150))
    assert [row.tolist() for row in rows] == [
        box_of(100, 110, 102, 120).tolist(), box_of(100, 130, 102, 140).tolist()
    ]  # fmt: skip
    narrow, low = box_of(100, 100, 101, 150), box_of(0, 15, 60, 16)
    assert text_reader._rows_of(picture, narrow)[0] is narrow and text_reader._rows_of(picture, low)[0] is low
    rows = text_reader._rows_of(picture, box_of(-20, 0.4, 80.3, 49.6))
    assert [row.tolist() for row in rows] == [box_of(0, 10, 60, 20).tolist(), box_of(0, 30, 60, 40).tolist()]
    one = box_of(0, 0, 80, 25)
    assert text_reader._rows_of(picture, one)[0] is one


def buttons(*boxes: tuple, fill=238, rim=100, letters=0, page=255, radius=4) -> Image.Image:
    """A page with buttons, each with three letters 20 pixels high, 12 wide and 6 apart, in the middle."""
    picture = Image.new("RGB", (400, 300), (page,) * 3)
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom in boxes:
        pen.rounded_rectangle((left, top, right - 1, bottom - 1), radius, (fill,) * 3, (rim,) * 3)
        x, y = (left + right) // 2 - 24, (top + bottom) // 2 - 10
        for place in (x, x + 18, x + 36):
            pen.rectangle((place, y, place + 11, y + 19), (letters,) * 3)
    return picture


def shaded(picture: Image.Image) -> Image.Image:
    """The picture, its dark pixels lighter towards the right."""
    ramp = Image.fromarray(np.tile(np.linspace(0, 200, picture.width).astype(np.uint8), (picture.height, 1)))
    return ImageChops.lighter(picture, Image.merge("RGB", [ramp] * 3))


WORD = box_of(176, 140, 224, 160)  # of a button in the middle of the picture


@pytest.mark.parametrize(
    ("drawn", "found"),
    [
        (buttons((150, 130, 250, 170)), box_of(176, 140, 224, 160)),
        (buttons((150, 130, 250, 170), fill=255, rim=0), box_of(176, 140, 224, 160)),
        (buttons((150, 130, 250, 170), fill=40, rim=40, letters=255), box_of(176, 140, 224, 160)),
        (buttons((150, 130, 250, 170), radius=20), box_of(176, 140, 224, 160)),
        (buttons((90, 130, 190, 170), (210, 130, 310, 170)), box_of(116, 140, 284, 160)),
        (buttons((150, 138, 250, 162)), None),  # letters as high as the rim
        (shaded(buttons((150, 130, 250, 170), fill=40, rim=40, letters=255)), box_of(176, 140, 224, 160)),
    ],
)
def test_a_box_is_drawn_around_the_letters_of_buttons(monkeypatch, drawn, found):
    """Also where the detector's box holds the rims, or where these are a row apart from the letters."""
    fitted = box_of(90, 130, 310, 170) if found is not None and found[0, 0] < 150 else box_of(150, 130, 250, 170)
    monkeypatch.setattr(text_reader, "fit_to_ink", lambda picture, box, others: fitted)
    box = text_reader._fitted(drawn, WORD, [])
    assert box.tolist() == (fitted if found is None else found).tolist()


def test_open_rims_and_letters_around_others_are_no_buttons():
    picture = buttons((150, 130, 250, 170), fill=255, rim=0)
    whole = box_of(150, 130, 250, 170)
    assert inside_rims(picture, whole) is not whole
    open_below = picture.copy()
    ImageDraw.Draw(open_below).rectangle((156, 168, 243, 170), "white")
    assert inside_rims(open_below, whole) is whole
    beside = picture.copy()  # what stands beside the button would be lost
    ImageDraw.Draw(beside).rectangle((260, 140, 272, 160), "black")
    wider = box_of(150, 130, 272, 170)
    assert inside_rims(beside, wider) is wider


@pytest.mark.parametrize(
    ("box", "is_near"),
    [
        ((200, 161, 300, 180), False), ((200, 159, 300, 180), True), ((200, 40, 300, 60), False),
        ((200, 40, 300, 61), True), ((340, 100, 400, 120), False), ((339, 100, 400, 120), True),
        ((100, 100, 160, 120), False), ((100, 100, 161, 120), True), ((200, 160, 300, 180), False),
    ],
)  # fmt: skip
def test_boxes_within_two_heights_may_reach_into_each_other(box, is_near):
    boxes = [box_of(0, 0, 10, 10), box_of(200, 100, 300, 120), box_of(*box), box_of(0, 0, 10, 10)]
    near = text_reader._near(boxes, 1)
    assert [one is boxes[2] for one in near] == [True] * is_near


@pytest.mark.parametrize(
    ("other", "union"),
    [
        ((105, 4, 150, 16), None), ((105, 4, 150, 17), (0, 0, 150, 20)), ((105, -7, 150, 27), None),
        ((105, -6, 150, 27), (0, -6, 150, 27)), ((105, 8, 150, 28), None), ((105, 7, 150, 27), (0, 0, 150, 27)),
        ((112, 0, 150, 20), None), ((111, 0, 150, 20), (0, 0, 150, 20)), ((-50, 0, -11, 20), (-50, 0, 100, 20)),
        ((-50, 0, -12, 20), None), ((40, -7, 50, 27), None), ((40, -6.5, 50, 26.5), (0, 0, 100, 20)),
        ((200, 100, 210, 110), None), ((101, 5, 106, 18), (0, 0, 106, 20)),
        ((94, 5, 104, 17), None), ((93, 5, 103, 17), (0, 0, 100, 20)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("along_height", [False, True])
def test_two_boxes_of_a_row_are_as_high_and_close_to_each_other(other, union, along_height):
    """Along their widths or along their heights."""

    def placed(left, top, right, bottom):
        return box_of(top, left, bottom, right) if along_height else box_of(left, top, right, bottom)

    found = text_reader._union(placed(0, 0, 100, 20), placed(*other), along_height)
    assert found is None if union is None else found.tolist() == placed(*union).tolist()


def tilted(degrees: float, *box: float) -> np.ndarray:
    """A box turned around the middle of `WHOLE`, from where its places are counted."""
    turn = np.radians(degrees)
    return box_of(*box) @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]] + (200, 150)


@pytest.mark.parametrize("degrees", [30, 100, 200])
def test_tilted_boxes_are_joined_along_the_first(degrees):
    one, other = tilted(degrees, -80, -10, 20, 10), tilted(degrees, 30, -7, 90, 11)
    assert text_reader._union(one, other, False) == pytest.approx(tilted(degrees, -80, -10, 90, 11))
    assert text_reader._union(other, one, False) == pytest.approx(tilted(degrees, -80, -10, 90, 11))
    assert text_reader._union(one, tilted(degrees, 35, -7, 90, 11), False) is None
    assert text_reader._union(one, tilted(degrees, -60, -8, 10, 8), False) is one


@pytest.mark.parametrize(
    ("boxes", "count"),
    [
        ([(0, 0, 20, 27), (0, 32, 20, 59)], 1),
        ([(0, 0, 20, 26), (0, 31, 20, 57)], 2),
        ([(0, 0, 20, 20), (0, 25, 20, 45)], 2),
        ([(0, 0, 20, 20), (0, 25, 20, 45), (300, 0, 340, 200)], 2),
        ([(0, 0, 25, 20), (0, 25, 25, 45), (300, 0, 340, 200)], 2),
        ([(0, 0, 26, 20), (0, 25, 26, 45), (300, 0, 340, 200)], 3),
        ([(0, 0, 60, 20), (0, 25, 60, 45)], 2),
        ([(100, 0, 200, 20), (60, 0, 90, 20), (210, 0, 240, 20), (20, 0, 50, 20), (250, 0, 280, 20)], 1),
        ([(0, 100, 20, 200), (0, 60, 20, 90), (0, 210, 20, 240), (0, 20, 20, 50), (0, 250, 20, 280)], 1),
        ([(0, 0, 100, 20), (155, 0, 200, 20), (110, 0, 145, 20)], 1),
    ],
)
def test_rows_run_along_the_longer_sides(boxes, count):
    """Of their largest box, or of most boxes where that is about square; what was joined may be joined on."""
    joined = text_reader._joined([box_of(*box) for box in boxes])
    assert len(joined) == count
    if count == 1:
        ends = np.array(boxes)
        assert joined[0].tolist() == box_of(*ends.min(0)[:2], *ends.max(0)[2:]).tolist()


def test_beside_another_script_only_lines_surely_read_as_latin_stay():
    foreign = a_line("", **vars_of(FOREIGN))
    sure, unsure = a_line("abc", 0.85), a_line("abc", 0.84)
    half, less = a_line("abc", 0.9, others={"greek": 0.5}), a_line("abc", 0.9, others={"greek": 0.49})
    lines = [foreign, foreign, sure, unsure, half, less, a_line("", 0.9)]
    assert text_reader._latin(lines, DEFAULTS.reading) == [sure, less]
    without = [unsure, half]
    assert text_reader._latin(without, DEFAULTS.reading) is without
    for line in (unsure, half, a_line("123", 0.9)):
        with pytest.raises(OtherScript, match="look Greek"):
            text_reader._latin([foreign, line], DEFAULTS.reading)


def test_of_a_page_of_two_scripts_all_lines_are_read(asked, monkeypatch):
    """One odd headline does not hide the menu that nobody read; of very many the largest are read."""
    foreign, latin = a_line("", **vars_of(FOREIGN)), a_line("abc", 0.9)
    unread = [line_around(box_of(0, 0, 100, high)).cut(WHOLE) for high in (8, 9, 10)]
    asked._read_line = lambda line: read_as(line, Reading("menu", 0.9))
    for lines in ([foreign, *unread], [latin, *unread]):
        assert asked._all_read(lines) is lines
    assert [line.text for line in asked._all_read([foreign, latin, *unread])] == ["", "abc", *["menu"] * 3]
    photograph = a_line("", **vars_of(replace(FOREIGN, confidence=0.0)))  # where no letter is seen for sure
    assert [line.text for line in asked._all_read([photograph, latin, *unread])] == ["", "abc", *["menu"] * 3]
    monkeypatch.setattr(text_reader, "MOST_OF_SCRIPTS", 2)
    found = asked._all_read([foreign, latin, *unread])[2:]
    assert [(line.height, line.text) for line in found] == [(10, "menu"), (9, "menu"), (8, "")]


def test_of_two_other_scripts_that_of_the_first_line_is_named():
    lines = [a_line("", **vars_of(replace(FOREIGN, others={name: 1.0}))) for name in ("cyrillic", "greek", "other")]
    with pytest.raises(OtherScript, match="look Cyrillic"):
        text_reader._latin(lines, DEFAULTS.reading)
    with pytest.raises(OtherScript, match="look like those of another script"):
        text_reader._latin(lines[::-1], DEFAULTS.reading)


def test_beside_much_more_latin_text_nothing_is_in_another_script():
    """A petal in a photograph looks like some sign."""
    foreign, fair, poor = a_line("", **vars_of(FOREIGN)), a_line("abc", 0.75), a_line("abc", 0.74)
    assert text_reader._latin([fair, fair, foreign, fair, fair, poor], DEFAULTS.reading) == [fair] * 4 + [poor]
    with pytest.raises(OtherScript):
        text_reader._latin([fair, fair, foreign, fair, poor], DEFAULTS.reading)


@pytest.mark.parametrize(
    ("others", "name"),
    [
        ({"greek": 1.0}, "Greek"), ({"cyrillic": 0.25, "greek": 0.75}, "Greek"),
        ({"greek": 0.5, "other": 0.25}, "Greek"), ({"greek": 0.6, "other": 0.4}, None), ({"other": 1.0}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_script_is_named_where_it_is_most_of_what_is_seen(others, name):
    first = Reading(others=others)
    assert text_reader._name(first) == (name or "like those of another script")


@pytest.mark.parametrize("degrees", [0, 90, 180, 30])
@pytest.mark.parametrize(
    ("tops", "expected"), [([0, 7, 40], "bac"), ([0, 9, 40], "abc"), ([0, 7, 14], "bac"), ([14, 7, 0], "cba")]
)
def test_lines_of_a_row_come_from_left_to_right_as_seen_upright(degrees, tops, expected):
    """Lines 20 pixels high are of one row where they are less than 8 apart; from right to left they are a, b and c."""
    lines = [
        read_as(line_around(tilted(degrees, left, top, left + width, top + 20)).cut(WHOLE), Reading(text, 1.0))
        for text, left, width, top in zip("abc", (80, -20, -120), (80, 70, 60), tops, strict=True)
    ]
    assert "".join(line.text for line in text_reader._in_reading_order(lines)) == expected


def test_a_low_line_is_of_a_row_only_close_to_its_middle():
    """Within four tenths of the lower one's height; the largest line tells what is level, however small others lie."""
    high = a_line("a", box=(200, 0, 300, 20))
    for top, expected in ((8, "ba"), (9, "ab")):
        low = a_line("b", box=(0, top, 50, top + 10))
        assert [line.text for line in text_reader._in_reading_order([high, low])] == list(expected)
    upright = read_as(line_around(np.roll(box_of(0, 5, 10, 15), 1, 0)).cut(WHOLE), Reading("c", 1.0))
    assert [line.text for line in text_reader._in_reading_order([upright, high])] == ["c", "a"]
    assert text_reader._in_reading_order([]) == []


def test_a_line_is_of_the_row_before_it_however_many_there_are():
    """The first row's line is too low to share its row with any."""
    boxes = {"a": (0, 0, 100, 5), "b": (200, 100, 300, 120), "c": (0, 106, 100, 126), "d": (100, 113, 150, 133)}
    lines = [a_line(text, box=box) for text, box in boxes.items()]
    assert "".join(line.text for line in text_reader._in_reading_order(lines)) == "acbd"
    assert "".join(line.text for line in text_reader._in_reading_order(lines[::-1])) == "acbd"
