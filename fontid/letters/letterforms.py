"""The small fonts that ship with the artifact: drawn glyph by glyph to compare a reading with a picture.

They are `letterforms-N.zip`, one WOFF2 a face, made by `data_scripts/make_letterforms.py`.
"""

import io
import string
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np
from PIL import ImageFont

CHARACTERS = string.printable[:95] + "‘’“”–—…"
CELL = 64  # pixels: no glyph is drawn wider or higher
EM = 48  # pixels to the em at which glyphs are drawn; larger glyphs are drawn smaller until they fit
MOST_FONTS = 512  # opened at a time
MOST_GLYPHS = 24_000  # kept drawn: about 25 MB


@dataclass(frozen=True, slots=True)
class Glyph:
    """A drawn letter. Lengths are in ems, from its origin on the baseline, x to the right, y upwards.

    ink: (h, w) uint8, ink 255 on 0, h and w at most `CELL`, its top left corner at (left, top).
    scale: pixels to the em. right, bottom: where the ink ends.
    """

    ink: np.ndarray
    scale: float
    left: float
    top: float
    right: float
    bottom: float
    advance: float


class Letterforms:
    """Small fonts by face id. May be used from several threads.

    Args: files: zip files; of a face that several hold, the last counts.
    Raises: OSError, zipfile.BadZipFile where a file cannot be read.
    """

    def __init__(self, files: list[Path | BinaryIO]) -> None:
        self._files = files
        self._places = {
            name.removesuffix(".woff2"): archive
            for archive in map(zipfile.ZipFile, files)
            for name in archive.namelist()
            if name.endswith(".woff2")
        }
        self._fonts: OrderedDict[str, ImageFont.FreeTypeFont] = OrderedDict()
        self._glyphs: OrderedDict[tuple[str, str], Glyph | None] = OrderedDict()
        self._lock = Lock()

    def with_files(self, files: list[Path | BinaryIO]) -> "Letterforms":
        """These and those of other files, which come first."""
        return Letterforms([*self._files, *files])

    def __contains__(self, face: str) -> bool:
        return face in self._places

    def font_data(self, face: str) -> bytes:
        """The face's WOFF2 file."""
        return self._places[face].read(f"{face}.woff2")

    def licence(self, name: str) -> str | None:
        """The text of a licence that fonts are under, by its SPDX name; None where it does not lie beside them."""
        for archive in dict.fromkeys(self._places.values()):
            if f"LICENSE-{name}.txt" in archive.namelist():
                return archive.read(f"LICENSE-{name}.txt").decode()
        return None

    def glyphs(self, face: str, characters: str) -> list[Glyph | None]:
        """The glyph of each character; None where the face lacks it or draws nothing."""
        with self._lock:
            return [self._glyph(face, character) for character in characters]

    def _glyph(self, face: str, character: str) -> Glyph | None:
        key = (face, character)
        if key in self._glyphs:
            self._glyphs.move_to_end(key)
            return self._glyphs[key]
        try:
            glyph = draw_glyph(self._font(face), character)
        except OSError:  # FreeType refuses an outline here and there
            glyph = None
        self._glyphs[key] = glyph
        if len(self._glyphs) > MOST_GLYPHS:
            self._glyphs.popitem(last=False)
        return glyph

    def _font(self, face: str) -> ImageFont.FreeTypeFont:
        if face in self._fonts:
            self._fonts.move_to_end(face)
        else:
            data = io.BytesIO(self.font_data(face))
            self._fonts[face] = ImageFont.truetype(data, EM, layout_engine=ImageFont.Layout.BASIC)
            if len(self._fonts) > MOST_FONTS:
                self._fonts.popitem(last=False)
        return self._fonts[face]


def draw_glyph(font: ImageFont.FreeTypeFont, character: str) -> Glyph | None:
    """Draw one letter; None where nothing is inked."""
    scale = float(font.size)
    mask, (left, top) = font.getmask2(character, mode="L", anchor="ls")
    width, height = mask.size
    if not width or not height:
        return None
    if max(width, height) > CELL:
        return draw_glyph(font.font_variant(size=scale * (CELL - 1) / max(width, height)), character)
    return Glyph(
        ink=np.frombuffer(bytes(mask), np.uint8).reshape(height, width),
        scale=scale,
        left=left / scale,
        top=-top / scale,
        right=(left + width) / scale,
        bottom=-(top + height) / scale,
        advance=font.getlength(character) / scale,
    )
