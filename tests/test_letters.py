"""Scenes and their truth, the letters network, and what serving makes of what it finds; words and shadows."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.networks import open_network
from fontid.settings import LettersSettings
from fontid.text import frames, shadows, words
from fontid.text import letters as served_letters
from fontid.text.frames import Frame, box_of
from fontid.text.letters import LettersNetwork as Served
from fontid.text.letters import _difference, _wider
from fontid.text.lines import Line, line_around
from fontid.text.shadows import _is_of_shades
from release.average import average_rows, averaged
from tests.conftest import MODEL, font_file
from tests.test_frames import inked
from train.effects import HEIGHT, Effects, SceneMaker, sample
from train.letters_network import LettersNetwork
from train.train_letters import LettersLoss, load_letters

NOTHING = {name: 0.0 for name in Effects.__dataclass_fields__}


def lines(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Prepared lines of blocks, a different number of pixels wide, and their widths."""
    drawn, length = torch.zeros(count, 1, 64, 512, dtype=torch.uint8), torch.arange(count) * 20.0 + 120
    for line, width in zip(drawn[:, 0], length.int(), strict=True):
        line[4:60, 4 : int(width) - 4 : 9] = 255
        line[4:60, 5 : int(width) - 4 : 9] = 255
    return drawn, length


def make(seed: int = 0, **shares: float):
    grounds = torch.randint(0, 255, (3, 3, 192, 192), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    drawn, length = lines(8)
    maker = SceneMaker(Effects(**(NOTHING | shares)), grounds)
    generator = torch.Generator().manual_seed(seed)
    return maker(drawn, length, torch.full((8,), 50.0), torch.full((8,), 30.0), generator), drawn


def test_a_scene_is_made_of_its_seed():
    every = {name: 0.5 for name in NOTHING}
    first, second, other = make(1, **every)[0], make(1, **every)[0], make(2, **every)[0]
    assert torch.equal(first.picture, second.picture) and not torch.equal(first.picture, other.picture)
    assert first.picture.shape == (8, 3, HEIGHT, 384) and first.picture.min() >= 0 and first.picture.max() <= 1


def test_the_truth_is_what_was_there_before_the_effects():
    plain, struck = make(3)[0], make(3, photograph=1.0, rim=1.0, line=1.0, label=1.0, shadow=1.0)[0]
    assert torch.equal(plain.letters, struck.letters) and torch.equal(plain.band, struck.band)
    assert not torch.equal(plain.picture, struck.picture)


def test_without_letters_there_is_nothing_to_find():
    scene = make(4, without=1.0)[0]
    assert not scene.letters.any() and not scene.band.any()


def test_the_encoders_window_is_found_again_in_a_turned_picture():
    scene, drawn = make(6, turned=1.0)
    x, y = torch.arange(512) + 0.5, torch.arange(64) + 0.5
    grid = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(64, 512)], -1).reshape(-1, 3)
    points = grid @ scene.to_picture.transpose(1, 2)
    back = sample(scene.letters, (points[..., :2] / points[..., 2:]).reshape(8, 64, 512, 2), "zeros")
    for line, found, (first, last) in zip(drawn[:, 0], back[:, 0], scene.shown.int().tolist(), strict=True):
        shown = slice(first + 30, last - 30)
        if last - first > 100:
            truth = line[16:48, shown].float().flatten() / 255
            assert np.corrcoef(truth, found[16:48, shown].flatten())[0, 1] > 0.7


def test_the_network_learns_to_find_letters():
    torch.manual_seed(0)
    network, loss = LettersNetwork((16, 16, 16, 16), 1), LettersLoss()
    scene = make(7)[0]
    truth = torch.cat([scene.letters, scene.band], 1)
    optimizer, losses = torch.optim.AdamW(network.parameters(), 3e-3), []
    for _ in range(12):
        value = loss(network(scene.picture), truth)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert scene.picture.isfinite().all()
    assert network(scene.picture).shape == (8, 2, HEIGHT, 384) and losses[-1] < 0.8 * losses[0]


@pytest.fixture
def served() -> Served:
    """A network that takes what is green for letters. Its `shown` are the inputs, (1, 3, H, W) each."""
    made = Served.__new__(Served)
    made._settings, made.shown = LettersSettings(), []
    made._tiles = lambda inputs: made.shown.append(inputs) or inputs[0, 1]
    return made


def pictured(edge: bool) -> tuple[Image.Image, Line]:
    """Green bars on black, with a red bar above and below that ink by threshold takes for letters."""
    picture = Image.new("RGB", (300, 80), "black")
    draw = ImageDraw.Draw(picture)
    for x in range(40, 260, 20):
        draw.rectangle((x, 20, x + 8, 60), fill=(0, 255, 0))
    if edge:
        draw.rectangle((30, 8, 270, 11), fill=(255, 0, 0))
        draw.rectangle((30, 68, 270, 71), fill=(255, 0, 0))
    top, bottom = (8.0, 72.0) if edge else (20.0, 61.0)
    return picture, Line(((40.0, top), (249.0, top), (249.0, bottom), (40.0, bottom)))


def test_what_is_no_letter_is_left_out(served):
    picture, line = pictured(edge=True)
    letters = served.look(line.cut(picture))
    left, top, right, bottom = letters.box
    assert letters.amount.max() == 255 and not letters.amount[:top].any()
    width = (right - left) / (bottom - top)
    assert abs(width - 209 / 41) < 0.3  # of the bars alone: with the edges it would be 3.3


def test_a_plain_line_is_shown_as_it_is(served):
    picture, line = pictured(edge=False)
    cut = line.cut(picture)
    assert served.look(cut) is cut.frame.ink


@pytest.mark.parametrize(("rule", "is_own"), [(0, True), (4, False)])
def test_small_letters_are_shown_as_they_are_though_they_are_blurred(served, rule, is_own):
    """What is green is sharp, what is red and blue a pixel wider, as small letters are to the network."""
    pixels = np.zeros((40, 200, 3), np.uint8)
    for x in range(20, 180, 6):
        pixels[14:25, x : x + 2, 1] = 255
        pixels[14:25, x - 1 : x + 3, ::2] = 120
    pixels[18 : 18 + rule, 20:180, ::2] = 255
    cut = Line(((18.0, 13.0), (181.0, 13.0), (181.0, 26.0), (18.0, 26.0))).cut(Image.fromarray(pixels))
    assert (served.look(cut) is cut.own_ink) == is_own


def test_an_artifacts_letters_network_is_read_back():
    """What is trained through it sees what is served: torch gives what the ONNX file gives, but for its rounding."""
    network = load_letters(str(MODEL), torch.device("cpu"))
    pictures = torch.rand(2, 3, 96, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours = network(pictures).sigmoid().numpy()
    (theirs,) = open_network(MODEL / "letters.onnx").run(None, {"pictures": pictures.numpy()})
    assert np.abs(ours - theirs).max() < 0.02 and np.ptp(theirs) > 0.1


def test_networks_and_prototypes_are_averaged():
    first = {"w": torch.tensor([0.0, 2.0]), "steps": torch.tensor(3)}
    second = {"w": torch.tensor([4.0, 2.0]), "steps": torch.tensor(7)}
    mixed = averaged(first, second, 0.25)
    assert mixed["w"].tolist() == [1.0, 2.0] and mixed["steps"] == 7
    rows = average_rows(np.eye(2, dtype=np.float16), np.eye(2)[::-1], 0.5)
    assert np.allclose(rows, 0.5**0.5, atol=1e-3) and np.array_equal(
        average_rows(np.eye(2), np.eye(2)[::-1], 0.0), np.eye(2)
    )


# --- what serving makes of coverage, with the network replaced by what a test knows


BOX = box_of(100, 100, 200, 140)


def covered(first: int, last: int, amount: float = 1.0) -> np.ndarray:
    """Coverage in these rows of the network's."""
    coverage = np.zeros((96, 50), np.float32)
    coverage[first:last, 10:40] = amount
    return coverage


def letters_of(served: Served, *seen: np.ndarray, box: np.ndarray = BOX) -> tuple:
    """What is made of what the network sees, and the boxes that it is shown; rows are half a pixel, from 8 above."""
    boxes, left = [], list(seen)
    served._coverage = lambda frame, corners: boxes.append(corners) or (left.pop(0), (-8.0, 0.5))
    return served(line_around(box).cut(Image.new("RGB", (400, 300)))), boxes


@pytest.mark.parametrize(("count", "again"), [(33, True), (34, False), (54, False), (78, False), (79, True)])
def test_letters_much_lower_or_higher_than_their_box_are_looked_at_again(served, count, again):
    _, boxes = letters_of(served, covered(10, 10 + count), covered(20, 74))
    assert len(boxes) == 1 + again
    if again:  # from ten rows of half a pixel below what is 8 above the box
        assert boxes[1].tolist() == box_of(100, 97, 200, 97 + count / 2).tolist()


def test_letters_that_run_upwards_are_looked_at_again_there(served):
    box = np.roll(box_of(100, 100, 140, 200), -3, 0)
    _, boxes = letters_of(served, covered(20, 40), covered(20, 74), box=box)
    assert boxes[1] == pytest.approx(np.roll(box_of(102, 100, 112, 200), -3, 0))


@pytest.mark.parametrize("place", [(10, 10), (100, 100), (90, 7)])
def test_letters_of_a_tilted_line_are_looked_at_again_across_it(served, place):
    """It falls 3 on 4. From ten rows of half a pixel below what is 8 above the box, to 20 rows farther down."""
    right, down = np.array([0.8, 0.6]), np.array([-0.6, 0.8])
    first = np.array(place) + (30, 0)
    box = np.array([first, first + 100 * right, first + 100 * right + 40 * down, first + 40 * down])
    _, boxes = letters_of(served, covered(10, 30), covered(20, 74), box=box)
    expected = [first - 3 * down, first + 100 * right - 3 * down, first + 100 * right + 7 * down, first + 7 * down]
    assert boxes[1] == pytest.approx(np.array(expected))


def test_coverage_becomes_dark_on_light(served):
    coverage = covered(20, 74)
    coverage[0, :3] = 0.5, 0.25, 0.999
    letters, _ = letters_of(served, coverage)
    assert letters[0, :4].tolist() == [127, 191, 0, 255] and (letters[20:74, 10:40] == 0).all()
    assert letters.dtype == np.uint8


def test_what_is_hardly_covered_holds_no_letters(served):
    """Of 96 rows and 50 columns 20 pixels are four in a thousand; somewhere half of a pixel is covered."""
    for second, found in ((covered(0, 2, 0.5), True), (covered(0, 54, 0.49), False)):
        assert (letters_of(served, covered(0, 20), second)[0] is not None) == found
    assert letters_of(served, covered(0, 96, 0.5))[0] is None
    for pixels in (19, 20):
        few = np.zeros((96, 50), np.float32)
        few[0, :pixels] = 1
        assert (letters_of(served, covered(0, 20), few)[0] is not None) == (pixels == 20)


@pytest.mark.parametrize(("box", "asked"), [((10, 10, 50, 11), True), ((10, 10, 50, 10.9), False)])
def test_a_box_lower_than_a_pixel_is_fitted_to_nothing(served, box, asked):
    assert (len(letters_of(served, covered(20, 74), box=box_of(*box))[1]) == 1) == asked


OWN, FOUND = inked((10, 10, 190, 50)), np.full((60, 200), 255, np.uint8)
FOUND[10:50, 10:190:2] = 0


@pytest.mark.parametrize(
    ("read", "heights", "plain", "difference", "is_own", "is_asked"),
    [
        (True, None, True, 9.0, True, False), (False, 2.0, True, 9.0, True, False),
        (False, None, True, 9.0, False, True), (True, None, False, 0.99, True, True),
        (True, None, False, 1.0, False, True), (False, 2.0, False, 9.0, False, True),
    ],
)  # fmt: skip
def test_a_lines_own_ink_is_shown_where_it_is_plain_or_like_the_letters(
    served, monkeypatch, read, heights, plain, difference, is_own, is_asked
):
    """Of a page's unread lines a beginning as long as so many heights is asked for."""
    shown = []
    monkeypatch.setattr(Served, "__call__", lambda self, line: shown.append(line.frame.corners) or FOUND)
    monkeypatch.setattr(served_letters, "is_plain", lambda line, ink: plain)
    monkeypatch.setattr(served_letters, "_difference", lambda own, letters: difference)
    picture = Image.fromarray(np.stack([255 - OWN.amount] * 3, 2))
    line = line_around(box_of(10, 10, 190, 50), "abc" if read else "", 0.5 if read else 0.0).cut(picture)
    found = served.look(line, heights)
    assert (found is line.own_ink) == is_own and len(shown) == is_asked
    if is_asked:
        assert shown[0].tolist() == box_of(10, 10, 90 if heights else 190, 50).tolist()


def test_letters_without_their_shadow_are_shown_first_and_none_where_none_are_found(served, monkeypatch):
    picture = Image.fromarray(np.stack([255 - OWN.amount] * 3, 2))
    line = line_around(box_of(10, 10, 190, 50)).cut(picture)
    monkeypatch.setattr(Served, "__call__", lambda self, line: None)
    assert served.look(line) is None
    monkeypatch.setattr(Served, "__call__", lambda self, line: np.full((60, 200), 255, np.uint8))
    assert served.look(line) is None
    blank = line_around(box_of(10, 10, 190, 50)).cut(Image.new("RGB", (200, 60)))
    monkeypatch.setattr(Served, "__call__", lambda self, line: FOUND)
    assert served.look(blank).box == (10, 10, 189, 50)
    monkeypatch.setattr(served_letters, "without_shadow", lambda frame, own: FOUND[:, :100])
    assert served.look(line).amount.shape == (60, 100)


def test_a_crop_is_looked_at_as_a_line_around_its_ink(served, monkeypatch):
    monkeypatch.setattr(Served, "look", lambda self, line: line)
    line = served.look_at_crop(255 - OWN.amount)
    assert line.corners == ((10, 10), (190, 10), (190, 50), (10, 50)) and line.frame.picture.mode == "RGB"
    assert served.look_at_crop(np.full((60, 200), 255, np.uint8)) is None


@pytest.mark.parametrize(
    ("box", "scale", "margin"),
    [
        ((100, 100, 200, 154), 1, 8), ((100, 100, 200, 118), 3, 4), ((100, 100, 200, 208), 0.5, 15),
        ((3, 100, 103, 154), 1, 8), ((295, 100, 395, 154), 1, 8), ((100, 11, 200, 65), 1, 8),
        ((100, 240, 200, 294), 1, 8), ((3, 11, 397, 65), 1, 8),
    ],
)  # fmt: skip
def test_the_network_is_shown_letters_54_pixels_high(served, box, scale, margin):
    """With 21 above and below, also beyond the picture's edge; coverage is as wide as the line's frame."""
    left, top, right, bottom = box
    picture = Image.new("RGB", (400, 300))
    ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), (0, 255, 0))
    frame = line_around(box_of(*box)).cut(picture).frame
    assert frame.margins[0] == margin
    coverage, rows = served._coverage(frame, frame.corners)
    before, after = min(margin, left), min(margin, 400 - right)
    wide = round((right - left + 2 * margin) * scale)
    (shown,) = served.shown
    assert shown.shape == (1, 3, 96, 16 * -(-wide // 16)) and shown.max() == 1 and shown.dtype == np.float32
    assert (shown[..., wide:] == shown[..., wide - 1 : wide]).all()
    assert coverage.shape == (96, round((right - left + before + after) * scale))
    assert rows == pytest.approx((-21 / scale, 1 / scale))
    solid = coverage > 0.5
    assert np.flatnonzero(solid.any(1))[[0, -1]].tolist() == [21, 74]
    columns = np.flatnonzero(solid.any(0))[[0, -1]]
    assert columns == pytest.approx([before * scale, (before + right - left) * scale - 1], abs=0.51)


def test_a_frame_in_fewer_pixels_is_shown_as_large(served, monkeypatch):
    """Half as many along and across, of a box 4 pixels from the left edge and 11 from the upper one."""
    monkeypatch.setattr(frames, "MOST_PIXELS", 112 * 86 / 4)
    picture = Image.new("RGB", (400, 300))
    ImageDraw.Draw(picture).rectangle((4, 11, 103, 64), (0, 255, 0))
    frame = line_around(box_of(4, 11, 104, 65)).cut(picture).frame
    coverage, rows = served._coverage(frame, frame.corners)
    assert served.shown[0].shape == (1, 3, 96, 128) and coverage.shape == (96, 112) and rows == pytest.approx((-21, 1))
    assert np.flatnonzero((coverage > 0.5).any(1))[[0, -1]] == pytest.approx([21, 74], abs=1)
    assert np.flatnonzero((coverage > 0.5).any(0))[[0, -1]] == pytest.approx([4, 103], abs=1)


@pytest.mark.parametrize(("height", "scale"), [(0.5, 54), (1, 54), (2, 27)])
def test_a_line_lower_than_a_pixel_is_shown_as_one_of_a_pixel(served, height, scale):
    frame = Frame(Image.new("RGB", (400, 300)), box_of(100, 100, 110, 100 + height), (2, 2, 2, 2))
    assert served._coverage(frame, frame.corners)[1] == pytest.approx((-21 / scale, 1 / scale))


def test_a_narrow_line_is_shown_16_pixels_wide(served):
    frame = line_around(box_of(100, 30, 101, 246)).cut(Image.new("RGB", (400, 300))).frame
    assert served._coverage(frame, frame.corners)[0].shape == (96, 16)
    assert served.shown[0].shape == (1, 3, 96, 16)


@pytest.mark.parametrize(
    ("width", "seams"),
    [(16, []), (2048, []), (2064, [2016]), (5000, [2016, 4000]), (6016, [2016, 4000]), (6144, [2016, 4000, 5984])],
)
def test_tiles_are_2048_pixels_wide_and_overlap_by_64(width, seams):
    """All together are the whole; the letters next to a seam come from the tile that holds 32 pixels beyond it."""
    widths = []

    class Network:
        def run(self, _, inputs):
            widths.append(inputs["pictures"].shape[3])
            return [inputs["pictures"][:, :1] + 10_000 * len(widths)]

    network = Served.__new__(Served)
    network._session = Network()
    found = network._tiles(np.broadcast_to(np.arange(float(width)), (1, 3, 96, width)))[0]
    assert (found % 10_000 == np.arange(width)).all() and max(widths) <= 2048
    assert (np.flatnonzero(np.diff(found // 10_000)) + 1).tolist() == seams


@pytest.mark.parametrize(
    ("box", "alike"),
    [
        ((50, 5, 157, 55), True), ((50, 5, 158, 55), False), ((50, 5, 143, 55), True), ((50, 5, 142, 55), False),
        ((50, 5, 265, 105), True), ((50, 5, 266, 105), False),
    ],
)  # fmt: skip
def test_views_of_a_line_are_as_wide_but_for_some_pixels(box, alike):
    """Of 100 pixels by 50: by four in a hundred, twice a pixel's share and one and a half."""
    own = inked((20, 5, 120, 55), size=(300, 120))
    assert (_difference(own, inked(box, size=(300, 120))) < np.inf) == alike


def test_views_differ_by_the_share_of_ink_beyond_a_pixel_times_the_height():
    """A bar grown to the left by eight pixels, of which the next one does not count; either view may have more."""
    own, other = inked((10, 10, 30, 50), (60, 10, 80, 50)), inked((50, 5, 70, 45), (92, 5, 120, 45))
    assert _difference(own, other) == _difference(other, own) == pytest.approx(7 / 48 * 40)
    high, more = (inked((0, 0, 40, 108), (end, 0, 200, 108), size=(200, 108)) for end in (160, 80))
    assert _difference(high, more) == pytest.approx(39 / 80 * 108), "seen in half as many pixels: of 40, one is near"
    narrow = inked((5, 0, 6, 110), size=(10, 110))
    assert _difference(narrow, narrow) == 0
    low = inked((0, 0, 110, 1), size=(110, 1))
    assert _difference(low, low) == 0
    pieces = ((0, 0, 100, 20), (0, 88, 100, 108)), ((0, 0, 100, 28), (0, 88, 100, 108))
    one, other = (inked(*boxes, size=(100, 108)) for boxes in pieces)
    assert _difference(one, other) == _difference(other, one) == pytest.approx(3 / 24 * 108), "likewise downwards"
    left, right = inked((10, 10, 38, 50), (60, 10, 80, 50)), inked((10, 10, 30, 50), (52, 10, 80, 50))
    assert _difference(left, right) == pytest.approx((7 + 7) / 56 * 40), "more here and less there"


def test_wider_ink_reaches_a_pixel_farther_on_all_sides():
    assert np.argwhere(_wider(inked((5, 3, 6, 4), size=(9, 7)).amount)).tolist() == [
        [y, x] for y in (2, 3, 4) for x in (4, 5, 6)
    ]


# --- words


def test_words_lie_between_blanks_and_reach_half_of_them():
    line = Line((), " ab  cde", 1.0, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8))
    assert words.words_of(line) == [(1, 3), (5, 8)] and words.words_of(Line((), " ab  cde", 1.0, (0.1,))) == []
    assert [words._ends(line, word) for word in ((1, 3), (5, 8), (0, 3))] == [(0.1, 0.4), (0.5, 1.0), (0.0, 0.4)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a bcd e", [(0, 1), (2, 5), (6, 7)]), ("ab  c", [(0, 2), (4, 5)]), ("   ", []), ("", []), (" a ", [(1, 2)]),
        ("a\tb\u00a0c", [(0, 1), (2, 3), (4, 5)]),
    ],
)  # fmt: skip
def test_words_are_what_stands_between_blanks_of_any_kind(text, found):
    assert words.words_of(Line((), text, 1.0, (0.5,) * len(text))) == found


def test_a_word_has_the_ink_between_its_ends():
    line = Line((), "ab cd", 1.0, (0.1, 0.2, 0.4, 0.6, 0.8))
    ink = inked((5, 2, 20, 8), (50, 3, 61, 9), size=(100, 10))
    one, other = words.ink_of(line, ink, [(0, 2), (3, 5)])
    assert one.amount.shape == (10, 40) and one.box == (5, 2, 20, 8)
    assert other.amount.shape == (10, 60) and other.box == (10, 3, 21, 9)
    assert words.ink_of(line, inked((5, 2, 20, 8), size=(100, 10)), [(0, 2), (3, 5)]) is None
    assert words.ink_of(replace(line, centres=(0.0,) * 5), ink, [(0, 2)]) is None, "no pixel wide"


@pytest.mark.parametrize(
    ("strokes", "apart"), [((8, 8), 1), ((8, 16), 1.5), ((8, 8, 16), 2), ((16, 16, 8), 2), ((8, 8, 8, 24), 3)]
)
def test_strokes_are_apart_by_how_much_thicker_one_is_than_usual(strokes, apart):
    """Long bars, whose rim is twice their length; usual is the median."""
    bars = [inked((5, 5, 5 + stroke, 1005), size=(40, 1010)) for stroke in strokes]
    assert words.strokes_apart(bars) == pytest.approx(np.log(apart), abs=0.03)


@pytest.mark.parametrize(
    ("word", "text", "ends", "middles"),
    [((0, 2), "ab", (20, 48), (24, 44)), ((3, 5), "cd", (100, 128), (104, 124)), ((0, 5), "ab cd", (20, 128), None)],
)
def test_a_part_of_a_line_lies_around_its_own_ink(word, text, ends, middles):
    """Four letters 8 pixels wide: their line's frame is 4 pixels wider at each end, a part's as well."""
    places = 24, 44, 74, 104, 124
    picture = Image.new("RGB", (200, 60), "white")
    for place in places[:2] + places[3:]:
        ImageDraw.Draw(picture).rectangle((place - 4, 20, place + 3, 39), "black")
    line = Line(
        tuple(map(tuple, box_of(20, 20, 128, 40).tolist())), "ab cd", 0.7, tuple((x - 16) / 116 for x in places)
    )
    cut = line.cut(picture)
    assert words._core(cut) == pytest.approx((4 / 116, 112 / 116))
    part = words.part_of(cut, word)
    assert (part.text, part.confidence) == (text, 0.7)
    assert np.array(part.corners) == pytest.approx(box_of(ends[0], 20, ends[1], 40))
    expected = [(x - ends[0] + 4) / (ends[1] - ends[0] + 8) for x in middles or places]
    assert part.centres == pytest.approx(expected, abs=1e-4)
    assert words.part_of(line.cut(Image.new("RGB", (200, 60))), word) is None


# --- shadows


def test_ink_of_others_is_what_is_no_ink_of_the_lines_own_and_two_pixels_around():
    own = inked((0, 0, 9, 20), size=(20, 20))
    own.amount[:, 9] = 29
    solid = np.zeros((20, 20), bool)
    solid[:, :8] = solid[10, 10] = True
    others = shadows._of_others(SimpleNamespace(solid=solid), own)
    assert np.argwhere(others).tolist() == [[y, x] for y in range(8, 13) for x in range(9, 13)]
    own.amount[:, 9] = 30
    assert not shadows._of_others(SimpleNamespace(solid=solid), own)[:, 9].any()
    assert shadows._of_others(SimpleNamespace(solid=None), own).tolist() == np.zeros((20, 20)).tolist()


def test_pixels_are_averaged_into_fewer():
    part = np.array([[0, 100, 50, 150], [200, 100, 50, 150]], np.uint8)
    assert shadows._scaled(part, 0.5).tolist() == [[100, 100]] and shadows._scaled(part, 1.0).tolist() == part.tolist()
    assert shadows._scaled(part, 0.1).shape == (1, 1) and shadows._scaled(part.T, 0.5).shape == (2, 1)


@pytest.mark.parametrize(("count", "kept"), [(999, 999), (1999, 1999), (2000, 1000), (3001, 1001)])
def test_a_sample_is_evenly_spread(count, kept):
    sample = shadows._sample(np.arange(count))
    assert len(sample) == kept and sample[1] == (1 if kept == count else count // 1000)


def spotted(*spots: tuple[int, int], size: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of a gray ground, and how much ink each holds. Args: spots: how many pixels are how much redder."""
    pixels, amount = np.full((size * size, 3), 100, np.uint8), np.full(size * size, 29, np.uint8)
    first = 0
    for count, redder in spots:
        pixels[first : first + count, 0] += redder
        amount[first : first + count] = 30
        first += count
    return pixels.reshape(size, size, 3), amount.reshape(size, size)


@pytest.mark.parametrize(
    ("spots", "count"),
    [
        ([(25, 41)], 25), ([(24, 41)], 0), ([(25, 40)], 0), ([(30, 100), (30, 41)], 60), ([(30, 100), (30, 40)], 30),
        ([(30, 150), (30, 61)], 60), ([(30, 150), (30, 60)], 30), ([(400, 100)], 0),
    ],
)  # fmt: skip
def test_ink_is_what_is_far_enough_from_the_ground(spots, count):
    """By 40, and by four tenths of what the strongest is; 25 pixels at least, besides ground."""
    found = shadows._ground_and_ink(*spotted(*spots))
    if not count:
        assert found is None
    else:
        assert found[0].tolist() == [100, 100, 100] and found[1].shape == (count, 3)
        assert found[0].dtype == found[1].dtype == np.float32


def test_of_a_large_line_every_second_pixel_is_looked_at():
    pixels, amount = spotted(size=200)
    pixels[:, 1::2, 0], amount[:, 1::2] = 200, 255
    assert shadows._ground_and_ink(pixels, amount) is None
    ground, ink = shadows._ground_and_ink(pixels[:199], amount[:199])
    assert ground.tolist() == [100, 100, 100] and (ink == [200, 100, 100]).all()


GROUND = np.zeros(3, np.float32)


def ink_in(*colours: tuple[int, tuple]) -> np.ndarray:
    return np.concatenate([np.full((count, 3), colour, np.float32) for count, colour in colours])


@pytest.mark.parametrize(
    ("colours", "are_found"),
    [
        ([(92, (200, 0, 0)), (8, (0, 200, 0))], True), ([(93, (200, 0, 0)), (7, (0, 200, 0))], False),
        ([(50, (200, 0, 0)), (50, (200, 40, 0))], True), ([(50, (200, 0, 0)), (50, (200, 39, 0))], False),
        ([(40, (200, 0, 0)), (40, (0, 200, 0)), (20, (0, 0, 200))], True),
        ([(40, (200, 0, 0)), (40, (0, 200, 0)), (20, (0, 200, 39))], False),
    ],
)  # fmt: skip
def test_ink_is_of_several_colours_where_all_are_apart_and_none_is_rare(colours, are_found):
    found = shadows._colours(GROUND + 9, ink_in(*colours), len(colours))
    assert (found is not None) == are_found
    if are_found:
        assert found[0].tolist() == [9, 9, 9]
        assert {tuple(colour) for colour in found[1:].tolist()} == {colour for _, colour in colours}


@pytest.mark.parametrize(
    ("aside", "count", "of_shades"), [(25, 4, True), (26, 4, False), (26, 3, True), (90, 3, True), (-26, 4, False)]
)
def test_ink_is_of_shades_where_hardly_any_lies_aside(aside, count, of_shades):
    """Of 100 pixels fewer than eight, by more than 25."""
    ink = ink_in((100 - 2 * count, (200, 0, 0)), (count, (200, aside, 0)), (count, (200, -aside, 0)))
    assert _is_of_shades(GROUND, ink) == of_shades


def test_a_pixel_is_of_the_nearest_colour():
    colours = np.array([[0, 0, 0], [100, 0, 0], [0, 200, 50]], np.float32)
    pixels = np.array([[[49, 0, 0], [51, 0, 0], [0, 100, 40], [90, 90, 0], [0, 255, 255]]], np.uint8)
    assert shadows._nearest(pixels, colours).tolist() == [[0, 1, 2, 1, 2]]


@pytest.mark.parametrize(
    ("direction", "length", "step"),
    [(0, 10, (10, 0)), (1, 10, (9, 4)), (2, 10, (7, 7)), (4, 10, (0, 10)), (8, 3, (-3, 0)), (12, 5, (0, -5))],
)
def test_sixteen_directions_go_around(direction, length, step):
    assert shadows._step(direction, length) == step


def dark(*boxes: tuple[int, int, int, int], size=(100, 80)) -> np.ndarray:
    """(H, W) uint8, 1 in boxes."""
    return inked(*boxes, size=size, amount=1).amount


SQUARE_AT_30 = dark((30, 30, 50, 50))


@pytest.mark.parametrize(
    ("shadow", "farthest", "covered"),
    [
        ((50, 30, 55, 50), 5, 1), ((50, 30, 55, 50), 9, 1), ((50, 30, 55, 50), 4, 0.8), ((50, 30, 51, 50), 1, 1),
        ((50, 30, 55, 50), 0, 0), ((50, 30, 55, 40), 5, 0.5), ((60, 30, 80, 50), 30, 1), ((25, 30, 30, 50), 5, 0),
        ((50, 30, 60, 50), 5, 0.5),
    ],
)  # fmt: skip
def test_a_shadow_is_covered_by_what_letters_throw_at_most_so_far(shadow, farthest, covered):
    """By a square of 20 pixels to the right, what lies behind it left out: intersection over union."""
    assert shadows._covered(SQUARE_AT_30, dark(shadow), 0, farthest) == covered


def test_a_narrow_bar_is_swept_into_a_broad_shadow():
    bar, swept = dark((20, 10, 22, 30)), dark((22, 10, 32, 30))
    assert shadows._covered(bar, swept, 0, 10) == 1 and shadows._covered(bar, swept, 0, 8) == 0.8
    assert shadows._covered(bar, dark((30, 10, 32, 30)), 0, 10) == 1, "or moved"


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 0), (-3, 0), (0, 2), (0, -2), (3, -2), (-3, 2)])
def test_a_mask_moved_covers_another(x, y):
    mask, other = (inked((10 + dx, 5 + dy, 14 + dx, 7 + dy), size=(20, 12)).amount for dx, dy in ((0, 0), (x, y)))
    assert shadows._overlap(mask, other, x, y) == 8 and shadows._overlap(mask, other, x + 1, y) == 6
    assert shadows._overlap(mask, other, x, y + 1) == 4
    whole = np.ones((12, 20), np.uint8)
    assert shadows._overlap(whole, whole, x, y) == (12 - abs(y)) * (20 - abs(x))


@pytest.mark.parametrize(("x", "y"), [(3, 0), (-3, 0), (0, 2), (2, 2), (-2, 2), (2, -2), (0, 0)])
def test_a_pixel_is_swept_along_its_way(x, y):
    far = max(abs(x), abs(y))
    swept = cv2.dilate(dark((10, 6, 11, 7), size=(21, 13)), shadows._path(x, y))
    way = {(10 + round(x * step / max(1, far)), 6 + round(y * step / max(1, far))) for step in range(far + 1)}
    assert {(column, row) for row, column in np.argwhere(swept).tolist()} == way


def test_a_shadow_on_both_sides_is_none():
    """Half as much on the other side is too much, where letters cover that as well; less than that is not."""
    right = (50, 30, 60, 50)
    assert shadows._thrown(SQUARE_AT_30, dark(right), 10) == 1
    assert shadows._thrown(SQUARE_AT_30, dark(right, (20, 30, 30, 50)), 10) == 0
    assert shadows._thrown(SQUARE_AT_30, dark(right, (28, 30, 30, 42)), 10) == pytest.approx(200 / 224)
    assert shadows._thrown(SQUARE_AT_30, dark(right, (26, 30, 30, 44)), 10) == 0, "0.7 of what is near on one side"


@pytest.mark.parametrize(("height", "is_shadow"), [(17, True), (18, True), (19, False)])
def test_what_lies_beside_letters_is_told_one_to_four_pixels_off(height, is_shadow):
    """Ten times 20 pixels of a shadow on the right; on the left of two columns 1 + 2 + 2 + 2 times their height."""
    shadow = dark((50, 30, 60, 50), (28, 30, 30, 30 + height))
    covers = 200 / (200 + 2 * height) if is_shadow else 0
    assert shadows._thrown(SQUARE_AT_30, shadow, 10) == pytest.approx(covers)


def test_without_letters_or_shadow_nothing_is_covered():
    blank = np.zeros_like(SQUARE_AT_30)
    for letters, shadow in ((blank, blank), (blank, SQUARE_AT_30), (SQUARE_AT_30, blank)):
        assert shadows._covered(letters, shadow, 0, 5) == 0
    one, other = (dark((x, 5, x + 1, 6)) for x in (5, 6))
    assert shadows._covered(one, other, 0, 1) == 1, "a pixel's"


@pytest.mark.parametrize(("opposite", "covers"), [(0.49, 1.0), (0.5, 0.0)])
def test_a_shadow_is_looked_for_two_directions_to_each_side_of_the_likeliest(monkeypatch, opposite, covers):
    """There the best may be; the opposite one must cover less than half as much."""
    asked, known = [], {2: 1.0, 10: opposite}
    monkeypatch.setattr(shadows, "_covered", lambda *given: asked.append(given[2]) or known.get(given[2], 0.1))
    assert shadows._thrown(SQUARE_AT_30, dark((50, 30, 60, 50)), 10) == covers and asked == [14, 15, 0, 1, 2, 10]


def test_amounts_are_exact_between_two_colours():
    colours = np.array([[0, 0, 0], [0, 0, 200], [200, 0, 0]], np.float32)
    shown = np.array([[[0, 0, 50], [0, 0, 250], [100, 0, 100], [150, 0, 50], [0, 0, 0], [200, 0, 0]]], np.float32)
    assert shadows._amount(shown, colours, 2).tolist() == [[64, 255, 128, 64, 0, 0]]
    assert shadows._amount(shown, colours, 1).tolist() == [[0, 0, 128, 191, 0, 255]]


def thrown(height: int, step=(4, 4), letters=(0, 0, 200), shadow=(200, 0, 0), ground=(0, 0, 0), **frame) -> tuple:
    """A frame with three bars and their shadow, the ink, and where the bars are."""
    bars = np.zeros((height + 40, 200), bool)
    for left in (20, 60, 100):
        bars[20 : 20 + height - abs(step[1]), left : left + 16] = True
    behind = np.roll(bars, step[::-1], (0, 1)) & ~bars
    pixels = np.where(bars[..., None], letters, np.where(behind[..., None], shadow, ground)).astype(np.uint8)
    amount = (255 * (bars | behind)).astype(np.uint8)
    frame = {"pixels": pixels, "gray": pixels[..., 0], "solid": amount > 0} | frame
    return SimpleNamespace(**frame), Ink(amount, ink_box(amount)), bars


@pytest.mark.parametrize(
    ("letters", "shadow", "ground"),
    [
        ((0, 0, 200), (200, 0, 0), (0, 0, 0)),
        ((0, 0, 0), (120, 120, 150), (255, 255, 255)),
        ((9, 9, 9), (0, 200, 0), (250, 250, 0)),
    ],
)
@pytest.mark.parametrize("height", [20, 40])
def test_bars_are_parted_from_their_shadow_to_the_pixel(height, letters, shadow, ground):
    """Also where the shadow is nearly of a shade between letters and ground."""
    frame, own, bars = thrown(height, letters=letters, shadow=shadow, ground=ground)
    assert (shadows.without_shadow(frame, own) == 255 - 255 * bars).all()


def test_a_shadow_of_low_letters_is_not_looked_for():
    assert shadows.without_shadow(*thrown(19)[:2]) is None


@pytest.mark.parametrize(("height", "farthest"), [(20, 6), (40, 10), (128, 14)])
def test_a_shadow_is_looked_for_within_a_fifth_of_the_height_and_two_pixels(monkeypatch, height, farthest):
    """Of large letters in half as many pixels, 64 to their height."""
    asked = []
    monkeypatch.setattr(shadows, "_thrown", lambda letters, shadow, within: asked.append(within) or 0.0)
    assert shadows.without_shadow(*thrown(height)[:2]) is None and set(asked) == {farthest}


def test_a_shadow_lies_off_a_fifth_of_the_height_and_two_pixels_at_most():
    for step, is_found in ((10, True), (24, False)):
        frame, own, _ = thrown(40, (0, step))
        assert (shadows.without_shadow(frame, own) is not None) == is_found


def test_letters_of_other_lines_are_no_letters_of_a_shadowed_one():
    """Nor is what lies farther from the ink than a shadow may."""
    frame, own, bars = thrown(40)
    frame.pixels[63:68, 30:40] = frame.pixels[:5, 180:] = frame.pixels[8:11, 60:70] = 0, 0, 200
    frame.solid[63:68, 30:40] = True
    found = shadows.without_shadow(frame, own)
    bars[10:11, 60:70] = True  # ten pixels above the ink, of which all below is looked at
    assert (found == 255 - 255 * bars).all()


def test_large_letters_are_looked_at_64_pixels_high(monkeypatch):
    """And twelve heights of a line, with what a shadow reaches beyond."""
    shown = []
    monkeypatch.setattr(shadows, "_ground_and_ink", lambda pixels, amount: shown.append((pixels.shape, amount.shape)))
    frame, own, _ = thrown(128)
    assert shadows.without_shadow(frame, own) is None
    long = inked((30, 20, 530, 40), size=(600, 60))
    picture = SimpleNamespace(pixels=np.zeros((60, 600, 3), np.uint8), solid=None)
    assert shadows.without_shadow(picture, long) is None
    rows, columns = 84, round((120 + 28) / 2)
    assert shown[0] == ((rows, columns, 3), (rows, columns))
    assert shown[1] == ((32, 240 + 12, 3), (32, 240 + 12))


def letter_xs(line: Line, picture: Image.Image) -> np.ndarray:
    """Where its characters are in the picture, of a level line."""
    frame = line.cut(picture).frame
    left = frame.to_picture(np.zeros((1, 2)))[0, 0]
    return left + np.array(line.centres) * frame.width


def test_a_line_on_a_busy_ground_is_placed_around_its_letters():
    """Its ink reaches beyond them. Where each letter is stays; a tight line stays as it is."""
    noise = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
    picture = Image.fromarray(noise).resize((720, 240), Image.Resampling.BICUBIC)
    font = ImageFont.truetype(str(font_file("arimo", "700-normal")), 60)
    ImageDraw.Draw(picture).text((120, 80), "WHEN IT POPS", "white", font, stroke_width=5, stroke_fill="black")
    left, top, right, bottom = font.getbbox("WHEN IT POPS")
    true = np.array(box_of(120 + left, 80 + top, 120 + right, 80 + bottom))
    network = Served(MODEL / "letters.onnx")
    for grown, is_moved in ((45, True), (0, False)):
        box = true + np.array([[-1, -1], [3, -1], [3, 1], [-1, 1]]) * grown  # most at the right
        around = Line(tuple(map(tuple, box)), "WIP", 0.9, (0.2, 0.5, 0.6))
        line = around.cut(picture)
        ink = network.look(line)
        placed = network.place(replace(line, **vars(line.with_letters(ink))), ink)
        assert (placed.corners != line.corners) is is_moved
        assert np.array(placed.corners) == pytest.approx(true, abs=4)
        assert letter_xs(placed, picture) == pytest.approx(letter_xs(around, picture), abs=1)
        assert placed.text_height == pytest.approx(bottom - top, abs=5)
