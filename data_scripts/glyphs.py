"""The fifty-two Latin letters of a face, drawn alike for every face so that faces can be compared letter by letter."""

import string
from pathlib import Path

import numpy as np
import skia
from PIL import Image, ImageDraw, ImageFont

LETTERS = string.ascii_uppercase + string.ascii_lowercase
CELL = 64  # side of a letter's square, pixels
MEAN_HEIGHT = 28.0  # average ink height of the fifty-two letters after normalisation, pixels
BASELINE = 44  # row of the baseline in the cell
OVERSAMPLING = 4  # of the FreeType drawings


def draw_letters(font_file: Path) -> np.ndarray:
    """Letters at one common scale, on one baseline, centred on their ink: size and side-bearings do not count.

    Drawn by Skia from the outlines, without hinting, at exact positions; by FreeType where Skia has no outline to
    give, as for colour fonts.

    Returns: (52, 64, 64) uint8, ink 255 on 0; letters that the font lacks or leaves blank are all zero.
    Raises: OSError where the font cannot be read.
    """
    typeface = skia.Typeface.MakeFromFile(str(font_file))
    if typeface is None:
        raise OSError(f"{font_file} is no font that can be read.")
    font = skia.Font(typeface, 1000)
    font.setHinting(skia.FontHinting.kNone)
    glyphs = [typeface.unicharToGlyph(ord(letter)) for letter in LETTERS]
    paths = [font.getPath(glyph) if glyph else None for glyph in glyphs]
    if any(path is None or path.isEmpty() for path in paths):
        return draw_letters_by_freetype(font_file)
    bounds = [path.computeTightBounds() for path in paths]
    height = np.mean([bound.height() for bound in bounds])
    scale = MEAN_HEIGHT / height
    cells = np.zeros((len(LETTERS), CELL, CELL), np.uint8)
    paint = skia.Paint(AntiAlias=True, Color=skia.ColorWHITE)
    for cell, path, bound in zip(cells, paths, bounds, strict=True):
        canvas = skia.Surface.MakeRasterDirect(skia.ImageInfo.MakeA8(CELL, CELL), cell).getCanvas()
        canvas.translate(CELL / 2 - scale * bound.centerX(), BASELINE)
        canvas.scale(scale, scale)
        canvas.drawPath(path, paint)
    return cells


def draw_letters_by_freetype(font_file: Path) -> np.ndarray:
    """The same letters by another rasteriser, which shows how far two drawings of one face lie apart.

    Returns: (52, 64, 64) uint8, as `draw_letters`.
    """
    probe = ImageFont.truetype(str(font_file), 100, layout_engine=ImageFont.Layout.BASIC)
    boxes = [probe.getbbox(letter, anchor="ls") for letter in LETTERS]
    height = np.mean([bottom - top for _, top, _, bottom in boxes])
    if not height:
        return np.zeros((len(LETTERS), CELL, CELL), np.uint8)
    size = 100 * MEAN_HEIGHT * OVERSAMPLING / height
    font = ImageFont.truetype(str(font_file), float(size), layout_engine=ImageFont.Layout.BASIC)
    side = CELL * OVERSAMPLING
    cells = np.zeros((len(LETTERS), CELL, CELL), np.uint8)
    for cell, letter in zip(cells, LETTERS, strict=True):
        left, _, right, _ = font.getbbox(letter, anchor="ls")
        canvas = Image.new("L", (side, side), 0)
        origin = ((side - (left + right)) / 2, BASELINE * OVERSAMPLING)
        ImageDraw.Draw(canvas).text(origin, letter, fill=255, font=font, anchor="ls")
        cell[:] = np.asarray(canvas.reduce(OVERSAMPLING))
    return cells


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
