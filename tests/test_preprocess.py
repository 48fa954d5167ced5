import numpy as np
import pytest
from PIL import Image

from fontid.encoder.preprocessing import Preprocessing, ink_map, prepare_line, windows_of
from fontid.text.lines import find_lines
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


def test_windows_cover_the_line():
    settings = Preprocessing()
    short = windows_of(np.full((64, 100), 9, np.uint8), settings)
    assert short.shape == (1, 64, 256) and short.sum() == 9 * 64 * 100
    ramp = np.tile(np.arange(900) % 251, (64, 1)).astype(np.uint8)
    windows = windows_of(ramp, settings)
    assert (windows[0] == ramp[:, :256]).all() and (windows[-1] == ramp[:, -256:]).all()
    assert windows.shape[1:] == (64, 256) and 3 <= len(windows) <= settings.most_windows


def page(*lines: Image.Image, ground: int = 255) -> np.ndarray:
    """Lines of text under one another."""
    canvas = Image.new("L", (max(i.width for i in lines) + 40, sum(i.height for i in lines) + 40), ground)
    y = 20
    for line in lines:
        canvas.paste(line, (20, y))
        y += line.height
    return np.asarray(canvas)


@pytest.mark.parametrize("swap", [False, True])
def test_lines_are_found_with_their_dots(swap):
    gray = page(draw("Häjij Åing", "arimo", 40), draw("second line", "lora", 30), draw("!", "arimo", 20))
    lines = find_lines(255 - gray if swap else gray)
    assert len(lines) == 3
    tops = [line.corners[0][1] for line in lines]
    assert tops == sorted(tops)
    assert 35 < lines[0].height < 60  # accents and descenders inside


def test_no_lines_on_plain_ground():
    assert find_lines(np.full((100, 100), 200, np.uint8)) == []
