"""The fifty-two Latin letters of a face, drawn alike for every face so that faces can be compared letter by letter."""

from pathlib import Path

import numpy as np
import skia

from fontid.letters.outlines import BASELINE, CELL, LETTERS, MEAN_HEIGHT, draw_letters_by_freetype


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
