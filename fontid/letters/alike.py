"""Faces that write a text alike: the same outlines of its letters, at the same places.

Twins draw the whole alphabet alike. Others do so but for a few letters: Open Sans and Noto Sans differ in g and I.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from fontid.letters.letterforms import Glyph, Letterforms
from fontid.letters.outlines import MEAN_HEIGHT, draw_in_cell, outlines_apart

APART = 0.25  # pixels of 28 between outlines: farther apart, letters look different
NEAR = 2.0  # pixels: letters whose edges lie farther apart need no drawing
ELSEWHERE = 0.02  # of a text's length: a letter that is farther off stands at another place


def share_alike(
    letterforms: Letterforms, face: str, others: Sequence[str], texts: Sequence[str], least: float
) -> np.ndarray:
    """Which share of each text's letters each of the other faces writes as a face does: (K, N) float, 0-1.

    It is 0 where these letters are spaced otherwise.
    Args: least: a smaller share counts as 0, too; most faces are told so without drawing them.
    """
    shares = [[_share_alike(letterforms, (face, other), text, least) for text in texts] for other in others]
    return np.array(shares, float).reshape(len(others), len(texts))


def _share_alike(letterforms: Letterforms, faces: tuple[str, str], text: str, least: float) -> float:
    text = "".join(text.split())  # how wide a blank is tells little: texts are justified
    letters = "".join(dict.fromkeys(text))
    pairs = zip(*(letterforms.glyphs(face, letters) for face in faces), strict=True)
    known = {letter: pair for letter, pair in zip(letters, pairs, strict=True) if None not in pair}
    if not known:
        return 0.0
    # sizes do not count: half of the letters are drawn lower than 28 pixels, and half higher
    scales = MEAN_HEIGHT / np.median([[glyph.top - glyph.bottom for glyph in pair] for pair in known.values()], 0)
    counts = Counter(text)
    same = counts.keys() & known.keys()
    for is_alike in (_end_alike, _are_drawn_alike):
        for letter in sorted(same, key=letters.index):
            if not is_alike(known[letter], scales):
                same.remove(letter)
            if sum(counts[one] for one in same) < max(1, least * len(text)):  # drawing the rest changes nothing
                return 0.0
    written = "".join(letter for letter in text if letter in same)
    return len(written) / len(text) if _stand_alike(letterforms, faces, scales, written) else 0.0


def _end_alike(pair: Sequence[Glyph], scales: np.ndarray) -> bool:
    return _edges_apart(pair, scales) <= NEAR


def _are_drawn_alike(pair: Sequence[Glyph], scales: np.ndarray) -> bool:
    return bool(outlines_apart(*map(draw_in_cell, pair, scales)) <= APART)


def _edges_apart(pair: Sequence[Glyph], scales: np.ndarray) -> float:
    """Pixels between the edges of two letters, middle upon middle."""
    edges = np.array([[glyph.top, glyph.bottom, (glyph.right - glyph.left) / 2] for glyph in pair])
    return float(np.abs(np.subtract(*(edges * scales[:, None]))).max())


def _stand_alike(letterforms: Letterforms, faces: tuple[str, str], scales: np.ndarray, text: str) -> bool:
    one, other = (scale * letterforms.layout(face, text) for face, scale in zip(faces, scales, strict=True))
    return bool(np.nanmax(np.abs(one - other)) <= ELSEWHERE * max(np.nanmax(one), MEAN_HEIGHT))
