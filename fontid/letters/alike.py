"""Faces that write a text alike: the same outlines of all its letters, at the same places.

Twins draw the whole alphabet alike. Others do so only where a text lacks some letters: Open Sans and Noto Sans differ
in g and I.
"""

from collections.abc import Sequence

import numpy as np

from fontid.letters.letterforms import Glyph, Letterforms
from fontid.letters.outlines import MEAN_HEIGHT, TOLERANCE, draw_in_cell, outlines_apart

NEAR = 2.0  # pixels: letters whose edges lie farther apart need no drawing
ELSEWHERE = 0.01  # of a text's length: a letter that is farther off stands at another place


def write_alike(letterforms: Letterforms, face: str, others: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Whether each of the other faces writes each text as a face does: (K, N) bool.

    A text with a letter that one of both lacks is not written alike.
    """
    alike = [_written_alike(letterforms, (face, other), texts) for other in others]
    return np.array(alike, bool).reshape(len(others), len(texts))


def _written_alike(letterforms: Letterforms, faces: tuple[str, str], texts: Sequence[str]) -> list[bool]:
    letters_of = [set("".join(text.split())) for text in texts]
    letters = "".join(set().union(*letters_of))
    pairs = zip(*(letterforms.glyphs(face, letters) for face in faces), strict=True)
    known = {letter: pair for letter, pair in zip(letters, pairs, strict=True) if None not in pair}
    if not known:
        return [False] * len(texts)
    # sizes do not count: the letters of both faces are drawn equally high on average
    scales = MEAN_HEIGHT / np.mean([[glyph.top - glyph.bottom for glyph in pair] for pair in known.values()], 0)
    near = {letter for letter, pair in known.items() if _edges_apart(pair, scales) <= NEAR}
    wanted = set().union(*(letters for letters in letters_of if letters <= near))
    same = {letter for letter in wanted if outlines_apart(*map(draw_in_cell, known[letter], scales)) <= TOLERANCE}
    return [
        letters <= same and _stand_alike(letterforms, faces, scales, text)
        for letters, text in zip(letters_of, texts, strict=True)
    ]


def _edges_apart(pair: Sequence[Glyph], scales: np.ndarray) -> float:
    """Pixels between the edges of two letters, middle upon middle."""
    edges = np.array([[glyph.top, glyph.bottom, (glyph.right - glyph.left) / 2] for glyph in pair])
    return float(np.abs(np.subtract(*(edges * scales[:, None]))).max())


def _stand_alike(letterforms: Letterforms, faces: tuple[str, str], scales: np.ndarray, text: str) -> bool:
    one, other = (scale * letterforms.layout(face, text) for face, scale in zip(faces, scales, strict=True))
    return bool(np.nanmax(np.abs(one - other)) <= ELSEWHERE * max(np.nanmax(one), MEAN_HEIGHT))
