"""A map of all families: every name in its own face, where alike faces are near each other.

The whole is drawn once; a part of it is drawn anew, larger, for whoever looks closer.
"""

from collections.abc import Mapping
from math import ceil

import numpy as np
from PIL import Image, ImageDraw

from fontid.catalogue.faces import Face
from fontid.letters.letterforms import Letterforms

SIDE = 2160  # pixels
LETTERS = 13  # font size, pixels
HIGHEST = 52  # pixels: a name that towers over its font size is drawn smaller
MARGIN = 1  # pixels around the ink of a name
STEP = 5  # pixels: names are moved on a grid of cells so large
DARK = 90  # percentile of a name's inked pixels that has full colour: thin strokes are no ghosts then
MOST_DARKENED = 4  # times
PALETTE = {
    "sans-serif": "#1f4e9c",
    "serif": "#8a2b1d",
    "display": "#2f6b35",
    "handwriting": "#7a3d94",
    "monospace": "#6b5a12",
}


def draw_map(
    places: Mapping[str, tuple[float, float]], regular: Mapping[str, Face], letterforms: Letterforms
) -> tuple[Image.Image, dict[str, list[int]]]:
    """Args: places: of each family, 0-1; regular: the face that its name is drawn in.

    Returns: the map, and of each family on it left, top, width and height of its name, pixels.
    """
    cells = SIDE // STEP
    taken = np.zeros((cells, cells), bool)
    rings = _rings(cells)
    boxes = {}
    for family, (x, y) in places.items():
        ink = draw_name(regular[family], letterforms)
        height, width = (side + 2 * MARGIN for side in ink.shape)
        high, wide = -(-height // STEP), -(-width // STEP) + 1
        wanted = np.array([y * (cells - high), x * (cells - wide)]).astype(int)
        place = _free(taken, wanted, (high, wide), rings)
        if place is None:
            continue
        taken[place[0] : place[0] + high, place[1] : place[1] + wide] = True
        boxes[family] = [int(place[1]) * STEP, int(place[0]) * STEP, width, height]
    return draw_part(boxes, regular, letterforms, (0, 0, SIDE, SIDE)), boxes


def draw_part(
    boxes: Mapping[str, list[int]],
    regular: Mapping[str, Face],
    letterforms: Letterforms,
    part: tuple[int, int, int, int],
    scale: int = 1,
) -> Image.Image:
    """A rectangle of the map at `scale` times its size, names that reach into it included. RGB, on white.

    Args: boxes: as `draw_map` returns them; part: left, top, width, height in pixels of the enlarged map.
    """
    left, top, width, height = part
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    for family, box in boxes.items():
        x, y, wide, high = (scale * side for side in box)
        if left < x + wide and x < left + width and top < y + high and y < top + height:
            name = Image.fromarray(draw_name(regular[family], letterforms, scale))
            place = x + scale * MARGIN - left, y + scale * MARGIN - top
            draw.bitmap(place, name, PALETTE.get(regular[family].category, "#333333"))
    return sheet


def draw_name(face: Face, letterforms: Letterforms, scale: int = 1) -> np.ndarray:
    """(h, w) uint8: the display name, ink 255 on 0, cropped. Strokes thinner than a pixel are darkened.

    Raises: KeyError for a face without letterforms.
    """
    glyphs = letterforms.glyphs(face.id, face.name)
    placed = [
        (glyph, origin + glyph.left)
        for glyph, origin in zip(glyphs, letterforms.layout(face.id, face.name), strict=True)
        if glyph and np.isfinite(origin)
    ]
    start, top = min(left for _, left in placed), max(glyph.top for glyph, _ in placed)
    bottom = min(glyph.bottom for glyph, _ in placed)
    end = max(left + glyph.right - glyph.left for glyph, left in placed)
    size = scale * min(LETTERS, HIGHEST / (top - bottom))  # pixels to the em
    ink = np.zeros((ceil((top - bottom) * size), ceil((end - start) * size)), np.uint8)
    for glyph, left in placed:
        row, column = int((top - glyph.top) * size), int((left - start) * size)
        low, far = (top - glyph.bottom) * size, (left - start + glyph.right - glyph.left) * size
        # where the pixels begin that it touches: in ems from its own origin
        above, before = top - row / size, glyph.left - (left - start) + column / size
        part = ink[row : ceil(low), column : ceil(far)]
        np.maximum(part, glyph.drawn(size, before, above, *part.shape), out=part)
    darker = 255 / np.percentile(ink[ink > 0], DARK)
    return np.minimum(255, ink * min(MOST_DARKENED, darker)).astype(np.uint8)


def _rings(cells: int) -> np.ndarray:
    """(N, 2) offsets, the nearest first."""
    reach = np.arange(-cells // 4, cells // 4)
    offsets = np.stack(np.meshgrid(reach, reach, indexing="ij"), -1).reshape(-1, 2)
    return offsets[np.argsort((offsets**2).sum(1), kind="stable")]


def _free(taken: np.ndarray, wanted: np.ndarray, size: tuple[int, int], rings: np.ndarray) -> np.ndarray | None:
    """The free rectangle of cells nearest to the one wanted; None where there is none near."""
    sums = np.pad(taken.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    high, wide = size
    blocked = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    places = wanted + rings
    inside = ((places >= 0) & (places < blocked.shape)).all(1)
    places = places[inside]
    free = np.flatnonzero(blocked[places[:, 0], places[:, 1]] == 0)
    return places[free[0]] if len(free) else None
