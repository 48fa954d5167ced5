"""Verify by drawing: a line's letters drawn in candidate faces and compared with the picture, one by one.

Every face is scaled so that the ink of the whole reading is as high as the line's. Each letter is then looked for near
the place where it should stand, so that letter-spacing, kerning and an uneven baseline do not count; what counts is how
much of the letter's own box differs. Where it was found is handed on, see `fontid.letters.spacing`. A face whose
letterforms lack an accented letter is compared by its base letter, and what the picture holds above and below that is
no misfit. Small capitals are compared with a face's own, or with its capitals drawn as much smaller.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import Ink
from fontid.letters.letterforms import Glyph, Letterforms
from fontid.letters.small_capitals import base_letter, capital, find_small_capitals
from fontid.letters.spacing import ALIKE, Places
from fontid.text.lines import Line

HEIGHT = 36  # pixels of ink at which a line is compared
ROOM = 5  # pixels around it
REACH = 0.4  # of the ink's height: how far from its place a letter is looked for
RISE = 1  # pixels up and down likewise
WIDEST = 2.5  # of the ink's height: a letter is compared as far as this
MARGIN = 1.0  # pixels around a letter's box that count as its own
LOW = 0.9  # of a capital H: a lower h is a small capital itself
TALLEST = 3  # letters that are taken to tell how high, and how deep, a reading reaches


class Comparison:
    """One line against faces: what is common to all its letters. Safe to use from several threads.

    Attributes: text: what the line reads, without blanks, its small capitals as small letters.
    """

    def __init__(self, line: Line, ink: Ink, judges: list[str], letterforms: Letterforms) -> None:
        """Args: line: read; ink: what is shown of it; judges: the likeliest faces."""
        self._judges, self._letterforms = judges, letterforms
        left, top, right, bottom = ink.box
        scale = HEIGHT / (bottom - top)
        size = max(1, round((right - left) * scale)), HEIGHT
        drawn = Image.fromarray(ink.amount).resize(size, Image.Resampling.BICUBIC, box=ink.box)
        self._ink = np.pad(np.asarray(drawn, np.float32) / 255, ROOM)
        self._blur = max(1.0, scale)  # pixels of that to one of the picture
        self._line, self._places = line, np.flatnonzero([not character.isspace() for character in line.text])
        self.text, self._small = "".join(line.text.split()), None
        if len(line.centres) == len(line.text):
            self._expected = (np.array(line.centres)[self._places] * ink.amount.shape[1] - left) * scale + ROOM
        else:
            self._expected = self._laid_out()
        self.text, self._small = find_small_capitals(self.text, self._ink, self._expected)
        self._telling = self._telling_letters()

    def compare(self, faces: list[str], indices: Sequence[int]) -> tuple[np.ndarray, Places]:
        """How alike each face's and the line's characters of these numbers are, and where the line's were found.

        Likeness is (n, K) float32: 1 minus the share of ink that differs where they lie best upon each other. It is NaN
        without a glyph, and where it is not known where a character should stand. Places of characters that are little
        alike are not known; nor those of small capitals and of bent lines, which no font lays out so.
        """
        em, baseline = self._scales(faces)
        letters = {letter for index in indices for letter in _drawn_as(self.text[index])}
        drawn = [dict(zip(letters, self._glyphs(face, "".join(letters)), strict=True)) for face in faces]
        found = [self._find(index, drawn, em, baseline) for index in indices]
        likeness, origins = (np.stack(part) for part in zip(*found, strict=True))
        is_laid_out = self._small is None and not self._line.course
        origins = np.where((likeness >= ALIKE) & is_laid_out, origins, np.nan)
        before = self._places[list(indices)]
        own = np.stack([self._letterforms.layout(face, self._line.text)[before] for face in faces], 1)
        return likeness, Places(origins, own, before, before - np.array(indices))

    def _measures(self, faces: list[str], letters: str) -> tuple[np.ndarray, np.ndarray]:
        """Left, top, right, bottom of glyphs (faces, letters, 4), 0 without one; which there are (faces, letters).

        Where a face lacks an accented letter, those of its base letter and what the accent adds in the judges.
        """
        measures, there = self._measured(faces, letters)
        bases = "".join(map(base_letter, letters))
        if bases != letters and not there.all():
            of_bases, based = self._measured(faces, bases)
            measures = np.where((based & ~there)[..., None], of_bases + self._added(letters, bases), measures)
            there = there | based
        return measures, there

    def _added(self, letters: str, bases: str) -> np.ndarray:
        """(letters, 4) by how much the measures of letters differ from their bases', on average in the judges."""
        (measures, there), (of_bases, based) = (self._measured(self._judges, each) for each in (letters, bases))
        both = (there & based)[..., None]
        return ((measures - of_bases) * both).sum(0) / np.maximum(both.sum(0), 1)

    def _measured(self, faces: list[str], letters: str) -> tuple[np.ndarray, np.ndarray]:
        rows = [self._glyphs(face, letters) for face in faces]
        nothing = (0.0,) * 4
        measures = [[(g.left, g.top, g.right, g.bottom) if g else nothing for g in row] for row in rows]
        return np.array(measures), np.array([[g is not None for g in row] for row in rows])

    def _glyphs(self, face: str, letters: str) -> list[Glyph | None]:
        """A face's letters; small ones of a line in small capitals are its own such ones, or its capitals smaller."""
        size = self._small
        high, low = self._letterforms.glyphs(face, "Hh") if size else (None, None)
        if size is None or (high and low and low.top < LOW * high.top):
            return self._letterforms.glyphs(face, letters)
        glyphs = zip(letters, self._letterforms.glyphs(face, "".join(map(capital, letters))), strict=True)
        return [glyph.smaller(size) if glyph and letter.islower() else glyph for letter, glyph in glyphs]

    def _telling_letters(self) -> str:
        """The reading's letters that reach highest and lowest in the judges."""
        letters = "".join(dict.fromkeys(self.text))
        measures, there = self._measures(self._judges, letters)
        _, top, _, bottom = measures.sum(0).T / np.maximum(there.sum(0), 1)
        chosen = {*np.argsort(-top)[:TALLEST].tolist(), *np.argsort(bottom)[:TALLEST].tolist()}
        return "".join(letters[index] for index in chosen)

    def _scales(self, faces: list[str]) -> np.ndarray:
        """(2, K) float32, pixels to the em and row of the baseline; NaN for a face that has no telling letter."""
        measures, there = self._measures(faces, self._telling)
        some = np.any(there, 1)
        tops = measures[some, :, 1].max(1, where=there[some], initial=-np.inf)
        bottoms = measures[some, :, 3].min(1, where=there[some], initial=np.inf)
        em = HEIGHT / (tops - bottoms)
        scales = np.full((2, len(some)), np.nan, np.float32)
        scales[:, some] = em, ROOM + tops * em
        return scales

    def _laid_out(self) -> np.ndarray:
        """(n,) x of each character: the judges' own layouts, stretched to the line's width, on average.

        NaN where none of them has the character.
        """
        measures, there = self._measures(self._judges, self.text)
        pen = np.stack([self._letterforms.layout(face, self._line.text)[self._places] for face in self._judges])
        there &= np.isfinite(pen)
        left, _, right, _ = np.moveaxis(measures[there.any(1)], -1, 0)
        pen, there = pen[there.any(1)], there[there.any(1)]
        start = (pen + left).min(1, where=there, initial=np.inf, keepdims=True)
        end = (pen + right).max(1, where=there, initial=-np.inf, keepdims=True)
        width = self._ink.shape[1] - 2 * ROOM
        middles = ROOM + (pen + (left + right) / 2 - start) / (end - start) * width
        columns = zip(middles.T, there.T, strict=True)
        return np.array([np.median(column[known]) if known.any() else np.nan for column, known in columns])

    def _find(
        self, index: int, drawn: list[dict[str, Glyph | None]], em: np.ndarray, baseline: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of one character: likeness (K,) and where its origin lies, (K,) in ems.

        Args: drawn: each face's letters; em, baseline: (K,) as `_scales` gives them.
        """
        likeness, origins = np.full((2, len(drawn)), np.nan, np.float32)
        if not np.isfinite(self._expected[index]):
            return likeness, origins
        character, *bases = _drawn_as(self.text[index])
        for letter in (character, *bases):
            rows = [row for row in np.flatnonzero(np.isnan(likeness) & np.isfinite(em)) if drawn[row][letter]]
            if rows:
                glyphs = [glyph for row in rows if (glyph := drawn[row][letter])]
                ink = self._ink if letter == character else self._ink_within(glyphs, em[rows], baseline[rows])
                likeness[rows], middles = self._compare(index, glyphs, em[rows], baseline[rows], ink)
                origins[rows] = middles / em[rows] - [(glyph.left + glyph.right) / 2 for glyph in glyphs]
        return likeness, origins

    def _ink_within(self, glyphs: list[Glyph], em: np.ndarray, baseline: np.ndarray) -> np.ndarray:
        """The line's ink, without what is above or below these glyphs."""
        top = (baseline - em * np.array([glyph.top for glyph in glyphs])).min()
        bottom = (baseline - em * np.array([glyph.bottom for glyph in glyphs])).max()
        height = np.arange(len(self._ink)) + 0.5
        within = (height > top - MARGIN) & (height < bottom + MARGIN)
        return self._ink * within[:, None].astype(np.float32)

    def _compare(
        self, index: int, glyphs: list[Glyph], em: np.ndarray, baseline: np.ndarray, ink: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of glyphs of one character: likeness (k,), and x of their middles where they lie best, (k,) pixels."""
        left, top, right, scale = np.array([(g.left, g.top, g.right, g.scale) for g in glyphs], np.float32).T
        widths = (right - left) * em
        wide = 2 * int(min(np.ceil(widths.max() / 2 + MARGIN), WIDEST * HEIGHT / 2))  # even: others change no place
        cells = np.zeros((len(glyphs), *np.max([g.ink.shape for g in glyphs], 0)), np.float32)
        for cell, glyph in zip(cells, glyphs, strict=True):
            height, width = glyph.ink.shape
            cell[:height, :width] = glyph.ink
        blur = self._blur
        down = _resampling(cells.shape[1], self._ink.shape[0], em / scale, baseline - top * em, blur)
        across = _resampling(cells.shape[2], wide, em / scale, (wide - widths) / 2, blur)
        drawn = (down @ cells) @ across.transpose(0, 2, 1) / 255  # (k, H, wide)
        return _best_likeness(ink, drawn, self._expected[index], widths)


def _drawn_as(character: str) -> dict[str, None]:
    """The letters by which one is compared, the first that a face has."""
    return dict.fromkeys((character, base_letter(character)))


def _resampling(length: int, size: int, zoom: np.ndarray, start: np.ndarray, blur: float) -> np.ndarray:
    """Weights that draw a cell's `length` rows or columns into `size` pixels: (k, size, length) float32.

    Each pixel averages what lies within `blur` pixels around its middle.
    Args: zoom: (k,) pixels to one of the cell's; start: (k,) where the cell begins.
    """
    middle = (np.arange(size, dtype=np.float32) + 0.5 - start[:, None]) / zoom[:, None]
    box = np.maximum(np.float32(blur) / zoom, np.float32(1))[:, None]
    edges = np.arange(length + 1, dtype=np.float32) / box
    # how much of each cell pixel a box covers: differences of clipped ramps, all in widths of the box
    middle = (middle / box)[..., None]
    return np.diff(np.clip(edges[:, None], middle - np.float32(0.5), middle + np.float32(0.5)))


def _best_likeness(
    ink: np.ndarray, drawn: np.ndarray, centre: float, widths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """1 minus the least share of ink that differs, over all places within reach, and x of the middle there: (k,) each.

    Args: ink: (H, W); drawn: (k, H, wide), each letter in the middle; centre: x in `ink` where to look.
    """
    count, height, wide = drawn.shape
    reach = round(REACH * HEIGHT)
    first = round(float(centre) - wide / 2) - reach
    canvas = np.zeros((height + 2 * RISE, wide + 2 * reach), np.float32)
    begin, end = max(0, first), min(ink.shape[1], first + canvas.shape[1])
    if end > begin:
        canvas[RISE : RISE + height, begin - first : end - first] = ink[:, begin:end]
    columns = np.abs(np.arange(wide) + 0.5 - wide / 2)
    inside = (columns <= widths[:, None] / 2 + MARGIN).astype(np.float32)  # (k, wide)
    drawn = drawn * inside[:, None]  # a letter drawn as blurred as a small picture reaches farther
    # Row by row: so small a product is below what OpenBLAS hands to more threads, which then wait at full load.
    by_row = drawn.transpose(1, 0, 2)  # (H, k, wide)
    places = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(canvas, wide, 1)).transpose(0, 2, 1)
    rises = [places[rise : rise + height] for rise in range(2 * RISE + 1)]  # each (H, wide, S)
    common = np.stack([(by_row @ rows).sum(0) for rows in rises])  # (R, k, S)
    theirs = np.stack([inside @ np.square(rows).sum(0) for rows in rises])
    own = np.square(drawn).sum((1, 2))[:, None]
    differing = ((own - 2 * common + theirs) / (own + theirs + 1e-6)).min(0)  # (k, S)
    best = differing.argmin(1)
    return 1 - differing.min(1), first + wide / 2 + best + _beside(differing, best)


def _beside(values: np.ndarray, least: np.ndarray) -> np.ndarray:
    """(k,) how far beside its least value each row is least, by the parabola through that and both neighbours."""
    rows, last = np.arange(len(values)), values.shape[1] - 1
    before, here, after = (values[rows, np.clip(least + step, 0, last)] for step in (-1, 0, 1))
    curved = before - 2 * here + after
    is_known = (least > 0) & (least < last) & (curved > 0)
    return np.where(is_known, (before - after) / (2 * np.maximum(curved, 1e-9)), 0)
