"""A line cut out of its picture: where its frame lies, what of the ink is its own, and how boxes are joined."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fontid.text import frames
from fontid.text.frames import Frame, box_of, fit_to_ink
from fontid.text.lines import Line
from fontid.text.reader import _joined, _near, _rows_of, _union
from fontid.text.recogniser import MIN_LETTERS, Reading


def page(*boxes: tuple[int, int, int, int], size=(400, 300)) -> Image.Image:
    """Black rectangles on white, each (left, top, right, bottom) with the ends outside."""
    picture = Image.new("RGB", size, "white")
    for left, top, right, bottom in boxes:
        ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill="black")
    return picture


@pytest.mark.parametrize(
    ("box", "margins", "goes_on"),
    [
        ((100, 100, 200, 140), (10, 10, 10, 10), [True] * 4),
        ((5, 100, 200, 140), (10, 10, 10, 10), [False, True, True, True]),
        ((100, 5, 200, 140), (10, 10, 10, 10), [True, False, True, True]),
        ((100, 100, 395, 140), (10, 10, 10, 10), [True, True, False, True]),
        ((100, 260, 200, 296), (10, 10, 10, 10), [True, True, True, False]),
    ],
)
def test_a_frame_knows_where_the_picture_goes_on(box, margins, goes_on):
    frame = Frame(page(), box_of(*box), margins)
    assert frame.goes_on.tolist() == goes_on
    left, top, right, bottom = frame.core
    assert right - left == pytest.approx(box[2] - box[0]) and bottom - top == pytest.approx(box[3] - box[1])
    assert frame.to_picture(np.array([[left, top], [right, bottom]])) == pytest.approx(np.array([box[:2], box[2:]]))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 20])
def test_a_turned_box_is_cut_out_upright(degrees):
    """Of a line with a bar at its beginning the bar is at the left, to the pixel where the box is level."""
    upright = page((100, 120, 108, 160), (120, 150, 240, 160))
    picture = upright.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white", expand=degrees in (90, 270))
    turn, middle, other = np.radians(-degrees), np.array(upright.size) / 2, np.array(picture.size) / 2
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = (box_of(96, 116, 244, 164) - middle) @ rotation + other
    frame = Frame(picture, np.round(corners, 6), (0, 0, 0, 0))
    expected = np.asarray(upright.crop((96, 116, 244, 164)).convert("L"), float)
    assert frame.gray.shape == expected.shape
    assert np.abs(frame.gray - expected).mean() < (1 if degrees % 90 == 0 else 5)


def test_beyond_the_picture_is_the_colour_of_its_ground():
    picture = Image.new("RGB", (200, 100), (40, 90, 160))
    ImageDraw.Draw(picture).rectangle((20, 30, 180, 70), fill=(250, 250, 250))  # most of it is letters
    corners = np.array([[2.0, 60.0], [60.0, 2.0], [90.0, 32.0], [32.0, 90.0]])
    frame = Frame(picture, corners, (60, 60, 0, 0))
    assert frame.pixels[0, 0].tolist() == pytest.approx([40, 90, 160], abs=3)


def test_a_rough_box_is_drawn_around_its_ink_and_leaves_others_theirs():
    """A line's descender hangs out of the box, a neighbour's ink reaches into it from above."""
    own = (100, 100, 300, 140)
    picture = page(own, (150, 140, 156, 152), (100, 40, 300, 80))
    rough, above = box_of(95, 96, 305, 143), box_of(95, 36, 305, 84)
    assert fit_to_ink(picture, rough, [above]) == pytest.approx(box_of(100, 100, 300, 152))
    cut = page(own, (60, 115, 94, 125))  # ink that the box cut off at its left
    assert fit_to_ink(cut, box_of(104, 96, 305, 143), []) == pytest.approx(box_of(60, 100, 300, 140))
    assert fit_to_ink(page(), rough, []) == pytest.approx(rough)


def test_touching_lines_keep_what_is_inside_their_box():
    """A stroke runs from one line into the next; ink beside the middle of another box is that box's."""
    picture = page((100, 100, 300, 130), (100, 136, 300, 166), (200, 90, 206, 180))
    frame = Frame(picture, box_of(98, 98, 302, 132), (30, 60, 30, 60))
    mine = frame.own_ink([box_of(98, 134, 302, 168)], near=0.3)
    rows = np.flatnonzero(mine.any(1))
    left, top, right, bottom = frame.core
    assert rows.min() >= top - 0.3 * (bottom - top) - 1 and rows.max() < bottom + 1
    assert mine[round(top) + 5 : round(bottom) - 5, round(left) + 5].all()


def test_ink_of_others_is_painted_over_with_ground():
    picture = Image.new("RGB", (400, 300), (230, 230, 210))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((100, 100, 299, 139), fill="black")
    pen.rectangle((100, 60, 299, 84), fill=(60, 60, 60))
    frame = Frame(picture, box_of(98, 98, 302, 142), (20, 30, 20, 30))
    gray = frame.own_gray()
    _, top, _, _ = frame.core
    assert (gray[: round(top) - 2] > 200).all() and (frame.gray[: round(top) - 2] < 100).any()
    assert (gray == frame.gray)[round(top) :].all()


def test_a_box_is_levelled_unless_its_ink_is_tilted():
    level = page((100, 100, 300, 140))
    tilted = np.array([[98, 95], [302, 105], [302, 145], [98, 135]], float)
    found = frames._levelled(level, tilted)
    assert frames._is_level(found) and found.mean(0) == pytest.approx(tilted.mean(0), abs=1)
    turned = level.rotate(-8, Image.Resampling.BICUBIC, fillcolor="white")
    turn = np.radians(8)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = (box_of(98, 98, 302, 142) - (200, 150)) @ rotation + (200, 150)
    assert frames._levelled(turned, corners) == pytest.approx(corners)


# --- boxes


def test_boxes_of_a_row_are_joined_and_those_apart_stay():
    one, two = box_of(0, 0, 100, 20), box_of(110, 1, 200, 21)
    assert _union(one, two, False) == pytest.approx(box_of(0, 0, 200, 21))
    assert _union(one, box_of(400, 0, 500, 20), False) is None, "too far away"
    assert _union(one, box_of(110, 0, 200, 60), False) is None, "much higher"
    assert _union(one, box_of(110, 15, 200, 35), False) is None, "of the next row"
    assert _union(one, box_of(10, 2, 50, 18), False) is one, "inside"
    half = box_of(80, 0, 180, 20)
    assert _union(one, half, False) == pytest.approx(box_of(0, 0, 180, 20)), "a fifth of it is shared"
    down = box_of(0, 0, 20, 100), box_of(0, 105, 20, 200)
    assert _union(*down, True) == pytest.approx(box_of(0, 0, 20, 200)) and _union(*down, False) is None
    assert len(_joined([one, two, box_of(0, 100, 100, 120), box_of(10, 2, 50, 18)])) == 2


def test_near_boxes_are_those_within_two_heights():
    boxes = [box_of(0, 100, 100, 120), box_of(0, 155, 100, 175), box_of(0, 165, 100, 185), box_of(135, 100, 200, 120)]
    assert [box[0].tolist() for box in _near(boxes, 0)] == [[0, 155], [135, 100]]


def test_a_box_of_several_rows_is_parted():
    picture = page((100, 100, 250, 116), (100, 140, 250, 156), (100, 180, 250, 196))
    parts = _rows_of(picture, box_of(90, 90, 260, 206))
    assert [np.round(part[0]).tolist() for part in parts] == [[100, 100], [100, 140], [100, 180]]
    box = box_of(90, 90, 260, 126)
    assert _rows_of(picture, box)[0] is box and _rows_of(picture, box_of(390, 10, 391, 50))[0].tolist() == [
        [390, 10], [391, 10], [391, 50], [390, 50],
    ]  # fmt: skip
    beyond = _rows_of(page((0, 10, 150, 26), (0, 40, 150, 56)), box_of(-8, 2, 160, 64))
    assert [np.round(part[0]).tolist() for part in beyond] == [[0, 10], [0, 40]]


# --- what is told to be another script


@pytest.mark.parametrize(
    ("reading", "foreign"),
    [
        (Reading("Tpe", 0.9, (), other_letters=6, other_confidence=0.71), True),
        (Reading("Tpe", 0.9, (), other_letters=6, other_confidence=0.69), False),
        (Reading("", 0.9, (), other_letters=1, other_confidence=0.9), False),
        (Reading("", 0.9, (), other_letters=1, other_confidence=0.96), True),
        (Reading("Harbour", 0.9, (), other_letters=2, other_confidence=0.9, others={"Cyrillic": 0.6}), True),
        (Reading("Harbour", 0.9, (), other_letters=2, other_confidence=0.9, others={"Cyrillic": 0.4}), False),
        (Reading("a" * (MIN_LETTERS - 1), 0.9, (), others={"Cyrillic": 1.0}), False),
        (Reading("a" * MIN_LETTERS, 0.9, (), others={"Cyrillic": 1.0}), True),
        (Reading("Harbour", 0.9, (), others={"Cyrillic": 0.2, "Greek": 0.2}), False),
    ],
)
def test_a_line_is_foreign_where_it_is_surely_so(reading, foreign):
    assert reading.is_foreign is foreign


def test_a_line_has_the_size_of_its_box():
    line = Line(((10, 20), (110, 20), (110, 60), (10, 60)))
    assert (line.width, line.height, line.area) == (100, 40, 4000)
