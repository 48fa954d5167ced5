"""A word in another face on a line of text: is the line parted there, and is one in a single face left whole?

    python -m benchmarks.measure_parts DIR [--each 40] [--seed 3] [--results results/once.jsonl#parts]

Chromium draws sentences in regular faces of Google Fonts with one word in bold, in italic or in another family, and as
many with none. DIR keeps the pictures. Needs FONTID_DATA/catalogue.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.protocols import style
from data_scripts.chromium import TextBox, draw_boxes, font_rule
from data_scripts.renderers import OpenFace, unpack
from data_scripts.texts import drawable_words
from fontid.catalogue.faces import Face, by_family, read_faces
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.identifier import Answer, FontIdentifier
from fontid.paths import data_home
from fontid.picture.opening import PictureError

KINDS = {"one face": "400-normal", "bold": "700-normal", "italic": "400-italic", "another family": "400-normal"}
WORDS = 7
PIXELS = 16, 48


@dataclass(frozen=True)
class Sentence:
    """Words in a regular face, but for that at `place`, which is in another one."""

    words: list[str]
    place: int
    usual: Face
    other: Face
    pixels: int

    def box(self, fonts: Path) -> TextBox:
        shown = [html.escape(word) for word in self.words]
        shown[self.place] = f"<span style=\"font-family:'{self.other.id}'\">{shown[self.place]}</span>"
        markup = f"<style>{font_rule(self.other.id, self.other, fonts)}</style>{' '.join(shown)}"
        return TextBox(self.usual, " ".join(self.words), self.pixels, style((0, 0, 0), (255, 255, 255)), markup)


def sentences(faces: list[Face], fonts: Path, kind: str, each: int, seed: int) -> Iterator[Sentence]:
    """`each` sentences of a kind; the families and words of all kinds are the same."""
    rng = np.random.default_rng(seed)
    ids = {face.id: face for face in faces}
    complete = [family for family in by_family(faces) if all(f"{family}-{of}" in ids for of in KINDS.values())]
    for family, another in rng.permutation(complete)[: 2 * each].reshape(-1, 2).tolist():
        usual = ids[f"{family}-400-normal"]
        other = ids[f"{another if kind == 'another family' else family}-{KINDS[kind]}"]
        charset = OpenFace(unpack(fonts / usual.file, data_home() / "ttf", usual.axes)).charset
        words = list(islice(drawable_words(rng, "test", charset, str.lower), WORDS))
        yield Sentence(words, int(rng.integers(WORDS)), usual, other, int(rng.integers(*PIXELS)))


def judge(answer: Answer, sentence: Sentence, right: set[str]) -> tuple[bool, bool]:
    """Whether the line is parted where it should be, and whether the word's own style is named, too.

    Args: right: families that are credited for the word's.
    """
    lines = [line.text for font in answer.fonts for line in font.lines]
    if sentence.usual is sentence.other:
        return len(lines) == 1, len(lines) == 1 and answer.matches[0].family in right
    word = sentence.words[sentence.place]
    named = any(
        font.matches[0].family in right
        and shown.italic == sentence.other.italic
        and (shown.weight >= 600) == (sentence.other.weight >= 600)
        for font in answer.fonts
        for shown in font.styles
        if [line.text for line in shown.lines] == [word]
    )
    return word in lines, named


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#parts")
    parser.add_argument("out", type=Path, metavar="DIR")
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args(argv)
    fonts, faces = data_home() / "catalogue/fonts", read_faces(data_home() / "catalogue/faces.jsonl")
    faces = [face for face in faces if face.source == "google"]
    identifier = FontIdentifier.from_pretrained()
    arguments.out.mkdir(parents=True, exist_ok=True)
    metrics = {}
    for kind in KINDS:
        drawn = list(sentences(faces, fonts, kind, arguments.each, arguments.seed))
        judged = []
        for number, image in enumerate(draw_boxes([one.box(fonts) for one in drawn], fonts)):
            file = arguments.out / f"{kind.replace(' ', '-')}-{number:03}.png"
            image.save(file)
            other = drawn[number].other
            right = set(identifier.catalogue.credited(other.family, other.weight, other.italic))
            try:
                judged.append(judge(identifier.identify(file), drawn[number], right))
            except PictureError:
                judged.append((False, False))
        parted, named = np.mean(judged, 0).round(4).tolist()
        metrics[kind] = {"n": len(judged), "parted_rightly": parted, "named": named}
        print(kind, metrics[kind])
    write_result(
        arguments.results,
        settings={"each": arguments.each, "seed": arguments.seed, "words": WORDS, "pixels": PIXELS},
        command=f"python -m benchmarks.measure_parts DIR --each {arguments.each} --seed {arguments.seed}",
        metrics=metrics,
        model=identifier.version,
    )


if __name__ == "__main__":
    main()
