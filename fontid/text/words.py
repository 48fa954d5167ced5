"""The words of a line that was read, and parts of it that are lines of their own."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text.frames import box_of
from fontid.text.lines import Line, TextLine


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
        left, right = _columns(line, word, ink.amount.shape[1])
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


def part_of(line: TextLine, ink: Ink, word: tuple[int, int]) -> TextLine | None:
    """Characters of a line as a line of its own; None where they have no ink.

    Args: ink: the line's; word: first and last character, that excluded, of one word or of several.
    """
    rows, columns = ink.amount.shape
    found = ink_of(line, ink, [word])
    if found is None:
        return None
    first, _ = _columns(line, word, columns)
    left, top, right, bottom = found[0].box
    across, down = line.frame.pixels.shape[1] / columns, line.frame.pixels.shape[0] / rows
    box = box_of(across * (first + left), down * top, across * (first + right), down * bottom)
    corners = tuple((float(x), float(y)) for x, y in line.frame.to_picture(box))
    part = Line(corners, line.text[slice(*word)], line.confidence).cut(line.frame.picture)
    core_left, _, core_right, _ = part.frame.core
    along = (columns * np.array(line.centres[slice(*word)]) - first - left) / (right - left)
    centres = (core_left + along * (core_right - core_left)) / part.frame.pixels.shape[1]
    return replace(part, centres=tuple(centres.tolist()))


def _columns(line: Line, word: tuple[int, int], width: int) -> tuple[int, int]:
    """First and last column, that excluded, of characters with half of the blanks around them. Args: of the ink."""
    first, last = word
    left = line.centres[first - 1] if first else 0.0
    right = line.centres[last] if last < len(line.text) else 1.0
    return round(left * width), round(right * width)
