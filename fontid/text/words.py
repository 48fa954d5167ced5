"""The words of a line that was read, and parts of it that are lines of their own."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text.frames import box_of
from fontid.text.lines import Line, TextLine, line_around

WIDTH = 0.0, 1.0  # a line's ends, as parts of its own width


def words_of(line: Line) -> list[tuple[int, int]]:
    """First and last character, that excluded, of each word of a line; [] where their places are not known."""
    if len(line.centres) != len(line.text):
        return []
    blanks = [-1, *(place for place, character in enumerate(line.text) if character.isspace()), len(line.text)]
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
    picture, text = line.frame.picture, line.text[slice(*word)]
    first, last = np.interp(_ends(line, word), _core(line), WIDTH)
    rough = line_around(line.between(first, last)).cut(picture)
    ink = rough.own_ink
    if ink is None:
        return None
    left, top, right, bottom = ink.box
    corners = rough.frame.to_picture(box_of(left, top, right, bottom))
    part = line_around(corners, text, line.confidence).cut(picture)
    ends = first + (last - first) * np.interp(np.array([left, right]) / ink.amount.shape[1], _core(rough), WIDTH)
    along = np.interp(line.centres[slice(*word)], _core(line), WIDTH)
    return replace(part, centres=tuple(np.interp(along, ends, _core(part)).tolist()))


def _ends(line: Line, word: tuple[int, int]) -> tuple[float, float]:
    """Where characters begin and end with half of the blanks around them: 0-1 of the frame's width."""
    first, last = word
    return line.centres[first - 1] if first else 0.0, line.centres[last] if last < len(line.text) else 1.0


def _core(line: TextLine) -> tuple[float, float]:
    """Where the line itself begins and ends: 0-1 of the frame's width."""
    left, _, right, _ = line.frame.core
    columns = line.frame.pixels.shape[1]
    return left / columns, right / columns
