"""Words of a line, and lines whose words are in several faces."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fontid import FontIdentifier
from fontid.text.lines import Line, TextLine
from fontid.text.words import ink_of, part_of, strokes_apart, words_of
from tests.conftest import font_file

SENTENCE = ["people", "over", "the", "water", "should", "know", "again"]


@pytest.fixture(scope="module")
def identifier() -> FontIdentifier:
    return FontIdentifier.from_pretrained()


def sentence(family: str, other: str, style: str, place: int, pixels: int = 40) -> Image.Image:
    """Words on one line in a regular face, but for that at `place`."""
    usual, special = (ImageFont.truetype(str(font_file(*face)), pixels) for face in ((family,), (other, style)))
    picture = Image.new("RGB", (40 * pixels, 3 * pixels), "white")
    x = float(pixels)
    for number, word in enumerate(SENTENCE):
        font = special if number == place else usual
        ImageDraw.Draw(picture).text((x, 2 * pixels), word, "black", font=font, anchor="ls")
        x += font.getlength(word) + usual.getlength(" ")
    return picture.crop((0, 0, round(x + pixels), picture.height))


@pytest.mark.parametrize(
    ("family", "other", "style", "place"),
    [
        ("arimo", "arimo", "700-normal", 3),
        ("lora", "lora", "400-italic", 3),
        ("open-sans", "lora", "400-normal", 3),
        ("roboto", "pacifico", "400-normal", 6),
    ],
)
def test_words_in_another_face_are_a_style_or_a_font_of_their_own(identifier, family, other, style, place):
    answer = identifier.identify(sentence(family, other, style, place))
    weight, slope = style.split("-")
    special = [
        shown
        for font in answer.fonts
        if other in (font.matches[0].family, *font.matches[0].twins)
        for shown in font.styles
        if (shown.weight, shown.italic) == (int(weight), slope == "italic")
    ]
    assert [line.text for shown in special for line in shown.lines] == [SENTENCE[place]]
    assert len(answer.fonts) == (1 if family == other else 2)
    rest = " ".join(SENTENCE[:place]), " ".join(SENTENCE[place + 1 :])
    assert {line.text for group in answer.groups for line in group.lines} == {SENTENCE[place], *filter(None, rest)}


@pytest.mark.parametrize("family", ["arimo", "lora", "pacifico"])
def test_words_in_one_face_stay_one_line(identifier, family):
    answer = identifier.identify(sentence(family, family, "400-normal", 0))
    assert [[line.text for line in group.lines] for group in answer.groups] == [[" ".join(SENTENCE)]]


@pytest.fixture(scope="module")
def read(identifier) -> TextLine:
    (line,) = identifier._reader.find_lines(sentence("lora", "lora", "400-normal", 0))
    return line


def test_words_are_what_lies_between_blanks(read):
    assert [read.text[slice(*word)] for word in words_of(read)] == SENTENCE
    assert words_of(Line((), "  two  words ", 1.0, (0.5,) * 13)) == [(2, 5), (7, 12)]
    assert words_of(Line((), "two words", 1.0)) == []  # nobody knows where


def test_a_part_is_cut_around_its_own_ink_and_keeps_its_letters_places(read):
    for first, last in [(0, 1), (2, 4), (5, 7)]:
        words = words_of(read)[first:last]
        part = part_of(read, (words[0][0], words[-1][1]))
        assert part.text == " ".join(SENTENCE[first:last])
        letters = slice(words[0][0], words[-1][1])
        assert x_of(part) == pytest.approx(x_of(read)[letters], abs=1.0)
        box = part.own_ink.box
        assert part.frame.core == pytest.approx(box, abs=1.0)


def x_of(line: TextLine) -> np.ndarray:
    """(N,) where its characters are in the picture, in pixels."""
    places = np.array(line.centres) * line.frame.pixels.shape[1]
    return line.frame.to_picture(np.stack([places, np.zeros_like(places)], 1))[:, 0]


def test_a_word_without_ink_is_none(read):
    empty = dataclasses.replace(read.own_ink, amount=np.zeros_like(read.own_ink.amount))
    blank = Image.new("RGB", read.frame.picture.size, "white")
    assert ink_of(read, empty, words_of(read)) is None and part_of(read.place.cut(blank), words_of(read)[0]) is None


@pytest.mark.parametrize(("style", "apart"), [("400-normal", False), ("400-italic", False), ("700-normal", True)])
def test_strokes_of_a_bold_word_are_thicker(identifier, style, apart):
    (line,) = identifier._reader.find_lines(sentence("arimo", "arimo", style, 3))
    assert (strokes_apart(ink_of(line, line.own_ink, words_of(line))) > identifier.settings.grouping.stroke) == apart
