"""A line cut out of its picture: where its frame lies, what of the ink is its own, and how boxes are joined."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text import frames
from fontid.text.frames import Frame, box_of, fit_to_ink
from fontid.text.lines import Line, _join_small, _runs, find_lines
from fontid.text.plain import is_plain, parts_of
from fontid.text.reader import _joined, _near, _rows_of, _union
from fontid.text.shadows import _covered, _path, _step, _thrown
from tests.conftest import sheet


def test_a_box_is_levelled_unless_its_ink_is_tilted():
    level = sheet((100, 100, 300, 140))
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
    picture = sheet((100, 100, 250, 116), (100, 140, 250, 156), (100, 180, 250, 196))
    parts = _rows_of(picture, box_of(90, 90, 260, 206))
    assert [np.round(part[0]).tolist() for part in parts] == [[100, 100], [100, 140], [100, 180]]
    box = box_of(90, 90, 260, 126)
    assert _rows_of(picture, box)[0] is box and _rows_of(picture, box_of(390, 10, 391, 50))[0].tolist() == [
        [390, 10], [391, 10], [391, 50], [390, 50],
    ]  # fmt: skip
    beyond = _rows_of(sheet((0, 10, 150, 26), (0, 40, 150, 56)), box_of(-8, 2, 160, 64))
    assert [np.round(part[0]).tolist() for part in beyond] == [[0, 10], [0, 40]]


def test_a_line_has_the_size_of_its_box():
    line = Line(((10, 20), (110, 20), (110, 60), (10, 60)))
    assert (line.width, line.height, line.area) == (100, 40, 4000)


# --- rows, coverage and shadows


def inked(*boxes: tuple[int, int, int, int], size=(200, 60), amount: int = 255) -> Ink:
    """Full ink in boxes (left, top, right, bottom), ends outside."""
    ink = np.zeros(size[::-1], np.uint8)
    for left, top, right, bottom in boxes:
        ink[top:bottom, left:right] = amount
    return Ink(ink, ink_box(ink))


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


@pytest.mark.parametrize(
    ("text", "parts"),
    [("Aio", (3, 4, 2)), ("B8%", (3, 5, 6)), ("ä", (1, 3, 1)), ("å", (1, 2, 2)), ("l=", (2, 3, 0))],
)
def test_letters_have_their_pieces_and_holes(text, parts):
    assert parts_of(text) == parts


def test_lines_that_were_not_read_are_plain_with_few_holes():
    """Bars with holes: at most seven in ten letters have one."""

    def bars(holes: int) -> Ink:
        ink = inked(*((10 + 20 * n, 10, 24 + 20 * n, 50) for n in range(10)), size=(230, 60))
        for n in range(holes):
            ink.amount[26:34, 14 + 20 * n : 20 + 20 * n] = 0
        return ink

    unread = read("", 0.0)
    assert is_plain(unread, bars(7)) and not is_plain(unread, bars(8))
    low = inked(*((10 + 8 * n, 10, 14 + 8 * n, 17) for n in range(10)), size=(230, 60))
    assert not is_plain(unread, low), "too low"
    assert not is_plain(unread, inked((0, 10, 20, 50), (40, 10, 60, 50))), "it reaches the edge"


def read(text: str, confidence: float = 0.95) -> Line:
    return Line(((0, 0), (230, 0), (230, 60), (0, 60)), text, confidence)


def bars(count: int, width: int = 8, height: int = 40, full: int = 255, ground: int = 0) -> Ink:
    """Upright ones, 20 pixels from one to the next, ten pixels off the edges."""
    ink = inked(*((10 + 20 * n, 10, 10 + width + 20 * n, 10 + height) for n in range(count)), size=(240, height + 20))
    return Ink(np.where(ink.amount > 0, full, ground).astype(np.uint8), ink.box)


@pytest.mark.parametrize("solid", [110, 111])
def test_ink_counts_as_solid_above_a_level(solid):
    ink = bars(10)
    ink.amount[26:34, 12:16] = solid  # too pale, it is a hole
    assert is_plain(read("l" * 10), ink) == (solid > 110)


@pytest.mark.parametrize(
    ("text", "pieces", "plain"),
    [
        ("llllllllll", 10, True),
        ("llllllllll", 9, True),
        ("llllllllll", 8, False),
        ("llllllllll", 11, False),
        ("lllll iiiii", 11, True),
        ("iiiii", 10, True),
        ("iiiii", 11, False),
        ("l", 1, False),
        ("ll", 2, True),
    ],
)
def test_plain_ink_is_in_as_many_pieces_as_the_letters_or_a_tenth_less(text, pieces, plain):
    assert is_plain(read(text), bars(pieces)) == plain


@pytest.mark.parametrize(
    ("line", "height", "plain"),
    [
        (read("llll", 0.95), 12, True),
        (read("llll", 0.95), 11, False),
        (read("llll", 0.94), 40, False),
        (read("", 0.0), 8, True),
        (read("", 0.0), 7, False),
    ],
)
def test_low_lines_and_unsure_ones_are_not_told_to_be_plain(line, height, plain):
    assert is_plain(line, bars(4, height=height)) == plain


@pytest.mark.parametrize("off", [0, 1])
@pytest.mark.parametrize("side", range(4))
def test_plain_ink_stays_clear_of_the_edges(side, off):
    first, top, last, bottom = (off if edge == side else 3 for edge in range(4))
    boxes = (first, top, first + 8, top + 40), (60, top, 68, top + 40)
    assert is_plain(read("ll"), inked(*boxes, size=(68 + last, top + 40 + bottom))) == (off > 0)


@pytest.mark.parametrize(
    ("boxes", "holes", "text", "plain"),
    [
        ([(10, 10, 90, 50)], [], "ll", True),
        ([(10, 10, 91, 50)], [], "ll", False),  # wider than two heights
        ([(10, 10, 30, 50)], [(16, 20, 24, 30)], "ol", True),
        ([(10, 10, 30, 50)], [(16, 20, 24, 30)], "ll", False),
        ([(10, 10, 30, 50)], [(16, 20, 18, 22)], "ll", False),
        ([(10, 10, 30, 50)], [(16, 20, 19, 21)], "ll", True),  # a speck: less than a twentieth of the height squared
        ([(10, 10, 30, 50)], [(14, 20, 18, 24), (18, 24, 22, 28)], "ol", False),  # two that touch at a corner
        ([(10, 10, 18, 50), (30, 20, 32, 22)], [], "ll", False),
        ([(10, 10, 18, 50), (30, 20, 33, 21)], [], "ll", True),
        ([(10, 10, 18, 30), (18, 30, 26, 50)], [], "ll", True),  # one piece that hangs together by a corner
    ],
)
def test_plain_ink_has_no_wider_pieces_and_no_more_holes_than_letters(boxes, holes, text, plain):
    ink = inked(*boxes, (110, 10, 118, 50))
    for left, top, right, bottom in holes:
        ink.amount[top:bottom, left:right] = 0
    assert is_plain(read(text), ink) == plain


@pytest.mark.parametrize(
    ("width", "full", "ground", "plain"),
    [
        (8, 245, 0, True),
        (8, 244, 0, False),
        (8, 255, 5, True),
        (8, 255, 6, False),
        (4, 150, 0, True),
        (5, 150, 0, False),
    ],
)
def test_plain_ink_is_full_inside_and_its_ground_is_empty(width, full, ground, plain):
    """Off by 4 and 2 in a hundred; what is thinner than its soft rims has no inside."""
    assert is_plain(read("llll"), bars(4, width, full=full, ground=ground)) == plain


@pytest.mark.parametrize(("height", "soft"), [(40, 2), (120, 4), (20, 2), (59, 2), (61, 3)])
def test_rims_of_plain_ink_may_be_soft_by_a_fortieth_of_its_height_and_a_pixel(height, soft):
    for rim, plain in ((soft, True), (soft + 1, False)):
        inside, outside = bars(4, 12, height), bars(4, 6, height)
        for n in range(4):
            left = 10 + 20 * n
            inside.amount[10:-10, left : left + rim] = inside.amount[10:-10, left + 12 - rim : left + 12] = 180
            outside.amount[10:-10, left - rim : left] = outside.amount[10:-10, left + 6 : left + 6 + rim] = 100
        assert is_plain(read("llll"), inside) == is_plain(read("llll"), outside) == plain


@pytest.mark.parametrize(("rim", "plain"), [(2, True), (3, False)])
def test_rims_of_plain_ink_may_be_soft_above_and_below(rim, plain):
    """Outside of low letters between high ones, and inside of broad ones."""
    boxes = (10, 10, 26, 50), (30, 25, 46, 35), (50, 25, 66, 35), (70, 10, 86, 50)
    outside, inside = inked(*boxes), bars(4, 12, 16)
    for left, top, right, bottom in boxes[1:3]:
        outside.amount[top - rim : top, left:right] = outside.amount[bottom : bottom + rim, left:right] = 100
    inside.amount[10 : 10 + rim] = np.minimum(inside.amount[10 : 10 + rim], 150)
    inside.amount[26 - rim : 26] = np.minimum(inside.amount[26 - rim : 26], 150)
    assert is_plain(read("llll"), outside) == is_plain(read("llll"), inside) == plain


# --- frames, to the pixel


def test_a_frame_holds_its_margins_and_knows_its_place_in_the_picture():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    frame = Frame(Image.fromarray(pixels), box_of(100, 120, 180, 150), (3, 5, 7, 11))
    assert np.array_equal(frame.pixels, pixels[115:161, 97:187])
    assert frame.core == pytest.approx((3, 5, 83, 35))
    assert frame.to_picture(np.array([[0, 0], [4, 1]])) == pytest.approx(np.array([[97, 115], [101, 116]]))
    cut = Frame(Image.fromarray(pixels), box_of(10, 12, 180, 290), (30, 40, 50, 60))
    assert np.array_equal(cut.pixels, pixels[:, :230]) and cut.core == pytest.approx((10, 12, 180, 290))


@pytest.mark.parametrize("side", range(4))
def test_the_picture_goes_on_where_more_than_a_pixel_of_it_is_left(side):
    for left_over, goes_on in ((2, True), (1, False)):
        box = np.array([60, 60, 340, 240])
        box[side] = (left_over, left_over, 400 - left_over, 300 - left_over)[side]
        frame = Frame(sheet(), box_of(*box), (0, 0, 0, 0))
        assert frame.goes_on.tolist() == [goes_on or other != side for other in range(4)]


def test_a_large_frame_is_scaled_down(monkeypatch):
    monkeypatch.setattr(frames, "MOST_PIXELS", 1250)
    frame = Frame(sheet((0, 0, 200, 300)), box_of(110, 110, 290, 190), (10, 10, 10, 10))
    assert frame.pixels.shape == (25, 50, 3) and frame.core == pytest.approx((2.5, 2.5, 47.5, 22.5))
    assert (frame.gray[:, :24] == 0).all() and (frame.gray[:, 26:] == 255).all()
    whole = Frame(sheet(), box_of(100, 100, 150, 125), (0, 0, 0, 0))
    assert whole.pixels.shape == (25, 50, 3), "of just as many pixels"


BAR = (150, 105, 250, 135)


def own_of(*pieces, near=0.25, others=(), box=(100, 100, 300, 140), bar=BAR, margin=60):
    """Left, top, right, bottom in the picture of what a box's own ink is beside a bar in it; None where it is none."""
    frame = Frame(sheet(bar, *pieces), box_of(*box), (margin,) * 4)
    mine = frame.own_ink([box_of(*other) for other in others], near)
    x, y = np.round(frame.to_picture(np.zeros((1, 2)))[0]).astype(int)
    mine[:, bar[0] - x : bar[2] - x] = False
    rows, columns = np.flatnonzero(mine.any(1)) + y, np.flatnonzero(mine.any(0)) + x
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if mine.any() else None


@pytest.mark.parametrize(
    ("own", "foreign"),
    [
        ((80, 66, 120, 117), (79, 66, 119, 117)),  # half of its width is in the box, or less
        ((280, 66, 320, 117), (281, 66, 321, 117)),
        ((104, 66, 120, 117), (104, 65, 120, 116)),  # it covers more than four tenths of the box's height
        ((104, 123, 120, 174), (104, 124, 120, 175)),
        ((104, 73, 120, 91), (104, 72, 120, 90)),  # an accent is less than a quarter of the height away
        ((104, 149, 120, 167), (104, 150, 120, 168)),
        ((104, 75, 120, 94), (104, 75, 120, 95)),  # and less than half as high
        ((90, 75, 110, 91), (89, 75, 109, 91)),
        ((70, 110, 91, 130), (70, 110, 90, 130)),  # likewise beside it
        ((309, 110, 330, 130), (310, 110, 330, 130)),
        ((70, 80, 95, 120), (70, 79, 95, 119)),
        ((70, 120, 95, 160), (70, 121, 95, 161)),
        ((104, 110, 106, 111), (104, 110, 105, 111)),  # no speck
    ],
)
def test_ink_is_a_boxes_own_up_to_a_bound(own, foreign):
    assert own_of(own) == own and own_of(foreign) is None


@pytest.mark.parametrize(
    "piece",
    [
        (110, 70, 140, 72), (110, 70, 140, 71), (110, 168, 140, 170), (110, 168, 140, 169),
        (70, 104, 72, 136), (70, 104, 71, 136), (328, 104, 330, 136), (328, 104, 329, 136),
    ],
)  # fmt: skip
def test_thin_strokes_beyond_the_reach_of_a_box_are_not_its_own(piece):
    assert own_of(piece) is None


def test_specks_in_a_high_box_are_larger():
    high = {"box": (100, 50, 300, 250), "bar": (150, 60, 250, 240), "margin": 30}
    assert own_of((110, 110, 114, 114), **high) == (110, 110, 114, 114) and own_of((110, 110, 113, 115), **high) is None


@pytest.mark.parametrize(
    ("stroke", "own"),
    [
        ((104, 70, 120, 122), (104, 70, 120, 122)),
        ((104, 69, 120, 122), (104, 100, 120, 122)),  # higher than 1.3 times the box
        ((104, 100, 120, 153), (104, 100, 120, 153)),
        ((104, 100, 120, 154), (104, 100, 120, 140)),  # less than three quarters of it are inside
        ((104, 80, 120, 160), (104, 100, 120, 140)),
    ],
)
def test_of_strokes_that_reach_far_out_only_the_inside_is_own(stroke, own):
    assert own_of(stroke) == own
    assert own_of((104, 80, 120, 160), others=[(100, 101, 300, 141)]) == (104, 100, 120, 140), "another's or not"


@pytest.mark.parametrize(
    ("box", "stroke", "own"),
    [
        ((100, 0, 300, 40), (104, 0, 120, 60), (104, 0, 120, 40)),
        ((100, -10, 300, 30), (104, 0, 120, 53), (104, 0, 120, 30)),
        ((100, 1, 300, 41), (104, 1, 120, 60), (104, 1, 120, 41)),
        ((100, 260, 300, 300), (104, 240, 120, 300), (104, 260, 120, 300)),
        ((100, 270, 300, 310), (104, 247, 120, 300), (104, 270, 120, 300)),
    ],
)
def test_the_inside_of_a_box_at_the_pictures_edge_reaches_from_its_first_row_to_its_last(box, stroke, own):
    assert own_of(stroke, box=box, bar=(150, 5, 250, 25) if box[1] < 100 else (150, 275, 250, 295)) == own


def test_a_panel_is_not_own_though_its_rim_runs_through_the_box():
    """It reaches three edges beyond which the picture goes on."""
    rim, arm = (104, 30, 220, 210), (30, 110, 104, 120)
    assert own_of(rim, bar=(250, 105, 290, 135)) == (104, 100, 220, 140)
    assert own_of(rim, arm, bar=(250, 105, 290, 135)) is None
    at_edge = {"box": (50, 100, 250, 140), "bar": (200, 105, 240, 135)}
    assert own_of((54, 30, 170, 210), (0, 110, 54, 120), **at_edge) == (0, 100, 170, 140)


@pytest.mark.parametrize(
    ("piece", "other", "own"),
    [
        ((104, 141, 120, 151), (100, 146.5, 300, 186.5), True),  # farther than half the other's height from its middle
        ((104, 141, 120, 151), (100, 145.5, 300, 185.5), False),
        ((104, 141, 120, 151), (112.5, 145, 300, 185), True),
        ((104, 141, 120, 151), (111.5, 145, 300, 185), False),
        ((104, 141, 120, 151), (50, 145, 111.5, 185), True),
        ((104, 141, 120, 151), (50, 145, 112.5, 185), False),
        ((104, 141, 120, 152), (100, 146.6, 300, 186.6), True),
        ((104, 141, 120, 152), (100, 146.2, 300, 186.2), False),
        ((104, 141, 121, 151), (112.4, 145, 300, 185), False),
        ((104, 141, 121, 151), (112.6, 145, 300, 185), True),
        ((104, 118, 120, 128), (100, 107, 300, 147), True),  # nearer to the own middle than to the other's
        ((104, 118, 120, 128), (100, 105, 300, 145), False),
        ((104, 118, 120, 128), (100, 111, 300, 131), True),  # nearer to the other's in pixels, but not in heights
        ((104, 118, 120, 128), (100, 88, 300, 168), False),
        ((70, 110, 95, 130), (60, 60, 100, 190), False),  # beside the box and inside one that crosses it
        ((70, 110, 95, 130), (60, 100.5, 100, 139.5), True),  # wider than high
        ((88, 110, 112, 130), (60, 60, 130, 190), True),  # half of it is inside the box
        ((87, 110, 111, 130), (60, 60, 130, 190), False),
    ],
)
def test_ink_near_the_middle_of_another_box_is_that_ones(piece, other, own):
    assert own_of(piece, near=0.5, others=[other]) == (piece if own else None)


@pytest.mark.parametrize(("away", "own"), [(3.7, True), (3.3, False)])
def test_ink_is_that_of_the_nearer_middle_between_two_rows_of_pixels(away, own):
    """Three pixels and a half from the middle of the own box, which is as high as the other."""
    middle = 123 + away
    piece, other = (104, 118, 120, 128), (100, middle - 19.5, 300, middle + 19.5)
    assert own_of(piece, near=0.5, others=[other], box=(100, 100, 300, 139)) == (piece if own else None)


def test_ground_is_painted_two_pixels_around_others_and_not_a_pixel_around_own_ink():
    gray = np.full((300, 400), 230, np.uint8)
    gray[57:101, 99:303] = 200  # soft rims, three pixels wide
    gray[60:98, 102:300] = gray[100:138, 102:300] = 0
    frame = Frame(Image.fromarray(gray).convert("RGB"), box_of(100, 100, 302, 140), (50, 60, 50, 60))
    expected = gray[40:200, 50:352].copy()
    expected[58 - 40 : 99 - 40, 50:252] = 230
    expected[98 - 40 : 100 - 40, 50:252] = np.where(np.arange(98, 100) < 99, 230, 200)[:, None]
    expected[99 - 40, [50, 251]] = 230  # beside the own ink's rim
    assert np.array_equal(frame.own_gray(), expected)
    none = Frame(sheet((100, 60, 300, 84)), box_of(100, 100, 300, 140), (50, 60, 50, 60))
    assert none.own_gray() is none.gray and none.own_ink([], 0.0) is None
    alone = Frame(sheet(BAR), box_of(100, 100, 300, 140), (20, 20, 20, 20))
    assert alone.own_gray() is alone.gray
    empty = Frame(sheet(), box_of(100, 100, 300, 140), (20, 20, 20, 20))
    assert empty.own_gray() is empty.gray and empty.solid is None and empty.own_ink([], 0.5) is None


@pytest.mark.parametrize(
    ("box", "ink", "fitted"),
    [
        ((200, 100, 300, 140), [(150, 105, 290, 135)], (150, 105, 290, 135)),
        ((200, 100, 300, 140), [(20, 105, 290, 135)], (128, 105, 290, 135)),  # four times 0.45 heights
        ((100, 100, 200, 140), [(110, 105, 380, 135)], (110, 105, 272, 135)),
        ((200, 100, 300, 104), [(20, 100, 290, 104)], (188, 100, 290, 104)),  # four times three pixels
        ((100, 100, 300, 140), [(110, 110, 290, 120)], (110, 110, 290, 120)),
        ((100, 100, 300, 140), [(110, 110, 290, 119)], (100, 100, 300, 140)),  # lower than a quarter of the box
        (
            (100, 100, 300, 140),
            [(110, 100, 290, 140), (110, 72, 130, 91), (110, 149, 130, 168)],  # with accents and dots
            (110, 72, 290, 168),
        ),
        ((100, 100, 300, 140), [(110, 100, 290, 140), (110, 71, 130, 90)], (110, 100, 290, 140)),  # too far above
    ],
)
def test_a_box_grows_to_its_ink(box, ink, fitted):
    assert fit_to_ink(sheet(*ink), box_of(*box), []) == pytest.approx(box_of(*fitted))


@pytest.mark.parametrize(
    ("ink", "count"),
    [((150, 105, 290, 135), 3), ((20, 105, 290, 135), 4), ((183, 105, 290, 135), 1), ((182, 105, 290, 135), 2)],
)
def test_a_box_is_looked_at_again_where_its_ink_reaches_the_edge(monkeypatch, ink, count):
    """18 pixels around it at first, as many more on that side each time, and up to its ink's end."""
    looked = []
    monkeypatch.setattr(frames, "Frame", lambda *asked: looked.append(asked[2]) or Frame(*asked))
    fit_to_ink(sheet(ink), box_of(200, 100, 300, 140), [])
    assert looked == [(18 * n, 18, 18, 18) for n in range(1, count + 1)]


@pytest.mark.parametrize(("level", "solid"), [(145, False), (144, True)])
def test_ink_is_solid_above_110_of_255(level, solid):
    picture = sheet((100, 100, 300, 140))
    ImageDraw.Draw(picture).rectangle((310, 110, 315, 130), fill=(level,) * 3)
    frame = Frame(picture, box_of(100, 100, 300, 140), (20, 20, 20, 20))
    assert frame.solid[40, 232] == solid and frame.solid[40, 50]


def test_sizes_are_means_of_opposite_sides():
    assert frames.size_of([(0, 0), (10, 0), (10, 12), (5, 12)]) == (7.5, 12.5)


@pytest.mark.parametrize(("off", "level"), [(0.0005, True), (0.002, False)])
def test_a_box_is_level_where_all_sides_run_along_the_pictures(off, level):
    for corner in range(4):
        for axis in range(2):
            box = box_of(10, 20, 110, 60)
            box[corner, axis] += off
            assert frames._is_level(box) == level


def risen(left: float, right: float, height: float = 40.0) -> np.ndarray:
    """A box 200 wide whose top falls by `left`, and its bottom by `right`, on the way to the right."""
    return np.array([[100, 100], [300, 100 + left], [300, 100 + height + right], [100, 100 + height]], float)


@pytest.mark.parametrize(
    ("box", "tilted"),
    [
        (risen(1.5, 1.5), False),  # less than a twenty-fifth of its height
        (risen(1.7, 1.7), True),
        (risen(0, 10), True),
        (risen(10, 0), True),
        (np.array([[100, 100], [300, 100], [320, 140], [120, 140]], float), False),  # leaning, not rising
        (risen(20, 20, 120), False),  # nearly square
        (risen(20, 20, 116), True),
    ],
)
@pytest.mark.parametrize(("sharp", "sharper"), [(1.02, False), (1.04, True)])
def test_a_box_stays_tilted_where_it_rises_and_fits_its_ink_better(monkeypatch, box, tilted, sharp, sharper):
    monkeypatch.setattr(frames, "_sharpness", lambda picture, corners: sharp if corners is box else 1.0)
    assert (frames._levelled(sheet(), box) is box) == (tilted and sharper)


def test_a_very_wide_box_is_level(monkeypatch):
    box = risen(150, 150)  # 250 wide
    monkeypatch.setattr(frames, "_sharpness", lambda picture, corners: 2.0 if corners is box else 1.0)
    for widest, tilted in ((250, True), (249, False)):
        monkeypatch.setattr(frames, "WIDEST", widest)
        assert (frames._levelled(sheet(), box) is box) == tilted


@pytest.mark.parametrize(
    ("box", "level"),
    [
        ([(98, 119), (302, 121), (302, 161), (98, 159)], [(98, 120), (302, 120), (302, 160), (98, 160)]),
        ([(121, 250), (121, 50), (161.2, 50), (161.2, 250)], [(121, 250), (121, 50), (161, 50), (161, 250)]),
        ([(100, 250), (100.5, 50), (140.5, 50), (140, 250)], [(100, 250), (100, 50), (140, 50), (140, 250)]),
        ([(-20, -9), (440, -9), (440, 320), (-20, 320)], [(0, 0), (400, 0), (400, 300), (0, 300)]),
    ],
)
def test_a_levelled_box_has_its_size_and_middle_on_whole_pixels(box, level):
    assert frames._levelled(sheet(), np.array(box, float)).tolist() == [list(corner) for corner in level]


@pytest.mark.parametrize(
    ("ink", "sharpness"),
    [
        ([(100, 110, 300, 130)], 1 / 20),
        ([(100, 105, 300, 110), (100, 120, 200, 125)], 1 / 9),
        ([(100, 150, 300, 170)], 0),
        ([], 0),
    ],
)
def test_ink_is_sharp_where_few_rows_hold_it(ink, sharpness):
    """Five rows of 200 and five of 100: 5 (200^2 + 100^2) / 1500^2."""
    assert frames._sharpness(sheet(*ink), box_of(90, 100, 310, 140)) == pytest.approx(sharpness)
    upright = sheet(*((top, left, bottom, right) for left, top, right, bottom in ink), size=(300, 400))
    assert frames._sharpness(upright, box_of(100, 90, 140, 310)) == pytest.approx(sharpness)


@pytest.mark.parametrize("width", [40, 30])
def test_ink_is_sharp_along_the_longer_sides_and_of_a_square_across(width):
    ink = sheet((105, 110, 105 + width - 10, 130))
    assert frames._sharpness(ink, box_of(100, 100, 100 + width, 140)) == pytest.approx(1 / 20)
    upright = sheet((110, 105, 130, 145), size=(300, 300))
    assert frames._sharpness(upright, box_of(100, 100, 140, 150)) == pytest.approx(1 / 20)


@pytest.mark.parametrize(("right", "bottom"), [(30.2, 20.2), (10.2, 40.2)])
def test_of_a_box_without_width_or_height_a_row_or_column_is_cut_out(right, bottom):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 70, 3), np.uint8)
    frame = Frame(Image.fromarray(pixels), box_of(10, 20, right, bottom), (0, 0, 0, 0))
    assert np.array_equal(frame.pixels, pixels[20 : max(21, int(bottom)), 10 : max(11, int(right))])


@pytest.mark.parametrize("turns", range(4))
def test_the_ground_beyond_a_picture_is_that_around_the_box(turns):
    """In a corner of the picture, two pixels farther than the box reaches."""
    pixels = np.full((300, 400, 3), (250, 250, 250), np.uint8)
    pixels[:32, :42] = 40, 90, 160
    corners = np.array([[-20, -4], [40, -2], [38, 30], [-22, 28]], float)
    picture = Image.fromarray(np.ascontiguousarray(np.rot90(pixels, turns)))
    for _ in range(turns):  # a quarter anticlockwise
        corners = np.stack([corners[:, 1], -corners[:, 0]], 1)
    corners += np.array([(0, 0), (0, 400), (400, 300), (300, 0)])[turns]
    assert (frames._warp(picture, corners, (60, 32)) == (40, 90, 160)).all()


def test_a_frame_is_cut_out_once():
    frame = Frame(sheet(BAR), box_of(100, 100, 300, 140), (20, 20, 20, 20))
    for what in ("pixels", "gray", "ink", "solid"):
        assert getattr(frame, what) is getattr(frame, what), what


@pytest.mark.parametrize("turns", range(4))
def test_what_is_warped_without_need_is_what_is_cut_out(turns):
    """Turned by quarters, and at half the size the means of two by two pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    picture, corners = Image.fromarray(pixels), np.roll(box_of(10, 20, 70, 60), -turns, axis=0)
    size = (40, 60) if turns % 2 else (60, 40)
    upright = np.rot90(pixels[20:60, 10:70], turns)
    assert np.array_equal(frames._cut_out(picture, corners, size), upright)
    assert np.abs(frames._warp(picture, corners, size).astype(int) - upright).max() <= 1
    half = frames._warp(picture, corners, (size[0] // 2, size[1] // 2)).astype(int)
    means = upright.reshape(size[1] // 2, 2, size[0] // 2, 2, 3).mean((1, 3))
    assert np.abs(half - means).max() <= 1


def test_what_is_warped_to_twice_its_size_lies_between_its_pixels():
    """Of a slope of four levels a pixel one of two, and half a level at the first."""
    picture = Image.fromarray(np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))).convert("RGB")
    warped = frames._warp(picture, box_of(10, 10, 50, 30), (80, 40))[:, :, 0]
    assert np.abs(warped - (39 + 2 * np.arange(80))).max() <= 1


@pytest.mark.parametrize("place", [(-60, 30), (160, 30), (30, -60), (30, 160)])
def test_a_box_beyond_the_picture_holds_its_ground(place):
    picture = Image.new("RGB", (100, 100), (40, 90, 160))
    corners = np.array([[0, 4], [20, 0], [22, 10], [2, 14]]) + place
    assert (frames._warp(picture, corners, (20, 10)) == (40, 90, 160)).all()


# --- lines


def test_a_part_of_a_line_lies_between_its_ends():
    line = Line(((0.0, 0.0), (100.0, 10.0), (96.0, 50.0), (4.0, 42.0)))
    assert line.between(0.25, 0.5) == pytest.approx(np.array([[25, 2.5], [50, 5], [50, 46], [27, 44]]))
    assert line.extent.tolist() == [0, 0, 100, 50]


@pytest.mark.parametrize(("text", "confidence", "is_read"), [("", 0.0, False), ("a", 0.0, True), ("", 0.1, True)])
def test_a_line_is_read_though_it_says_nothing(text, confidence, is_read):
    assert Line((), text, confidence).is_read == is_read
    assert Line(()) == Line((), "", 0.0, (), None)


def test_a_cut_line_has_a_margin_and_a_beginning():
    picture = sheet((100, 100, 300, 140))
    line = Line(((100, 100), (300, 100), (300, 140), (100, 140)), "text", 0.7, (0.5,)).cut(picture)
    assert line.frame.margins == (7, 7, 7, 7) and line.frame.core == pytest.approx((7, 7, 207, 47))
    assert line.place == Line(line.corners, "text", 0.7, (0.5,))
    begun = line.beginning(2.0)
    assert begun.frame.core == pytest.approx((7, 7, 87, 47)) and begun.frame.margins == line.frame.margins
    assert begun.corners == line.corners and line.beginning(9.0).frame.core == pytest.approx(line.frame.core)
    assert line.own_ink is line.frame.ink and line.own_ink.box == (7, 7, 207, 47)
    beside = Line(line.corners).cut(sheet((100, 100, 300, 140), (100, 80, 200, 96)))
    assert beside.own_ink.box == (7, 7, 207, 47) and beside.frame.ink.box == (7, 0, 207, 47)


@pytest.mark.parametrize(("height", "found"), [(5, 1), (4, 0)])
def test_rows_of_ink_are_lines_from_five_pixels(height, found):
    gray = np.full((60, 80), 255, np.uint8)
    gray[20 : 20 + height, 11:30] = gray[22, 40] = 0
    lines = find_lines(gray)
    assert lines == [Line(((11, 20), (41, 20), (41, 20 + height), (11, 20 + height)))] * found
    assert find_lines(np.full((60, 80), 255, np.uint8)) == []


@pytest.mark.parametrize(("pale", "right"), [(155, 40), (154, 50)])
def test_pale_ink_belongs_to_a_line_from_two_fifths_on(pale, right):
    gray = np.full((60, 80), 255, np.uint8)
    gray[20:30, 10:40], gray[20:30, 40:50] = 0, pale
    assert [line.corners for line in find_lines(gray)] == [((10, 20), (right, 20), (right, 30), (10, 30))]


def test_runs_begin_and_end_where_a_mask_changes():
    assert _runs(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (3, 4), (6, 7)] and _runs(np.zeros(3, bool)) == []


@pytest.mark.parametrize(
    ("runs", "joined"),
    [
        ([(10, 54), (88, 188)], True),
        ([(10, 55), (89, 189)], False),  # 45 to 100
        ([(10, 54), (89, 189)], False),  # 35 apart
        ([(10, 110), (144, 188)], True),
        ([(10, 110), (145, 189)], False),
        ([(10, 110), (140, 185)], False),
        ([(10, 110), (105, 149)], True),
    ],
)
def test_low_runs_belong_to_a_taller_one_close_by(runs, joined):
    assert _join_small(runs) == ([(10, runs[1][1])] if joined else runs)
    assert _join_small([]) == []
    above = [(-500, -400), (-300, -200)]
    assert _join_small([*above, *runs]) == above + ([(10, runs[1][1])] if joined else runs), "of several the last"
