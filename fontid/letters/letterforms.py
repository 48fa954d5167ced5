"""The small fonts that ship with the artifact: drawn glyph by glyph to compare a reading with a picture.

They are `letterforms-N.zip`, made by `data_scripts/make_letterforms.py`. A family's fonts are one entry, FAMILY.lzma: a
zip file compressed as a whole, since its fonts have much in common. It holds a WOFF2 for each face that is not
variable, named by its id, and TrueType for each variable font, which draws a face at its place on the axes. Somebody's
own fonts, and older artifacts', lie in the zip file themselves.
"""

import io
import lzma
import os
import string
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np
import uharfbuzz  # takes a letter from a variable font in a tenth of a millisecond; FreeType wants an instance of it

from fontid.catalogue.faces import Face
from fontid.letters.small_capitals import base_letter
from fontid.letters.woff2 import truetype

PLAIN = string.printable[:95] + "‘’“”–—…"  # the least that a font holds, where its family has them
RARE = "×÷ĲĳĿŀŉŊŋŦŧĸſ"
ACCENTED = "".join(letter for letter in map(chr, range(0xC0, 0x180)) if letter not in RARE)
CHARACTERS = PLAIN + ACCENTED + "ȘșȚț¡¿«»€£„"
CELL = 64  # pixels: no glyph is drawn wider or higher
EM = 48  # pixels to the em at which glyphs are drawn; larger glyphs are drawn smaller until they fit
MOST_BYTES = 48 << 20  # of fonts kept unpacked, with what is drawn of them: of about 600 families
OF_GLYPH = 1600  # bytes, of one that is drawn
ROUNDING = 1e-6  # of a pixel
WITHOUT_LIGATURES = dict.fromkeys(("liga", "clig", "calt"), False)  # a glyph for each character


@dataclass(frozen=True, eq=False)
class Glyph:
    """A letter in a font. Lengths are in ems, from its origin on the baseline, x to the right, y upwards.

    left, top, right, bottom: where the ink ends. scale: pixels to the em at which it is drawn.
    """

    left: float
    top: float
    right: float
    bottom: float
    scale: float
    _font: uharfbuzz.Font
    _number: int
    _size: float = 1.0  # of what the font holds

    def smaller(self, size: float) -> "Glyph":
        """The same at `size` times its size."""
        left, top, right, bottom = (size * side for side in (self.left, self.top, self.right, self.bottom))
        return Glyph(left, top, right, bottom, self.scale / size, self._font, self._number, size * self._size)

    @cached_property
    def ink(self) -> np.ndarray:
        """(h, w) uint8, ink 255 on 0, h and w at most `CELL`; its top left corner is at (left, top)."""
        sides = self.top - self.bottom, self.right - self.left
        height, width = (ceil(side * self.scale - ROUNDING) for side in sides)
        return self.drawn(self.scale, self.left, self.top, height, width)

    def drawn(self, scale: float, left: float, top: float, height: int, width: int) -> np.ndarray:
        """(height, width) uint8 likewise, at `scale` pixels to the em, with its top left corner at (left, top)."""
        pen = uharfbuzz.RasterDraw()
        zoom = self._size * scale / self._font.face.upem
        pen.transform = zoom, 0, 0, zoom, -left * scale, height - top * scale
        pen.extents = uharfbuzz.RasterExtents(0, 0, width, height)
        pen.draw_glyph(self._font, self._number)
        return np.frombuffer(pen.render().buffer, np.uint8).reshape(height, -1)[::-1, :width]


class _Pack:
    """Fonts that are unpacked together. Each is opened, and each of its letters drawn, once.

    Attributes: fonts: the files by name. size: of it all in bytes, about.
    """

    def __init__(self, fonts: Mapping[str, bytes]) -> None:
        self.fonts, self.size = fonts, sum(map(len, fonts.values()))
        self._faces: dict[str, uharfbuzz.Face] = {}
        self._fonts: dict[str, uharfbuzz.Font] = {}
        self._glyphs: dict[tuple[str, str], Glyph | None] = {}

    def face(self, name: str) -> uharfbuzz.Face:
        """Args: name: of a file."""
        if name not in self._faces:
            data = self.fonts[name]
            if is_woff2(data):
                data = truetype(data)
                self.size += len(data)
            self._faces[name] = uharfbuzz.Face(data)
        return self._faces[name]

    def font(self, face: str, name: str, axes: Mapping[str, float]) -> uharfbuzz.Font:
        """Args: face: its id; name: of its file; axes: its place on them."""
        if face not in self._fonts:
            self._fonts[face] = uharfbuzz.Font(self.face(name))
            self._fonts[face].set_variations(axes)
        return self._fonts[face]

    def glyph(self, face: str, character: str) -> Glyph | None:
        """Args: face: one whose font is opened."""
        key = face, character
        if key not in self._glyphs:
            self._glyphs[key] = find_glyph(self._fonts[face], character)
            self.size += OF_GLYPH
        return self._glyphs[key]


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
        self._packs: OrderedDict[str, _Pack] = OrderedDict()
        self._lock = Lock()

    def with_files(self, files: list[Path | BinaryIO]) -> "Letterforms":
        """These and those of other files, which come first."""
        return Letterforms([*self._files, *files], self._faces)

    def __contains__(self, face: str) -> bool:
        return self._entry(face) is not None

    def _entry(self, face: str) -> str | None:
        """What holds the face's font in the zip files: the font itself, or its family."""
        shipped = self._shipped.get(face)
        names = (font_name(shipped), f"{shipped.family}.lzma") if shipped else ()
        return next((name for name in (f"{face}.woff2", *names) if name in self._places), None)

    def font_data(self, face: str) -> bytes:
        """The face's font file: WOFF2, or TrueType where it is an instance of a variable font.

        Raises: KeyError for a face without one.
        """
        with self._lock:
            pack, name, axes = self._unpacked(face)
            return instance(pack.face(name), axes) if axes else pack.fonts[name]

    def _unpacked(self, face: str) -> tuple[_Pack, str, Mapping[str, float]]:
        """What holds the face's font, the font's name in it, and the face's place on the axes."""
        entry = self._entry(face)
        if entry is None:
            raise KeyError(face)
        if entry not in self._packs:
            data = self._places[entry].read(entry)
            self._packs[entry] = _Pack(_files_in(data) if entry.endswith(".lzma") else {entry: data})
            size = sum(pack.size for pack in self._packs.values())
            while size > MOST_BYTES and len(self._packs) > 1:
                size -= self._packs.popitem(last=False)[1].size
        self._packs.move_to_end(entry)
        own = f"{face}.woff2"
        if entry == own:
            return self._packs[entry], own, {}
        return self._packs[entry], font_name(self._shipped[face]), self._shipped[face].axes

    def licence(self, name: str) -> str | None:
        """The text of a licence that fonts are under, by its SPDX name; None where it does not lie beside them."""
        for archive in dict.fromkeys(self._places.values()):
            if f"LICENSE-{name}.txt" in archive.namelist():
                return archive.read(f"LICENSE-{name}.txt").decode()
        return None

    def glyphs(self, face: str, characters: str) -> list[Glyph | None]:
        """The glyph of each character; None where the face lacks it or draws nothing."""
        with self._lock:
            pack, name, axes = self._unpacked(face)
            pack.font(face, name, axes)
            return [pack.glyph(face, character) for character in characters]

    def lacking(self, face: str, text: str) -> str:
        """The accented letters and signs of a text that are missing in a face's font."""
        special = "".join(dict.fromkeys(character for character in text if not character.isascii()))
        drawn = zip(special, self.glyphs(face, special), strict=True)
        return "".join(character for character, glyph in drawn if glyph is None and not character.isspace())

    def layout(self, face: str, text: str) -> np.ndarray:
        """Where each character's origin lies, (n,) in ems from the first's, by advance widths and kerning.

        What the font lacks stands as its base letter does. NaN for what is one glyph with the character before.
        """
        with self._lock:
            pack, name, axes = self._unpacked(face)
            font = pack.font(face, name, axes)
            line = uharfbuzz.Buffer()
            line.add_str("".join(each if font.get_nominal_glyph(ord(each)) else base_letter(each) for each in text))
            line.guess_segment_properties()
            uharfbuzz.shape(font, line, WITHOUT_LIGATURES)
            advances = np.array([place.x_advance for place in line.glyph_positions])
            characters, first = np.unique([glyph.cluster for glyph in line.glyph_infos], return_index=True)
            origins = np.full(len(text), np.nan)
            origins[characters] = (np.cumsum(advances) - advances)[first] / font.face.upem
            return origins


def _files_in(packed: bytes) -> dict[str, bytes]:
    """The fonts of a family by name."""
    with zipfile.ZipFile(io.BytesIO(lzma.decompress(packed))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def font_name(face: Face) -> str:
    """The name of the font that draws a face: its own, or that of the variable one."""
    if not face.axes:
        return f"{face.id}.woff2"
    return f"{os.path.splitext(os.path.basename(face.file))[0]}.ttf"  # of ten thousand faces: pathlib takes 0.2 s


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


def find_glyph(font: uharfbuzz.Font, character: str) -> Glyph | None:
    """A letter of a font; None where nothing is inked."""
    number = font.get_nominal_glyph(ord(character))
    box = font.get_glyph_extents(number) if number else None
    if not (box and box.width and box.height):
        return None
    left, top, width, height = np.array([box.x_bearing, box.y_bearing, box.width, -box.height]) / font.face.upem
    return Glyph(left, top, left + width, top - height, min(EM, CELL / max(width, height)), font, number)
