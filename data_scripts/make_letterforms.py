"""Make the letterforms that ship with the artifact: small fonts to draw a reading with, and to show it in.

    python -m data_scripts.make_letterforms [--num-proc 2]

Every face can be drawn as itself: a variable font with its axes draws all its faces, and each face of another family is
a WOFF2. They hold printable ASCII and typographic quotes, no hinting, no layout tables, 500 units to the em. Outlines
with the texture of a rough print are simplified to within 0.3 % of the em, as they alone would fill a third of the
space. Licences stay with the fonts: copyright and licence in each name table, the licences' texts beside them. Where a
licence reserves the name, or wants modified versions named otherwise, the name inside is another one. Writes
`letterforms/letterforms-N.zip`, each under 9 MB; variable fonts are compressed by the zip file (LZMA), since what reads
them knows no WOFF2.
"""

import argparse
import logging
import re
import zipfile
from collections.abc import Iterable
from multiprocessing import Pool
from pathlib import Path

from fontTools.pens.basePen import BasePen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from shapely.geometry import LinearRing
from tqdm import tqdm

from fontid.catalogue.faces import Face, read_faces
from fontid.fonts.subsetting import plain, scaled, small_font, woff2
from fontid.letters.letterforms import is_woff2, variable_name
from fontid.paths import data_home

HEAVY = 11_000  # bytes; larger fonts have their outlines simplified
TOLERANCE = 1.5  # units, of a simplified outline from the true one
LARGEST_FILE = 8_500_000  # bytes
OFL_BEGINS = "This Font Software is licensed under"
RESERVES = re.compile(r"reserved\s+font\s+name", re.IGNORECASE)


def shipped_fonts(faces: list[Face]) -> dict[str, Face]:
    """Each font by its name in the zip file, and the face that it draws, or the first of those of a variable one."""
    fonts: dict[str, Face] = {}
    for face in faces:
        fonts.setdefault(variable_name(face) if face.axes else f"{face.id}.woff2", face)
    return fonts


def letterform(font_file: Path, face: Face) -> bytes:
    """The small font of a face, WOFF2, or of all its font's faces, TrueType."""
    font = scaled(small_font(font_file))
    rename(font, face)
    if face.axes:
        return plain(font)
    data = woff2(font)
    if len(data) > HEAVY and "glyf" in font:
        simplify(font)
        data = min(data, woff2(font), key=len)
    return data


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
        for step in range(1, 7):
            t = step / 6
            parts = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            places = (start, first, second, point)
            self.rings[-1].append(
                tuple(sum(a * p[axis] for a, p in zip(parts, places, strict=True)) for axis in (0, 1))
            )


def simplify(font: TTFont) -> None:
    """Replace outlines by polygons within `TOLERANCE` of them; rings smaller than that vanish."""
    glyph_set = font.getGlyphSet()
    drawn = {}
    for name in font.getGlyphOrder():
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


def _made(job: tuple[Path, Face]) -> bytes:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return letterform(*job)


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, default=data_home() / "faces.jsonl")
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--out", type=Path, default=data_home() / "letterforms")
    parser.add_argument("--num-proc", type=int, default=2)
    arguments = parser.parse_args(argv)
    shipped = shipped_fonts(read_faces(arguments.faces))
    jobs = [(arguments.fonts / face.file, face) for face in shipped.values()]
    licences = licence_texts(arguments.fonts, list(shipped.values()))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for old in arguments.out.glob("letterforms-*.zip"):
        old.unlink()
    with Pool(arguments.num_proc) as pool:
        made = zip(shipped, tqdm(pool.imap(_made, jobs, chunksize=8), "letterforms", len(jobs)), strict=True)
        count = write_zips(arguments.out, made, licences)
    size = sum(file.stat().st_size for file in arguments.out.glob("letterforms-*.zip"))
    print(f"{arguments.out}: {len(jobs)} fonts, {size / 1e6:.1f} MB in {count} files.")


def write_zips(folder: Path, fonts: Iterable[tuple[str, bytes]], licences: dict[str, str]) -> int:
    """Write `letterforms-N.zip`, each below `LARGEST_FILE` and one font; returns how many there are."""
    left, number, done = iter(fonts), 0, False
    while not done:
        with zipfile.ZipFile(folder / f"letterforms-{number}.zip", "w") as archive:
            for licence, text in licences.items():
                archive.writestr(_entry(f"LICENSE-{licence}.txt"), text, zipfile.ZIP_DEFLATED)
            done = True
            for name, data in left:
                archive.writestr(_entry(name), data, zipfile.ZIP_STORED if is_woff2(data) else zipfile.ZIP_LZMA)
                if archive.start_dir > LARGEST_FILE:
                    done = False
                    break
        number += 1
    return number


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name)  # its fixed date makes the same bytes every time


if __name__ == "__main__":
    main()
