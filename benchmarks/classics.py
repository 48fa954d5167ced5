"""Classics by their clones: is the paid or system face that a picture seems to show named in the first row?

    python -m benchmarks.classics DIR [--results results/once.jsonl#classics]

For each of `CLASSICS` a few pictures of words are drawn by Chromium in the free families of the catalogue that have its
metrics or revive it (`fontid.catalogue.alternatives`), in regular and bold. DIR keeps the pictures. Needs
FONTID_DATA/catalogue.
"""

from pathlib import Path

import numpy as np

from benchmarks.drawing import Drawing, opener
from benchmarks.protocols import words
from data_scripts.chromium import draw_boxes
from fontid.catalogue.alternatives import table
from fontid.catalogue.faces import Face, by_family, read_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.identifier import FontIdentifier
from fontid.paths import data_home
from fontid.picture.opening import PictureError

CLASSICS = (
    "Helvetica", "Arial", "Times", "Times New Roman", "Palatino", "ITC Bookman", "Century Schoolbook",
    "ITC Avant Garde Gothic", "ITC Zapf Chancery", "Courier", "Verdana", "Univers", "Gill Sans", "Optima", "DIN",
    "FHWA Series (Highway Gothic)", "Computer Modern",
)  # fmt: skip
EACH = 5
SAME_FACE = ("same metrics", "revival")


def clones(faces: list[Face]) -> dict[str, list[Face]]:
    """For each of `CLASSICS` the faces, regular and bold, of the families that stand for it."""
    families, found = by_family(faces), {}
    for name in CLASSICS:
        ids = {row.family for row in table() if row.face == name and row.relation in SAME_FACE}
        found[name] = [face for one in sorted(ids) for face in families.get(one, ()) if face.weight in (400, 700)]
    return found


def drawings_of(faces: list[Face], fonts: Path, seed: int) -> list[Drawing]:
    """`EACH` drawings of words, each in one of the faces."""
    rng = np.random.default_rng(seed)
    return [next(words(rng, [faces[rng.integers(len(faces))]], opener(fonts), "test")) for _ in range(EACH)]


def names_it(identifier: FontIdentifier, file: Path, classic: str) -> bool:
    try:
        first = identifier.identify(file).to_dict()["matches"][0]
    except PictureError:
        return False
    return classic in {one["name"] for one in first["drawn_like"]}


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#classics")
    parser.add_argument("out", type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    catalogue, identifier = data_home() / "catalogue", FontIdentifier.from_pretrained()
    arguments.out.mkdir(parents=True, exist_ok=True)
    metrics: dict[str, dict | None] = {}
    for number, (classic, faces) in enumerate(clones(read_faces(catalogue / "faces.jsonl")).items()):
        if not faces:
            metrics[classic] = None  # no free family of the catalogue stands for it
            continue
        drawn = drawings_of(faces, catalogue / "fonts", number)
        named = 0
        for index, image in enumerate(draw_boxes([one.box for one in drawn], catalogue / "fonts")):
            file = arguments.out / f"{number:02d}-{index}.png"
            image.save(file)
            named += names_it(identifier, file, classic)
        metrics[classic] = {"n": len(drawn), "named": named}
        print(classic, metrics[classic])
    counted = [found for found in metrics.values() if found]
    total = {"n": sum(one["n"] for one in counted), "named": sum(one["named"] for one in counted)}
    settings, command, metrics = {"each": EACH}, "python -m benchmarks.classics DIR", {"all": total} | metrics
    write_result(arguments.results, settings=settings, command=command, metrics=metrics, model=identifier.version)
    print(total)


if __name__ == "__main__":
    main()
