"""Letters that something else than their font squeezed, stretched, slanted or made bold, put back as they were.

Browsers and editors slant and embolden where a family has no italic or no bold, and people stretch a line until it
fills its place. No face looks like that. So where none fits well, the changes are undone, and drawing judges.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text.lines import Line

HEIGHT = 112  # pixels of ink at which changes are undone: twice the encoder's, so that strokes lose parts of its pixels
LONGEST = 60 * HEIGHT  # pixels; of a longer line, the beginning is looked at
ROOM, BESIDE = 8, 40  # pixels above and below the ink, and left and right of it, where slanted letters reach


@dataclass(frozen=True)
class Change:
    """How letters were changed, and what undoes it.

    Attributes:
        name: in the answer's `synthesised`.
        wider: factor of the width.
        upright: pixels to the left for each pixel upwards.
        thinner: pixels at `HEIGHT` that are taken off a stroke on each side.
    """

    name: str
    wider: float = 1.0
    upright: float = 0.0
    thinner: float = 0.0


# Skia slants by a quarter and emboldens by a 24th to a 32nd of an em; people squeeze and stretch by a quarter or third.
CHANGES = (
    Change("squeezed", wider=1.33),
    Change("stretched", wider=0.75),
    Change("italic", upright=0.25),
    Change("bold", thinner=2.0),
    Change("bold", thinner=2.8),
)
SAID = {
    "squeezed": "This text is squeezed: the font itself is wider.",
    "stretched": "This text is stretched: the font itself is narrower.",
    "italic": "This text is slanted by software: it is not the font's own italic.",
    "bold": "This text is made bolder by software: it is not the font's own bold.",
}


def undo(change: Change, line: Line, ink: Ink) -> tuple[Line, Ink] | None:
    """A line and its ink without the change; None where nothing is left of it."""
    left, top, right, bottom = ink.box
    scale = HEIGHT / (bottom - top)
    across = scale * change.wider
    right = min(right, left + max(1, int(LONGEST / across)))
    size = max(1, round((right - left) * across)), HEIGHT
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    amount = cv2.resize(ink.amount[top:bottom, left:right], size, interpolation=method)
    amount = cv2.copyMakeBorder(amount, ROOM, ROOM, BESIDE, BESIDE, cv2.BORDER_CONSTANT)
    if change.upright:
        shear = np.array([[1, change.upright, -change.upright * amount.shape[0] / 2], [0, 1, 0]], np.float32)
        amount = cv2.warpAffine(amount, shear, amount.shape[::-1], flags=cv2.INTER_LINEAR)
    if change.thinner:
        amount = cv2.erode(amount, _disc(change.thinner))
    box = ink_box(amount)
    if box is None:
        return None
    whole = ink.amount.shape[1]
    centres = tuple(((centre * whole - left) * across + BESIDE) / amount.shape[1] for centre in line.centres)
    return replace(line, centres=centres), Ink(amount, box)


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return (x**2 + y**2 <= radius**2 + 0.3).astype(np.uint8)
