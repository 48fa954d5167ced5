"""Write the table of faces, and leave out families that draw no legible Latin letters.

    python -m data_scripts.make_faces [--fonts DIR] [--out DIR] [--results results/once.jsonl#faces]

Reads the folders that `data_scripts.fetch_fonts` wrote. Writes into OUT (default FONTID_DATA):
`faces.jsonl`, one face a line; `left_out.jsonl`, one family a line with the reason.

The rule: a family is left out if its regular face does not ink all fifty-two letters, if it draws most of them alike
(blocks, redactions), or if it is one of `NOT_LETTERS`, fonts made to encode, hide or replace letters.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from tqdm import tqdm

from data_scripts.fetch_fonts import ACCENTS, read_metadata
from data_scripts.glyphs import draw_letters
from data_scripts.places import is_slanted, place_id, places, usual_place
from data_scripts.renderers import unpack
from fontid.catalogue.faces import Face, by_family, face_id, regular_face, write_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.fonts.files import relative_width
from fontid.letters.outlines import LETTERS
from fontid.paths import data_home

NOT_LETTERS = (
    "libre-barcode", "redacted", "flow-", "linefont", "wavefont", "yarndings", "material-", "noto-emoji", "d050000l",
    "standard-symbols", "linux-biolinum-keyboard",
)  # fmt: skip
FEWEST_SHAPES = 20  # a monocase face draws at least 26 different ones


def faces_of_family(folder: Path, unpacked: Path) -> list[Face]:
    """The faces whose files lie in one family's folder, ordered by weight, upright before italic, usual axes first.

    Args: unpacked: where fonts are kept without web compression, which is slow to undo.
    """
    metadata = read_metadata(folder)
    told = folder / "source.json"  # not there where the fonts are somebody's folder
    about = json.loads(told.read_text()) if told.exists() else {"source": "local"}
    source, version = about.get("source", "google"), about.get("earlier", "")
    faces: dict[str, Face] = {}
    for file in sorted(folder.glob("*.woff2")):
        if any(f"-{part}-" in file.name for part in ACCENTS):
            continue
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        with TTFont(unpack(file, unpacked)) as font:
            for id, weight, italic, axes in styles_in(font, metadata.id, file, told_axes(folder)):
                face = Face(
                    id=f"{id}-v{version}" if version else id,
                    family=metadata.id,
                    name=metadata.name,
                    category=metadata.category,
                    weight=weight,
                    italic=italic,
                    license=metadata.license,
                    copyright=metadata.copyright,
                    url=f"https://fontsource.org/fonts/{metadata.id}" if source == "npm" else metadata.url,
                    file=f"{folder.name}/{file.name}",
                    sha256=sha256,
                    width=relative_width(font, axes),
                    axes=axes,
                    source=source,
                    version=version,
                )
                faces.setdefault(face.id, face)
    # of one style the usual face stays first
    return sorted(faces.values(), key=lambda face: (face.weight, face.italic))


def styles_in(
    font: TTFont, family: str, file: Path, told: dict[str, float]
) -> Iterator[tuple[str, int, bool, dict[str, float]]]:
    """Id, weight, italic and axes of each face of a font; a static one's style stands in its name."""
    if "fvar" in font:
        usual = usual_place(font, told)
        for place in places(font, told):
            italic = is_slanted(font, place) or file.stem.endswith("-italic")
            weight = round(place.get("wght", 400))
            yield place_id(family, weight, italic, place, usual), weight, italic, place
    else:
        weight, style = file.stem.rsplit("-", 2)[1:]
        yield face_id(family, int(weight), style == "italic"), int(weight), style == "italic", {}


def told_axes(folder: Path) -> dict[str, float]:
    """The usual value of each axis by the family's metadata."""
    axes = json.loads((folder / "metadata.json").read_text(encoding="utf-8")).get("variable")
    return {tag: float(axis["default"]) for tag, axis in axes.items()} if isinstance(axes, dict) else {}


def letters_of(font_file: Path) -> np.ndarray | str:
    """`draw_letters`, or the reason why it could not be done."""
    try:
        return draw_letters(font_file)
    except OSError as error:
        return f"cannot be drawn: {error}"


def reason_to_leave_out(family: str, letters: np.ndarray | str) -> str | None:
    """Why a family is left out, or None; `letters` is what `letters_of` gave for its regular face."""
    if isinstance(letters, str):
        return letters
    missing = "".join(letter for letter, cell in zip(LETTERS, letters, strict=True) if not cell.any())
    if missing:
        return f"inks no {missing}"
    if family.startswith(NOT_LETTERS):
        return "made to encode, hide or replace letters"
    shapes = len({cell.tobytes() for cell in letters})
    return f"draws only {shapes} different letters" if shapes < FEWEST_SHAPES else None


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--fonts", type=Path, default=data_home() / "fonts")
    parser.add_argument("--out", type=Path, default=data_home())
    parser.add_argument("--num-proc", type=int, default=2)
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the figures here too")
    arguments = parser.parse_args()
    folders = [path for path in arguments.fonts.iterdir() if (path / "metadata.json").exists()]
    folders.sort(key=lambda path: path.name.split("."))  # earlier versions behind their families
    if not folders:
        raise SystemExit(f"No fonts in {arguments.fonts}: run python -m data_scripts.fetch_fonts first.")
    unpacked = arguments.out / "ttf"
    with get_context("spawn").Pool(arguments.num_proc) as pool:
        families = pool.imap(partial(faces_of_family, unpacked=unpacked), folders)
        faces = [face for family in tqdm(families, "faces", len(folders)) for face in family]
        regular = {family: regular_face(rows) for family, rows in by_family(faces).items()}
        files = [unpack(arguments.fonts / one.file, unpacked, one.axes) for one in tqdm(regular.values(), "unpack")]
        drawn = dict(zip(regular, tqdm(pool.imap(letters_of, files, 8), "letters", len(files)), strict=True))
    reasons = {family: reason for family in drawn if (reason := reason_to_leave_out(family, drawn[family]))}
    write_faces((face for face in faces if face.family not in reasons), arguments.out / "faces.jsonl")
    rows = [{"family": family, "reason": reason} for family, reason in sorted(reasons.items())]
    (arguments.out / "left_out.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = sum(face.family not in reasons for face in faces)
    print(f"{len(regular) - len(reasons)} families, {kept} faces; {len(reasons)} families left out.")
    if arguments.results:
        metrics = {"families": len(regular) - len(reasons), "faces": kept, "left_out": len(reasons)}
        command = f"python -m data_scripts.make_faces --results {arguments.results}"
        write_result(arguments.results, settings={"not_letters": NOT_LETTERS}, command=command, metrics=metrics)


if __name__ == "__main__":
    main()
