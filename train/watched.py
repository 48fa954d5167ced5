"""A picture of a few hold-out examples with their truth and what the encoder says of them, to see it learn."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SHOWN = 12  # examples
TOP = 3  # predictions an example
MARGIN = 8
TEXT = 15  # pixels
RIGHT, WRONG, BLACK = (0, 110, 40), (190, 30, 30), (0, 0, 0)


def draw_predictions(pictures: np.ndarray, truth: Sequence[str], named: Sequence[Sequence[str]]) -> Image.Image:
    """(N, H, W) uint8 pictures, each with its true name and its predictions, the best first."""
    height, width = pictures.shape[1:3]
    row = max(height, TEXT * (TOP + 2)) + MARGIN
    sheet = Image.new("RGB", (width + 360, row * len(pictures) + MARGIN), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT)
    for number, (picture, right, names) in enumerate(zip(pictures, truth, named, strict=True)):
        top = MARGIN + number * row
        sheet.paste(Image.fromarray(picture).convert("RGB"), (MARGIN, top))
        left = width + 3 * MARGIN
        draw.text((left, top), right, BLACK, font)
        for place, name in enumerate(names):
            colour = RIGHT if name == right else WRONG
            draw.text((left, top + (place + 1) * (TEXT + 2)), f"{place + 1}. {name}", colour, font)
    return sheet
