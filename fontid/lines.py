"""Find lines of text: runs of rows that hold ink. For level text on a plain ground."""

from dataclasses import dataclass

import numpy as np

from fontid.preprocess import ink_map

SMALLEST_HEIGHT = 5  # pixels; lower runs are rules and noise
MARGIN = 0.12  # of a line's height, kept around its ink
MOST_LINES = 40


@dataclass(frozen=True)
class Line:
    """A line of text in a picture: its box in pixels, (left, top, right, bottom), and how much ink it holds."""

    left: int
    top: int
    right: int
    bottom: int
    ink: float

    @property
    def corners(self) -> list[list[int]]:
        """Clockwise from the top left."""
        return [[self.left, self.top], [self.right, self.top], [self.right, self.bottom], [self.left, self.bottom]]

    def crop(self, gray: np.ndarray) -> np.ndarray:
        """The line's pixels with a margin: (H, W) uint8."""
        margin = round(MARGIN * (self.bottom - self.top)) + 2
        top, left = max(0, self.top - margin), max(0, self.left - margin)
        return gray[top : self.bottom + margin, left : self.right + margin]


def find_lines(gray: np.ndarray) -> list[Line]:
    """Lines of a grayscale picture, from top to bottom; empty where there is no ink.

    Args: gray: (H, W) uint8.
    """
    ink = ink_map(gray)
    if ink is None:
        return []
    solid = ink > 100
    lines = []
    for top, bottom in _join_small(_runs(solid.sum(1) > 0)):
        columns = np.flatnonzero(solid[top:bottom].any(0))
        if bottom - top >= SMALLEST_HEIGHT and len(columns):
            left, right = int(columns[0]), int(columns[-1]) + 1
            lines.append(Line(left, top, right, bottom, float(solid[top:bottom].sum())))
    lines = sorted(lines, key=lambda line: -line.ink)[:MOST_LINES]
    return sorted(lines, key=lambda line: line.top)


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
