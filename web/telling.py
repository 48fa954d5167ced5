"""Which letters of a text tell two faces apart."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import Glyph
from fontid.letters.outlines import BASELINE, CELL, MEAN_HEIGHT, outlines_apart

MOST = 4  # letters
MIN_APART = 0.5  # pixels between outlines, of letters 28 high on average: below, the eye sees no difference


def telling_letters(identifier: FontIdentifier, first: str, second: str, text: str) -> str:
    """The letters that differ most, the most telling first. Args: first, second: ids of faces that ship."""
    if not (first in identifier.letterforms and second in identifier.letterforms):
        return ""
    letters = "".join(dict.fromkeys(letter for letter in text if letter.isalnum()))
    drawn = [identifier.letterforms.glyphs(face, letters) for face in (first, second)]
    both = [number for number, pair in enumerate(zip(*drawn, strict=True)) if None not in pair]
    if not both:
        return ""
    cells = [_cells([glyphs[number] for number in both]) for glyphs in drawn]
    apart = outlines_apart(*cells)
    return "".join(letters[both[place]] for place in np.argsort(-apart)[:MOST] if apart[place] >= MIN_APART)


def _cells(glyphs: Sequence[Glyph]) -> np.ndarray:
    """(N, 64, 64) uint8: glyphs at one scale, on one baseline, centred on their ink."""
    em = MEAN_HEIGHT / np.mean([glyph.top - glyph.bottom for glyph in glyphs])  # pixels
    cells = []
    for glyph in glyphs:
        height, width = (max(1, round(side * em / glyph.scale)) for side in glyph.ink.shape)
        cell = Image.new("L", (CELL, CELL))
        place = ((CELL - width) // 2, round(BASELINE - glyph.top * em))
        cell.paste(Image.fromarray(glyph.ink).resize((width, height)), place)
        cells.append(np.asarray(cell))
    return np.stack(cells)
