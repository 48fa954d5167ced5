"""Tell that a line's ink is its letters and nothing else: no rule, rim, shadow or stroke through it.

The reading tells how many pieces and holes there may be; of a page's unread lines, what text usually has.
"""

import unicodedata

import cv2
import numpy as np

from fontid.encoder.preprocessing import Ink
from fontid.text.frames import SOLID
from fontid.text.lines import Line

# chosen so that on drawn validation pictures no line is named better by the letters network: results/once.jsonl#limits
SURE = 0.95  # confidence of a reading from which its letters are counted
LEAST_HEIGHT = 12  # pixels of ink: in lower lines letters run together and holes close
LEAST_UNREAD = 8  # likewise, of a page's lines that were not read
USUAL_HOLES = 0.7  # a letter, in a line that was not read
APART = 0.9  # of the letters: so many pieces of ink, or more; otherwise something may join them
WIDEST = 2.0  # heights of the line: no letter's piece is wider
SMALL = 0.05  # of the line's height: pieces and holes with sides below that are specks
UNEVEN, SOILED = 0.04, 0.02  # how far from full the ink's inside may be on average, and from none the ground, 0-1
PIECES = dict.fromkeys('ij!?:;="', 2) | dict.fromkeys("%÷…", 3)  # of ink, where they are not one
HOLES = dict.fromkeys("ADOPQRabdegopq4690@#", 1) | dict.fromkeys("B8&g%", 2)
DIAERESIS, RING = "\u0308", "\u030a"


def is_plain(line: Line, ink: Ink) -> bool:
    """Whether a line's ink surely is that of its letters alone.

    It is in as many pieces as they are, or few less, has no more holes than they, and is dark on empty ground. It
    stays clear of the edges of the line's picture: what reaches them may be the edge of something else.
    """
    characters = "".join(line.text.split())
    left, top, right, bottom = ink.box
    height = bottom - top
    at_edge = min(left, top, ink.amount.shape[1] - right, ink.amount.shape[0] - bottom) == 0
    misread = line.is_read and line.confidence < SURE
    if at_edge or misread or height < (LEAST_HEIGHT if line.is_read else LEAST_UNREAD):
        return False
    amount = cv2.copyMakeBorder(ink.amount[top:bottom, left:right], 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    solid = (amount > SOLID).astype(np.uint8)
    pieces = _pieces(solid, 8, height)
    letters, most_pieces, most_holes = parts_of(characters) if line.is_read else _usual_parts(len(pieces))
    if letters < 2 or not APART * letters <= len(pieces) <= most_pieces or pieces[:, 0].max() > WIDEST * height:
        return False
    if len(_pieces(1 - solid, 4, height)) - 1 > most_holes:  # the ground around is no hole
        return False
    near = 1 + max(1, round(height / 40))
    inside = cv2.erode(solid, np.ones((3, 3), np.uint8), iterations=near)
    outside = 1 - cv2.dilate(solid, np.ones((3, 3), np.uint8), iterations=near)
    uneven, soiled = 1 - cv2.mean(amount, inside)[0] / 255, cv2.mean(amount, outside)[0] / 255
    return bool(soiled < SOILED and (not inside.any() or uneven < UNEVEN))


def _usual_parts(pieces: int) -> tuple[int, int, float]:
    """`parts_of` of unknown characters, each in a piece."""
    return pieces, pieces, USUAL_HOLES * pieces


def parts_of(characters: str) -> tuple[int, int, int]:
    """How many characters there are, and how many pieces of ink and how many holes they have at most."""
    pieces = holes = 0
    for character in unicodedata.normalize("NFD", characters):
        pieces += 2 if character == DIAERESIS else PIECES.get(character, 1)
        holes += 1 if character == RING else HOLES.get(character, 0)
    return len(characters), pieces, holes


def _pieces(mask: np.ndarray, connectivity: int, height: int) -> np.ndarray:
    """What hangs together, specks left out: (N, 3) widths, heights and areas in pixels. Args: mask: (H, W) uint8."""
    _, _, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
    return found[1:, 2:][found[1:, 4] >= (SMALL * height) ** 2]
