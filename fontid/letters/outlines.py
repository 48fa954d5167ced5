"""Whether two faces draw the same letters: their outlines, laid upon each other."""

import string
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fontid.letters.letterforms import Glyph

LETTERS = string.ascii_uppercase + string.ascii_lowercase
CELL = 64  # side of a letter's square, pixels
MEAN_HEIGHT = 28.0  # average ink height of the fifty-two letters after normalisation, pixels
BASELINE = 44  # row of the baseline in the cell
OVERSAMPLING = 4


def draw_letters_by_freetype(font_file: Path | BinaryIO) -> np.ndarray:
    """The fifty-two letters at one common scale, on one baseline, centred on their ink.

    Returns: (52, 64, 64) uint8, ink 255 on 0. Raises: OSError where FreeType cannot draw the font.
    """
    source = font_file if hasattr(font_file, "read") else str(font_file)
    probe = ImageFont.truetype(source, 100, layout_engine=ImageFont.Layout.BASIC)
    boxes = [probe.getbbox(letter, anchor="ls") for letter in LETTERS]
    height = np.mean([bottom - top for _, top, _, bottom in boxes])
    if not height:
        return np.zeros((len(LETTERS), CELL, CELL), np.uint8)
    size = 100 * MEAN_HEIGHT * OVERSAMPLING / height
    font = probe.font_variant(size=float(size))
    side = CELL * OVERSAMPLING
    cells = np.zeros((len(LETTERS), CELL, CELL), np.uint8)
    for cell, letter in zip(cells, LETTERS, strict=True):
        left, _, right, _ = font.getbbox(letter, anchor="ls")
        canvas = Image.new("L", (side, side), 0)
        origin = ((side - (left + right)) / 2, BASELINE * OVERSAMPLING)
        ImageDraw.Draw(canvas).text(origin, letter, fill=255, font=font, anchor="ls")
        cell[:] = np.asarray(canvas.reduce(OVERSAMPLING))
    return cells


def draw_in_cell(glyph: Glyph, scale: float) -> np.ndarray:
    """(64, 64) uint8 likewise, of one letter at `scale` pixels to the em, drawn by HarfBuzz."""
    left = (glyph.left + glyph.right - CELL / scale) / 2
    return glyph.drawn(scale, left, BASELINE / scale, CELL, CELL)


def outlines_apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean distance between the outlines of two drawings of the same letters.

    The area by which two shapes differ, over the length of their outlines, is how far the outlines lie apart. Unlike
    the differing area alone it does not depend on how bold the letters are.

    Args: two (..., 64, 64) uint8 arrays.
    Returns: (...) float32, pixels (the letters are on average 28 high).
    """
    a, b = first.astype(np.int16), second.astype(np.int16)
    differing = np.abs(a - b).sum((-1, -2), dtype=np.int64)
    return (differing / np.maximum((_outline(a) + _outline(b)) / 2, 255)).astype(np.float32)


def _outline(cells: np.ndarray) -> np.ndarray:
    """Length of the outline times 255 (sum of the gradient's magnitude)."""
    down = np.abs(np.diff(cells, axis=-2))[..., :, :-1].astype(np.float32)
    across = np.abs(np.diff(cells, axis=-1))[..., :-1, :].astype(np.float32)
    return np.hypot(down, across).sum((-1, -2))
