"""From the grayscale crop of a text line to the encoder's input: one function for training, evaluation and serving.

Ink becomes bright on a black ground whatever the picture's colours were, and its height is fixed, so that neither
colour nor size is left for the encoder to learn.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from fontid.picture.opening import quantile


@dataclass(frozen=True)
class Preprocessing:
    """Settings that belong to one encoder and travel in its artifact. All in pixels of the encoder's input."""

    height: int = 64
    ink_height: int = 56
    window: int = 256  # width of one input of the encoder
    longest: int = 4096  # a longer line is cut here
    most_windows: int = 6


@dataclass(frozen=True, eq=False)
class Ink:
    """How much ink each pixel holds, (H, W) uint8, 255 full ink; left, top, right, bottom of what holds some."""

    amount: np.ndarray
    box: tuple[int, int, int, int]


def prepare_line(gray: np.ndarray, settings: Preprocessing = Preprocessing()) -> np.ndarray | None:
    """Normalise polarity, contrast and size of one line of text.

    Args: gray: (H, W) uint8, a crop that holds one line; ink may be darker or lighter than its ground.
    Returns: (height, W') uint8, ink up to 255 on 0, the ink's box `ink_height` high; None where there is no ink.
    """
    ink = find_ink(gray)
    return None if ink is None else fit_line(ink, settings)


def fit_line(ink: Ink, settings: Preprocessing = Preprocessing()) -> np.ndarray:
    """The ink's box, `ink_height` high with a margin around it: (height, W') uint8."""
    left, top, right, bottom = ink.box
    scale = settings.ink_height / (bottom - top)
    margin = (settings.height - settings.ink_height) // 2
    widest = int(settings.longest / scale)
    right = min(right, left + max(1, widest))
    width = max(1, round((right - left) * scale))
    line = Image.fromarray(ink.amount).resize(
        (width, settings.ink_height), Image.Resampling.BICUBIC, box=(left, top, right, bottom)
    )
    below = settings.height - settings.ink_height - margin  # one more where the difference is odd
    return np.pad(np.asarray(line), ((margin, below), (margin, margin)))


def find_ink(gray: np.ndarray) -> Ink | None:
    """The ink of a picture (H, W) uint8; None where there is none."""
    amount = ink_map(gray)
    box = None if amount is None else ink_box(amount)
    return None if amount is None or box is None else Ink(amount, box)


def ink_map(gray: np.ndarray) -> np.ndarray | None:
    """How much ink each pixel holds: (H, W) uint8, 255 full ink; None for a picture of one tone.

    The threshold of Otsu (1979) parts the tones; the side that holds most of the border is the ground.
    """
    counts = np.bincount(gray.ravel(), minlength=256)
    threshold = _otsu(counts)
    if threshold is None:
        return None
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]]) > threshold
    share = border.mean()
    # a crop that cuts through its letters says little at the border: there the larger side is the ground
    bright_share = counts[threshold + 1 :].sum() / gray.size
    ground_is_bright = share > 0.5 if abs(share - 0.5) > 0.15 else bright_share > 0.5
    if ground_is_bright:  # count and draw as in the negative
        counts, threshold = counts[::-1], 254 - threshold
    is_ink = np.arange(256) > threshold
    ground, full = quantile(np.where(is_ink, 0, counts), 0.5), quantile(np.where(is_ink, counts, 0), 0.75)
    if full - ground < 8:
        return None
    amounts = (np.clip((np.arange(256, dtype=np.float32) - ground) / (full - ground), 0, 1) * 255).astype(np.uint8)
    return cv2.LUT(gray, np.ascontiguousarray(amounts[::-1]) if ground_is_bright else amounts)


def _otsu(counts: np.ndarray) -> int | None:
    """Otsu's threshold for (256,) counts of levels: above it is the bright class. None for a picture of one tone."""
    below = counts.cumsum(dtype=np.float64)
    above = below[-1] - below
    sums = (counts * np.arange(256.0)).cumsum()
    valid = (below > 0) & (above > 0)
    if not valid.any():
        return None
    means_apart = sums / np.maximum(below, 1) - (sums[-1] - sums) / np.maximum(above, 1)
    between = np.where(valid, below * above * means_apart**2, -1)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return int(best[len(best) // 2])


def ink_box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the rows and columns that hold ink; None where none does."""
    solid = ink > 110
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def windows_of(line: np.ndarray, settings: Preprocessing = Preprocessing()) -> np.ndarray:
    """Windows of the encoder's width, spread evenly over a prepared line, a shorter line centred on empty ground.

    Args: line: (height, W) uint8.
    Returns: (N, height, window) uint8, N from 1 to `most_windows`.
    """
    width = line.shape[1]
    if width <= settings.window:
        before = (settings.window - width) // 2
        return np.pad(line, ((0, 0), (before, settings.window - width - before)))[None]
    count = min(settings.most_windows, int(np.ceil((width - settings.window) / (0.75 * settings.window))) + 1)
    starts = np.linspace(0, width - settings.window, count).round().astype(int)
    return np.stack([line[:, start : start + settings.window] for start in starts])
