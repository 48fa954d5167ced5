"""A line cut out of its picture: where its frame lies, what of the ink is its own, and how boxes are joined."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text import frames
from fontid.text.frames import Frame, box_of, fit_to_ink
from fontid.text.letters import SEAM, TILE, LettersNetwork, _difference
from fontid.text.lines import Line, _join_small
from fontid.text.plain import _parts, is_plain
from fontid.text.reader import _joined, _near, _rows_of, _union
from fontid.text.recogniser import MIN_LETTERS, Reading
from fontid.text.shadows import _amount, _covered, _is_of_shades, _path, _step, _thrown


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


# --- rows, coverage and shadows


def test_dots_and_underlines_belong_to_their_line():
    dot, letters, rule = (10, 14), (18, 48), (52, 55)
    assert _join_small([dot, letters, rule]) == [(10, 55)]
    assert _join_small([(10, 14), (35, 65)]) == [(10, 14), (35, 65)], "too far above"
    assert _join_small([(10, 40), (45, 75)]) == [(10, 40), (45, 75)], "as high: two lines"
    assert _join_small([(100, 130), (136, 148)]) == [(100, 148)]


def test_a_long_line_is_seen_tile_by_tile_without_a_seam():
    """Its network gives back what it is shown: all tiles together are the whole, and none is longer than `TILE`."""
    widths = []

    class Network:
        def run(self, _, inputs):
            widths.append(inputs["pictures"].shape[3])
            return [inputs["pictures"][:, :1]]

    network = LettersNetwork.__new__(LettersNetwork)
    network._session = Network()
    rng = np.random.default_rng(0)
    for width in (16, TILE, TILE + 16, 3 * TILE - 2 * SEAM, 3 * TILE):
        widths.clear()
        inputs = rng.random((1, 3, 96, width), np.float32)
        assert (network._tiles(inputs) == inputs[0, 0]).all() and max(widths) <= TILE
        assert len(widths) == max(1, int(np.ceil((width - SEAM) / (TILE - SEAM))))


def ink_of(*boxes: tuple[int, int, int, int], size=(200, 60)) -> Ink:
    amount = np.zeros(size[::-1], np.uint8)
    for left, top, right, bottom in boxes:
        amount[top:bottom, left:right] = 255
    return Ink(amount, ink_box(amount))


def test_views_of_a_line_differ_by_the_ink_beyond_a_pixel():
    own = ink_of((10, 10, 30, 50), (60, 10, 80, 50))
    assert _difference(own, own) == 0
    moved = ink_of((11, 10, 31, 50), (61, 10, 81, 50))
    assert _difference(own, moved) == 0, "by a pixel"
    bolder = ink_of((10, 10, 30, 50), (52, 10, 80, 50))
    assert _difference(own, bolder) == pytest.approx(7 * 40 / (48 * 40) * 40, rel=0.05)
    assert _difference(own, ink_of((10, 10, 30, 50))) == np.inf, "another width"


@pytest.mark.parametrize("direction", range(16))
def test_a_shadow_is_thrown_to_one_side(direction):
    """A square's shadow, moved or swept by ten pixels, is covered in its own direction alone."""
    x, y = _step(direction, 10)
    assert np.hypot(x, y) == pytest.approx(10, abs=0.8)
    letters = np.zeros((80, 80), np.uint8)
    letters[30:50, 30:50] = 1

    def moved(x, y):
        return np.roll(letters, (y, x), (0, 1))

    behind = 1 - letters
    assert _thrown(letters, moved(x, y) & behind, 14) == pytest.approx(1, abs=0.02)
    path = _path(x, y)
    assert path.shape == (2 * max(abs(x), abs(y)) + 1,) * 2 and path[tuple(np.array(path.shape) // 2)] == 1
    swept = np.maximum.reduce([moved(*_step(direction, length)) for length in range(11)])
    assert _thrown(letters, swept & behind, 14) > 0.9
    rim = moved(4, 0) | moved(-4, 0) | moved(0, 4) | moved(0, -4)
    assert _thrown(letters, rim & behind, 14) == 0
    assert _covered(letters, moved(x, y) & behind, (direction + 8) % 16, 14) < 0.1


def test_shades_of_one_colour_are_no_letters_in_several():
    """Soft edges of red letters on white are shades; green ones among them are not, nor are fringes of a screen."""
    ground, red, green = (np.array(colour, np.float32) for colour in ((255, 255, 255), (200, 0, 0), (0, 160, 0)))
    steps = np.linspace(0.2, 1, 50)[:, None].astype(np.float32)
    soft = ground + steps * (red - ground)
    assert _is_of_shades(ground, soft)
    assert not _is_of_shades(ground, np.concatenate([soft, ground + steps[::4] * (green - ground)]))
    assert _is_of_shades(ground, np.concatenate([soft, green[None]])), "one pixel of another colour"
    gray = np.full(3, 128, np.float32)
    assert not _is_of_shades(gray, np.concatenate([gray + steps * 100, gray - steps * 100])), "paler and darker"


def test_amounts_are_shares_of_a_letters_colour():
    """Between letters and ground, and between letters and shadow; the shadow itself is none of it."""
    colours = np.array([[255, 255, 255], [0, 0, 200], [200, 0, 0], [90, 90, 90]], np.float32)
    mixed = 0.5 * (colours[0] + colours[1]), 0.25 * colours[2] + 0.75 * colours[3]
    shown = [*colours, *mixed]
    amount = _amount(np.array([shown], np.float32), colours, 3)
    assert amount.tolist()[0] == pytest.approx([0, 255, 255, 0, 128, 64], abs=1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("Aio", (3, 4, 2)), ("B8%", (3, 5, 6)), ("ä", (1, 3, 1)), ("å", (1, 2, 2)), ("l=", (2, 3, 0))],
)
def test_letters_have_their_pieces_and_holes(text, parts):
    assert _parts(text) == parts


def test_lines_that_were_not_read_are_plain_with_few_holes():
    """Bars with holes: at most seven in ten letters have one."""

    def bars(holes: int) -> Ink:
        ink = ink_of(*((10 + 20 * n, 10, 24 + 20 * n, 50) for n in range(10)), size=(230, 60))
        for n in range(holes):
            ink.amount[26:34, 14 + 20 * n : 20 + 20 * n] = 0
        return ink

    unread = Line(((0, 0), (230, 0), (230, 60), (0, 60)))
    assert is_plain(unread, bars(7)) and not is_plain(unread, bars(8))
    low = ink_of(*((10 + 8 * n, 10, 14 + 8 * n, 17) for n in range(10)), size=(230, 60))
    assert not is_plain(unread, low), "too low"
    assert not is_plain(unread, ink_of((0, 10, 20, 50), (40, 10, 60, 50))), "it reaches the edge"
