"""The pictures that deploy/measure_load.py has its visitors send: of all kinds, the same ones every time."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw, ImageFont, ImageOps

from data_scripts.make_examples import draw_line
from fontid.artifact import LETTERFORMS
from fontid.catalogue.faces import read_faces
from fontid.identifier import SHIPPED
from fontid.letters.letterforms import Letterforms

ROWS = 20  # of text on a page
GRAIN = 6  # standard deviation of a camera's noise, 0-255
ORIENTATION = 0x0112  # of EXIF
WORDS = ("Signal Wolke", "quiet harbour", "Abrupt", "Boxing Kangaroo", "five jugs of ink", "Typography")
FACES = ("lora-400-normal", "roboto-700-normal", "pacifico-400-normal", "playfair-display-400-normal")
LIST = "pictures.json"


@dataclass(frozen=True)
class Sample:
    """A file to send.

    often: how often it is sent, beside the others.
    cards: whether it is answered with fonts; otherwise with a sentence on what to do.
    """

    file: str
    often: int
    cards: bool = True


def draw_word(fonts: Letterforms, number: int, pixels: int, ink=(20, 20, 20), ground=(255, 255, 255)) -> Image.Image:
    word = draw_line(fonts, WORDS[number % len(WORDS)], FACES[number % len(FACES)], pixels, ink, ground)
    return ImageOps.expand(word, pixels // 2, ground)


def draw_page(fonts: Letterforms, megapixels: float, grainy: bool = False, dark: bool = False) -> Image.Image:
    """A page of text, 4 to 3; grainy as of a camera."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    ink, ground = ((240, 240, 230), (24, 24, 40)) if dark else ((40, 30, 60), (244, 240, 230))
    page = Image.new("RGB", (round(height * 4 / 3), height), ground)
    font = ImageFont.truetype(io.BytesIO(fonts.font_data(FACES[0])), 0.6 * height / ROWS)
    draw = ImageDraw.Draw(page)
    for row in range(1, ROWS - 1):
        text = "   ".join((WORDS * 2)[row % len(WORDS) :][:4])
        draw.text((height / ROWS, row * height / ROWS), text, ink, font)
    if not grainy:
        return page
    grain = np.random.default_rng(0).normal(0, GRAIN, (page.height, page.width, 1)).astype(np.int8)
    return Image.fromarray(np.clip(np.asarray(page, np.int16) + grain, 0, 255).astype(np.uint8))


def encoded(picture: Image.Image, kind: str, **how) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def make_pictures(folder: Path) -> list[Sample]:
    """Write them and their list into a folder."""
    pillow_heif.register_heif_opener()
    fonts = Letterforms(sorted(SHIPPED.glob(LETTERFORMS)), read_faces(SHIPPED / "faces.jsonl.gz"))
    folder.mkdir(parents=True, exist_ok=True)
    samples = []

    def add(name: str, content: bytes, often: int = 1, cards: bool = True) -> None:
        (folder / name).write_bytes(content)
        samples.append(Sample(name, often, cards))

    add("word.png", encoded(draw_word(fonts, 0, 60), "PNG"), 8)
    add("word.jpg", encoded(draw_word(fonts, 1, 40), "JPEG", quality=85), 8)
    add("small.webp", encoded(draw_word(fonts, 2, 18), "WEBP", quality=80), 6)
    add("dark.webp", encoded(draw_word(fonts, 3, 48, (250, 250, 250), (16, 24, 60)), "WEBP", quality=80), 6)
    add("turned.png", encoded(draw_word(fonts, 4, 48).transpose(Image.Transpose.ROTATE_90), "PNG"), 3)
    add("askew.jpg", encoded(draw_word(fonts, 5, 48).rotate(7, expand=True, fillcolor="white"), "JPEG"), 3)
    add("gif.gif", encoded(draw_word(fonts, 1, 48), "GIF"), 2)
    add("page-half.png", encoded(draw_page(fonts, 0.5), "PNG"), 6)
    add("page-1.jpg", encoded(draw_page(fonts, 1, grainy=True), "JPEG", quality=85), 6)
    add("page-2-dark.webp", encoded(draw_page(fonts, 2, dark=True), "WEBP", quality=80), 4)
    add("page-4.png", encoded(draw_page(fonts, 4), "PNG"), 3)
    add("photo-4.jpg", encoded(draw_page(fonts, 4, grainy=True), "JPEG", quality=90), 6)
    telephone = draw_page(fonts, 12, grainy=True)
    add("photo-12.jpg", encoded(telephone, "JPEG", quality=90), 3)
    add("photo-12.heic", encoded(telephone, "HEIF", quality=60), 3)
    sideways = Image.Exif()
    sideways[ORIENTATION] = 6
    lying = telephone.transpose(Image.Transpose.ROTATE_90)
    add("photo-12-lying.jpg", encoded(lying, "JPEG", quality=80, exif=sideways.tobytes()), 2)
    add("page-12.png", encoded(draw_page(fonts, 12), "PNG"), 2)
    add("page-50.jpg", encoded(draw_page(fonts, 50), "JPEG", quality=80))
    add("empty.png", encoded(Image.new("RGB", (800, 600), "white"), "PNG"), 2, cards=False)
    whole = (folder / "photo-4.jpg").read_bytes()
    add("cut.jpg", whole[: len(whole) // 3], 2, cards=False)
    add("text.png", b"This is no picture at all.\n" * 40, 1, cards=False)
    add("document.jpg", b"%PDF-1.7\n" + bytes(2000), 1, cards=False)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for name in ("word.png", "word.jpg", "dark.webp", "cut.jpg"):
            files.write(folder / name, name)
    add("many.zip", archive.getvalue(), 2)
    (folder / LIST).write_text(json.dumps([asdict(sample) for sample in samples], indent=1) + "\n", encoding="utf-8")
    return samples


def read_pictures(folder: Path) -> list[Sample]:
    return [Sample(**fields) for fields in json.loads((folder / LIST).read_text(encoding="utf-8"))]


def made_unique(content: bytes, name: str, number: int) -> bytes:
    """The same picture as another file, as no two visitors send the same: a box behind its end, which decoders skip."""
    return content if name.endswith(".zip") else content + b"\0\0\0\x10free" + number.to_bytes(8, "big")
