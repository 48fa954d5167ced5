"""Make the pictures that the app offers to try: drawn in the shipped letterforms, on grounds that are generated.

python -m data_scripts.make_examples [--out web/examples]
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from data_scripts.photograph import photograph
from fontid.commands import command_line
from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import Letterforms

SIGNS = (
    ("wall", "Corner Bakery", "lobster-two-700-normal", 5),
    ("board", "Harbour Lights", "righteous-400-normal", 14),
)
POSTER = (
    ("Midnight", "abril-fatface-400-normal", 150, (250, 240, 220)),
    ("SWIMMING", "bebas-neue-400-normal", 120, (255, 196, 60)),
    ("every Friday in August", "nunito-400-italic", 44, (250, 240, 220)),
)
PAGE = (
    ("The lighthouse keeper", "playfair-display-700-normal", 52),
    ("Every evening, a little before the sun went down,", "merriweather-400-normal", 26),
    ("he climbed the two hundred steps to trim the lamp", "merriweather-400-normal", 26),
    ("and looked for ships that never came so far north.", "merriweather-400-normal", 26),
)


def draw_line(letterforms: Letterforms, text: str, face: str, pixels: int, ink="black", ground="white") -> Image.Image:
    """RGB, cut close to the ink."""
    font = ImageFont.truetype(BytesIO(letterforms.font_data(face)), pixels)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("RGB", (int(right - left), int(bottom - top)), ground)
    ImageDraw.Draw(picture).text((-left, -top), text, ink, font=font)
    return picture


def stack(lines: list[Image.Image], ground, margin: int = 0, gap: int = 0, centred: bool = False) -> Image.Image:
    """One under the other, with `margin` pixels around them and `gap` between."""
    width = max(line.width for line in lines) + 2 * margin
    height = sum(line.height for line in lines) + gap * (len(lines) - 1) + 2 * margin
    sheet = Image.new("RGB", (width, height), ground)
    top = margin
    for line in lines:
        sheet.paste(line, ((width - line.width) // 2 if centred else margin, top))
        top += line.height + gap
    return sheet


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--out", type=Path, default=Path("web/examples"))
    arguments = parser.parse_args(argv)
    letterforms = FontIdentifier.from_pretrained().letterforms
    pictures = {
        name: photograph(draw_line(letterforms, text, face, 160), np.random.default_rng(seed))
        for name, text, face, seed in SIGNS
    }
    night = (24, 32, 74)
    lines = [draw_line(letterforms, text, face, pixels, ink, night) for text, face, pixels, ink in POSTER]
    pictures["poster"] = stack(lines, night, 90, 46, centred=True)
    paper = (250, 247, 240)
    lines = [draw_line(letterforms, text, face, pixels, (40, 36, 32), paper) for text, face, pixels in PAGE]
    pictures["page"] = stack(lines, paper, 60, 24)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        picture.save(arguments.out / f"{name}.webp", quality=85)


if __name__ == "__main__":
    main()
