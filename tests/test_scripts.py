"""Other scripts than Latin: refused as such; and what else holds no letters."""

from pathlib import Path

import matplotlib
import pytest
from PIL import Image, ImageDraw, ImageFont

from fontid.identifier import told
from fontid.text.reader import NoText, OtherScript

FONTS = Path(matplotlib.get_data_path()) / "fonts/ttf"  # DejaVu's, which have more than Latin letters


def page(*lines: str, font: str = "DejaVuSans", pixels: int = 44, ink: str = "black", ground: str = "white"):
    picture = Image.new("RGB", (760, 60 + 90 * len(lines)), ground)
    opened = ImageFont.truetype(str(FONTS / f"{font}.ttf"), pixels)
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
