"""Small fonts: the Latin letters of a face without hinting, as a rule without layout tables; about 7 KB as WOFF2."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

from fontid.letters.letterforms import CHARACTERS

UNITS_PER_EM = 500
NAMES_KEPT = (0, 1, 2, 13, 14)  # copyright, family, style, licence, its address
UNNEEDED = ["BASE", "STAT", "DSIG", "meta", "gasp", "FFTM", "VORG", "vmtx", "vhea"]
LAYOUT = ["GSUB", "GPOS", "GDEF", "kern"]
COLOURS = ["SVG ", "COLR", "CPAL", "CBDT", "CBLC", "sbix"]


def small_font(
    source: Path | BinaryIO, layout_features: Sequence[str] = (), characters: Iterable[str] = CHARACTERS
) -> TTFont:
    """The Latin letters of a font file that has no axes, with these OpenType features of theirs.

    Raises: whatever fontTools does on broken files.
    """
    options = subset.Options()
    options.hinting = False
    options.layout_features = list(layout_features)
    options.name_IDs = list(NAMES_KEPT)
    options.notdef_outline = False
    options.glyph_names = False
    options.drop_tables += UNNEEDED + ([] if layout_features else LAYOUT)
    font = subset.load_font(source if hasattr(source, "read") else str(source), options, lazy=True)
    for table in COLOURS:
        if table in font:
            del font[table]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=map(ord, characters))
    subsetter.subset(font)
    return font


def scaled(font: TTFont) -> TTFont:
    """A font at `UNITS_PER_EM`, which makes it smaller by another fifth."""
    font = TTFont(io.BytesIO(plain(font)), recalcTimestamp=False)
    scale_upem(font, UNITS_PER_EM)
    return font


def plain(font: TTFont) -> bytes:
    """The font's file without compression."""
    buffer = io.BytesIO()
    font.flavor = None
    font.save(buffer)
    return buffer.getvalue()


def woff2(font: TTFont) -> bytes:
    buffer = io.BytesIO()
    font.flavor = "woff2"
    font.save(buffer, reorderTables=False)
    return buffer.getvalue()
