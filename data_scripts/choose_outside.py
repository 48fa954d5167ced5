"""Choose families that stay outside: of the catalogue, of training and of calibration, to measure unknown fonts with.

    apt-get download fonts-... ; dpkg -x FILE ROOT/PACKAGE      # each package into a folder of its name
    python -m data_scripts.fetch_fonts --from ROOT --out OUT/fonts
    python -m data_scripts.make_faces --fonts OUT/fonts --out OUT
    python -m data_scripts.choose_outside ROOT OUT              # writes data_scripts/outside.txt, once and for all

A family is chosen where the catalogue holds neither its name nor a twin of it: its regular face is drawn beside the
faces that the encoder finds nearest. Of those that are left, 60 are drawn by lot, at most four of a package.
"""

import argparse
import io
import random
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont

from data_scripts.renderers import unpack
from fontid.catalogue.enrolment import draw_reference
from fontid.catalogue.faces import read_faces, regular_faces
from fontid.fonts.files import family_id, family_name, font_files_in
from fontid.identifier import FontIdentifier
from fontid.letters.outlines import draw_letters_by_freetype, outlines_apart

OUTSIDE = Path(__file__).parent / "outside.txt"
WANTED, MOST_OF_A_PACKAGE, SEED = 60, 4, 0
NEAR = 40  # faces that are drawn beside a family
APART = 0.35  # pixels between the outlines, on average over the letters; twins lie within 0.195 in every letter


def distance(identifier: FontIdentifier, file: Path) -> float:
    """Pixels between the outlines of a font's letters and those of the nearest face, of `NEAR` that are tried."""
    lines = [draw_reference(file.read_bytes(), text, 48) for text in ("Hamburgefonstiv", "The quick brown fox")]
    scores = identifier.catalogue.score_faces(np.concatenate([identifier.embed_line(line) for line in lines]))
    known = [identifier.catalogue.faces[row].id for row in np.argsort(-scores)[:NEAR]]
    drawn = [
        draw_letters_by_freetype(io.BytesIO(identifier.letterforms.font_data(f)))
        for f in known
        if f in identifier.letterforms
    ]
    own = draw_letters_by_freetype(file)
    return min(float(outlines_apart(own, other).mean()) for other in drawn)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, metavar="ROOT")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args(argv)
    if OUTSIDE.exists():
        raise SystemExit(f"{OUTSIDE} is there already, and these families stay what they are.")
    identifier = FontIdentifier.from_pretrained()
    names = {face.name.casefold() for face in identifier.catalogue.faces}
    package_of = {
        family: file.relative_to(arguments.packages).parts[0]
        for file in font_files_in(arguments.packages)
        if (family := family_of(file))
    }
    left: dict[str, list[str]] = {}
    for face in regular_faces(read_faces(arguments.out / "faces.jsonl")):
        if face.family in identifier.catalogue or face.name.casefold() in names:
            continue
        try:
            apart = distance(identifier, unpack(arguments.out / "fonts" / face.file, arguments.out / "ttf"))
        except (OSError, TypeError, ValueError) as error:  # FreeType refuses some outlines, some fonts draw nothing
            print(f"{face.family} cannot be drawn ({error}).")
            continue
        print(f"{face.family}: {apart:.2f}", flush=True)
        if apart > APART:
            left.setdefault(package_of[face.family], []).append(face.family)
    lot = random.Random(SEED)
    chosen = [
        (family, package)
        for package, found in sorted(left.items())
        for family in lot.sample(found, min(MOST_OF_A_PACKAGE, len(found)))
    ]
    lot.shuffle(chosen)
    rows = [f"{family} {package}\n" for family, package in sorted(chosen[:WANTED])]
    OUTSIDE.write_text(
        "# family and Debian package, made by data_scripts.choose_outside; never to be trained on\n" + "".join(rows)
    )
    print(f"{len(rows)} families of {len(chosen)}.")


def family_of(file: Path) -> str | None:
    """The id of a font file's family; None where it cannot be read."""
    try:
        with TTFont(file, lazy=True) as font:
            return family_id(family_name(font))
    except Exception:  # fontTools raises nearly anything on broken files
        return None


if __name__ == "__main__":
    main()
