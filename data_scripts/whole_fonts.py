"""One small font of the parts that a face comes in (Latin, Latin Extended, Vietnamese), its accented letters composed.

An accented letter is a base letter and a mark at an offset: some ten bytes, where its outline takes a hundred. Sources
that hold such composites keep them. Where outlines were cut apart, the base letter's contours are looked for in the
accented one's, and what remains is a mark, which other letters share. Variable fonts come with composites, whose
offsets move along the axes; their outlines stay as they are.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphCoordinates
from fontTools.ttLib.tables.ttProgram import Program

from data_scripts.fetch_fonts import with_accents
from fontid.fonts.subsetting import small_font

SAME = 1e-3  # ems: contours whose points lie no further apart are one contour
CURVE = 1e-3  # ems, of a quadratic curve from the cubic one it stands for
# Letters whose base Unicode does not name; those with a dot are looked for without it.
BASES = dict(zip("đħłŧøĐÐĦŁŦØijĵíìîïĩīĭ", "dhltoDDHLTOıȷȷııııııı", strict=True))
Contour = tuple[bytes, np.ndarray]  # flags of its points, and their places (n, 2)


def whole_font(source: Path, characters: Iterable[str]) -> TTFont:
    """The font of a file and of those beside it that hold the same face's accents; TrueType, without layout.

    Raises: whatever fontTools does on broken files.
    """
    font = small_font(source, characters=characters)
    for beside in with_accents([source])[1:]:
        absorb(font, small_font(beside, characters=set(characters) - set(map(chr, font.getBestCmap()))))
    font.recalcBBoxes = True
    for table in ("HVAR", "VVAR", "MVAR"):  # advances come with the outlines' own deltas
        if table in font:
            del font[table]
    if "CFF " in font:
        to_truetype(font)
    if "fvar" not in font:
        compose(font)
    return font


def absorb(font: TTFont, part: TTFont) -> None:
    """Add a part's glyphs to a font of the same outlines; those that it has already are shared."""
    if "glyf" not in part:
        raise ValueError("Parts of fonts are TrueType.")
    names = {_identity(font, name): name for name in font.getGlyphOrder()}
    order, taken = list(font.getGlyphOrder()), {}

    def take(name: str) -> str:
        if name not in taken:
            glyph = part["glyf"][name]
            if glyph.isComposite():
                for component in glyph.components:
                    component.glyphName = take(component.glyphName)
            key = _identity(part, name)
            if key not in names:
                names[key] = new = f"part{len(order)}"
                order.append(new)
                font["glyf"].glyphs[new] = glyph
                font["hmtx"].metrics[new] = part["hmtx"].metrics[name]
                if "gvar" in font:
                    font["gvar"].variations[new] = part["gvar"].variations.get(name, [])
            taken[name] = names[key]
        return taken[name]

    added = {code: take(name) for code, name in (part.getBestCmap() or {}).items()}
    font.setGlyphOrder(order)
    font["glyf"].setGlyphOrder(order)
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap |= added


def _identity(font: TTFont, name: str) -> tuple:
    """What tells a glyph from others: outline or components, advance, and how they move along the axes."""
    glyph = font["glyf"][name]
    moves = font["gvar"].variations.get(name, []) if "gvar" in font else []
    moves = tuple((tuple(sorted(move.axes.items())), tuple(move.coordinates)) for move in moves)
    if glyph.isComposite():
        body = tuple((c.glyphName, c.x, c.y, str(getattr(c, "transform", ""))) for c in glyph.components)
    elif glyph.numberOfContours:
        body = (tuple(glyph.coordinates), tuple(glyph.endPtsOfContours), bytes(glyph.flags))
    else:
        body = ()
    return font["hmtx"][name][0], body, moves


def to_truetype(font: TTFont) -> None:
    """Replace cubic outlines by quadratic ones within `CURVE`."""
    glyphs, drawn = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, CURVE * font["head"].unitsPerEm, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["glyf"], font["loca"] = newTable("glyf"), newTable("loca")
    font["glyf"].glyphOrder, font["glyf"].glyphs = font.getGlyphOrder(), drawn
    for name, glyph in drawn.items():
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = font["hmtx"][name][0], getattr(glyph, "xMin", 0)
    font["maxp"].tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"):
        setattr(font["maxp"], field, 0)
    font["maxp"].maxStackElements = font["maxp"].maxSizeOfInstructions = font["maxp"].maxComponentElements = 0
    font["post"].formatType, font.sfntVersion = 3, "\0\1\0\0"
    del font["CFF "]
    if "VORG" in font:
        del font["VORG"]


def compose(font: TTFont) -> None:
    """Make composites of accented letters whose outlines are those of a base letter and of a mark."""
    glyf, near = font["glyf"], SAME * font["head"].unitsPerEm
    names = {chr(code): name for code, name in font.getBestCmap().items()}
    pieces = {name: _contours(glyf, name) for name in font.getGlyphOrder()}
    order = list(font.getGlyphOrder())
    lettered = {name for character, name in names.items() if next(_bases(character), None)}
    marks = [name for name in order if glyf[name].numberOfContours > 0 and name not in lettered]
    for character in sorted(names, key=lambda character: (len(unicodedata.normalize("NFD", character)), character)):
        name = names[character]
        if glyf[name].numberOfContours <= 0:
            continue
        for base in _bases(character):
            if (own := names.get(base)) and pieces[own] and name not in _parts(glyf, own):
                found = _without(pieces[name], pieces[own], near)
                if found is not None:
                    break
        else:
            continue
        (x, y), rest = found
        parts = [(own, x, y)]
        if rest:
            corner = np.min([places.min(0) for _, places in rest], 0)
            for mark in marks:
                if len(pieces[mark]) == len(rest) and (at := _without(rest, pieces[mark], near)):
                    parts.append((mark, *at[0]))
                    break
            else:
                mark = f"mark{len(order)}"
                order.append(mark)
                marks.append(mark)
                pieces[mark] = [(flags, places - corner) for flags, places in rest]
                glyf.glyphs[mark] = _simple(pieces[mark])
                font["hmtx"].metrics[mark] = 0, 0
                parts.append((mark, *corner))
        glyf.glyphs[name] = _composite(parts)
    font.setGlyphOrder(order)
    glyf.setGlyphOrder(order)
    for name in order:
        glyf[name].recalcBounds(glyf)


def _bases(character: str) -> Iterator[str]:
    """Letters that an accented one may be made of, the one with most marks first."""
    if character in BASES:
        yield BASES[character]
    parts = unicodedata.decomposition(character).split()
    if len(parts) == 2 and not parts[0].startswith("<"):
        base = chr(int(parts[0], 16))
        yield base
        yield from _bases(base)


def _parts(glyf, name: str) -> set[str]:
    """A glyph and all that it is composed of."""
    glyph = glyf[name]
    inner = [_parts(glyf, part.glyphName) for part in glyph.components] if glyph.isComposite() else []
    return {name}.union(*inner)


def _contours(glyf, name: str) -> list[Contour]:
    places, ends, flags = glyf[name].getCoordinates(glyf)
    places, flags = np.array(places, float).reshape(-1, 2), bytes(flag & 1 for flag in flags)
    starts = [0, *(end + 1 for end in ends)]
    return [(flags[start : end + 1], places[start : end + 1]) for start, end in zip(starts, ends, strict=False)]


def _without(contours: list[Contour], base: list[Contour], near: float) -> tuple[np.ndarray, list[Contour]] | None:
    """How far a base's contours are shifted among these, (2,), and the contours left over; None where they are not."""
    flags, first = base[0]
    for own, places in contours:
        if own != flags:
            continue
        shift = np.round((places - first).mean(0))
        left = list(contours)
        for flags_of, wanted in base:
            for number, (their, there) in enumerate(left):
                if their == flags_of and np.abs(there - shift - wanted).max() <= near:
                    del left[number]
                    break
            else:
                break
        else:
            return shift, left
    return None


def _simple(contours: list[Contour]) -> Glyph:
    glyph = Glyph()
    glyph.numberOfContours = len(contours)
    glyph.coordinates = GlyphCoordinates([tuple(map(int, place)) for _, places in contours for place in places])
    glyph.flags = bytearray(b"".join(flags for flags, _ in contours))
    glyph.endPtsOfContours = (np.cumsum([len(flags) for flags, _ in contours]) - 1).tolist()
    glyph.program = Program()
    glyph.program.fromBytecode([])
    return glyph


def _composite(parts: list[tuple[str, float, float]]) -> Glyph:
    pen = TTGlyphPen(dict.fromkeys(name for name, _, _ in parts))
    for name, x, y in parts:
        pen.addComponent(name, (1, 0, 0, 1, int(x), int(y)))
    return pen.glyph()
