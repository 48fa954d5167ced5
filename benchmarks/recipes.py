"""Two benchmarks that others published, drawn again by their recipes: not their pictures, which cannot be had.

`fontbench` is FontBench (eob/fontbench), `photolike` is WhatFontIs-Bench v1.0. What their pages leave open was chosen
here: the size of letters of the one, the words, photographs and shapes of shadows of the other.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.drawing import Drawing, jpeg
from benchmarks.grounds import ground_photos
from data_scripts.chromium import TextBox
from data_scripts.photograph import contrasting_ink, light, perspective, smooth_noise
from data_scripts.texts import drawable_words, keep_drawable
from fontid.catalogue.faces import by_family, regular_faces

FONTBENCH = (
    "roboto", "inter", "montserrat", "open-sans", "lato", "poppins", "source-sans-3", "oswald", "raleway", "nunito",
    "rubik", "work-sans", "fira-sans", "pt-sans", "dm-sans", "plus-jakarta-sans", "noto-sans", "playfair-display",
    "merriweather", "eb-garamond", "lora", "pt-serif", "libre-baskerville", "cormorant-garamond", "cinzel",
    "bodoni-moda", "bitter", "arvo", "crimson-text", "spectral", "roboto-mono", "fira-code", "source-code-pro",
    "space-mono", "jetbrains-mono", "pacifico", "dancing-script", "caveat", "shadows-into-light", "bebas-neue",
    "lobster", "bungee",
)  # fmt: skip
# for Arial, Helvetica, Verdana, Times New Roman, Georgia, Courier New, Comic Sans MS, Impact
STAND_INS = ("arimo", "nimbus-sans", "dejavu-sans", "tinos", "gelasio", "cousine", "comic-relief", "anton")
PANGRAM = "The quick brown fox jumps over the lazy dog."
MODIFIERS = {
    "regular": "",
    "italic": "",
    "underline": "text-decoration:underline",
    "strike-through": "text-decoration:line-through",
    "small capitals": "font-variant:small-caps",
}
WEIGHTS = (200, 400, 700, 900)
SPACINGS, LINE_HEIGHTS, WIDTHS = (-0.05, 0.0, 0.12), (1.15, 1.45, 1.9), (220, 320, 440)  # em, em, CSS pixels
DENSITY = 2  # pixels of the picture to a CSS pixel
SIZE = 24  # CSS pixels


def fontbench(rng, faces, open_face, split) -> Iterator[Drawing]:
    """Twenty recipes a family, every modifier in every weight; passed over where there is no such face."""
    rows = by_family(faces)
    for number, family in enumerate(name for name in FONTBENCH + STAND_INS if name in rows):
        for recipe, (weight, modifier) in enumerate(product(WEIGHTS, MODIFIERS)):
            found = [face for face in rows[family] if (face.weight, face.italic) == (weight, modifier == "italic")]
            if found:
                turn = number + recipe  # spacing, line height and width take turns
                look = f"color:#000;background:#fff;padding:.6em;{MODIFIERS[modifier]};white-space:normal;"
                look += f"letter-spacing:{SPACINGS[turn % 3]}em;line-height:{LINE_HEIGHTS[turn // 3 % 3]};"
                look += f"width:{DENSITY * WIDTHS[turn // 9 % 3]}px"
                text = keep_drawable(PANGRAM, open_face(found[0]).charset)
                condition = "stand-in" if family in STAND_INS else condition_of(weight, modifier, SPACINGS[turn % 3])
                yield Drawing(TextBox(found[0], text, DENSITY * SIZE, look, height=600), condition=condition)


def condition_of(weight: int, modifier: str, spacing: float) -> str:
    """What of a recipe is reported: its modifier, else its spacing, else its weight."""
    if modifier != "regular":
        return modifier
    return "spaced" if spacing > 0 else "tight" if spacing < 0 else "bold" if weight > 400 else "plain"


# kinds of twenty pictures; easy, medium or hard; (capital's height in pixels, blur, noise, JPEG's quality, contrast)
KINDS = ("texture",) * 10 + ("scene",) * 6 + ("object",) * 4
LEVELS = ("easy",) * 5 + ("medium",) * 5 + ("hard",) * 10
RANGES = {
    "easy": ((160, 220), (0, 0.3), (0, 1.5), (88, 95), 70),
    "medium": ((130, 180), (0.3, 0.8), (1.5, 3.5), (78, 90), 70),
    "hard": ((100, 140), (0.7, 1.3), (3, 6), (65, 80), 50),
}
CAPITAL = 0.7  # of the font size, about


def photolike(rng, faces, open_face, split) -> Iterator[Drawing]:
    """One picture a family, its kind and level by lot as often as among the twenty of a font."""
    photos = ground_photos(split)
    for face in regular_faces(faces):
        words = drawable_words(rng, split, open_face(face).charset, (str, str.title, str.upper)[rng.integers(3)])
        text = next(word for word in words if 7 <= len(word) <= 12)
        kind, level = KINDS[rng.integers(20)], LEVELS[rng.integers(20)]
        heights, *_, quality, _ = RANGES[level]
        pixels = round(rng.uniform(*heights) / CAPITAL)
        box = TextBox(face, text, pixels, "color:#000;background:#fff;padding:.9em .7em;overflow:hidden")
        ground, seed = photos[rng.integers(len(photos))], int(rng.integers(2**32))
        quality = int(rng.integers(*quality, endpoint=True))
        finish = partial(composed, ground=ground, kind=kind, level=level, seed=seed, quality=quality)
        yield Drawing(box, finish, ".jpg", level)


def composed(drawn: Image.Image, ground: Path, kind: str, level: str, seed: int, quality: int) -> bytes:
    """The word painted or printed on a close-up, painted into a scene, or on a card that lies over a photograph."""
    rng = np.random.default_rng(seed)
    _, blurs, noises, _, contrast = RANGES[level]
    coverage = seen_frontally(drawn, rng)
    height, width = coverage.shape
    photo = covering(Image.open(ground).convert("RGB"), rng, width, height, kind == "texture")
    if kind == "object":
        card = Image.new("L", (width, height))
        margins = rng.uniform(0.02, 0.1, 4) * height
        ImageDraw.Draw(card).rectangle([margins[0], margins[1], width - margins[2], height - margins[3]], fill=255)
        mask = np.asarray(card.filter(ImageFilter.GaussianBlur(1)), np.float32)[..., None] / 255
        photo += (rng.uniform(20, 250, 3) - photo) * mask
    under = photo[coverage > 0.5].mean(0)
    ink = contrasting_ink(rng, under, contrast)
    grain = 0.0 if kind == "object" else 0.5 * (photo - under)  # shows through paint
    if level == "hard":
        coverage = coverage * worn(rng, height, width)
    scene = photo + (ink + grain - photo) * coverage[..., None]
    if level != "easy":
        scene *= light(rng, height, width)
    if level == "hard" and rng.random() < 0.4:
        scene += glare(rng, height, width)
    blurred = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    blurred = blurred.filter(ImageFilter.GaussianBlur(float(rng.uniform(*blurs))))
    noisy = np.asarray(blurred) + rng.standard_normal(scene.shape, np.float32) * rng.uniform(*noises)
    return jpeg(Image.fromarray(np.clip(noisy + 0.5, 0, 255).astype(np.uint8)), quality)


def seen_frontally(drawn: Image.Image, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32, 1 is ink: turned by a degree at most, corners moved by 1.5 % at most."""
    ink = drawn.convert("L").point(lambda value: 255 - value).rotate(rng.uniform(-1, 1), Image.Resampling.BICUBIC)
    width, height = ink.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    corners += rng.uniform(-0.015, 0.015, (4, 2)) * [width, height]
    coefficients = perspective(corners, ink.size)
    seen = ink.transform(ink.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    return np.asarray(seen, np.float32) / 255


def covering(photo: Image.Image, rng: np.random.Generator, width: int, height: int, close: bool) -> np.ndarray:
    """(height, width, 3) float32: a part of the photograph, a third of what would fit where it is looked at closely."""
    scale = max(width / photo.width, height / photo.height) * (3 if close else 1)
    left, top = (rng.uniform(0, side * scale - part) for side, part in ((photo.width, width), (photo.height, height)))
    box = (left / scale, top / scale, (left + width) / scale, (top + height) / scale)
    return np.array(photo.resize((width, height), Image.Resampling.BICUBIC, box), np.float32)


def worn(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(H, W) 0-1, what is left of the print; in most pictures all of it."""
    if rng.random() < 0.6:
        return np.ones((height, width), np.float32)
    specks = smooth_noise(rng, height, width, (5, 5)) + 0.5 * smooth_noise(rng, height, width, (60, 60))
    return np.clip((specks - 0.35) * 8, 0, 1)


def glare(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(H, W, 1), a bright spot with soft edges."""
    y, x = np.mgrid[0:height, 0:width]
    far = ((x - rng.uniform(0, width)) / (0.2 * width)) ** 2 + ((y - rng.uniform(0, height)) / (0.3 * height)) ** 2
    return (rng.uniform(40, 90) * np.exp(-far))[..., None]
