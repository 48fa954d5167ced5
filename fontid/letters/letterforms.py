"""The small fonts that ship with the artifact: drawn glyph by glyph to compare a reading with a picture.

They are `letterforms-N.zip`, made by `data_scripts/make_letterforms.py`. A family's fonts are one entry, FAMILY.lzma: a
zip file compressed as a whole, since its fonts have much in common. It holds a WOFF2 for each face that is not
variable, named by its id, and TrueType for each variable font, which draws a face at its place on the axes. Somebody's
own fonts, and older artifacts', lie in the zip file themselves.
"""

import io
import lzma
import string
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from threading import Lock
from typing import BinaryIO

import numpy as np
import uharfbuzz  # instances of variable fonts in a millisecond; fontTools takes a hundred
from PIL import ImageFont

from fontid.catalogue.faces import Face

PLAIN = string.printable[:95] + "‘’“”–—…"  # the least that a font holds, where its family has them
RARE = "×÷ĲĳĿŀŉŊŋŦŧĸſ"
ACCENTED = "".join(letter for letter in map(chr, range(0xC0, 0x180)) if letter not in RARE)
CHARACTERS = PLAIN + ACCENTED + "ȘșȚț¡¿«»€£„"
CELL = 64  # pixels: no glyph is drawn wider or higher
EM = 48  # pixels to the em at which glyphs are drawn; larger glyphs are drawn smaller until they fit
MOST_FONTS = 256  # opened at a time: about 60 KB each
MOST_VARIABLE = 48  # kept unpacked: about 80 KB each
MOST_FAMILIES = 8  # likewise: about 100 KB each
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


class Letterforms:
    """Small fonts by face id. May be used from several threads.

    Args:
        files: zip files; of a face that several hold, the last counts.
        faces: those that the files draw, beside somebody's own.
    Raises: OSError, zipfile.BadZipFile where a file cannot be read.
    """

    def __init__(self, files: list[Path | BinaryIO], faces: Sequence[Face] = ()) -> None:
        self._files, self._faces = files, faces
        self._places = {name: archive for archive in map(zipfile.ZipFile, files) for name in archive.namelist()}
        self._shipped = {face.id: face for face in faces}
        self._family = lru_cache(MOST_FAMILIES)(self._opened)
        self._variable = lru_cache(MOST_VARIABLE)(lambda name, family: uharfbuzz.Face(self._read(name, family)))
        self._fonts: OrderedDict[str, ImageFont.FreeTypeFont] = OrderedDict()
        self._glyphs: OrderedDict[tuple[str, str], Glyph | None] = OrderedDict()
        self._lock, self._unpacking = Lock(), Lock()

    def with_files(self, files: list[Path | BinaryIO]) -> "Letterforms":
        """These and those of other files, which come first."""
        return Letterforms([*self._files, *files], self._faces)

    def __contains__(self, face: str) -> bool:
        shipped = self._shipped.get(face)
        if f"{face}.woff2" in self._places or shipped is None:
            return f"{face}.woff2" in self._places
        return f"{shipped.family}.lzma" in self._places or font_name(shipped) in self._places

    def font_data(self, face: str) -> bytes:
        """The face's font file: WOFF2, or TrueType where it is an instance of a variable font.

        Raises: KeyError for a face without one.
        """
        own = f"{face}.woff2"
        if own in self._places:
            return self._places[own].read(own)
        shipped = self._shipped[face]
        with self._unpacking:
            if not shipped.axes:
                return self._read(own, shipped.family)
            return instance(self._variable(font_name(shipped), shipped.family), shipped.axes)

    def _opened(self, family: str) -> zipfile.ZipFile:
        packed = self._places[f"{family}.lzma"].read(f"{family}.lzma")
        return zipfile.ZipFile(io.BytesIO(lzma.decompress(packed)))

    def _read(self, name: str, family: str) -> bytes:
        return (self._places.get(name) or self._family(family)).read(name)

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

    def lacking(self, face: str, text: str) -> str:
        """The accented letters and signs of a text that are missing in a face's font."""
        special = "".join(dict.fromkeys(character for character in text if not character.isascii()))
        drawn = zip(special, self.glyphs(face, special), strict=True)
        return "".join(character for character, glyph in drawn if glyph is None and not character.isspace())

    def advance(self, face: str, character: str) -> float:
        """How far the next letter's origin lies from this one's, in ems."""
        with self._lock:
            return self._font(face).getlength(character) / EM

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


def font_name(face: Face) -> str:
    """The name of the font that draws a face: its own, or that of the variable one."""
    return f"{PurePath(face.file).stem}.ttf" if face.axes else f"{face.id}.woff2"


def is_woff2(font: bytes) -> bool:
    return font.startswith(b"wOF2")


def instance(font: uharfbuzz.Face, axes: Mapping[str, float]) -> bytes:
    """The static font, TrueType, at a place of a variable one."""
    wanted = uharfbuzz.SubsetInput()
    wanted.keep_everything()
    wanted.pin_all_axes_to_default(font)
    for tag, value in axes.items():
        wanted.pin_axis_location(font, tag, value)
    return wanted.subset(font).blob.data


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
    )
