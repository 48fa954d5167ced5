"""Words with accents drawn in the letterforms that ship, and in the fonts that they were made of.

    python -m benchmarks.accents [--results results/once.jsonl#accents]

For each of `COUNT` faces, drawn by lot, one word of `WORDS` whose letters its family has and its letterforms too;
`without` counts the faces passed over for those. FreeType draws at 64 pixels to the em, at first eight times as large,
without hints. Needs FONTID_DATA/catalogue with its fonts.
"""

import io
from pathlib import Path

import numpy as np
import uharfbuzz
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from data_scripts.fetch_fonts import with_accents
from fontid.catalogue.faces import Face
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.fonts.subsetting import plain, small_font
from fontid.identifier import FontIdentifier
from fontid.letters.letterforms import instance
from fontid.paths import data_home

WORDS = (
    "déjà", "Çağrı", "señor", "Größe", "cœur", "øre", "Łódź", "żółć", "Příliš", "úpěl", "ångström", "þéttur", "Ísland",
    "şöyle", "İstanbul", "îngăț", "mañana", "Ação", "garçon", "Noël", "ÉCOLE", "ÜBER", "žluťoučký", "kőfal", "Ďábel",
)  # fmt: skip
COUNT = 200
PIXELS, FINER = 64, 8
Drawable = dict[str, ImageFont.FreeTypeFont]  # by character


def drawable(font: bytes) -> Drawable:
    opened = ImageFont.truetype(io.BytesIO(font), PIXELS * FINER, layout_engine=ImageFont.Layout.BASIC)
    return dict.fromkeys(map(chr, TTFont(io.BytesIO(font)).getBestCmap()), opened)


def original(face: Face, fonts: Path) -> Drawable:
    """All letters of the face's files, at its place on the axes."""
    found: Drawable = {}
    for file in with_accents([fonts / face.file]):
        font = plain(small_font(file))  # without hints, which move outlines at any size
        found = drawable(instance(uharfbuzz.Face(font), face.axes) if face.axes else font) | found
    return found


def drawn(word: str, fonts: Drawable, pens: np.ndarray) -> np.ndarray:
    """(2 * PIXELS, W) float, ink 0-1. Args: pens: where each letter stands and the last one ends, in `FINER` pixels."""
    canvas = Image.new("L", ((int(pens[-1]) // FINER + PIXELS) * FINER, 2 * PIXELS * FINER))
    for letter, pen in zip(word, pens[:-1], strict=True):
        ImageDraw.Draw(canvas).text((pen, 1.4 * PIXELS * FINER), letter, 255, fonts[letter], anchor="ls")
    return np.asarray(canvas.reduce(FINER)) / 255


def apart(word: str, first: Drawable, second: Drawable) -> float:
    """The ink that differs, as a part of the first drawing's; each letter stands where the first font wants it."""
    pens = np.cumsum([PIXELS * FINER / 2, *(first[letter].getlength(letter) for letter in word)])
    one, other = (drawn(word, fonts, pens) for fonts in (first, second))
    return float(np.abs(one - other).sum() / one.sum())


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#accents")
    parser.add_argument("--catalogue", type=Path, default=data_home() / "catalogue")
    arguments = parser.parse_args(argv)
    identifier, rng = FontIdentifier.from_pretrained(), np.random.default_rng(23)
    faces, letterforms = identifier.catalogue.faces, identifier.letterforms
    differ: dict[str, float] = {}
    without = 0
    for row in rng.permutation(len(faces)):
        whole = original(faces[row], arguments.catalogue / "fonts")
        possible = [word for word in rng.permutation(WORDS) if set(word) <= whole.keys()]
        if not possible:
            continue
        ours = drawable(letterforms.font_data(faces[row].id))
        if set(possible[0]) <= ours.keys():
            differ[faces[row].id] = apart(possible[0], whole, ours)
        else:
            without += 1
        if len(differ) == COUNT:
            break
    values, worst = list(differ.values()), max(differ, key=lambda face: differ[face])
    metrics = {"n": COUNT, "without": without, "differs": float(np.mean(values)), "median": float(np.median(values))}
    metrics |= {"most": differ[worst], "most_in": worst}
    write_result(
        arguments.results,
        settings={"count": COUNT, "pixels": PIXELS},
        command="python -m benchmarks.accents",
        metrics=metrics,
        model=identifier.version,
    )
    print(metrics)


if __name__ == "__main__":
    main()
