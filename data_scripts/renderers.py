"""Draw a line of text in a face, black on white: FreeType hinted, FreeType large and scaled down, Skia.

Chromium, which serves for testing, has a module of its own.
"""

import os
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import skia  # Chromium's own rasteriser
import uharfbuzz  # shaping (kerning, marks) for Skia, which has none in its Python binding
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from data_scripts.texts import DRAWABLE
from fontid.letters.letterforms import instance

RENDERERS = ("freetype", "freetype-large", "skia")
BASELINE = 2.4  # ems below the top of the canvas that lines are drawn on
LARGE_PIXELS = 110  # size at which "freetype-large" draws: far above any hinting


def unpack(font_file: Path, cache_folder: Path, axes: Mapping[str, float] | None = None) -> Path:
    """The font as ttf/otf without web compression, at `axes` where it is variable, once into `cache_folder`."""
    place = "".join(f"-{tag}{value:g}" for tag, value in (axes or {}).items())
    target = cache_folder / f"{font_file.stem}{place}.ttf"
    if not target.exists():
        cache_folder.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.part")
        if axes:
            partial.write_bytes(instance(uharfbuzz.Face(unpack(font_file, cache_folder).read_bytes()), axes))
        else:
            with TTFont(font_file, recalcBBoxes=False, recalcTimestamp=False) as font:
                font.flavor = None
                font.save(partial, reorderTables=None)
        if not _hinting_ends(partial):
            _remove_hinting(partial)
        partial.replace(target)
    return target


def _hinting_ends(font_file: Path) -> bool:
    """Whether FreeType can run the hinting programs of the letters: those of a few fonts never end."""
    try:
        ImageFont.truetype(str(font_file), 100).getmask(string.ascii_letters)
        return True
    except OSError:
        return False


def _remove_hinting(font_file: Path) -> None:
    with TTFont(font_file, recalcBBoxes=False, recalcTimestamp=False) as font:
        for table in ("fpgm", "prep", "cvt ", "hdmx", "VDMX"):
            if table in font:
                del font[table]
        for name in font.getGlyphOrder():
            font["glyf"][name].removeHinting()
        font.save(font_file, reorderTables=None)


@dataclass
class OpenFace:
    """A font file opened by every renderer, each on its first use."""

    path: Path

    def __post_init__(self) -> None:
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        if pixels not in self._sizes:
            self._sizes[pixels] = ImageFont.truetype(str(self.path), pixels, layout_engine=ImageFont.Layout.RAQM)
        return self._sizes[pixels]

    @cached_property
    def _bytes(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def typeface(self) -> skia.Typeface:
        return skia.Typeface.MakeFromData(skia.Data.MakeWithCopy(self._bytes))

    @cached_property
    def shaper(self) -> uharfbuzz.Font:
        return uharfbuzz.Font(uharfbuzz.Face(self._bytes))

    @cached_property
    def charset(self) -> frozenset[str]:
        """The characters of `DRAWABLE` that the face maps and inks."""
        mapped = self.shaper.face.unicodes
        font = self.at(LARGE_PIXELS)
        return frozenset(c for c in DRAWABLE if ord(c) in mapped and _has_ink(font, c))

    @cached_property
    def x_height(self) -> float:
        """Height of the small x in ems; half an em where the face has none."""
        top = self.at(LARGE_PIXELS).getbbox("x", anchor="ls")[1] if "x" in self.charset else -LARGE_PIXELS / 2
        return -top / LARGE_PIXELS


def _has_ink(font: ImageFont.FreeTypeFont, character: str) -> bool:
    left, top, right, bottom = font.getbbox(character)
    return right > left and bottom > top


def draw_line(
    face: OpenFace, text: str, pixels: int, renderer: str, spacing: float = 0.0, subpixel: float = 0.0
) -> tuple[Image.Image, float] | None:
    """`text` at a font size of `pixels`, cropped to its ink with a margin of 2 pixels.

    Args:
        spacing: extra advance after each letter, in ems.
        subpixel: horizontal offset in pixels, 0-1 (used by Skia).

    Returns: PIL image, mode "L", black ink on white, and the row of its baseline; None where nothing was inked.
    Raises: OSError where FreeType cannot draw the face at this size (some hinting programs never end).
    """
    baseline = BASELINE * pixels
    if renderer == "skia":
        pixels_drawn = _draw_skia(face, text, pixels, spacing, subpixel)
    elif renderer == "freetype":
        pixels_drawn = _draw_freetype(face, text, pixels, spacing)
    elif renderer == "freetype-large":
        large = _draw_freetype(face, text, LARGE_PIXELS, spacing)
        size = (max(1, round(large.width * pixels / LARGE_PIXELS)), max(1, round(large.height * pixels / LARGE_PIXELS)))
        method = Image.Resampling.BOX if pixels < LARGE_PIXELS / 2 else Image.Resampling.BICUBIC
        pixels_drawn = large.resize(size, method)
        baseline = BASELINE * LARGE_PIXELS * size[1] / large.height
    else:
        raise ValueError(f"Unknown renderer {renderer!r}: choose one of {', '.join(RENDERERS)}.")
    return _crop_to_ink(pixels_drawn, baseline)


def _draw_freetype(face: OpenFace, text: str, pixels: int, spacing: float) -> Image.Image:
    font = face.at(pixels)
    if spacing == 0.0:
        pieces = [(0.0, text)]
        length = font.getlength(text)
    else:
        length, pieces = 0.0, []
        for character in text:
            pieces.append((length, character))
            length += font.getlength(character) + spacing * pixels
    margin = pixels
    canvas = Image.new("L", (int(length) + 2 * margin, 4 * pixels), 255)
    draw = ImageDraw.Draw(canvas)
    for x, piece in pieces:
        draw.text((margin + round(x), BASELINE * pixels), piece, fill=0, font=font, anchor="ls")
    return canvas


def _draw_skia(face: OpenFace, text: str, pixels: int, spacing: float, subpixel: float) -> Image.Image:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(face.shaper, buffer, {"liga": spacing == 0.0, "clig": spacing == 0.0})
    scale = pixels / face.shaper.face.upem
    x, y, glyphs, positions = pixels + subpixel, BASELINE * pixels, [], []
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        glyphs.append(info.codepoint)
        positions.append(skia.Point(x + position.x_offset * scale, y - position.y_offset * scale))
        x += position.x_advance * scale + spacing * pixels
    width, height = int(x) + pixels + 1, 4 * pixels
    font = skia.Font(face.typeface, pixels)
    font.setSubpixel(True)
    font.setEdging(skia.Font.Edging.kAntiAlias)
    font.setHinting(skia.FontHinting.kSlight if pixels % 2 else skia.FontHinting.kNone)
    builder = skia.TextBlobBuilder()
    builder.allocRunPos(font, glyphs, positions)
    array = np.full((height, width, 4), 255, np.uint8)
    surface = skia.Surface.MakeRasterDirect(skia.ImageInfo.MakeN32Premul(width, height), array)
    surface.getCanvas().drawTextBlob(builder.make(), 0, 0, skia.Paint(AntiAlias=True, Color=skia.ColorBLACK))
    return Image.fromarray(np.ascontiguousarray(array[..., 0]))


def _crop_to_ink(image: Image.Image, baseline: float, margin: int = 2) -> tuple[Image.Image, float] | None:
    ink = image.point(lambda value: 255 if value < 224 else 0).getbbox()
    if ink is None:
        return None
    left, top, right, bottom = ink
    box = (max(0, left - margin), max(0, top - margin), right + margin, bottom + margin)
    cropped = image.crop((box[0], box[1], min(image.width, box[2]), min(image.height, box[3])))
    return cropped, baseline - box[1]
