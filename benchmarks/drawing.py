"""What the protocols share: a drawing, the words in it, its colours and its file."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from data_scripts.chromium import TextBox
from data_scripts.photograph import LUMA
from data_scripts.renderers import OpenFace, unpack
from data_scripts.texts import drawable_words
from fontid.catalogue.faces import Face
from fontid.paths import data_home

LEAST_LUMA_DIFFERENCE = 80
Opener = Callable[[Face], OpenFace]


def opener(fonts: Path) -> Opener:
    """Opens the faces whose files lie in a folder."""
    return lambda face: OpenFace(unpack(fonts / face.file, data_home() / "ttf", face.axes))


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@dataclass(frozen=True)
class Drawing:
    """One picture: what Chromium draws, how its file is made of that, and its condition (None: said by its family)."""

    box: TextBox
    finish: Callable[[Image.Image], bytes] = png
    suffix: str = ".png"
    condition: str | None = None


def contrasting_colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ink and ground, (3,) int 0-255 each, their luma `LEAST_LUMA_DIFFERENCE` or more apart."""
    while True:
        ink, ground = rng.integers(0, 256, (2, 3))
        if abs((ink - ground) @ LUMA) >= LEAST_LUMA_DIFFERENCE:
            return ink, ground


def a_few_words(rng: np.random.Generator, split: str, charset: frozenset[str], low: int, high: int) -> str:
    """`low` to `high` words that the face can spell: as they are, with capital first letters, or all in capitals."""
    case = (str, str, capitalised, str.upper)[rng.integers(4)]
    few = drawable_words(rng, split, charset, case)
    return " ".join(islice(few, int(rng.integers(low, high + 1))))


def capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]
