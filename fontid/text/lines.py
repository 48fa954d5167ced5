"""A line of text in a picture: where it is, what it says, and its straightened pixels."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import Ink, find_ink, ink_map
from fontid.text.bends import Course
from fontid.text.frames import Frame, size_of
from fontid.text.recogniser import Reading

MARGIN = 0.12  # of a line's height, kept around its ink
SMALLEST_HEIGHT = 5  # pixels; lower runs of inked rows are rules and noise


@dataclass(frozen=True)
class Line:
    """A line of text.

    Attributes:
        corners: four (x, y) in pixels of the picture, clockwise from the top left of the text as it is read; they
            lie tightly around the ink.
        text: "" where it was not read.
        confidence: 0-1 of the reading, 0.0 where not read.
        centres: where each character of `text` is along the line, blanks included: 0-1 of the width of its
            `TextLine.frame`; () where not known.
        course: where a bent line runs; its `corners` are those of the level box around it.
        letters_height: of its letters alone, in pixels: less than `height` where the corners lie around a button or a
            rule; 0.0 where not known.
    """

    corners: tuple[tuple[float, float], ...]
    text: str = ""
    confidence: float = 0.0
    centres: tuple[float, ...] = ()
    course: Course | None = None
    letters_height: float = field(default=0.0, compare=False)

    @property
    def is_read(self) -> bool:
        """Whether somebody read it, be it that it says nothing."""
        return bool(self.text) or self.confidence > 0

    @property
    def unbent(self) -> np.ndarray:
        """(4, 2) its corners where it is straight: in what its course gives, or in the picture."""
        return self.course.corners if self.course else np.array(self.corners)

    @property
    def width(self) -> float:
        """Along the text, in pixels."""
        return size_of(self.unbent)[0]

    @property
    def height(self) -> float:
        """Across the text, in pixels."""
        return size_of(self.unbent)[1]

    @property
    def text_height(self) -> float:
        """`letters_height`, or `height` where that is not known."""
        return self.letters_height or self.height

    @property
    def area(self) -> float:
        """In pixels."""
        return self.width * self.height

    @property
    def extent(self) -> np.ndarray:
        """Left, top, right, bottom of the level box around it, (4,) in pixels."""
        return np.concatenate([np.min(self.corners, 0), np.max(self.corners, 0)])

    def between(self, first: float, last: float) -> np.ndarray:
        """(4, 2) corners of a part of it, where it is straight. Args: first, last: its ends, 0-1 of the width."""
        a, b, c, d = self.unbent
        return np.array([a + first * (b - a), a + last * (b - a), d + last * (c - d), d + first * (c - d)])

    def cut(self, picture: Image.Image) -> "TextLine":
        """The line with its pixels. Args: picture: the RGB picture in which the line was found."""
        straight = self.course.unbend(picture) if self.course else picture
        return TextLine(**vars(self), frame=Frame(straight, self.unbent, (round(MARGIN * self.height) + 2,) * 4))


@dataclass(frozen=True, kw_only=True)
class TextLine(Line):
    """A line cut from its picture, once: recogniser, letters network, encoder and drawing look at this.

    Attributes:
        frame: the line turned upright and unbent, with a margin.
        reading: what the recogniser made of it, letters of other scripts included.
    """

    frame: Frame = field(compare=False, repr=False)
    reading: Reading = field(default=Reading(), compare=False, repr=False)

    @property
    def place(self) -> Line:
        """The line without its pixels."""
        return Line(self.corners, self.text, self.confidence, self.centres, self.course, self.letters_height)

    def with_letters(self, ink: Ink) -> Line:
        """`place` with its letters' height. Args: ink: of the line from end to end."""
        _, top, _, bottom = ink.box
        return replace(self.place, letters_height=(bottom - top) * self.frame.width / ink.amount.shape[1])

    def beginning(self, heights: float) -> "TextLine":
        """As much of the line as is `heights` of its own long, all of a shorter one."""
        share = min(1.0, heights * self.height / max(1.0, self.width))
        return replace(self, frame=Frame(self.frame.picture, self.between(0, share), self.frame.margins))

    @cached_property
    def own_ink(self) -> Ink | None:
        """Its ink without that of other lines; None where there is none."""
        gray = self.frame.own_gray()
        return self.frame.ink if gray is self.frame.gray else find_ink(gray)


def line_around(corners: np.ndarray, text: str = "", confidence: float = 0.0) -> Line:
    """Args: corners: (4, 2) as `Line` has them."""
    return Line(tuple((float(x), float(y)) for x, y in corners), text, confidence)


def find_lines(gray: np.ndarray) -> list[Line]:
    """Lines as runs of rows that hold ink: for level text on a plain ground. From top to bottom, unread.

    Args: gray: (H, W) uint8.
    """
    ink = ink_map(gray)
    if ink is None:
        return []
    solid = ink > 100
    lines = []
    for first, last in _join_small(_runs(np.any(solid, 1))):
        columns = np.flatnonzero(solid[first:last].any(0))
        if last - first >= SMALLEST_HEIGHT:
            left, right = float(columns[0]), float(columns[-1] + 1)
            top, bottom = float(first), float(last)
            lines.append(Line(((left, top), (right, top), (right, bottom), (left, bottom))))
    return lines


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Starts and ends of the runs of True in a (N,) bool array."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _join_small(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join dots, accents and underlines to the line they belong to: low runs close to a taller one."""
    joined: list[tuple[int, int]] = []
    for top, bottom in runs:
        if joined:
            above_top, above_bottom = joined[-1]
            low, tall = sorted((bottom - top, above_bottom - above_top))
            if low < 0.45 * tall and top - above_bottom < 0.35 * tall:
                joined[-1] = (above_top, bottom)
                continue
        joined.append((top, bottom))
    return joined
