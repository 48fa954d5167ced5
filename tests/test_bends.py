"""Lines along a circle or a wave: found, unbent, read and named; straight ones left as they are."""

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fontid.settings import ReadingSettings
from fontid.text import bends
from fontid.text import reader as reading
from fontid.text.detector import Detector
from fontid.text.reader import NoText, TextReader
from tests.conftest import draw, font_file
from tests.test_lines import on_page

TEXT = "Signal Window Harbour"
SIZE = 56


def along(curve, family: str = "merriweather", text: str = TEXT, size=(900, 560)) -> Image.Image:
    """Letters turned one by one. Args: curve: pixels along the line -> x, y and degrees anticlockwise."""
    font = ImageFont.truetype(str(font_file(family)), SIZE)
    sheet, length = Image.new("L", size, 255), font.getlength(text)
    for i, letter in enumerate(text):
        width = font.getlength(letter)
        x, y, degrees = curve(font.getlength(text[:i]) + width / 2 - length / 2)
        tile = Image.new("L", (3 * SIZE, 3 * SIZE))
        ImageDraw.Draw(tile).text((1.5 * SIZE - width / 2, 1.5 * SIZE), letter, fill=255, font=font, anchor="ls")
        tile = tile.rotate(degrees, Image.Resampling.BICUBIC)
        sheet.paste(0, (round(x - 1.5 * SIZE), round(y - 1.5 * SIZE)), tile)
    return sheet.convert("RGB")


def arc(s: float) -> tuple[float, float, float]:
    turn = s / 320
    return 450 + 320 * np.sin(turn), 430 - 320 * np.cos(turn), -np.degrees(turn)


def smile(s: float) -> tuple[float, float, float]:
    turn = s / 320
    return 450 + 320 * np.sin(turn), 130 + 320 * np.cos(turn), np.degrees(turn)


def wave(s: float) -> tuple[float, float, float]:
    phase = s / 100
    return 450 + s, 280 - 35 * np.sin(phase), np.degrees(np.arctan(0.35 * np.cos(phase)))


@pytest.mark.parametrize("curve", [arc, smile, wave])
def test_a_bent_line_is_read_and_named(reader, identifier, curve):
    picture = along(curve)
    (line,) = reader.find_lines(picture)
    assert line.text == TEXT
    assert line.course is not None and line.width > 6 * line.height and line.own_ink
    left, top, right, bottom = line.extent
    assert bottom - top > 1.5 * line.height, "the box holds the whole bend"
    assert identifier(picture).matches[0].family == "merriweather"


@pytest.mark.parametrize("degrees", [0, 20])
def test_a_straight_line_has_no_course(reader, monkeypatch, degrees):
    picture = on_page(draw(TEXT, "merriweather", SIZE))
    picture = picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255,) * 3)
    (line,) = reader.find_lines(picture)
    assert line.course is None
    monkeypatch.setattr(reading, "find_bent", lambda picture, boxes, read: ([], boxes))
    assert reader.find_lines(picture) == [line]


def test_a_page_is_not_looked_at_for_bends(reader, monkeypatch):
    page = Image.new("RGB", (1600, 2000), "white")
    bent = along(arc).resize((225, 140), Image.Resampling.LANCZOS)
    for x in range(0, 1400, 230):
        for y in range(0, 1850, 145):
            page.paste(bent, (x, y))
    monkeypatch.setattr(reading, "find_bent", lambda *_: pytest.fail("looked for bends"))
    with suppress(NoText):  # bent letters read as anything
        reader.find_lines(page)


def test_a_curve_that_reads_as_nothing_is_no_line():
    never = TextReader(ReadingSettings(sure_bent=1.1))
    assert all(line.course is None for line in never.find_lines(along(arc)))


def test_a_curve_that_would_be_too_long_to_unbend_is_none(monkeypatch):
    """Ink of photographs can be followed for ever; OpenCV would raise."""
    for curve in (arc, wave):
        picture = along(curve)
        boxes, _ = Detector().find_boxes(picture)
        assert bends.find_bent(picture, boxes, lambda course: course)[0]
        with monkeypatch.context() as patch:
            patch.setattr(bends, "LONGEST", 300)
            assert bends.find_bent(picture, boxes, lambda course: course) == ([], boxes)
