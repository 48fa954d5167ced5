"""Where letters stand: do a face's own advance widths and kerning explain at which places its letters were found?

Letters that look alike in two faces are seldom spaced alike, and how they are spaced outlasts small sizes, JPEG and
shadows. What designers change is allowed for, at a price: letter-spacing, word-spacing, and a size that was measured
badly. Most texts are as their font spaces them, and some are spaced far apart, so the price is that of Cauchy's
distribution. What remains of each letter is noise with long tails too, Student's t: no misread letter decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SCATTER = 0.008  # ems: how far letters are found from where they stand, usually
TAILS = 3  # degrees of freedom of Student's t
ALIKE = 0.7  # likeness of a letter below which it is not known where it stands
FEWEST = 3  # letters of a line that tell of it
USUAL = np.array([0.01, 0.005, 0.05])  # changes, where there are any: of size, a share; ems a character, a blank
STEPS = (8, 4, 2, 1, 1, 1)  # times `SCATTER`: from far off, so that no wrong letter pulls the fit at first


@dataclass(frozen=True)
class Places:
    """Where n letters of a line stand in K faces, in ems of each.

    Attributes:
        found: (n, K) their origins in the picture, from any point on; NaN where a letter was not found.
        own: (n, K) their origins in the face's own layout of the line.
        before, blanks: (n,) how many characters, and blanks among them, stand before each.
    """

    found: np.ndarray
    own: np.ndarray
    before: np.ndarray
    blanks: np.ndarray


def joined(parts: Sequence[Places]) -> Places:
    """Of one line's same letters in several lists of faces, those of all faces."""
    found, own = (np.concatenate([getattr(part, name) for part in parts], 1) for name in ("found", "own"))
    return Places(found, own, parts[0].before, parts[0].blanks)


def fit_of_places(lines: Sequence[Places]) -> tuple[np.ndarray, int]:
    """How well each face explains the places of its letters: (K,) log-likelihood of a letter, and of how many letters.

    That is at most 0. A face of which too little was found has the least of the others.
    """
    told = [(fit, int(letters.max())) for fit, letters in map(_fit, lines) if np.isfinite(fit).any()]
    if not told:
        return np.zeros(lines[0].found.shape[1]), 0
    fits = [np.where(np.isfinite(fit), fit, np.nanmin(fit)) for fit, _ in told]
    counts = [letters for _, letters in told]
    return np.average(fits, 0, counts), sum(counts)


def _fit(line: Places) -> tuple[np.ndarray, np.ndarray]:
    """(K,) log-likelihood of a letter, NaN of too few, and (K,) how many there are."""
    known = np.isfinite(line.found) & np.isfinite(line.own)
    letters = known.sum(0)
    own = np.where(known, line.own, 0)
    off = np.where(known, line.found - own, 0)
    columns = own, line.before[:, None] + 0 * own, line.blanks[:, None] + 0 * own
    centred = [column - (column * known).sum(0) / np.maximum(letters, 1) for column in columns]
    terms = np.stack([np.ones_like(own), *centred], -1)  # (n, K, 4): of the start, and of the changes
    weights, changes = known.astype(float), np.zeros((own.shape[1], 4))
    for step in STEPS:  # least squares with weights by what remains: the likeliest values under both distributions
        scatter = step * SCATTER
        weighted = terms * ((TAILS + 1) / TAILS * weights / scatter**2)[..., None]
        price = np.zeros((len(changes), 4, 4))
        price[:, range(4), range(4)] = np.insert(2 / (USUAL**2 + changes[:, 1:] ** 2), 0, 1e-6, 1)
        normal = np.einsum("nki,nkj->kij", weighted, terms) + price
        changes = np.linalg.solve(normal, np.einsum("nki,nk->ki", weighted, off)[..., None])[..., 0]
        rest = (off - np.einsum("nki,ki->nk", terms, changes)) / scatter
        weights = known / (1 + rest**2 / TAILS)
    fit = -(TAILS + 1) / 2 * (known * np.log1p(rest**2 / TAILS)).sum(0)
    fit -= np.log1p((changes[:, 1:] / USUAL) ** 2).sum(1)
    return np.where(letters >= FEWEST, fit / np.maximum(letters, 1), np.nan), letters
