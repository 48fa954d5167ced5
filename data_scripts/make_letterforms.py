"""Make the letterforms that ship with the artifact: small fonts to draw a reading with, and to show it in.

    python -m data_scripts.make_letterforms [--num-proc 2]

Regular, bold, italic and bold italic of every family that has them, as WOFF2: printable ASCII and typographic quotes,
no hinting, no layout tables, 500 units to the em. Outlines with the texture of a rough print are simplified to within
0.3 % of the em, as they alone would fill a third of the space. Licences stay with the fonts: copyright and licence in
each name table, the licences' texts beside them. Where a licence reserves the name, or wants modified versions named
otherwise, the name inside is another one. Writes `letterforms/letterforms-N.zip`, each under 9 MB.
"""

import argparse
import logging
import re
import zipfile
from multiprocessing import Pool
from pathlib import Path

from fontTools.pens.basePen import BasePen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from shapely.geometry import LinearRing
from tqdm import tqdm

from fontid.catalogue.faces import Face, by_family, read_faces
from fontid.fonts.subsetting import scaled, small_font, woff2
from fontid.paths import data_home

STYLES = ((400, False), (700, False), (400, True), (700, True))
HEAVY = 11_000  # bytes; larger fonts have their outlines simplified
TOLERANCE = 1.5  # units, of a simplified outline from the true one
LARGEST_FILE = 8_500_000  # bytes
OFL_BEGINS = "This Font Software is licensed under"
RESERVES = re.compile(r"reserved\s+font\s+name", re.IGNORECASE)


def shipped_faces(faces: list[Face]) -> list[Face]:
    """For every family the faces nearest to the four styles, each once, in the order of the table."""
    chosen = set()
    for rows in by_family(faces).values():
        for weight, italic in STYLES:
            of_slope = [face for face in rows if face.italic == italic]
            if of_slope:
                chosen.add(min(of_slope, key=lambda face: (abs(face.weight - weight), face.weight)).id)
    return [face for face in faces if face.id in chosen]


def letterform(font_file: Path, face: Face) -> bytes:
    """The face's small font, WOFF2."""
    font = scaled(small_font(font_file))
    rename(font, face)
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
    shipped = shipped_faces(read_faces(arguments.faces))
    jobs = [(arguments.fonts / face.file, face) for face in shipped]
    with Pool(arguments.num_proc) as pool:
        made = list(tqdm(pool.imap(_made, jobs, chunksize=8), "letterforms", len(jobs)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for old in arguments.out.glob("letterforms-*.zip"):
        old.unlink()
    parts: list[list[tuple[str, bytes]]] = [[]]
    for face, data in zip(shipped, made, strict=True):
        if sum(len(other) for _, other in parts[-1]) + len(data) > LARGEST_FILE:
            parts.append([])
        parts[-1].append((f"{face.id}.woff2", data))
    for number, part in enumerate(parts):
        with zipfile.ZipFile(arguments.out / f"letterforms-{number}.zip", "w", zipfile.ZIP_STORED) as archive:
            for name, data in part:
                archive.writestr(zipfile.ZipInfo(name), data)  # ZipInfo's fixed date: the same bytes every time
            for licence, text in licence_texts(arguments.fonts, shipped).items():
                archive.writestr(zipfile.ZipInfo(f"LICENSE-{licence}.txt"), text, zipfile.ZIP_DEFLATED)
    print(f"{arguments.out}: {len(made)} faces, {sum(map(len, made)) / 1e6:.1f} MB in {len(parts)} files.")


if __name__ == "__main__":
    main()
