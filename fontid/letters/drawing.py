"""Verify by drawing: a line's letters drawn in candidate faces and compared with the picture, one by one.

Every face is scaled so that the ink of the whole reading is as high as the line's. Each letter is then looked for near
the place where it should stand, so that letter-spacing, kerning and an uneven baseline do not count; what counts is how
much of the letter's own box differs.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import ink_box, ink_map
from fontid.letters.letterforms import CELL, Glyph, Letterforms

HEIGHT = 36  # pixels of ink at which a line is compared
ROOM = 5  # pixels around it
REACH = 0.4  # of the ink's height: how far from its place a letter is looked for
RISE = 1  # pixels up and down likewise
WIDEST = 2.5  # of the ink's height: a letter is compared as far as this
MARGIN = 1.0  # pixels around a letter's box that count as its own
BLANK = 0.25  # ems
TALLEST = 3  # letters that are taken to tell how high, and how deep, a reading reaches
JUDGES = 8  # faces by which those are chosen


@dataclass(frozen=True)
class Query:
    """A straightened line, ready to be compared.

    ink: (H, W) float32 0-1, `HEIGHT` pixels of text with `ROOM` around.
    blur: pixels of `ink` to one pixel of the picture, at least 1.
    text: what the line reads, without blanks.
    blanks: (n,) how many blanks stand before each character.
    centres: (n,) x of each character in `ink`; None where not known.
    confidence: 0-1 of the reading.
    """

    ink: np.ndarray
    blur: float
    text: str
    blanks: np.ndarray
    centres: np.ndarray | None
    confidence: float


def make_query(gray: np.ndarray, text: str, confidence: float, centres: tuple[float, ...] = ()) -> Query | None:
    """Args: gray: (H, W) uint8; the others as in `fontid.text.lines.Line`. Returns: None without ink or letters."""
    ink = ink_map(gray)
    box = None if ink is None else ink_box(ink)
    places = [index for index, character in enumerate(text) if not character.isspace()]
    if box is None or not places:
        return None
    left, top, right, bottom = box
    scale = HEIGHT / (bottom - top)
    width = max(1, round((right - left) * scale))
    line = Image.fromarray(ink).resize((width, HEIGHT), Image.Resampling.BICUBIC, box=box)
    known = len(centres) == len(text)
    return Query(
        ink=np.pad(np.asarray(line, np.float32) / 255, ROOM),
        blur=max(1.0, scale),
        text="".join(text[index] for index in places),
        blanks=np.array(places) - np.arange(len(places)),
        centres=(np.array(centres)[places] * gray.shape[1] - left) * scale + ROOM if known else None,
        confidence=confidence,
    )


class Comparison:
    """One line against K faces: what is common to all its letters. Safe to use from several threads."""

    def __init__(self, query: Query, faces: list[str], letterforms: Letterforms) -> None:
        self._query, self._faces, self._letterforms = query, faces, letterforms
        telling = self._telling_letters()
        extents = np.array(
            [[(g.top, g.bottom) if g else (np.nan, np.nan) for g in letterforms.glyphs(f, telling)] for f in faces]
        )
        tops, bottoms = np.nanmax(extents[..., 0], 1), np.nanmin(extents[..., 1], 1)  # NaN for a face without any
        self._em = (HEIGHT / (tops - bottoms)).astype(np.float32)  # pixels
        self._baseline = (ROOM + tops * self._em).astype(np.float32)
        self._expected = self._laid_out() if query.centres is None else query.centres

    def _telling_letters(self) -> str:
        """The reading's letters that reach highest and lowest in the first faces."""
        letters = "".join(dict.fromkeys(self._query.text))
        reach = np.array(
            [
                [(g.top, g.bottom) if g else (np.nan, np.nan) for g in self._letterforms.glyphs(face, letters)]
                for face in self._faces[:JUDGES]
            ]
        )
        top, bottom = np.nan_to_num(np.nanmean(reach, 0)).T
        chosen = {*np.argsort(-top)[:TALLEST].tolist(), *np.argsort(bottom)[:TALLEST].tolist()}
        return "".join(letters[index] for index in chosen)

    def _laid_out(self) -> np.ndarray:
        """(n,) x of each character: the first faces' own layouts, stretched to the line's width, on average."""
        query = self._query
        nothing = (np.nan,) * 3
        rows = [self._letterforms.glyphs(face, query.text) for face in self._faces[:JUDGES]]
        left, right, advance = np.moveaxis(
            np.array([[(g.left, g.right, g.advance) if g else nothing for g in row] for row in rows]), -1, 0
        )
        pen = np.cumsum(np.nan_to_num(advance), 1) - np.nan_to_num(advance) + BLANK * query.blanks
        start, end = np.nanmin(pen + left, 1)[:, None], np.nanmax(pen + right, 1)[:, None]
        width = query.ink.shape[1] - 2 * ROOM
        return np.nanmedian(ROOM + (pen + (left + right) / 2 - start) / (end - start) * width, 0)

    def likeness(self, index: int) -> np.ndarray:
        """How alike the line's character number `index` and each face's are: (K,) float32, NaN without a glyph.

        1 minus the share of ink that differs where they lie best upon each other.
        """
        glyphs = [self._letterforms.glyphs(face, self._query.text[index])[0] for face in self._faces]
        likeness = np.full(len(glyphs), np.nan, np.float32)
        rows = [row for row, glyph in enumerate(glyphs) if glyph is not None and np.isfinite(self._em[row])]
        if rows:
            likeness[rows] = self._compare(index, np.array(rows), [glyphs[row] for row in rows])
        return likeness

    def _compare(self, index: int, rows: np.ndarray, glyphs: list[Glyph]) -> np.ndarray:
        em, baseline = self._em[rows], self._baseline[rows]
        left, top, right, scale = np.array([(g.left, g.top, g.right, g.scale) for g in glyphs], np.float32).T
        widths = (right - left) * em
        wide = int(min(np.ceil(widths.max()) + 2 * MARGIN, WIDEST * HEIGHT))
        cells = np.zeros((len(glyphs), CELL, CELL), np.float32)
        for cell, glyph in zip(cells, glyphs, strict=True):
            height, width = glyph.ink.shape
            cell[:height, :width] = glyph.ink
        blur = self._query.blur
        down = _resampling(self._query.ink.shape[0], em / scale, baseline - top * em, blur)
        across = _resampling(wide, em / scale, (wide - widths) / 2, blur)
        drawn = (down @ cells) @ across.transpose(0, 2, 1) / 255  # (k, H, wide)
        return _best_likeness(self._query.ink, drawn, self._expected[index], widths)


def _resampling(size: int, zoom: np.ndarray, start: np.ndarray, blur: float) -> np.ndarray:
    """Weights that draw a cell's rows or columns into `size` pixels: (k, size, CELL) float32.

    Each pixel averages what lies within `blur` pixels around its middle.
    Args: zoom: (k,) pixels to one of the cell's; start: (k,) where the cell begins.
    """
    middle = (np.arange(size, dtype=np.float32) + 0.5 - start[:, None]) / zoom[:, None]
    half = np.maximum(np.float32(blur) / zoom, np.float32(1))[:, None] / 2
    edges = np.arange(CELL + 1, dtype=np.float32)
    # how much of each cell pixel a box covers: differences of clipped ramps
    covered = np.clip(edges, (middle - half)[..., None], (middle + half)[..., None])
    return np.diff(covered, axis=-1) / (2 * half[..., None])


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
