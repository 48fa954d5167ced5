"""The fifty-two Latin letters of a face, drawn alike for every face so that faces can be compared letter by letter."""

from pathlib import Path

import numpy as np
import uharfbuzz

from fontid.letters.letterforms import find_glyph
from fontid.letters.outlines import CELL, LETTERS, MEAN_HEIGHT, draw_in_cell


def draw_letters(font_file: Path) -> np.ndarray:
    """Letters at one common scale, on one baseline, centred on their ink: size and side-bearings do not count.

    Drawn by HarfBuzz from the outlines, without hinting, at exact positions. A colour font's are drawn so, too: a
    renderer that paints its layers finds other letters than those of the font's plain sibling.

    Returns: (52, 64, 64) uint8, ink 255 on 0; letters that the font lacks or leaves blank are all zero.
    Raises: OSError where the font cannot be read.
    """
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(font_file)))
    if not face.glyph_count:
        raise OSError(f"{font_file} is no font that can be read.")
    font = uharfbuzz.Font(face)
    found = {place: glyph for place, letter in enumerate(LETTERS) if (glyph := find_glyph(font, letter))}
    cells = np.zeros((len(LETTERS), CELL, CELL), np.uint8)
    if not found:
        return cells
    scale = MEAN_HEIGHT / np.mean([glyph.top - glyph.bottom for glyph in found.values()])
    for place, glyph in found.items():
        cells[place] = draw_in_cell(glyph, scale)
    return cells
