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


# --- the curves themselves, on bands of ink whose course is known


def band_of_circle(low: float, high: float, first: float, last: float, centre=(300.0, 250.0)) -> np.ndarray:
    """(N, 2) points of a ring between two radii, from one angle in degrees to another, clockwise from the right."""
    turn, radius = np.meshgrid(np.radians(np.arange(first, last, 0.25)), np.arange(low, high + 0.1, 1.0))
    return np.stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn)], 2).reshape(-1, 2)


def band_of_wave(rise, half: float = 10.0, turned: float = 0.0) -> np.ndarray:
    """(N, 2) points within `half` above and below a curve over 600 pixels. Args: turned: in degrees."""
    x, off = np.meshgrid(np.arange(0, 600, 2.0), np.arange(-half, half + 0.1, 1.0))
    points = np.stack([x, rise(x) + off], 2).reshape(-1, 2)
    cos, sin = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    return points @ np.array([[cos, sin], [-sin, cos]]) + (50, 200)


@pytest.mark.parametrize(("first", "last", "down"), [(200, 340, -1), (20, 160, 1)], ids=["arc", "smile"])
def test_a_circle_is_found_and_followed(first, last, down):
    points = band_of_circle(180, 220, first, last)
    shuffled = np.random.default_rng(1).permutation(points)
    circle = bends._Circle.through(shuffled, np.random.default_rng(0))
    assert circle.values == pytest.approx((300, 250), abs=4)
    assert circle.across(points[:5]) == pytest.approx(np.linalg.norm(points[:5] - circle.values, axis=1))
    circle.values = np.array([300.0, 250.0])
    course = circle.course(points, shuffled[:500])
    assert course.height == pytest.approx(40, abs=2)
    away = course.middle - (300, 250)
    assert np.linalg.norm(away, axis=1) == pytest.approx(200, abs=1)
    assert np.linalg.norm(np.diff(course.middle, axis=0), axis=1) == pytest.approx(1, abs=0.01), "a pixel apart"
    assert course.down == pytest.approx(down * away / 200, abs=0.01), "down leads to the letters' feet"
    assert course.middle[0, 0] < 300 < course.middle[-1, 0], "it is read from left to right"
    assert len(course.middle) == pytest.approx(np.radians(140) * 200 + 2 * 0.8 * 40, abs=6), "room at both ends"
    room = round(0.8 * course.height)
    assert course.corners.tolist() == [
        [room, room],
        [len(course.middle) - room, room],
        [len(course.middle) - room, room + round(course.height)],
        [room, room + round(course.height)],
    ]
    assert course.holds(points).all() and not course.holds(band_of_circle(232, 240, first, last)).any()


def test_a_circle_ends_where_a_gap_begins_and_goes_on_beyond_the_box():
    """A badge has one line above and one below: what hangs together is followed, beyond the ink that was looked at."""
    above, below = band_of_circle(180, 220, 200, 340), band_of_circle(180, 220, 60, 120)
    circle = bends._Circle(np.array([300.0, 250.0]), 1.0)
    seen = above[(above[:, 0] > 260) & (above[:, 0] < 340)]
    course = circle.course(np.concatenate([above, below]), seen)
    assert course.holds(above).all() and not course.holds(below).any()
    assert len(course.middle) == pytest.approx(np.radians(140) * 200 + 2 * 0.8 * 40, abs=6)
    tight = band_of_circle(2, 42, 0, 360)
    assert circle.course(tight, tight) is None, "no letters stand on a point"


@pytest.mark.parametrize("turned", [0, 25])
def test_a_wave_is_found_and_followed(turned):
    def rise(x):
        return 30 * np.sin(x / 80)

    points = band_of_wave(rise, turned=turned)
    shuffled = np.random.default_rng(1).permutation(points)[:1500]
    curve = bends._Polynomial.through(shuffled, bends.DEGREE)
    assert np.ptp(curve.across(points)) == pytest.approx(20, abs=4)
    course = curve.course(points, shuffled)
    assert course.height == pytest.approx(20, abs=3)
    spine = band_of_wave(rise, half=0.0, turned=turned)
    inner = course.middle[round(0.8 * course.height) + 5 : -round(0.8 * course.height) - 5]
    assert np.linalg.norm(inner[:, None] - spine, axis=2).min(1).max() < 3
    assert np.linalg.norm(np.diff(course.middle[1:], axis=0), axis=1) == pytest.approx(1, abs=0.1)
    along = np.gradient(course.middle, axis=0)
    assert np.abs((along * course.down).sum(1)).max() < 0.2, "down is square to the line"
    assert (course.down[:, 1] > 0).all()


def test_outliers_do_not_bend_a_polynomial():
    points = band_of_wave(lambda x: 0 * x)
    stray = np.array([[x, 330.0] for x in range(500, 640, 4)])
    curve = bends._Polynomial.through(np.concatenate([points, stray]), 1)
    assert np.ptp(curve.across(points)) == pytest.approx(20, abs=1)


def test_rows_are_sharp_where_ink_is_gathered_in_them():
    flat = bends._Polynomial.through(band_of_wave(lambda x: 0 * x), 1)

    def sharpness(*rows: float) -> float:
        return flat.sharpness(np.array([[x, row] for row in rows for x in range(60, 500)], float))

    assert sharpness(200) == pytest.approx(0.25**2 + 0.5**2 + 0.25**2)
    assert sharpness(200, 220) == pytest.approx(sharpness(200) / 2)


def test_sharpening_turns_a_centre_that_is_off_to_the_middle():
    points = np.random.default_rng(1).permutation(
        np.concatenate([band_of_circle(180, 181, 200, 340), band_of_circle(219, 220, 200, 340)])
    )
    off = bends._Circle(np.array([306.0, 243.0]), 8.0)
    best = off.sharpened(points)
    assert best.values == pytest.approx((300, 250), abs=1.5) and off.values.tolist() == [306, 243]
    assert best.sharpness(points) > 2 * off.sharpness(points)


def test_only_bands_that_leave_the_straight_by_a_fifth_of_their_thickness_are_bent():
    def bow(height: float) -> np.ndarray:
        return band_of_wave(lambda x: 4 * height * (x / 600) * (1 - x / 600))

    assert not bends.is_bent(bow(0)) and not bends.is_bent(bow(3)) and bends.is_bent(bow(8))


def test_a_course_bends_by_how_far_its_middle_leaves_the_straight():
    x = np.arange(0, 400.0)
    middle = np.stack([x, 30 * np.sin(np.pi * x / 400)], 1)
    course = bends.Course.along(middle, np.tile([0.0, 1.0], (400, 1)), 20.0)
    assert bends._bend(course) == pytest.approx(1.5, abs=0.05)


def test_a_ring_unbends_to_a_straight_band():
    points = band_of_circle(180, 220, 200, 340)
    course = bends._Circle(np.array([300.0, 250.0]), 1.0).course(points, points)
    picture = Image.new("RGB", (600, 400), "white")
    pen = ImageDraw.Draw(picture)
    pen.arc((80, 30, 520, 470), 200, 340, fill="black", width=40)
    strip = np.asarray(course.unbend(picture).convert("L"))
    room = round(0.8 * course.height)
    assert strip.shape == (round(course.height) + 2 * room, len(course.middle))
    inner = strip[:, room + 5 : -room - 5]
    assert (
        (inner[room + 3 : -room - 3] < 60).all() and (inner[: room - 3] > 200).all() and (inner[3 - room :] > 200).all()
    )
    (left, top), _, (right, bottom), _ = course.box()
    assert (left, right) == pytest.approx(
        (300 - 220 * np.cos(np.radians(20)), 300 + 220 * np.cos(np.radians(20))), abs=4
    )
    assert (top, bottom) == pytest.approx((30, 250 - 180 * np.sin(np.radians(20))), abs=4)


def test_ink_of_letters_is_told_from_rings_and_specks():
    solid = np.zeros((120, 200), bool)
    solid[40:60, 20:30] = True  # a letter
    solid[10, 10] = solid[12, 150:152] = True  # specks
    ring = solid[5:115, 90:190]
    ring[:3] = ring[-3:] = True
    ring[:, :3] = ring[:, -3:] = True
    points = bends._letters(solid)
    assert len(points) == 200 and points.min(0).tolist() == [20.5, 40.5] and points.max(0).tolist() == [29.5, 59.5]


def test_ink_close_to_a_box_is_inside():
    box = np.array([[100, 100], [200, 100], [200, 120], [100, 120]], float)
    points = np.array([[91, 110], [89, 110], [209, 110], [211, 110], [150, 98.5], [150, 97], [150, 121.5], [150, 123]])
    assert bends._inside(points, box).tolist() == [True, False] * 4
    assert bends._inside(np.array([[104.0, 101.0]]), box).all()


def test_a_course_too_large_to_unbend_is_none(monkeypatch):
    points = band_of_circle(180, 220, 200, 340)
    everything = np.ones(len(points), bool)
    course = bends._follow(points, everything)
    assert course is not None
    size = len(course.middle) * course.height
    monkeypatch.setattr(bends, "MOST_AREA", 2.65 * size)
    assert bends._follow(points, everything) is not None
    monkeypatch.setattr(bends, "MOST_AREA", 2.55 * size)
    assert bends._follow(points, everything) is None
