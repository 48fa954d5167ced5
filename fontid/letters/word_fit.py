"""Words drawn in a face at the size of the picture's own pixels, and laid over it by parts of a pixel.

Where a letter is a few gray pixels, what tells faces apart is how much of each pixel a stroke covers, and how a word's
letters stand to each other. So the longest words of a line are drawn as a screen draws them, each pixel the mean of
what lies in it, and moved by parts of a pixel until they correlate best with the picture. Each word is moved by itself
along the line, and all stand on one baseline.

The line is as wide as it is in the picture. A face that is narrower at the size of the letters leaves room, and a wider
one lacks it: that is letter-spacing, the same after each letter. Several sizes are tried, each with the spacing that
fills the line.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from fontid.encoder.preprocessing import Ink
from fontid.letters.letterforms import Glyph, Letterforms
from fontid.text.words import words_in

HEIGHT = 20  # pixels of ink: a higher line is made as low, which leaves enough to tell faces apart
DARKENED = 1.4  # power of ink: browsers draw the edges of text darker than what letters cover of a pixel
PARTS = 3  # of a pixel, by which words are moved
# of that at which the reading is as wide as the line where nothing is spaced; letters of larger ones stand closer
SIZES = (1.1, 1.05, 1.025, 1.0, 0.975, 0.95, 0.9, 0.85, 0.8, 0.75)
FALLING = 0.05  # less than with the best size: where letters are spaced, smaller ones are not tried any more
TALL = (0.75, 1.25)  # times the line's own height: no word is drawn lower or higher
WORDS = 2  # of a line that are looked at, the longest
ALONG, ACROSS = 3, 1  # pixels before and behind, above and below its place: where a word is looked for
ALIKE = 1.1  # times the height of a small x: where a small h is no higher, a face's small letters are capitals
AROUND = 1  # pixels around a word that are compared, too


class _Picture(NamedTuple):
    """A line's ink, (H, W) float32, 0-1, and where its box lies, in its pixels."""

    ink: np.ndarray
    left: float
    top: float
    right: float
    bottom: float


Placed = tuple[float, Glyph]  # a letter's origin in the line, in ems, and the letter


class WordFit:
    """A read line whose words are compared with faces. What a face gives is kept, since it is asked for again.

    Attributes:
        height: of the line's ink, pixels of the picture.
        letters: (W,) int, of each word.
    """

    def __init__(self, text: str, ink: Ink) -> None:
        """Args: text: what the line reads; ink: as it is in the picture, from the beginning of that to its end."""
        left, top, right, bottom = ink.box
        self.height = bottom - top
        lower = min(1.0, HEIGHT / self.height)
        rows, columns = ink.amount.shape
        size = max(1, round(columns * lower)), max(1, round(rows * lower))
        line = (cv2.resize(ink.amount, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255) ** DARKENED
        across, down = size[0] / columns, size[1] / rows
        self._text, self._line = text, _Picture(line, left * across, top * down, right * across, bottom * down)
        self._words = _longest_words(text)
        self.letters = np.array([len(word) for word in self._words], int)
        self._fits: dict[str, np.ndarray] = {}

    def compare(self, faces: Sequence[str], letterforms: Letterforms) -> np.ndarray:
        """How well the words correlate with each face's: (K, W) float64, 0-1.

        It is NaN where a face lacks a letter of the line: a browser takes it from another font.
        """
        for face in faces:
            if face not in self._fits:
                self._fits[face] = self._best(face, letterforms)
        return np.array([self._fits[face] for face in faces])

    def _best(self, face: str, letterforms: Letterforms) -> np.ndarray:
        if letterforms.lacking(face, self._text):
            return np.full(len(self._words), np.nan)
        ways = _spellings(self._text, face, letterforms)
        fits = [_fit(text, self._words, self._line, face, letterforms) for text in ways]
        return max(fits, key=lambda of_words: np.average(of_words, weights=self.letters))


def _longest_words(text: str) -> list[range]:
    """The places of each one's letters."""
    return sorted((range(*word) for word in words_in(text)), key=len, reverse=True)[:WORDS]


def _spellings(text: str, face: str, letterforms: Letterforms) -> list[str]:
    """A reading, and where it is in capitals and a face's small letters are capitals, too, with small letters."""
    low, high = letterforms.glyphs(face, "xh")
    if not (text.isupper() and low and high and high.top < ALIKE * low.top):
        return [text]
    small = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    starts = (not before.isalpha() for before in " " + text)
    return [
        text,
        small,
        "".join(one if first else other for one, other, first in zip(text, small, starts, strict=False)),
    ]


def _fit(text: str, words: list[range], line: _Picture, face: str, letterforms: Letterforms) -> np.ndarray:
    """(W,) best correlations of the words in one face, all in one size and on one baseline."""
    glyphs, origins = letterforms.glyphs(face, text), letterforms.layout(face, text)
    letters = {
        at: (x, glyph) for at, (x, glyph) in enumerate(zip(origins, glyphs, strict=True)) if glyph and np.isfinite(x)
    }
    mean, best, weights = 0.0, np.zeros(len(words)), [len(word) for word in words]
    if not letters:
        return best
    start, top, end, bottom = _extent(list(letters.values()))
    width, height, first = line.right - line.left, line.bottom - line.top, min(letters)
    for size in SIZES:
        scale = size * width / (end - start)  # pixels to the em
        if not TALL[0] <= (top - bottom) * scale / height <= TALL[1]:
            continue
        spacing = (1 / size - 1) * (end - start) / max(1, max(letters) - first)  # ems
        row = (line.top + line.bottom) / 2 - (top - bottom) / 2 * scale  # of the picture, where the words begin
        found = np.zeros((len(words), PARTS * (2 * ACROSS + 1)))
        for number, word in enumerate(words):
            placed = [(letters[at][0] + (at - first) * spacing, letters[at][1]) for at in word if at in letters]
            if placed:
                left, _, right, _ = _extent(placed)
                drawn = _draw(placed, (left, top, right, bottom), scale)
                found[number] = _correlation(line.ink, drawn, line.left + (left - start) * scale, row)
        means = np.average(found, 0, weights)
        if means.max() > mean:
            mean, best = means.max(), found[:, means.argmax()]
        elif size < 1 and means.max() < mean - FALLING:
            break
    return best


def _extent(letters: list[Placed]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of their ink in ems."""
    return (
        min(x + glyph.left for x, glyph in letters),
        max(glyph.top for _, glyph in letters),
        max(x + glyph.right for x, glyph in letters),
        min(glyph.bottom for _, glyph in letters),
    )


def _draw(letters: list[Placed], box: tuple[float, float, float, float], scale: float) -> np.ndarray:
    """A word at each part of a pixel down and to the right: (PARTS, PARTS, H, W) float32, 0-1.

    `AROUND` pixels lie before and above it in the first.
    Args: box: left, top, right, bottom of what is drawn, in ems; scale: pixels to the em.
    """
    left, top, right, bottom = box
    fine, pad = PARTS * scale, PARTS * (AROUND + 1)
    height, width = (PARTS * (int(np.ceil(side * scale)) + 2 * AROUND + 2) for side in (top - bottom, right - left))
    canvas = np.zeros((height, width), np.uint8)
    for x, glyph in letters:
        row, column = int((top - glyph.top) * fine), int((x + glyph.left - left) * fine)
        part = canvas[pad + row :, pad + column :]
        rows, columns = (int(side * fine) + 3 for side in (glyph.top - glyph.bottom, glyph.right - glyph.left))
        part = part[:rows, :columns]
        np.maximum(part, glyph.drawn(fine, left + column / fine - x, top - row / fine, *part.shape), out=part)
    # each place the mean of the pixel that begins there
    blurred = cv2.boxFilter(canvas, cv2.CV_32F, (PARTS, PARTS), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT) / 255
    parts = blurred.reshape(height // PARTS, PARTS, width // PARTS, PARTS).transpose(1, 3, 0, 2)
    return parts[:, :, 1:, 1:]


def _correlation(ink: np.ndarray, drawn: np.ndarray, left: float, top: float) -> np.ndarray:
    """(PARTS * (2 * ACROSS + 1),) the word's best correlation with the line's ink for each place down.

    Args: ink: (H, W); drawn: of `_draw`; left, top: where the word should begin, in its pixels.
    """
    height, width = drawn.shape[2:]
    row, column = round(top) - AROUND - ACROSS, round(left) - AROUND - ALONG
    around = np.zeros((height + 2 * ACROSS, width + 2 * ALONG), np.float32)
    first, before = max(0, row), max(0, column)
    shown = ink[first : max(0, row + around.shape[0]), before : max(0, column + around.shape[1])]
    around[first - row : first - row + shown.shape[0], before - column : before - column + shown.shape[1]] = shown
    places = np.lib.stride_tricks.sliding_window_view(around, (height, width))
    places = places.reshape(-1, height * width)
    parts = drawn.reshape(PARTS**2, height * width)
    energies = np.sqrt(np.outer(np.square(parts).sum(1), np.square(places).sum(1)))
    found = (parts @ places.T / np.maximum(energies, 1e-6)).reshape(PARTS, PARTS, 2 * ACROSS + 1, 2 * ALONG + 1)
    return found.max((1, 3)).ravel()
