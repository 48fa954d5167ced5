"""The words of a line that was read, and parts of it that are lines of their own."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text.frames import SOLID, box_of
from fontid.text.lines import Line, TextLine, line_around

WIDTH = 0.0, 1.0  # a line's ends, as parts of its own width
LEAST_LETTERS = 3  # of a line whose letters tell how far apart they are
FAR = 1.6  # times as far: ink that begins so far before the first letter's centre is none of its own
NEAR = 0.35  # likewise: as near to its centre a letter surely is


def words_of(line: Line) -> list[tuple[int, int]]:
    """First and last character, that excluded, of each word of a line; [] where their places are not known."""
    return words_in(line.text) if len(line.centres) == len(line.text) else []


def words_in(text: str) -> list[tuple[int, int]]:
    """First and last character, that excluded, of each word."""
    blanks = [-1, *(place for place, character in enumerate(text) if character.isspace()), len(text)]
    return [(first + 1, last) for first, last in pairwise(blanks) if last > first + 1]


def ink_of(line: Line, ink: Ink, words: Sequence[tuple[int, int]]) -> list[Ink] | None:
    """The ink of each word; None where one has none. Args: ink: the line's."""
    parts = []
    for word in words:
        left, right = (round(end * ink.amount.shape[1]) for end in _ends(line, word))
        amount = ink.amount[:, left:right]
        box = ink_box(amount) if amount.size else None
        if box is None:
            return None
        parts.append(Ink(amount, box))
    return parts


def strokes_apart(inks: Sequence[Ink]) -> float:
    """How much thicker or thinner than usual the strokes of some word are: the largest difference of logarithms.

    A stroke is as thick as twice its area is to its rim.
    """
    thickness = []
    for ink in inks:
        left, top, right, bottom = ink.box
        amount = np.pad(ink.amount[top:bottom, left:right].astype(np.float32), 1)
        thickness.append(amount.sum() / np.hypot(*np.gradient(amount)).sum())
    return float(np.abs(np.log(np.array(thickness) / np.median(thickness))).max())


def part_of(line: TextLine, word: tuple[int, int]) -> TextLine | None:
    """Characters of a straight line as a line of its own, tightly around their ink; None where they have none.

    Args: word: first and last character, that excluded, of one word or of several.
    """
    return _part(line, _ends(line, word), slice(*word))


def without_marks(line: TextLine) -> TextLine:
    """The line without what stands beside its text and is no letter, such as a logo's mark; as it was without any.

    Nothing is taken off where no empty column parts it from the text.
    """
    if line.course or len(line.centres) != len(line.text) or len(line.text) < LEAST_LETTERS or line.own_ink is None:
        return line
    columns = line.own_ink.amount.shape[1]
    centres = np.array(line.centres) * columns
    pitch = float(np.median(np.diff(centres)))
    empty = np.flatnonzero(~(line.own_ink.amount > SOLID).any(0))
    left, _, right, _ = line.own_ink.box
    ends = [0, columns]
    if centres[0] - left > FAR * pitch:
        ends[0] = max((x for x in empty if x < centres[0] - NEAR * pitch), default=0)
    if right - centres[-1] > FAR * pitch:
        ends[1] = min((x for x in empty if x > centres[-1] + NEAR * pitch), default=columns)
    if ends == [0, columns]:
        return line
    part = _part(line, (ends[0] / columns, ends[1] / columns), slice(None))
    return replace(part, reading=line.reading) if part else line


def _part(line: TextLine, ends: tuple[float, float], characters: slice) -> TextLine | None:
    """Some characters of a straight line. Args: ends: between which they are, 0-1 of the frame's width."""
    picture, text = line.frame.picture, line.text[characters]
    first, last = np.interp(ends, _core(line), WIDTH)
    rough = line_around(line.between(first, last)).cut(picture)
    ink = rough.own_ink
    if ink is None:
        return None
    # beyond its own place there is what stands around it
    left, top = np.maximum(ink.box[:2], rough.frame.core[:2])
    right, bottom = np.minimum(ink.box[2:], rough.frame.core[2:])
    if right <= left or bottom <= top:
        return None
    corners = rough.frame.to_picture(box_of(left, top, right, bottom))
    part = line_around(corners, text, line.confidence).cut(picture)
    inked = first + (last - first) * np.interp(np.array([left, right]) / ink.amount.shape[1], _core(rough), WIDTH)
    along = np.interp(line.centres[characters], _core(line), WIDTH)
    return replace(part, centres=tuple(np.interp(along, inked, _core(part)).tolist()))


def _ends(line: Line, word: tuple[int, int]) -> tuple[float, float]:
    """Where characters begin and end with half of the blanks around them: 0-1 of the frame's width."""
    first, last = word
    return line.centres[first - 1] if first else 0.0, line.centres[last] if last < len(line.text) else 1.0


def _core(line: TextLine) -> tuple[float, float]:
    """Where the line itself begins and ends: 0-1 of the frame's width."""
    left, _, right, _ = line.frame.core
    columns = line.frame.pixels.shape[1]
    return left / columns, right / columns
