"""Faces that write a text alike: the same outlines of all its letters, at the same places.

Twins draw the whole alphabet alike. Others do so only where a text lacks some letters: Open Sans and Noto Sans differ
in g and I.
"""

from collections.abc import Sequence

import numpy as np

from fontid.letters.letterforms import Glyph, Letterforms
from fontid.letters.outlines import MEAN_HEIGHT, draw_in_cell, outlines_apart

APART = 0.25  # pixels of 28 between outlines: farther apart, letters look different
NEAR = 2.0  # pixels: letters whose edges lie farther apart need no drawing
ELSEWHERE = 0.01  # of a text's length: a letter that is farther off stands at another place


def write_alike(letterforms: Letterforms, face: str, others: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Whether each of the other faces writes each text as a face does: (K, N) bool.

    A text with a letter that one of both lacks is not written alike.
    """
    alike = [[_is_written_alike(letterforms, (face, other), text) for text in texts] for other in others]
    return np.array(alike, bool).reshape(len(others), len(texts))


def _is_written_alike(letterforms: Letterforms, faces: tuple[str, str], text: str) -> bool:
    letters = "".join(dict.fromkeys("".join(text.split())))
    pairs = list(zip(*(letterforms.glyphs(face, letters) for face in faces), strict=True))
    if not all(one and other for one, other in pairs):
        return False
    # sizes do not count: the letters of both faces are drawn equally high on average
    scales = MEAN_HEIGHT / np.mean([[glyph.top - glyph.bottom for glyph in pair] for pair in pairs], 0)
    if max(_edges_apart(pair, scales) for pair in pairs) > NEAR or not _stand_alike(letterforms, faces, scales, text):
        return False
    return all(outlines_apart(*map(draw_in_cell, pair, scales)) <= APART for pair in pairs)


def _edges_apart(pair: Sequence[Glyph], scales: np.ndarray) -> float:
    """Pixels between the edges of two letters, middle upon middle."""
    edges = np.array([[glyph.top, glyph.bottom, (glyph.right - glyph.left) / 2] for glyph in pair])
    return float(np.abs(np.subtract(*(edges * scales[:, None]))).max())


def _stand_alike(letterforms: Letterforms, faces: tuple[str, str], scales: np.ndarray, text: str) -> bool:
    one, other = (scale * letterforms.layout(face, text) for face, scale in zip(faces, scales, strict=True))
    return bool(np.nanmax(np.abs(one - other)) <= ELSEWHERE * max(np.nanmax(one), MEAN_HEIGHT))
