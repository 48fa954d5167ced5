"""Lines along a circle or a wave: found, unbent, read and named; straight ones left as they are."""

import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fontid.settings import ReadingSettings
from fontid.text import bends
from fontid.text import reader as reading
from fontid.text.detector import Detector
from fontid.text.frames import box_of
from fontid.text.reader import NoText, TextReader
from tests.conftest import draw, font_file, sheet
from tests.test_lines import on_page

TEXT = "Signal Window Harbour"
SIZE = 56


def along(curve) -> Image.Image:
    """Letters turned one by one. Args: curve: pixels along the line -> x, y and degrees anticlockwise."""
    font = ImageFont.truetype(str(font_file("merriweather")), SIZE)
    picture, length = Image.new("L", (900, 560), 255), font.getlength(TEXT)
    for i, letter in enumerate(TEXT):
        width = font.getlength(letter)
        x, y, degrees = curve(font.getlength(TEXT[:i]) + width / 2 - length / 2)
        tile = Image.new("L", (3 * SIZE, 3 * SIZE))
        ImageDraw.Draw(tile).text((1.5 * SIZE - width / 2, 1.5 * SIZE), letter, fill=255, font=font, anchor="ls")
        tile = tile.rotate(degrees, Image.Resampling.BICUBIC)
        picture.paste(0, (round(x - 1.5 * SIZE), round(y - 1.5 * SIZE)), tile)
    return picture.convert("RGB")


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


def band_of_circle(low: float, high: float, first: float, last: float) -> np.ndarray:
    """(N, 2) points of a ring between two radii, from one angle in degrees to another, clockwise from the right."""
    turn, radius = np.meshgrid(np.radians(np.arange(first, last, 0.25)), np.arange(low, high + 0.1, 1.0))
    return np.stack([300 + radius * np.cos(turn), 250 + radius * np.sin(turn)], 2).reshape(-1, 2)


def band_of_wave(rise, half: float = 10.0) -> np.ndarray:
    """(N, 2) points within `half` above and below a curve over 600 pixels."""
    x, off = np.meshgrid(np.arange(0, 600, 2.0), np.arange(-half, half + 0.1, 1.0))
    return np.stack([x, rise(x) + off], 2).reshape(-1, 2) + (50, 200)


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
    assert course.holds(points).all() and not course.holds(band_of_circle(232, 240, first, last)).any()


def test_ink_close_to_a_box_is_inside():
    box = box_of(100, 100, 200, 120)
    points = np.array([[91, 110], [89, 110], [209, 110], [211, 110], [150, 98.5], [150, 97], [150, 121.5], [150, 123]])
    assert bends._inside(points, box).tolist() == [True, False] * 4
    assert bends._inside(np.array([[104.0, 101.0]]), box).all()


def test_ink_close_to_a_box_of_less_than_a_pixel_is_inside():
    points = np.array([[104, 100.85], [104, 100.95], [104, 99.95], [104, 99.85]])
    high = box_of(100, 100, 200, 100.8)
    assert bends._inside(points, high).tolist() == [True, False] * 2
    assert bends._inside(points[:, ::-1], high[:, ::-1]).tolist() == [True, False] * 2


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


# --- each step by itself, on what can be reckoned by hand


def course_at(rows: np.ndarray, height: float = 10.0, x: float = 0.5) -> bends.Course:
    """A course from left to right. Args: rows: of its middle, (N,)."""
    middle = np.stack([x + np.arange(len(rows)), rows], 1)
    return bends.Course.along(middle, np.tile([0.0, 1.0], (len(rows), 1)), height)


def level_course(length: int = 100, height: float = 10.0, x: float = 0.5, y: float = 50.0) -> bends.Course:
    return course_at(np.full(length, y), height, x)


@pytest.mark.parametrize(("height", "room", "bottom"), [(10.0, 8, 18), (10.6, 8, 19), (11.0, 9, 20)])
def test_a_course_keeps_four_fifths_of_its_height_around_the_line(height, room, bottom):
    corners = level_course(height=height).corners.tolist()
    assert corners == [[room, room], [100 - room, room], [100 - room, bottom], [room, bottom]]


def test_the_box_of_a_course_is_that_of_the_line_without_the_room_around_it():
    assert level_course().box() == ((8.5, 45), (91.5, 45), (91.5, 55), (8.5, 55))


def test_a_course_holds_what_is_within_seven_tenths_of_its_height_to_a_pixel():
    course = level_course(97, x=0.0)
    points = np.array([[40, 56], [40, 58.5], [40, 44], [40, 41.5], [2, 56], [2, 58.5], [102, 50], [105, 50]])
    assert course.holds(points).tolist() == [True, False] * 4
    nothing = bends.Course(np.empty((0, 2)), np.empty((0, 2)), 10.0, course.corners)
    assert not nothing.holds(points).any()
    assert course.holds(np.empty((0, 2))).tolist() == []


def test_a_course_is_held_against_a_wall_of_bricks_in_little_memory():
    """A photograph has half a million inked pixels: a distance of each to each place is gigabytes."""
    points = np.argwhere(np.ones((700, 900), bool))[:, ::-1] + 0.5
    course = level_course(880, x=10.0)
    tracemalloc.start()
    try:
        held = course.holds(points).sum()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held == pytest.approx(880 * 14 + 10 * 14, rel=0.1) and peak < 60 * 2**20


def lettered(seed: int = 0) -> np.ndarray:
    """(100, 100, 3): two letters on a ground of which no two pixels are alike, yet all are pale."""
    pixels = np.random.default_rng(seed).integers(215, 255, (100, 100, 3)).astype(np.uint8)
    pixels[46:54, 30:38] = pixels[44:56, 50:66] = 0
    return pixels


@pytest.mark.parametrize(("height", "rows"), [(10.0, slice(37, 63)), (11.0, slice(35, 64))])
@pytest.mark.parametrize("turns", range(4))
def test_a_straight_course_gives_the_very_pixels_around_it(turns, height, rows):
    """In whatever direction it runs."""
    centre = 50 if height == 10 else 49.5
    turned = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), turns)  # a quarter anticlockwise, to the eye
    course = level_course(y=centre)
    middle, down = (course.middle - 50) @ turned + 50, course.down @ turned
    picture = Image.fromarray(np.ascontiguousarray(np.rot90(lettered(), turns)))
    strip = np.asarray(bends.Course.along(middle, down, height).unbend(picture))
    assert np.array_equal(strip, lettered()[rows])


def test_letters_are_turned_as_a_whole_with_the_ground_halfway_to_their_neighbours():
    """The course goes down a pixel in ten; letters up to two heights wide do not, and what is wider does."""
    pixels = np.random.default_rng(0).integers(215, 255, (100, 160, 3)).astype(np.uint8)
    for first, last in ((6, 14), (26, 36), (60, 80), (110, 131), (146, 156)):
        pixels[48:56, first:last] = 0
    pixels[33:38, 90:98] = pixels[43:47, 90:98] = pixels[60:65, 90:98] = 0  # of other lines
    steps = np.arange(160) // 10
    strip = np.asarray(course_at(44.0 + steps).unbend(Image.fromarray(pixels)))
    steps[:20] = steps[10]  # eight pixels around the letter, or half of what is between two
    steps[20:44] = steps[31]
    steps[52:88] = steps[70]
    steps[138:] = steps[151]
    expected = np.stack([pixels[31 + step : 57 + step, x] for x, step in enumerate(steps)], 1)
    assert np.array_equal(strip, expected)


@pytest.mark.parametrize(("level", "is_letter"), [(145, False), (144, True)])
def test_what_is_turned_as_a_whole_is_ink_above_110_of_255(level, is_letter):
    """Of black and white. The course goes down a pixel at column 70, in the middle of the pale letter."""
    pixels = np.full((100, 160, 3), 255, np.uint8)
    pixels[48:56, 10:20], pixels[48:56, 62:78] = 0, level
    strip = np.asarray(course_at(np.repeat([52.0, 53.0], [70, 90])).unbend(Image.fromarray(pixels)))
    tops = (strip[:, 62:78, 0] == level).argmax(0)
    assert np.ptp(tops) == (0 if is_letter else 1) and tops[-1] == 8


@pytest.mark.parametrize(("level", "points"), [(145, 400), (144, 800)])
def test_ink_above_110_of_255_is_followed(monkeypatch, level, points):
    picture, boxes = inked((50, 40, 70, 60))
    ImageDraw.Draw(picture).rectangle((150, 40, 169, 59), (level,) * 3)
    asked = []
    monkeypatch.setattr(bends, "_follow", lambda points, inside: asked.append((len(points), inside.sum())))
    assert bends.find_bent(picture, boxes, lambda course: "line") == ([], boxes)
    assert asked == [(points, 400)] * 2


def test_a_picture_of_one_colour_unbends_to_one():
    strip = level_course().unbend(Image.new("RGB", (100, 100), (10, 200, 30)))
    assert strip.size == (100, 26) and strip.getcolors() == [(2600, (10, 200, 30))]


def test_beyond_the_picture_is_the_median_of_its_first_and_last_rows():
    pixels = np.repeat(np.array([[10, 20, 30], [200, 210, 220], [240, 241, 242], [40, 50, 60]]), 3).reshape(4, 3, 3)
    places = np.array([[[0.5, 0.5], [2.5, 1.5], [90, 90]]])
    sample = bends._sample(Image.fromarray(pixels.astype(np.uint8)), places)
    assert np.asarray(sample)[0].tolist() == [[10] * 3, [220] * 3, [35] * 3]


@pytest.mark.parametrize(
    ("rise", "bent"),
    [((0, 0, 2.73), False), ((0, 0, 2.87), True), ((0, 0, 0, 0, 5), True), ((0, 0, 0, 0, 0, 5), False)],
)
def test_a_band_is_bent_from_a_fifth_of_its_thickness_and_by_two_waves_at_most(rise, bent):
    """Legendre's second polynomial goes from -1/2 to 1."""
    points = band_of_wave(lambda x: np.polynomial.legendre.legval(2 * x / 598 - 1, rise))
    assert bends.is_bent(points) == bent


def test_how_far_a_middle_leaves_its_longest_axis_is_told_in_heights():
    middle = np.array([[700, 500], [732, 524], [728.4, 528.8], [696.4, 504.8]])  # a rectangle of 40 by 6, tilted
    assert bends._bend(bends.Course(middle, middle, 12.0, middle)) == pytest.approx(0.5)


class Rows(bends._Curve):
    """Across it is what is told; how sharp it is, any function of its values."""

    def __init__(self, values, step: float, sharp=None) -> None:
        self.values, self.step, self.sharp, self.tried = np.array(values, float), step, sharp, []

    def rows_of(self, points):
        return self._rows if self.sharp else lambda values: points[:, 1]

    def _rows(self, values):
        self.tried.append(tuple(values))
        return self.sharp(*values)


def test_sharpness_counts_ink_in_rows_of_a_pixel_and_their_neighbours():
    points = np.array([[0, -3.0], [7, -2.1], [4, -1.3]])  # two in one row, one in the next: 1/2, 5/4, 1, 1/4
    assert Rows([], 1).sharpness(points) == pytest.approx((0.25 + 25 / 16 + 1 + 1 / 16) / 9)


def test_sharpening_goes_on_by_smaller_steps_as_long_as_it_helps(monkeypatch):
    monkeypatch.setattr(bends, "_sharpness", lambda off: off)
    curve = Rows([0, 0], 4.0, lambda x, y: -abs(x - 11.1) - abs(y + 6.1))
    assert curve.sharpened(np.empty((0, 2))).values.tolist() == [11, -6] and curve.values.tolist() == [0, 0]
    flat = Rows([5, 1], 4.0, lambda x, y: 1.0)
    assert flat.sharpened(np.empty((0, 2))).values.tolist() == [5, 1]
    around = [(5 + dx, 1 + dy) for step in (4, 2, 1) for dx, dy in ((step, 0), (-step, 0), (0, step), (0, -step)) * 3]
    assert sorted(flat.tried) == sorted([(5, 1), *around]), "each change is tried three times"


def test_a_circle_is_fitted_to_the_ink_near_it_alone():
    ring = band_of_circle(200, 200, 190, 330)
    stray = np.random.default_rng(2).uniform(0, 500, (len(ring) // 3, 2))
    points = np.random.default_rng(1).permutation(np.concatenate([ring, ring, stray]))
    circle = bends._Circle.through(points, np.random.default_rng(0))
    assert circle.values == pytest.approx((300, 250), abs=0.05) and circle.step == 0.5
    corners = np.repeat([[0.0, 0.0], [8.0, 0.0], [0.0, 6.0]], 20, 0)  # most threes of these are no three points
    assert bends._Circle.through(corners, np.random.default_rng(0)).values == pytest.approx((4, 3))


def test_a_circle_is_fitted_better_than_through_three_points():
    """Ink as a flower with five petals lies evenly around its middle; what is far off to one side does not count."""
    turn = np.radians(np.arange(0, 360, 1.0))
    flower = np.stack([np.cos(turn), np.sin(turn)], 1) * (200 + 8 * np.cos(5 * turn))[:, None]
    stray = np.stack([np.linspace(230, 290, 60), np.zeros(60)], 1)
    points = np.random.default_rng(1).permutation(np.concatenate([flower, stray])) + (300, 250)
    assert bends._Circle.through(points, np.random.default_rng(0)).values == pytest.approx((300, 250), abs=0.01)


def test_a_circle_is_looked_for_in_the_first_five_hundred_points():
    """Of these 260 lie on one circle and 240, which come first, on another, where all further points lie."""
    turn = np.random.default_rng(0).uniform(0, 2 * np.pi, 5000)
    out = np.stack([np.cos(turn), np.sin(turn)], 1) * np.random.default_rng(1).normal(100, 0.01, (5000, 1))
    points = np.concatenate([out[:240], out[240:500] + (400, 90), out[500:]])
    assert bends._Circle.through(points, np.random.default_rng(0)).values == pytest.approx((400, 90), abs=0.1)


@pytest.mark.parametrize(("waves", "followed"), [(7, True), (9, False)])
def test_a_polynomial_follows_seven_turns(waves, followed):
    points = band_of_wave(lambda x: 20 * np.polynomial.legendre.Legendre.basis(waves)(2 * x / 598 - 1), half=0.0)
    assert (bends._Polynomial.through(points, bends.DEGREE).across(points).std() < 0.1) == followed


def test_a_thick_circle_is_sharpened_by_half_its_spread():
    points = np.random.default_rng(1).permutation(band_of_circle(190, 210, 0, 360))
    assert bends._Circle.through(points, np.random.default_rng(0)).step == pytest.approx(2.5, abs=0.3)


def spread(height: float, first: float, last: float, middle: float = 100.0) -> np.ndarray:
    """(101, 2) around (300, 250), evenly from one angle to another and so far out and in that 98 % are `height`."""
    turn, radius = np.radians(np.linspace(first, last, 101)), middle + height / 0.98 * np.linspace(-0.5, 0.5, 101)
    return np.stack([300 + radius * np.cos(turn), 250 + radius * np.sin(turn)], 1)


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ([(100, 312)], 312),  # 12 degrees on
        ([(100, 322)], 322),  # 22: 38 pixels
        ([(100, 324)], 300),  # 24: more than two heights
        ([(100, 316), (100, 336)], 336),
        ([(111, 312)], 312),
        ([(113, 312)], 300),  # farther from the middle than six tenths of the height
        ([(89, 312)], 312),
        ([(87, 312)], 300),
    ],
)
def test_a_line_on_a_circle_goes_on_to_ink_within_two_heights(more, end):
    circle, near = bends._Circle(np.array([300.0, 250.0]), 1.0), spread(20, 200, 300)
    places = [(100, degrees) for degrees in range(200, 301)] + more
    points = np.array([[300 + r * np.cos(np.radians(a)), 250 + r * np.sin(np.radians(a))] for r, a in places])
    course = circle.course(points, near)
    assert course.height == pytest.approx(20)
    assert len(course.middle) == int(np.ceil(100 * (np.radians(end - 200) + 2 * 0.16)))
    turn = np.radians(200) - 0.16 + np.arange(len(course.middle)) / 100  # room of 16 pixels at both ends
    assert course.middle == pytest.approx(np.stack([300 + 100 * np.cos(turn), 250 + 100 * np.sin(turn)], 1))
    assert course.down == pytest.approx(-np.stack([np.cos(turn), np.sin(turn)], 1))


@pytest.mark.parametrize(("first", "last", "other"), [(200, 300, 340), (130, 240, 280), (-60, 50, 90)])
def test_of_lines_on_a_circle_the_one_that_was_looked_at_is_followed(first, last, other):
    """Wherever angles are counted from; the other one is longer."""
    both = np.concatenate([spread(20, other, other + 150), spread(20, first, last)])
    course = bends._Circle(np.array([300.0, 250.0]), 1.0).course(both, spread(20, first, last))
    assert len(course.middle) == int(np.ceil(100 * (np.radians(last - first) + 2 * 0.16)))
    turn = np.radians(first) - 0.16
    assert course.middle[0] == pytest.approx((300 + 100 * np.cos(turn), 250 + 100 * np.sin(turn)))


@pytest.mark.parametrize(("first", "last", "hangs"), [(20, 160, True), (5, 200, False), (200, 340, False)])
def test_a_line_on_a_circle_hangs_where_it_is_read_along_the_bottom(first, last, hangs):
    """What is longer than half the circle is read clockwise."""
    near = spread(20, first, last) - (0, 600)
    course = bends._Circle(np.array([300.0, -350.0]), 1.0).course(near, near)
    out = (course.middle - (300, -350)) / 100
    assert course.down == pytest.approx(out if hangs else -out, abs=1e-6)
    begins = np.degrees(np.arctan2(*out[0][::-1])) % 360
    assert begins == pytest.approx((last + 9.2 if hangs else first - 9.2) % 360, abs=0.6)


@pytest.mark.parametrize(("height", "found"), [(79, True), (81, False)])
def test_a_line_is_no_higher_than_four_times_its_inner_radius(height, found):
    """The inner radius is 20."""
    near = spread(height, 0, 180, 20 + height / 2)
    assert (bends._Circle(np.array([300.0, 250.0]), 1.0).course(near, near) is not None) == found


def polynomial(*values: float, origin=(0.0, 0.0), axes=((1.0, 0.0), (0.0, 1.0)), ends=(0.0, 100.0)):
    curve = bends._Polynomial(np.array(origin), np.array(axes), ends)
    curve.values = np.array(values)
    return curve


def test_a_polynomial_goes_straight_on_beyond_its_ends():
    """Legendre's second, (3 t^2 - 1) / 2, ten times: its slope at the ends is 30 for t, which is 0.6 a pixel."""
    rise, slope = polynomial(0, 0, 10)._at(np.array([-10.0, 0, 50, 100, 120]))
    assert rise == pytest.approx([16, 10, -5, 10, 22]) and slope == pytest.approx([-0.6, -0.6, 0, 0.6, 0.6])


def test_how_far_points_are_off_a_polynomial_is_told_square_to_it():
    curve = polynomial(7, 37.5, origin=(1000, 500), axes=((0, 1), (-1, 0)))  # rises 3 on 4
    along, off = np.array([10.0, 50, 120]), np.array([0.0, 25, -5])
    points = np.stack([1000 - (7 + 0.75 * (along - 50) + off), 500 + along], 1)
    assert curve.across(points) == pytest.approx(0.8 * off)


@pytest.mark.parametrize(("reached", "length"), [(0.6, 166.25), (40.6, 216.25)])
def test_a_polynomials_line_is_as_high_and_as_long_as_its_ink_with_room_around(reached, length, monkeypatch):
    """Along a slope of 3 on 4, read downwards in the picture, with room of 16 at both ends; in steps of a half."""
    curve = polynomial(0, 37.5, origin=(300, 10), axes=((0, 1), (-1, 0)))
    off = np.linspace(-10 / 0.98, 10 / 0.98, 101) + 4  # 20 high, and 4 below the curve
    along = np.linspace(0, 100 + reached, 101)
    near = np.stack([300 - (0.75 * (along - 50) + 1.25 * off), 10 + along], 1)
    course = curve.course(near, near)
    assert course.height == pytest.approx(20)
    assert len(course.middle) == int(length) + 1
    assert course.down == pytest.approx(np.tile([-0.8, -0.6], (len(course.middle), 1)))
    first = np.array([300 + 0.75 * 66, 10 - 16]) + 4 * np.array([-0.8, -0.6])
    assert course.middle[0] == pytest.approx(first)
    assert np.diff(course.middle[1:], axis=0) == pytest.approx(np.tile([-0.6, 0.8], (len(course.middle) - 2, 1)))
    for longest, found in ((length - 1, False), (length + 1, True)):
        monkeypatch.setattr(bends, "LONGEST", longest)
        assert (curve.course(near, near) is not None) == found


@pytest.mark.parametrize("right", [(1.0, 0.0), (0.8, 0.6), (0.28, -0.96)])
def test_a_polynomial_is_fitted_along_the_longest_axis_from_left_to_right(right):
    points = (200, 90) + np.linspace(-60, 60, 121)[:, None] * right
    curve = bends._Polynomial.through(points, 2)
    assert curve._origin == pytest.approx([200, 90]) and curve._ends == pytest.approx((-60, 60))
    assert curve._axes == pytest.approx(np.array([right, (-right[1], right[0])]))
    assert curve.values == pytest.approx([0, 0, 0], abs=1e-6) and curve.step == 0.5


def test_a_polynomial_is_sharpened_by_a_third_of_how_far_its_points_are_off():
    points = np.array([[x, 90 + 12 * (-1) ** x] for x in range(401)], float)
    assert bends._Polynomial.through(points, 2).step == pytest.approx(4, abs=0.1)
    one = bends._Polynomial.through(np.array([[5.0, 8.0]] * 3), 1)
    assert one._ends == (0, 1) and one.across(np.array([[5.0, 8.0]])) == pytest.approx([0])


def test_points_far_off_hardly_count():
    """Of rows at -1 and 1 every eleventh point is 30 away: their middle stays within a tenth of a pixel."""
    x = np.arange(110.0)
    points = np.stack([x, np.where(x % 11 == 5, 30.0, (-1.0) ** x)], 1)
    assert np.median(np.abs(bends._Polynomial.through(points, 1).across(points))) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("width", "height", "kept"), [(3, 3, True), (4, 2, False), (5, 2, True), (1, 40, False), (40, 2, True)]
)
def test_specks_are_no_letters(width, height, kept):
    """What a contour encloses goes through the middles of its pixels: of three by three pixels it is four."""
    solid = np.zeros((60, 60), bool)
    solid[5 : 5 + height, 8 : 8 + width] = True
    assert len(bends._letters(solid)) == (width * height if kept else 0)
    assert bends._letters(np.zeros((9, 9), bool)).shape == (0, 2)


@pytest.mark.parametrize(("side", "thick", "kept"), [(20, 1, True), (21, 1, False), (39, 2, True), (40, 2, False)])
def test_what_encloses_five_times_its_ink_is_no_letter(side, thick, kept):
    solid = np.zeros((60, 70), bool)
    solid[10 : 10 + side, 15 : 15 + side] = True
    solid[10 + thick : 10 + side - thick, 15 + thick : 15 + side - thick] = False
    solid[20:25, 22:27] = True  # within it, and a letter
    points = bends._letters(solid)
    assert len(points) == 25 + kept * (side**2 - (side - 2 * thick) ** 2)


def test_pieces_that_touch_at_a_corner_are_one():
    solid = np.zeros((30, 30), bool)
    solid[2:20, 2:4] = solid[20:22, 4:20] = True
    assert len(bends._letters(solid)) == 18 * 2 + 16 * 2
    solid[:] = False
    solid[[3, 4, 5, 6, 5, 4], [6, 5, 4, 5, 6, 7]] = True  # no two side by side but for one pair
    assert len(bends._letters(solid)) == 6


class Followed(Rows):
    """As sharp as it is told, and with a course that is told."""

    def __init__(self, sharp: float, course=None, off=None) -> None:
        super().__init__([], 1, lambda: sharp)
        self.line, self.off = course, off

    def across(self, points):
        return np.resize([-1.0, 1.0], len(points)) if self.off is None else self.off

    def sharpness(self, points):
        return self.sharp()

    def sharpened(self, points):
        return self

    def course(self, points, near):
        self.near = near
        return self.line


def followed(monkeypatch, circle: Followed, wave: Followed, straight: float = 1.0, ink: int = 100, beside: int = 7):
    """What `_follow` makes of these curves."""
    by_degree = {bends.DEGREE: wave, 1: Followed(straight)}
    monkeypatch.setattr(bends._Circle, "through", lambda points, rng: circle)
    monkeypatch.setattr(bends._Polynomial, "through", lambda points, degree: by_degree[degree])
    return bends._follow(np.arange(2.0 * (ink + beside)).reshape(-1, 2), np.arange(ink + beside) < ink)


ROUND, WAVED = (course_at(np.repeat([40.0, 0.0], 100)) for _ in range(2))  # 40 pixels lower in the first half


@pytest.mark.parametrize(("sharp", "chosen"), [(4 / 3 - 1e-9, ROUND), (4 / 3 + 1e-9, WAVED)])
def test_a_wave_is_taken_where_it_fits_a_third_better_than_a_circle(monkeypatch, sharp, chosen):
    assert followed(monkeypatch, Followed(3.0, ROUND), Followed(3 * sharp, WAVED)) is chosen


@pytest.mark.parametrize(("straight", "found"), [(1.0, True), (1.01, False)])
def test_a_curve_fits_a_fifth_better_than_a_straight_line(monkeypatch, straight, found):
    assert (followed(monkeypatch, Followed(1.2, ROUND), Followed(0.0), straight) is ROUND) == found


@pytest.mark.parametrize(("ink", "found"), [(59, False), (60, True)])
def test_little_ink_is_not_followed(monkeypatch, ink, found):
    assert (followed(monkeypatch, Followed(2.0, ROUND), Followed(0.0), ink=ink) is ROUND) == found


@pytest.mark.parametrize(("far", "many", "kept"), [(3.1, 36, 100), (3.3, 35, 65), (3.3, 36, None)])
def test_two_thirds_of_the_ink_lie_within_three_median_distances(monkeypatch, far, many, kept):
    """Distances from the line's middle, which is 5 pixels off the curve."""
    curve = Followed(2.0, ROUND, 5 + np.r_[np.resize([far, -far], many), np.resize([-1.0, 1.0], 100 - many)])
    course = followed(monkeypatch, curve, Followed(0.0))
    assert course is None if kept is None else course is ROUND and len(curve.near) == kept


@pytest.mark.parametrize(
    ("length", "height", "rise", "found"),
    [
        (100, 40.0, 20, True),
        (100, 40.1, 20, False),  # shorter than two heights and a half
        (1000, 40.0, 12.1, True),
        (1000, 40.0, 11.9, False),  # straighter than three tenths of its height
        (16_000, 40.0, 400, True),
        (16_001, 40.0, 400, False),
        (10_000, 153.8, 400, True),
        (10_000, 153.9, 400, False),  # with 0.8 heights around it more than four million pixels
    ],
)
def test_a_course_is_long_and_bent_and_can_be_unbent(monkeypatch, length, height, rise, found):
    middle = np.stack([np.arange(length), rise * (np.arange(length) % 2)], 1).astype(float)
    course = bends.Course(middle, middle, height, middle)
    assert (followed(monkeypatch, Followed(2.0, course), Followed(0.0)) is course) == found
    assert followed(monkeypatch, Followed(2.0), Followed(0.0)) is None, "no course at all"


def inked(*boxes: tuple[int, int, int, int]) -> tuple[Image.Image, list[np.ndarray]]:
    """Black rectangles on white, and their corners."""
    return sheet(*boxes), [box_of(*box) for box in boxes]


def test_boxes_on_a_bent_line_are_taken_and_its_ink_is_looked_at_no_more(monkeypatch):
    """All boxes are looked at together, then the first eight one by one."""
    picture, boxes = inked(*((10 + 35 * n, 40, 30 + 35 * n, 60) for n in range(10)))
    course, asked = level_course(100, 20.0), []

    def follow(points, inside):
        asked.append((len(points), int(inside.sum())))
        return course if len(asked) == 2 else None

    monkeypatch.setattr(bends, "_follow", follow)
    lines, left = bends.find_bent(picture, boxes, lambda course: "line")
    assert lines == ["line"] and [box[0, 0] for box in left] == [115 + 35 * n for n in range(7)]
    assert asked[0] == (4000, 4000) and asked[1] == (4000, 400)
    assert len(asked) == 9 and all(n == 2800 for n, _ in asked[2:])
    asked.clear()
    assert bends.find_bent(picture, boxes, lambda course: None) == ([], boxes) and len(asked) == 9
    assert bends.find_bent(picture, [], lambda course: pytest.fail("there is none")) == ([], [])
    plain = Image.new("RGB", (90, 60), "white")
    assert bends.find_bent(plain, boxes, lambda course: "line") == ([], boxes)


@pytest.mark.parametrize(("share", "left"), [(10, 1), (11, 0)])
def test_a_box_is_taken_where_more_than_half_of_its_ink_lies_on_the_line(monkeypatch, share, left):
    picture, boxes = inked((50, 40, 70, 60))
    course = bends.Course(np.zeros((1, 2)), np.zeros((1, 2)), 1.0, np.zeros((4, 2)))
    monkeypatch.setattr(bends.Course, "holds", lambda self, points: points[:, 1] < 40 + share)
    monkeypatch.setattr(bends, "_follow", lambda points, inside: course if len(points) == 400 else None)
    assert len(bends.find_bent(picture, boxes, lambda course: "line")[1]) == left
