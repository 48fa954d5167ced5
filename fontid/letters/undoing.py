"""Letters that something else than their font squeezed, stretched, slanted, made bold or hollow, put back as they were.

Browsers and editors slant and embolden where a family has no italic or no bold, people stretch a line until it fills
its place, and posters show the outlines of letters alone. No face looks like that, but for those that are drawn so. So
where none fits well, the changes are undone, and drawing judges.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.text.frames import SOLID
from fontid.text.lines import Line
from fontid.text.plain import APART, parts_of

HEIGHT = 112  # pixels of ink at which changes are undone: twice the encoder's, so that strokes lose parts of its pixels
LONGEST = 60 * HEIGHT  # pixels; of a longer line, the beginning is looked at
SPECK = 0.03  # of the height: what outlines enclose is no lower or narrower
ONE_STROKE, LEAST_NEAR = 1.5, 0.4  # times a stroke's width; of its rim that is no farther from the ground: of an inside
ROOM, BESIDE = 8, 40  # pixels above and below the ink, and left and right of it, where slanted letters reach


@dataclass(frozen=True)
class Change:
    """How letters were changed, and what undoes it.

    Attributes:
        name: in the answer's `synthesised`.
        wider: factor of the width.
        upright: pixels to the left for each pixel upwards.
        thinner: pixels at `HEIGHT` that are taken off a stroke on each side.
        hollow: the outlines alone are drawn; it is undone on the line's own ink.
    """

    name: str
    wider: float = 1.0
    upright: float = 0.0
    thinner: float = 0.0
    hollow: bool = False


# Skia slants by a quarter and emboldens by a 24th to a 32nd of an em; people squeeze and stretch by a quarter or third.
CHANGES = (
    Change("squeezed", wider=1.33),
    Change("stretched", wider=0.75),
    Change("italic", upright=0.25),
    Change("bold", thinner=2.0),
    Change("bold", thinner=2.8),
    Change("outlined", hollow=True),
)
SAID = {
    "squeezed": "This text is squeezed: the font itself is wider.",
    "stretched": "This text is stretched: the font itself is narrower.",
    "italic": "This text is slanted by software: it is not the font's own italic.",
    "bold": "This text is made bolder by software: it is not the font's own bold.",
    "outlined": "The outlines of this text are drawn: the font itself is filled.",
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
    if change.hollow:
        amount = _filled(amount, "".join(line.text.split()))
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


def _filled(amount: np.ndarray, characters: str) -> np.ndarray:
    """The ink of letters whose outlines are drawn, filled to the middle of these; no ink where they are not.

    What outlines enclose is a letter's inside where one stroke parts it from the ground, and else a hole of the letter.
    So there are more enclosed places than the letters have holes, and nearly as many insides as there are letters.
    """
    solid = (amount > SOLID).astype(np.uint8)
    edges = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3))).sum() / 2  # they are two pixels wide there
    stroke = 2 * solid.sum() / max(1, edges)
    _, places, sizes, _ = cv2.connectedComponentsWithStats(1 - solid, connectivity=4)  # place 1 is the ground around
    enclosed = np.flatnonzero(sizes[:, 2:4].min(1) >= SPECK * HEIGHT)
    enclosed = enclosed[enclosed > 1]
    away = cv2.distanceTransform((places != 1).astype(np.uint8), cv2.DIST_L2, 3)
    rims = (solid == 0) & (cv2.dilate(solid, np.ones((3, 3))) > 0)
    rim = np.bincount(places[rims], minlength=len(sizes))
    near = np.bincount(places[rims & (away < ONE_STROKE * stroke + 1)], minlength=len(sizes))
    inside = enclosed[near[enclosed] >= LEAST_NEAR * rim[enclosed]]
    letters, _, own_holes = parts_of(characters)
    if letters < 2 or len(inside) < APART * letters or len(enclosed) <= own_holes:
        return np.zeros_like(amount)
    filled = np.where(np.isin(places, inside), np.uint8(1), solid)
    return cv2.erode(255 * filled, _disc(stroke / 2))


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return (x**2 + y**2 <= radius**2 + 0.3).astype(np.uint8)
