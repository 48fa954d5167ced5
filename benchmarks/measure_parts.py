"""A word in another face on a line of text: is the line parted there, and is one in a single face left whole?

    python -m benchmarks.measure_parts DIR [--each 60] [--seed 3] [--results results/once.jsonl#parts]

Chromium draws sentences in regular faces with one word in bold, in italic or in another family, and the same number
with none. DIR keeps the pictures. Needs FONTID_DATA/catalogue.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.protocols import style
from data_scripts.chromium import TextBox, draw_boxes, font_rule
from data_scripts.lines import drawable_words
from data_scripts.renderers import OpenFace, unpack
from fontid.catalogue.faces import Face, by_family, face_id, read_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.identifier import Answer, FontIdentifier
from fontid.paths import data_home
from fontid.picture.opening import PictureError

KINDS = {"one face": "400-normal", "bold": "700-normal", "italic": "400-italic", "another family": "400-normal"}


@dataclass(frozen=True)
class Sentence:
    """Words in a regular face, but for that at `place`, which is in another, or in the same."""

    words: list[str]
    place: int
    usual: Face
    other: Face
    pixels: int

    def box(self, fonts: Path) -> TextBox:
        rule = f"<style>{font_rule('other', self.other, fonts)}</style>"
        shown = [html.escape(word) for word in self.words]
        shown[self.place] = f"<span style=\"font-family:'other-{self.other.id}'\">{shown[self.place]}</span>"
        rule = rule.replace("'other'", f"'other-{self.other.id}'")
        black_on_white = style((0, 0, 0), (255, 255, 255))
        return TextBox(self.usual, " ".join(self.words), self.pixels, black_on_white, rule + " ".join(shown))


def sentences(faces: list[Face], fonts: Path, kind: str, each: int, seed: int) -> Iterator[Sentence]:
    """`each` sentences of a kind: the families and words of every kind are the same."""
    rng = np.random.default_rng(seed)
    ids = {face.id: face for face in faces}
    families = [
        family
        for family in by_family(faces)
        if all(face_id(family, *of.split("-")) in ids for of in KINDS.values())
    ]
    for family, another in rng.permutation(families)[: 2 * each].reshape(-1, 2).tolist():
        usual = ids[f"{family}-400-normal"]
        other = ids[f"{another if kind == 'another family' else family}-{KINDS[kind]}"]
        charset = OpenFace(unpack(fonts / usual.file, data_home() / "ttf", usual.axes)).charset
        words = list(islice(drawable_words(rng, "test", charset, str.lower), 7))
        yield Sentence(words, int(rng.integers(len(words))), usual, other, int(rng.integers(16, 49)))
