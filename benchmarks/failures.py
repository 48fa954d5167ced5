"""Draw a sheet of the pictures that were named wrong: the picture, its reading in the true face, in the one said.

python -m benchmarks.failures FOLDER SHEET.png [--limit N] [--beyond 1] [--most 40] [--condition NAME]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps
from tqdm import tqdm

from data_scripts.make_examples import draw_line, stack
from fontid.catalogue.faces import style_apart
from fontid.catalogue.ranking import Match
from fontid.commands import command_line
from fontid.evaluation.folders import Sample, read_manifest, spread
from fontid.identifier import Answer, FontIdentifier
from fontid.picture.opening import PictureError, open_picture

CELL = (380, 84)
CAPTION = 16  # pixels
NOTHING_READ = "Hamburgefonstiv"
COLUMNS = ("picture", "true face", "first", "second")


@dataclass(frozen=True)
class Failure:
    sample: Sample
    answer: Answer | None
    reason: str  # rank of the truth, or why there is no answer


def failures(identifier: FontIdentifier, samples: list[Sample], beyond: int, most: int) -> list[Failure]:
    """The first `most` samples whose family and twins are not among the first `beyond` rows."""
    found = []
    for sample in tqdm(samples, "pictures", disable=not sys.stderr.isatty()):
        right = identifier.catalogue.credited(sample.family, sample.weight, sample.italic)
        try:
            answer = identifier.identify(sample.file, top=100)
        except PictureError as error:
            found.append(Failure(sample, None, str(error)))
        else:
            ranks = [rank for rank, match in enumerate(answer.matches, 1) if match.family in right]
            if not ranks or ranks[0] > beyond:
                found.append(Failure(sample, answer, f"rank {ranks[0]}" if ranks else "beyond rank 100"))
        if len(found) == most:
            break
    return found


def draw_text(identifier: FontIdentifier, text: str, face: str | None) -> Image.Image:
    """`text` in the shipped letterforms of a face, filling the cell; empty where there are none."""
    if face is None:
        return Image.new("RGB", CELL, "white")
    drawn = ImageOps.expand(draw_line(identifier.letterforms, text, face, 60), 6, "white")
    return ImageOps.pad(drawn, CELL, color="white")


def nearest_face(identifier: FontIdentifier, one: Sample | Match) -> str | None:
    """The drawable face of its family that comes nearest to its style; None where there is none."""
    forms = identifier.letterforms
    faces = [face for face in identifier.catalogue.faces if face.family == one.family and face.id in forms]
    style = min(faces, key=lambda face: style_apart(face, one.weight or 400, one.italic), default=None)
    return style.id if style else None


def draw_row(identifier: FontIdentifier, failure: Failure) -> Image.Image:
    row = Image.new("RGB", (len(COLUMNS) * CELL[0], CELL[1] + CAPTION), "white")
    draw = ImageDraw.Draw(row)
    sample, text = failure.sample, failure.sample.text or NOTHING_READ
    caption = f"{sample.file.name}, {failure.reason}"
    shown: list[tuple[Sample | Match, str]] = [(sample, f"{sample.family} {sample.weight or ''}")]
    if failure.answer:
        longest = max(failure.answer.groups[0].lines, key=lambda line: line.area)
        text = longest.text or text
        caption += f", read {longest.text!r}"
        for match in failure.answer.matches[:2]:
            shown.append((match, f"{match.name} {match.weight}{' italic' if match.italic else ''}, {match.score}"))
    cells = [(ImageOps.pad(open_picture(sample.file), CELL, color="white"), caption)]
    cells += [(draw_text(identifier, text[:40], nearest_face(identifier, one)), said) for one, said in shown]
    for column, (cell, caption) in enumerate(cells):
        row.paste(cell, (column * CELL[0], CAPTION))
        draw.text((column * CELL[0] + 4, 2), caption[:62], fill="black")
    return row


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--limit", type=int, metavar="N", help="look only at so many pictures, spread evenly")
    parser.add_argument("--beyond", type=int, default=1, metavar="RANK", help="show those whose truth comes later")
    parser.add_argument("--most", type=int, default=40, help="rows of the sheet")
    parser.add_argument("--condition", help="only pictures of this condition")
    arguments = parser.parse_args(argv)
    identifier = FontIdentifier.from_pretrained()
    samples = [s for s in read_manifest(arguments.folder) if s.family in identifier.catalogue]
    samples = [s for s in samples if arguments.condition in (None, *s.groups)]
    found = failures(identifier, spread(samples, arguments.limit), arguments.beyond, arguments.most)
    rows = [draw_row(identifier, failure) for failure in found]
    if not rows:
        raise SystemExit("No picture was named wrong: there is nothing to show.")
    stack(rows, "white").save(arguments.sheet)
    print(f"{arguments.sheet}: {len(rows)} pictures named wrong; left to right: {', '.join(COLUMNS)}.")


if __name__ == "__main__":
    main()
