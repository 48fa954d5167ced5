"""Make the letterforms that ship with the artifact: small fonts to draw a reading with, and to show it in.

    python -m data_scripts.make_letterforms [--num-proc 2]

Every face can be drawn as itself: a variable font with its axes draws all its faces, and each face of another family is
a WOFF2. They have no hinting and no layout tables, 500 units to the em, and hold printable ASCII and typographic
quotes. The families that people use most, by usage.tsv, hold the letters of Latin-1 and Latin Extended-A besides, as
many families as fit into `MOST_BYTES`. Outlines with the texture of a rough print are simplified to within 0.3 % of the
em, as they alone would fill a third of the space; points of variable fonts move along the axes to within 0.2 % of where
they would.

Licences stay with the fonts: copyright and licence in each name table, the licences' texts beside them. Where a licence
reserves the name, or wants modified versions named otherwise, the name inside is another one. Writes
`letterforms/letterforms-N.zip`, each under 9 MB. All fonts of a family are compressed together, so that its WOFF2 files
hold their tables uncompressed. Fonts that an earlier run left in `letterforms/made` are not made again.
"""

import io
import logging
import lzma
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from fontTools import subset
from fontTools.misc.bezierTools import cubicPointAtT
from fontTools.pens.basePen import BasePen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib import woff2 as woff2_tables
from shapely.geometry import LinearRing
from tqdm import tqdm

from data_scripts.whole_fonts import whole_font
from fontid.catalogue.faces import Face, read_faces
from fontid.catalogue.usage import read_usage
from fontid.commands import command_line
from fontid.fonts.subsetting import plain, scaled, woff2
from fontid.letters.letterforms import CHARACTERS, PLAIN, font_name
from fontid.paths import data_home

HEAVY = 55  # points of an outline, on average; fonts with more are simplified
TOLERANCE = 1.5  # units, of a simplified outline from the true one
STEADY = 1.0  # units, of a point at a place on the axes from where it should be
MOST_BYTES = 35_200_000  # of all packs; licences and directories come to 0.4 MB
LARGEST_FILE = 8_900_000  # bytes
LZMA = {"id": lzma.FILTER_LZMA1, "preset": 9, "dict_size": 1 << 22}  # no family is larger than that
OFL_BEGINS = "This Font Software is licensed under"
RESERVES = re.compile(r"reserved\s+font\s+name", re.IGNORECASE)


def shipped_fonts(faces: list[Face]) -> dict[str, Face]:
    """Each font by its name in the zip file, and the face that it draws, or the first of those of a variable one."""
    fonts: dict[str, Face] = {}
    for face in faces:
        fonts.setdefault(font_name(face), face)
    return fonts


def letterform(font_file: Path, face: Face, characters: str = CHARACTERS) -> bytes:
    """The small font of a face, WOFF2 without compression, or of all its font's faces, TrueType."""
    font = scaled(whole_font(font_file, characters))
    rename(font, face)
    if face.axes:
        steady(font)
        return plain(font)
    outlines = [font["glyf"][name] for name in font.getGlyphOrder()]
    points = [len(outline.coordinates) for outline in outlines if outline.numberOfContours > 0]
    if sum(points) > HEAVY * len(points):
        simplify(font)
    return bare(font)


def bare(font: TTFont) -> bytes:
    """A WOFF2 whose Brotli stream is not compressed."""
    with patch.object(woff2_tables, "brotli", SimpleNamespace(MODE_FONT=0, compress=lambda data, mode: stored(data))):
        return woff2(font)


def stored(data: bytes) -> bytes:
    """A Brotli stream of uncompressed blocks (RFC 7932, 9.2)."""
    stream = b""
    for start in range(0, len(data), 1 << 16):
        block = data[start : start + (1 << 16)]
        header = (len(block) - 1) << 3 | 1 << 19  # not the last; four digits of its length; uncompressed
        stream += (header if start else header << 1).to_bytes(3, "little") + block  # the window's size before the first
    return stream + b"\x03"


def steady(font: TTFont) -> None:
    """Leave out what points move along the axes beside their neighbours' move, within `STEADY`."""
    for name, moves in font["gvar"].variations.items():
        glyph = font["glyf"][name]
        if glyph.numberOfContours > 0:
            places = [*glyph.coordinates, *[(0, 0)] * 4]
            for move in moves:
                move.calcInferredDeltas(places, glyph.endPtsOfContours)
                move.roundDeltas()
                move.optimize(places, glyph.endPtsOfContours, tolerance=STEADY)


def without_accents(font: bytes) -> bytes:
    """The same font with the letters of `PLAIN` alone."""
    options = subset.Options(glyph_names=False, notdef_outline=False, name_IDs=["*"], drop_tables=[])
    with TTFont(io.BytesIO(font), recalcTimestamp=False) as small:
        is_static = small.flavor == "woff2"
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=map(ord, PLAIN))
        subsetter.subset(small)
        return bare(small) if is_static else plain(small)


def rename(font: TTFont, face: Face) -> None:
    """Give a modified font another name where its licence asks for that (OFL 1.1, 3; UFL 1.0, 2)."""
    texts = " ".join(record.toUnicode(errors="replace") for record in font["name"].names if record.nameID in (0, 13))
    if face.license == "UFL-1.0":
        name = f"{face.name} derivative fontid"
    elif RESERVES.search(f"{texts} {face.copyright}"):
        name = f"fontid letters {face.sha256[:8]}"
    else:
        return
    for record in font["name"].names:
        if record.nameID == 1:
            record.string = name


class _Polygons(BasePen):
    """Collects contours as rings of points, curves cut into short chords."""

    def __init__(self, glyph_set) -> None:
        super().__init__(glyph_set)
        self.rings: list[list[tuple[float, float]]] = []

    def _moveTo(self, point):
        self.rings.append([point])

    def _lineTo(self, point):
        self.rings[-1].append(point)

    def _curveToOne(self, first, second, point):
        start = self._getCurrentPoint()
        self.rings[-1] += [cubicPointAtT(start, first, second, point, step / 6) for step in range(1, 7)]


def simplify(font: TTFont) -> None:
    """Replace outlines by polygons within `TOLERANCE` of them; rings smaller than that vanish."""
    glyph_set = font.getGlyphSet()
    drawn = {}
    for name in font.getGlyphOrder():
        if font["glyf"][name].isComposite():
            continue
        pen = _Polygons(glyph_set)
        glyph_set[name].draw(pen)
        drawn[name] = TTGlyphPen(None)
        for ring in pen.rings:
            if len(set(ring)) < 3:
                continue
            points = [(round(x), round(y)) for x, y in LinearRing(ring).simplify(TOLERANCE).coords[:-1]]
            if len(set(points)) < 3:
                continue
            drawn[name].moveTo(points[0])
            for point in points[1:]:
                drawn[name].lineTo(point)
            drawn[name].closePath()
    for name, pen in drawn.items():
        font["glyf"][name] = pen.glyph()


def _make(job: tuple[Path, Path, Face, str]) -> None:
    """Make a font into a file, unless it is there."""
    made, font_file, face, characters = job
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    if not made.exists():
        unfinished = made.with_suffix(".part")
        unfinished.write_bytes(letterform(font_file, face, characters))
        unfinished.rename(made)


def packed(files: list[Path], change: Callable[[bytes], bytes] = bytes) -> bytes:
    """A family's fonts, each changed."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name), change(file.read_bytes()))  # of a fixed date: the same bytes
    return lzma.compress(buffer.getvalue(), lzma.FORMAT_ALONE, filters=[LZMA])


def licence_texts(fonts: Path, faces: list[Face]) -> dict[str, str]:
    """The text of each licence, by its SPDX name, from the packages; copyright lines stand in the fonts themselves."""
    texts = {}
    for face in faces:
        path = fonts / face.file.split("/")[0] / "LICENSE"
        if face.license not in texts and path.exists():
            text = path.read_text(encoding="utf-8", errors="replace")
            texts[face.license] = text[max(0, text.find(OFL_BEGINS)) :]
    return texts


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--faces", type=Path, default=data_home() / "faces.jsonl")
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--out", type=Path, default=data_home() / "letterforms")
    parser.add_argument("--usage", type=Path, default=Path(__file__).parent / "usage.tsv")
    parser.add_argument("--num-proc", type=int, default=2)
    arguments = parser.parse_args(argv)
    shipped, usage = shipped_fonts(read_faces(arguments.faces)), read_usage(arguments.usage)
    made = arguments.out / "made"
    made.mkdir(parents=True, exist_ok=True)
    families: dict[str, list[str]] = {}
    for name, face in shipped.items():
        families.setdefault(face.family, []).append(name)
    used = sorted(usage.keys() & families.keys(), key=lambda family: (-usage[family], family))
    jobs = [
        (made / name, arguments.fonts / face.file, face, CHARACTERS if face.family in usage else PLAIN)
        for name, face in shipped.items()
    ]
    with get_context("spawn").Pool(arguments.num_proc) as pool:
        for _ in tqdm(pool.imap_unordered(_make, jobs, 4), "letterforms", len(jobs)):
            pass
        files = {family: [made / name for name in sorted(names)] for family, names in families.items()}
        without = partial(packed, change=without_accents)
        plain_packs = dict(zip(files, pool.imap(without, files.values(), 4), strict=True))
        whole = dict(zip(used, pool.imap(packed, (files[family] for family in used), 4), strict=True))
    licences = licence_texts(arguments.fonts, list(shipped.values()))
    packs = fitting(plain_packs, whole, MOST_BYTES)
    for old in arguments.out.glob("letterforms-*.zip"):
        old.unlink()
    count = write_zips(arguments.out, packs.items(), licences)
    size = sum(file.stat().st_size for file in arguments.out.glob("letterforms-*.zip"))
    accented = sum(packs[family] is pack for family, pack in whole.items())
    print(
        f"{arguments.out}: {len(jobs)} fonts of {len(families)} families, {size / 1e6:.1f} MB in {count} files;"
        f" accents in the {accented} families that are used most."
    )


def fitting(packs: Mapping[str, bytes], whole: Mapping[str, bytes], most: int) -> dict[str, bytes]:
    """Families' packs without accents, and with them of the first families of `whole`, as long as all fits."""
    chosen = dict(packs)
    left = most - sum(map(len, packs.values()))
    for family, pack in whole.items():
        left -= len(pack) - len(packs[family])
        if left < 0:
            break
        chosen[family] = pack
    return chosen


def write_zips(folder: Path, packs: Iterable[tuple[str, bytes]], licences: dict[str, str]) -> int:
    """Write `letterforms-N.zip`, each below `LARGEST_FILE` and one family; returns how many there are."""
    left, number, done = iter(packs), 0, False
    while not done:
        with zipfile.ZipFile(folder / f"letterforms-{number}.zip", "w") as archive:
            for licence, text in licences.items():
                archive.writestr(zipfile.ZipInfo(f"LICENSE-{licence}.txt"), text, zipfile.ZIP_DEFLATED)
            done = True
            for family, pack in left:
                archive.writestr(zipfile.ZipInfo(f"{family}.lzma"), pack)
                if archive.start_dir > LARGEST_FILE:
                    done = False
                    break
        number += 1
    return number


if __name__ == "__main__":
    main()
