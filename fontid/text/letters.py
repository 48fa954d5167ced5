"""The letters network: what of a line's picture is its plain letters, whatever stands around, behind and on them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fontid.encoder.preprocessing import Ink, find_ink
from fontid.networks import open_network
from fontid.settings import DEFAULTS, LettersSettings
from fontid.text.frames import Frame, size_of
from fontid.text.lines import Line, TextLine
from fontid.text.plain import is_plain
from fontid.text.shadows import without_shadow

HEIGHT = 96  # pixels of the network's input, of which a box takes up BOX
BOX = 54
STEP = 16  # widths are multiples of this
TILE = 2048  # pixels of a longer line that are looked at together, to bound memory
SEAM = 64  # pixels by which tiles overlap: letters cut by one's end are whole in the next
INK = 0.5  # coverage from which a pixel counts as a letter's
STRETCHED = 0.04  # of its width: a line that differs by more holds other things
LOOSE = 0.5  # of letters' height: a box that reaches farther beyond them is drawn around them anew
FITTING = 0.62, 1.45  # of BOX: letters lower or higher than this are looked at again, at their own size


class LettersNetwork:
    """An opened `letters.onnx`. May be used from several threads."""

    def __init__(self, path: Path, settings: LettersSettings = DEFAULTS.letters) -> None:
        self._settings = settings
        self._session = open_network(path)

    def __call__(self, line: TextLine) -> np.ndarray | None:
        """The line's letters, dark on light: (H, W) uint8, as wide as its frame; None where there are no letters."""
        corners = line.frame.corners
        if min(size_of(corners)) < 1:  # a box fitted to nothing
            return None
        coverage, rows = self._coverage(line.frame, corners)
        inked = np.flatnonzero((coverage > INK).any(1))
        if not len(inked):
            return None
        if not FITTING[0] * BOX <= np.ptp(inked) + 1 <= FITTING[1] * BOX:
            top, bottom = rows[0] + inked[0] * rows[1], rows[0] + (inked[-1] + 1) * rows[1]
            down = (corners[3] - corners[0] + corners[2] - corners[1]) / 2 / max(1e-6, size_of(corners)[1])
            tight = corners[[0, 1, 1, 0]] + np.outer([top, top, bottom, bottom], down)
            coverage, _ = self._coverage(line.frame, tight)
        if coverage.mean() < self._settings.least or coverage.max() < INK:
            return None
        return 255 - np.rint(coverage * 255).astype(np.uint8)

    def place(self, line: TextLine, ink: Ink) -> Line:
        """A straight line without its pixels, its corners around the letters found in it where they lie far from those.

        So they do on a busy ground, whose ink reaches beyond the letters. Args: ink: what `look` gives of it.
        """
        frame, height = line.frame, line.height
        wide = (ink.box[2] - ink.box[0]) * frame.width / ink.amount.shape[1]
        if max(height - line.text_height, line.width - wide) < LOOSE * line.text_height:
            return line.place
        coverage, (above, step) = self._coverage(frame, line.unbent)
        rows, columns = (np.flatnonzero((coverage > INK).any(axis)) for axis in (1, 0))
        if not len(rows):
            return line.place
        before = frame.core[0] * frame.width / frame.pixels.shape[1]  # pixels of the frame before the box
        left, right = np.array([columns[0], columns[-1] + 1]) * frame.width / coverage.shape[1] - before
        top, bottom = above + np.array([rows[0], rows[-1] + 1]) * step
        a, b, _, d = line.unbent
        along, down = (b - a) / line.width, (d - a) / height
        corners = [a + x * along + y * down for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
        tight = replace(line.place, corners=tuple(map(tuple, corners)), letters_height=bottom - top)
        around = tight.cut(frame.picture).frame
        shift = around.core[0] * around.width / around.pixels.shape[1] - before - left
        centres = (np.array(line.centres) * frame.width + shift) / around.width
        return replace(tight, centres=tuple(np.clip(centres, 0, 1).tolist()))

    def look(self, line: TextLine, heights: float | None = None) -> Ink | None:
        """The ink that encoder and drawing are shown of a line; None where there are no letters.

        That is its own where that is nothing but letters, since it is sharper; else the letters found. The network is
        not asked where the line's own ink tells.

        Args: heights: of one of a page's many lines: where it was not read, only a beginning as long is looked at.
        """
        own = line.own_ink
        lit = without_shadow(line.frame, own) if own else None
        if lit is not None:
            return find_ink(lit)
        if own and (line.is_read or heights) and is_plain(line, own):
            return own
        if heights and not line.is_read:
            line = line.beginning(heights)
            own = line.own_ink
        coverage = self(line)
        letters = None if coverage is None else find_ink(coverage)
        if letters is None:
            return None
        return own if own and _difference(own, letters) < self._settings.differing else letters

    def look_at_crop(self, gray: np.ndarray) -> Ink | None:
        """The same of a crop that holds one line, dark on light or light on dark. Args: gray: (H, W) uint8."""
        ink = find_ink(gray)
        if ink is None:
            return None
        left, top, right, bottom = map(float, ink.box)
        line = Line(((left, top), (right, top), (right, bottom), (left, bottom)))
        return self.look(line.cut(Image.fromarray(gray).convert("RGB")))

    def _coverage(self, line: Frame, corners: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
        """(HEIGHT, W) float32 0-1; and how far below the box's top its first row is, and a row's height, in pixels.

        Args: line: as wide as what is looked at; corners: of the box around its letters.
        """
        side, height = line.margins[0], size_of(corners)[1]
        scale = BOX / max(1.0, height)
        above = (HEIGHT - BOX) / 2 / scale
        frame = Frame(line.picture, corners, (side, above, side, above))
        left, top, right, bottom = frame.core
        zoom = (bottom - top) / max(1.0, height)  # the frame's pixels to one of the picture
        scale = scale / zoom
        rows, columns = frame.pixels.shape[:2]
        over, under = (max(0, round(above * zoom - shown)) for shown in (top, rows - bottom))
        before, after = (max(0, round(side * zoom - shown)) for shown in (left, columns - right))
        pixels = cv2.copyMakeBorder(frame.pixels, over, under, before, after, cv2.BORDER_REPLICATE)
        width = max(STEP, round(pixels.shape[1] * scale))
        shrinks = scale < 1
        resized = cv2.resize(pixels, (width, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        padded = cv2.copyMakeBorder(resized, 0, 0, 0, -width % STEP, cv2.BORDER_REPLICATE)
        inputs = padded.transpose(2, 0, 1)[None].astype(np.float32) / 255
        coverage = self._tiles(inputs)[:, :width]
        first, last = (round(pad * width / pixels.shape[1]) for pad in (before, after))
        return coverage[:, first : width - last], (-above, 1 / (scale * zoom))

    def _tiles(self, inputs: np.ndarray) -> np.ndarray:
        """Coverage (HEIGHT, W) of (1, 3, HEIGHT, W) inputs, a long line tile by tile."""
        width = inputs.shape[3]
        tiles = []
        for start in range(0, max(1, width - SEAM), TILE - SEAM):
            tile = self._session.run(None, {"pictures": inputs[..., start : start + TILE]})[0][0, 0]
            first = SEAM // 2 if start else 0
            last = TILE - SEAM // 2 if start + TILE < width else width
            tiles.append(tile[:, first:last])
        return np.concatenate(tiles, 1)


def _difference(own: Ink, letters: Ink) -> float:
    """How much two views of a line differ, as `LettersSettings.differing` counts; infinite where their widths do."""
    (left, top, right, bottom), (first, above, last, below) = own.box, letters.box
    height, width = bottom - top, right - left
    if abs((last - first) * height / (below - above) - width) > STRETCHED * width + width / height + 1.5:
        return np.inf  # by more than the pixel that boxes are rounded by
    scale = min(1, BOX / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    views = (own.amount[top:bottom, left:right], letters.amount[above:below, first:last])
    one, other = (np.pad(cv2.resize(view, size, interpolation=cv2.INTER_AREA), 1) for view in views)
    more, less = (cv2.subtract(*pair).sum() for pair in ((one, _wider(other)), (other, _wider(one))))
    return float(more + less) / max(1, np.maximum(one, other).sum()) * height


def _wider(amount: np.ndarray) -> np.ndarray:
    """Ink a pixel wider on each side."""
    return cv2.dilate(amount, np.ones((3, 3), np.uint8))
