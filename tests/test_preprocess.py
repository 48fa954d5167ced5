import numpy as np
import pytest
from PIL import Image

from fontid.encoder.preprocessing import (
    Ink,
    Preprocessing,
    _otsu,
    find_ink,
    fit_line,
    ink_box,
    ink_map,
    prepare_line,
    windows_of,
)
from fontid.picture.opening import quantile
from tests.conftest import draw


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference of two prepared lines, 0-1, once they are equally wide."""
    width = min(first.shape[1], second.shape[1])
    assert abs(first.shape[1] - second.shape[1]) <= 0.03 * width + 2
    resized = [np.asarray(Image.fromarray(x).resize((width, x.shape[0])), np.float32) for x in (first, second)]
    return float(np.abs(resized[0] - resized[1]).mean() / 255)


@pytest.mark.parametrize("family", ["roboto", "lobster", "playfair-display"])
def test_ink_is_bright_whatever_the_colours(family):
    dark = prepare_line(np.asarray(draw("Hamburg", family)))
    for ink, ground in ((255, 0), (200, 60), (60, 200), (140, 100)):
        other = prepare_line(np.asarray(draw("Hamburg", family, ink=ink, ground=ground)))
        assert difference(dark, other) < 0.02, (ink, ground)
    assert dark[0].max() < 40 and dark.max() > 240  # ground black, ink bright


def test_tight_crop_keeps_its_polarity():
    gray = np.asarray(draw("Hamburg", "roboto", style="700-normal"))
    rows, columns = np.flatnonzero((gray < 128).any(1)), np.flatnonzero((gray < 128).any(0))
    tight = gray[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert difference(prepare_line(gray), prepare_line(tight)) < 0.03
    assert difference(prepare_line(gray), prepare_line(255 - tight)) < 0.03


def test_size_does_not_count():
    small, large = (prepare_line(np.asarray(draw("Signal", "arimo", pixels))) for pixels in (60, 150))
    assert small.shape[0] == large.shape[0] == 64
    assert difference(small, large) < 0.05


def test_nothing_to_see():
    assert prepare_line(np.full((40, 90), 255, np.uint8)) is None
    assert prepare_line(np.zeros((1, 1), np.uint8)) is None
    assert ink_map(np.full((5, 5), 77, np.uint8)) is None


def block(ground: int, ink: int, size=(20, 30)) -> np.ndarray:
    """A rectangle of ink in rows 5 to 9 and columns 8 to 19."""
    gray = np.full(size, ground, np.uint8)
    gray[5:10, 8:20] = ink
    return gray


def test_ink_is_counted_between_the_tones_of_ground_and_letters():
    gray = block(200, 50)
    gray[5, 8:12] = [200, 170, 125, 80]
    expected = np.where(gray == 50, 255, 0)
    expected[5, 8:12] = [0, 51, 127, 204]
    for seen in (gray, 255 - gray):
        found = find_ink(seen)
        assert np.array_equal(found.amount, expected) and found.box == (8, 5, 20, 10)


def test_a_faint_difference_is_no_ink_and_a_single_pixel_is():
    assert [ink_map(block(100, 100 + more)) is None for more in (1, 3, 7, 8, 12)] == [True, True, True, False, False]
    dot = np.zeros((9, 9), np.uint8)
    dot[4, 4] = 255
    assert np.array_equal(ink_map(dot), dot)


@pytest.mark.parametrize("inside", [0, 255])
def test_where_the_border_is_half_ink_the_larger_side_is_the_ground(inside):
    """Letters that are cut off at the edges say little of what is the ground; a border nearly all of one tone does."""
    gray = np.full((40, 40), inside, np.uint8)
    gray[0, 1:] = gray[:, -1] = 255 - inside  # half of the border, and little of the whole
    assert np.array_equal(ink_map(gray) > 127, gray != inside)
    gray[1:-1, 1:-1], gray[:, 0], gray[0, :], gray[-1, :10] = 255 - inside, inside, inside, inside
    assert (ink_map(gray) > 127)[20, 20] and not (ink_map(gray) > 127)[0, 5]  # most of the border, few of the pixels


def apart(counts: np.ndarray, threshold: int) -> float:
    """Otsu's variance between the classes of levels up to a threshold and above it, as in his paper."""
    levels, shares = np.arange(256), counts / counts.sum()
    parts = levels <= threshold, levels > threshold
    if not all(shares[part].sum() for part in parts):
        return -1.0
    (low, mean_low), (high, mean_high) = (
        (shares[part].sum(), (levels * shares)[part].sum() / shares[part].sum()) for part in parts
    )
    return low * high * (mean_low - mean_high) ** 2


@pytest.mark.parametrize("levels", [2, 3, 20, 256])
def test_the_threshold_is_otsus(levels, rng):
    """Where several are as good, as between two tones, it is the middle one."""
    counts = np.zeros(256, int)
    counts[np.sort(rng.choice(256, levels, replace=False))] = rng.integers(1, 1000, levels)
    values = [apart(counts, threshold) for threshold in range(256)]
    best = [threshold for threshold in range(256) if values[threshold] >= max(values) * (1 - 1e-9)]
    assert _otsu(counts) == best[len(best) // 2]


@pytest.mark.parametrize("ground", [127, 128])
def test_a_border_of_the_threshold_itself_is_of_the_darker_tones(ground):
    """All tones as often: 0 to 127 are the dark ones."""
    gray = np.full((66, 66), ground, np.uint8)
    gray[1:-1, 1:-1] = np.repeat(np.arange(256, dtype=np.uint8), 16).reshape(64, 64)
    seen = ink_map(gray)
    assert (seen[1, 1], seen[64, 64]) == ((0, 255) if ground == 127 else (255, 0))


@pytest.mark.parametrize("sides", [("top", "left"), ("bottom", "right"), ("top", "right"), ("left", "bottom")])
def test_every_side_of_the_border_counts(sides):
    """Bright on two sides and within: half of the border says nothing, and most of the picture is bright."""
    gray = np.full((40, 40), 255, np.uint8)
    places = {"top": np.s_[0], "bottom": np.s_[-1], "left": np.s_[:, 0], "right": np.s_[:, -1]}
    for side in set(places) - set(sides):
        gray[places[side]] = 0
    assert ink_map(gray)[20, 20] == 0 and ink_map(gray).max() == 255


def test_what_holds_less_than_half_ink_is_outside_the_box():
    ink = np.full((9, 12), 110, np.uint8)
    assert ink_box(ink) is None
    ink[2, 3] = ink[6, 8] = 111
    assert ink_box(ink) == (3, 2, 9, 7)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75])
def test_quantiles_of_counts_are_those_of_the_values(share):
    counts = np.random.default_rng(3).integers(0, 5, 256)
    assert quantile(counts, share) == pytest.approx(np.quantile(np.repeat(np.arange(256), counts), share), abs=1e-4)
    assert quantile(np.bincount([9, 20], minlength=256), share) == pytest.approx(9 + 11 * share, abs=1e-4)


def test_a_line_is_as_high_as_the_encoder_wants_and_no_longer():
    settings = Preprocessing()
    line = fit_line(Ink(np.full((56, 9000), 255, np.uint8), (0, 0, 9000, 56)), settings)
    assert line.shape == (64, 4096 + 8) and (line[4:60, 4:-4] == 255).all() and line.sum() == 255 * 56 * 4096
    odd = fit_line(Ink(np.full((10, 20), 255, np.uint8), (2, 3, 12, 8)), Preprocessing(height=65))
    assert odd.shape == (65, 112 + 8) and odd[4:60, 4:-4].min() == 255 and odd[60:].max() == 0


def test_windows_cover_the_line():
    settings = Preprocessing()
    short = windows_of(np.full((64, 100), 9, np.uint8), settings)
    assert short.shape == (1, 64, 256) and short.sum() == 9 * 64 * 100 and (short[0, :, 78:178] == 9).all()
    ramp = np.tile(np.arange(900) % 251, (64, 1)).astype(np.uint8)
    windows = windows_of(ramp, settings)
    assert (windows[0] == ramp[:, :256]).all() and (windows[-1] == ramp[:, -256:]).all()
    assert windows.shape == (5, 64, 256)  # three quarters of a window apart, at most
    assert (windows[2] == ramp[:, 322:578]).all()
    assert [len(windows_of(np.zeros((64, width)), settings)) for width in (256, 257, 448, 449, 5000)] == [1, 2, 2, 3, 6]
