"""Small capitals as browsers make them, where a face has none: small letters drawn as capitals of one smaller size."""

import unicodedata

import numpy as np

CAPITALS = 0.7  # of a line's letters are read as such, at least
FEWEST = 2  # small ones that a line has
OWN = 0.3  # of the way to its neighbours: what of the ink there is a letter's own
SIZES = 0.6, 0.82  # of small ones beside large ones: less is no capital, more may be a line seen aslant
SPREAD = 0.03  # of all sizes around these two, on average
ACCENTED = 1.2  # times as high as without its accent is a letter at least


def find_small_capitals(text: str, ink: np.ndarray, centres: np.ndarray) -> tuple[str, float | None]:
    """The text with its small capitals as small letters, and their size beside large ones: None where it has none.

    Args: ink: (H, W) float32 0-1; centres: (n,) x of each character in it.
    """
    letters = [place for place, character in enumerate(text) if character.isalpha()]
    if sum(map(str.isupper, text)) <= CAPITALS * len(letters) or not np.isfinite(centres).all():
        return text, None
    reach = OWN * np.diff(centres, prepend=-np.inf, append=np.inf)
    ends = np.stack([centres - reach[:-1], centres + reach[1:] + 1]).clip(0, ink.shape[1]).astype(int)
    inked = {place: np.flatnonzero((ink[:, slice(*ends[:, place])] > 0.5).any(1)) for place in letters}
    inked = {place: rows for place, rows in inked.items() if len(rows)}
    baseline = np.median([rows[-1] + 1 for rows in inked.values()] or [0])
    heights = {place: baseline - rows[0] for place, rows in inked.items()}
    plain = {place: height for place, height in heights.items() if base_letter(text[place]) == text[place]}
    largest = max(plain.values(), default=0)
    limits = {place: SIZES[1] * largest * (1 if place in plain else ACCENTED) for place in heights}
    small = {place for place, height in heights.items() if height < limits[place]}
    usual = np.median([plain[place] / largest for place in small if place in plain] or [0])
    apart = np.abs(np.array([*plain.values()])[:, None] / max(1, largest) - [1, usual]).min(1)
    if len(small) < FEWEST or not SIZES[0] < usual < SIZES[1] or apart.mean() > SPREAD:
        return text, None
    return "".join(one.lower() if place in small else capital(one) for place, one in enumerate(text)), float(usual)


def base_letter(character: str) -> str:
    """A letter without its accents."""
    return unicodedata.normalize("NFD", character)[0]


def capital(letter: str) -> str:
    """Its capital; itself where that is more than one letter."""
    return letter.upper() if len(letter.upper()) == 1 else letter
