"""A map of all families: every name in its own face, where alike faces are near each other."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fontid.catalogue.faces import Face
from fontid.letters.letterforms import Letterforms

SIDE = 2160  # pixels
LETTERS = 13  # font size, pixels
STEP = 5  # pixels: names are moved on a grid of cells so large
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
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    draw = ImageDraw.Draw(sheet)
    cells = SIDE // STEP
    taken = np.zeros((cells, cells), bool)
    rings = _rings(cells)
    boxes = {}
    for family, (x, y) in places.items():
        name = draw_name(regular[family], letterforms)
        wide, high = -(-name.width // STEP) + 1, -(-name.height // STEP)
        wanted = np.array([y * (cells - high), x * (cells - wide)]).astype(int)
        place = _free(taken, wanted, (high, wide), rings)
        if place is None:
            continue
        taken[place[0] : place[0] + high, place[1] : place[1] + wide] = True
        colour = PALETTE.get(regular[family].category, "#333333")
        left, top = int(place[1]) * STEP, int(place[0]) * STEP
        draw.bitmap((left, top), name, colour)
        boxes[family] = [left, top, *name.size]
    return sheet, boxes


def draw_name(face: Face, letterforms: Letterforms) -> Image.Image:
    """The display name, ink 255 on 0, cropped; by the file name where the font has none of its letters."""
    font = ImageFont.truetype(BytesIO(letterforms.font_data(face.id)), 2 * LETTERS)
    left, top, right, bottom = map(int, font.getbbox(face.name))
    ink = Image.new("L", (max(2, right - left + 4), max(2, bottom - top + 4)))
    ImageDraw.Draw(ink).text((2 - left, 2 - top), face.name, 255, font)
    zoom = min(0.5, 4 * LETTERS / ink.height)  # some faces tower over their size
    return ink.resize((max(1, round(ink.width * zoom)), max(1, round(ink.height * zoom))), Image.Resampling.BOX)


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
