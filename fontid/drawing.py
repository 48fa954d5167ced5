"""Verify by drawing: a reading drawn in candidate faces and compared with the picture, letter by letter.

Every candidate is scaled so that the ink of the whole reading is as high as the line's. Each letter is then looked for
near the place where it should stand, so that letter-spacing, kerning and an uneven baseline do not count; what counts
is how much of the letter's own box differs.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fontid.letterforms import CELL, Glyph, Letterforms
from fontid.preprocess import ink_box, ink_map

HEIGHT = 36  # pixels of ink at which a line is compared
ROOM = 5  # pixels around it
REACH = 0.4  # of the ink's height: how far from its place a letter is looked for
RISE = 1  # pixels up and down likewise
WIDEST = 2.5  # of the ink's height: a letter is compared as far as this
MARGIN = 1.0  # pixels around a letter's box that count as its own
BLANK = 0.25  # ems
ALIKE = {"0": "Oo", "O": "0", "o": "0", "l": "I1|", "I": "l1|", "1": "lI", "|": "Il", "i": "j", "rn": "m"}
SCALES = (0.95, 1.0, 1.05)


@dataclass(frozen=True)
class Query:
    """A straightened line, ready to be compared.

    ink: (H, W) float32 0-1, with `ROOM` pixels of ground around.
    blur: pixels of `ink` to one pixel of the picture, at least 1.
    text: what the line reads, without blanks.
    blanks: how many blanks stand before each character.
    centres: (n,) x of each character in `ink`; None where not known.
    """

    ink: np.ndarray
    blur: float
    text: str
    blanks: np.ndarray
    centres: np.ndarray | None


def make_query(gray: np.ndarray, text: str, centres: tuple[float, ...] = ()) -> Query | None:
    """Args: gray: (H, W) uint8 line; text, centres: as in `fontid.lines.Line`. Returns: None without ink or letters."""
    ink = ink_map(gray)
    box = None if ink is None else ink_box(ink)
    places = [index for index, character in enumerate(text) if not character.isspace()]
    if box is None or not places:
        return None
    left, top, right, bottom = box
    scale = HEIGHT / (bottom - top)
    width = max(1, round((right - left) * scale))
    line = Image.fromarray(ink).resize((width, HEIGHT), Image.Resampling.BICUBIC, box=box)
    pixels = np.pad(np.asarray(line, np.float32) / 255, ROOM)
    known = len(centres) == len(text)
    return Query(
        ink=pixels,
        blur=max(1.0, scale),
        text="".join(text[index] for index in places),
        blanks=np.array(places) - np.arange(len(places)),
        centres=(np.array(centres)[places] * gray.shape[1] - left) * scale + ROOM if known else None,
    )


@dataclass(frozen=True)
class _Layout:
    """K faces' glyphs for n characters. Lengths in ems, (K, n) float64, NaN where a face lacks the letter."""

    glyphs: list[list[Glyph | None]]
    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    advance: np.ndarray

    @classmethod
    def of(cls, glyphs: list[list[Glyph | None]]) -> "_Layout":
        nothing = (np.nan,) * 5
        values = np.array(
            [[(g.left, g.top, g.right, g.bottom, g.advance) if g else nothing for g in row] for row in glyphs]
        )
        return cls(glyphs, *np.moveaxis(values, -1, 0))


class Comparison:
    """One line against K faces: what is common to all ways of comparing them."""

    def __init__(self, query: Query, faces: list[str], letterforms: Letterforms) -> None:
        self.query, self.faces, self.letterforms = query, faces, letterforms
        layout = _Layout.of([letterforms.glyphs(face, query.text) for face in faces])
        self.layout = layout
        with np.errstate(invalid="ignore"):
            tops, bottoms = np.nanmax(layout.top, 1), np.nanmin(layout.bottom, 1)
        self.em = HEIGHT / (tops - bottoms)  # pixels
        self.baseline = ROOM + tops * self.em
        self.expected = self._expected() if query.centres is None else query.centres

    def _expected(self) -> np.ndarray:
        """(n,) x of each character: the faces' own layouts, stretched to the line's width, on average."""
        layout = self.layout
        pen = np.cumsum(np.nan_to_num(layout.advance), 1) - np.nan_to_num(layout.advance) + BLANK * self.query.blanks
        start, end = np.nanmin(pen + layout.left, 1), np.nanmax(pen + layout.right, 1)
        centre = pen + (layout.left + layout.right) / 2
        width = self.query.ink.shape[1] - 2 * ROOM
        return np.nanmedian(ROOM + (centre - start[:, None]) / (end - start)[:, None] * width, 0)

    def letter(self, index: int, rows: np.ndarray, glyphs: list[Glyph | None], scale: float) -> np.ndarray:
        """Likeness of one character to a glyph of each of the faces `rows`: (len(rows),) float32; 0 without a glyph."""
        drawn_rows = [place for place, glyph in enumerate(glyphs) if glyph is not None]
        likeness = np.zeros(len(rows), np.float32)
        if not drawn_rows:
            return likeness
        kept = [glyphs[place] for place in drawn_rows]
        faces = rows[drawn_rows]
        em = self.em[faces] * scale
        middle = ROOM + HEIGHT / 2
        baseline = middle + (self.baseline[faces] - middle) * scale
        left, top, right, cell_scale = np.array([(g.left, g.top, g.right, g.scale) for g in kept]).T
        widths = (right - left) * em
        wide = int(min(np.ceil(widths.max()) + 2 * MARGIN, WIDEST * HEIGHT))
        cells = np.stack([glyph.cell for glyph in kept]).astype(np.float32)
        blur = self.query.blur
        down = _resampling(self.query.ink.shape[0], em / cell_scale, baseline - top * em, blur)
        across = _resampling(wide, em / cell_scale, (wide - widths) / 2, blur)
        drawn = (down @ cells) @ across.transpose(0, 2, 1)  # (k, H, wide)
        drawn /= 255
        likeness[drawn_rows] = _best_likeness(self.query.ink, drawn, self.expected[index], widths)
        return likeness


def _resampling(size: int, zoom: np.ndarray, start: np.ndarray, blur: float) -> np.ndarray:
    """Weights that draw a cell's rows or columns into `size` pixels: (k, size, CELL) float32.

    Each pixel averages what lies within `blur` pixels around its middle.
    Args: zoom: (k,) pixels to one of the cell's; start: (k,) where the cell begins.
    """
    middle = (np.arange(size) + 0.5 - start[:, None]) / zoom[:, None]
    half = np.maximum(blur / zoom, 1.0)[:, None] / 2
    edges = np.arange(CELL + 1, dtype=np.float32)
    # how much of each cell pixel lies below an edge: differences of clipped ramps
    covered = np.clip(edges, (middle - half)[..., None], (middle + half)[..., None])
    return (np.diff(covered, axis=-1) / (2 * half[..., None])).astype(np.float32)


def _best_likeness(ink: np.ndarray, drawn: np.ndarray, centre: float, widths: np.ndarray) -> np.ndarray:
    """1 minus the least share of ink that differs, over all places within reach: (k,) float32.

    Args: ink: (H, W); drawn: (k, H, wide), each letter in the middle; centre: x in `ink` where to look.
    """
    count, height, wide = drawn.shape
    reach = round(REACH * HEIGHT)
    first = round(float(centre) - wide / 2) - reach
    canvas = np.zeros((height + 2 * RISE, wide + 2 * reach), np.float32)
    begin, end = max(0, first), min(ink.shape[1], first + canvas.shape[1])
    if end > begin:
        canvas[RISE : RISE + height, begin - first : end - first] = ink[:, begin:end]
    places = np.lib.stride_tricks.sliding_window_view(canvas, (height, wide))
    places = np.ascontiguousarray(places).reshape(-1, height * wide)  # (S, height * wide)
    flat = drawn.reshape(count, -1)
    common = flat @ places.T  # (k, S)
    own = np.einsum("kp,kp->k", flat, flat)[:, None]
    columns = np.abs(np.arange(wide) + 0.5 - wide / 2)
    inside = (columns <= widths[:, None] / 2 + MARGIN).astype(np.float32)  # (k, wide)
    theirs = inside @ np.square(places.reshape(-1, height, wide)).sum(1).T
    differing = (own - 2 * common + theirs) / (own + theirs + 1e-6)
    return 1 - differing.min(1)
