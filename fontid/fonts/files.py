"""Font files of any origin: the faces in them, by what their own tables say."""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from fontid.catalogue.faces import STYLES

FONT_SUFFIXES = {".ttf", ".otf", ".woff", ".woff2"}
LONGEST_NAME = 200
USUAL_WIDTH = 5  # of OS/2's usWidthClass
ITALIC_BIT, OBLIQUE_BIT, MAC_ITALIC_BIT = 0, 9, 1


class FontError(ValueError):
    """A font that is whole but cannot be searched; the message says why."""


@dataclass(frozen=True)
class Instance:
    """One face of a font file: where it lies on the file's axes ({} for a static font)."""

    weight: int
    italic: bool
    location: dict[str, float]


def font_files_in(folder: Path) -> list[Path]:
    """Every font file under a folder, in order of path; of a file that itself."""
    paths = [folder] if folder.is_file() else folder.rglob("*")
    return sorted(path for path in paths if path.suffix.lower() in FONT_SUFFIXES and path.is_file())


def faces_in(file: Path) -> Iterator[tuple[Instance, TTFont]]:
    """Each face of a font file, as a font without axes. Raises: whatever fontTools does on broken files."""
    with TTFont(file) as font:
        instances, name = list(instances_of(font)), family_name(font)
    for instance in instances:
        with TTFont(file) as font:
            if instance.location:
                font = instancer.instantiateVariableFont(font, instance.location, inplace=True)
                font["name"].setName(name, 16, 3, 1, 0x409)  # entry 1 names the weight that is no more
            yield instance, font


def family_id(name: str) -> str:
    """The id of a family by its name. Raises: FontError for a name without Latin letters or digits."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise FontError(f"no folder can be named after the family {name!r}")
    return slug


def family_name(font: TTFont) -> str:
    """The typographic family name (entry 16), else the family name (entry 1) without the weight that it ends in.

    Of condensed and expanded fonts always the latter: they are a family of their own.
    Raises: FontError without either, and for one of more than `LONGEST_NAME` letters.
    """
    weight = STYLES.get(weight_of(font), "")
    plain = (font["name"].getDebugName(1) or "").strip()
    plain = plain.removesuffix(f" {weight}").removesuffix(f" {weight.replace(' ', '')}")
    is_usual = "OS/2" not in font or font["OS/2"].usWidthClass in (0, USUAL_WIDTH)
    name = (is_usual and font["name"].getDebugName(16)) or plain or font["name"].getDebugName(16) or ""
    if not name.strip():
        raise FontError("the font has no family name")
    if len(name) > LONGEST_NAME:
        raise FontError("the family's name is too long")
    return name.strip()


def instances_of(font: TTFont) -> Iterator[Instance]:
    """The faces of a font; of a variable one every hundred of weight, by axis tag, other axes at their default."""
    if "fvar" not in font:
        yield Instance(weight_of(font), is_italic(font), {})
        return
    axes = {axis.axisTag: axis for axis in font["fvar"].axes}
    defaults = {tag: axis.defaultValue for tag, axis in axes.items()}
    weights = [weight_of(font)]
    if "wght" in axes:
        inside = [w for w in range(100, 1001, 100) if axes["wght"].minValue <= w <= axes["wght"].maxValue]
        weights = inside or [round(axes["wght"].defaultValue)]
    slopes: list[tuple[bool, dict[str, float]]] = [(is_italic(font), {})]
    for tag in ("ital", "slnt"):
        if tag in axes:
            farthest = max(axes[tag].minValue, axes[tag].maxValue, key=abs)
            upright = min(max(0, axes[tag].minValue), axes[tag].maxValue)  # or the least slanted there is
            slopes = [(value != 0, {tag: value}) for value in sorted({upright, farthest}, key=abs)]
            break
    for weight in weights:
        for italic, slope in slopes:
            location = defaults | slope
            yield Instance(weight, italic, location | ({"wght": weight} if "wght" in axes else {}))


def relative_width(font: TTFont, axes: Mapping[str, float] | None = None) -> float:
    """Mean advance of the small letters over the height of x, at `axes`: 0.95 in Roboto, 0.84 in Roboto Condensed.

    0.0 for a font without them.
    """
    glyph_of = font.getBestCmap() or {}  # None for a font of symbols
    letters = [glyph_of[ord(letter)] for letter in string.ascii_lowercase if ord(letter) in glyph_of]
    if len(letters) < len(string.ascii_lowercase):
        return 0.0
    glyphs = font.getGlyphSet(location=axes)
    pen = BoundsPen(glyphs)
    glyphs[glyph_of[ord("x")]].draw(pen)
    if pen.bounds is None or pen.bounds[3] <= pen.bounds[1]:
        return 0.0
    advance = sum(glyphs[glyph].width for glyph in letters) / len(letters)
    return round(advance / (pen.bounds[3] - pen.bounds[1]), 3)


def weight_of(font: TTFont) -> int:
    """usWeightClass as 1-1000; 1-9 are an old way to write 100-900."""
    weight = font["OS/2"].usWeightClass if "OS/2" in font else 400
    if weight == 0:
        return 400
    return weight * 100 if weight < 10 else min(weight, 1000)


def is_italic(font: TTFont) -> bool:
    selection = font["OS/2"].fsSelection if "OS/2" in font else 0
    told = selection >> ITALIC_BIT & 1 or selection >> OBLIQUE_BIT & 1 or font["head"].macStyle >> MAC_ITALIC_BIT & 1
    return bool(told) or ("post" in font and abs(font["post"].italicAngle) > 1)
