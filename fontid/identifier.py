"""Identify the font in a picture."""

import copy
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from fontid.artifact import open_artifact
from fontid.catalogue.faces import Face
from fontid.catalogue.ranking import RIVALS, Catalogue, Match, Neighbour
from fontid.confidence import evidence_of
from fontid.encoder.groups import group_lines
from fontid.encoder.preprocessing import prepare_line, windows_of
from fontid.hub import fetch
from fontid.letters.drawing import Query, make_query
from fontid.letters.letterforms import Letterforms
from fontid.letters.verification import Verdict, Verifier
from fontid.networks import open_network
from fontid.picture.noise import without_noise
from fontid.picture.opening import PictureError, open_picture
from fontid.text.lines import Line
from fontid.text.reader import TextReader

_INSTALLED = Path(__file__).parent.parent / "fontid_model"  # beside fontid, where a wheel was installed
SHIPPED = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "model"
SIMILAR = 5  # fonts named beside an answer
SCHEMA_VERSION = 2  # of docs/answer.schema.json
MOST_LINES = 8  # the largest; more add time and no certainty
NO_INK = "No text can be seen in this picture; please choose one with Latin letters in it, or crop it closer."
NOTHING_FITS = "Nothing fits well: this may be lettering, or a font of no open catalogue. The nearest are"


class NoText(PictureError):
    """A picture without text in it."""


class NoFaces(ValueError):
    """Nothing is left to rank; the message says what to do."""


@dataclass(frozen=True)
class Group:
    """Lines taken to be in one face, with one ranked answer.

    in_catalogue: probability 0-1 that the face's family is in the catalogue at all, or among those asked for.
    similar: to the best match's face.
    evidence: what tells so, see `fontid.confidence.EVIDENCE`.
    """

    lines: tuple[Line, ...]
    matches: tuple[Match, ...]
    in_catalogue: float
    similar: tuple[Neighbour, ...]
    evidence: tuple[float, ...]

    def to_dict(self) -> dict:
        lines = [
            {"box": [list(corner) for corner in line.corners], "text": line.text, "confidence": line.confidence}
            for line in self.lines
        ]
        return {
            "lines": lines,
            "in_catalogue": self.in_catalogue,
            "matches": [match.to_dict() for match in self.matches],
            "similar": [neighbour.to_dict() for neighbour in self.similar],
        }


@dataclass(frozen=True)
class Answer:
    """What a picture shows: `matches` and `in_catalogue` are those of the group that covers most of it."""

    matches: tuple[Match, ...]
    in_catalogue: float
    groups: tuple[Group, ...]

    def to_dict(self) -> dict:
        matches = [match.to_dict() for match in self.matches]
        groups = [group.to_dict() for group in self.groups]
        return {"matches": matches, "in_catalogue": self.in_catalogue, "groups": groups}


def told(image: str, answer: Answer | ValueError) -> dict:
    """The object that programs get, see docs/answer.schema.json.

    Args:
        image: what the picture is called.
        answer: or what was raised instead.
    """
    about = {"schema_version": SCHEMA_VERSION, "image": image}
    if isinstance(answer, NoText):
        return about | {"matches": [], "verdict": "no_text"}
    if isinstance(answer, ValueError):
        return about | {"error": str(answer), "matches": []}
    return about | answer.to_dict()


@dataclass(frozen=True)
class _Sample:
    """A line, its straightened pixels (H, W) uint8, and the embeddings (N, D) of its windows."""

    line: Line
    gray: np.ndarray
    embeddings: np.ndarray


class FontIdentifier:
    """A loaded artifact. Make one with `from_pretrained`; it may be used from several threads."""

    def __init__(self, folder: Path) -> None:
        artifact = open_artifact(folder)
        self.version = artifact.version
        self.preprocessing = artifact.preprocessing
        self.catalogue = Catalogue(
            artifact.faces, artifact.prototypes, artifact.prototype_faces, artifact.twins, artifact.usage
        )
        self.letterforms = artifact.letterforms
        self.calibration = artifact.calibration
        self._verifier = Verifier(self.catalogue, self.letterforms)
        self._reader = TextReader()
        self.encoder = artifact.encoder
        self._session = open_network(artifact.encoder)
        # None for itself: in a circle, networks would be freed at any time, in a forked process with a deadlock
        self._whole: FontIdentifier | None = None

    @classmethod
    def from_pretrained(
        cls, folder_or_hub_id: str | os.PathLike | None = None, revision: str | None = None
    ) -> "FontIdentifier":
        """Load a folder, OWNER/NAME@REVISION on the Hugging Face hub, or (None) the model that ships with fontid.

        Raises: ArtifactError with a sentence that says what is wrong.
        """
        if folder_or_hub_id is None or Path(folder_or_hub_id).is_dir():
            return cls(Path(folder_or_hub_id or SHIPPED))
        return cls(fetch(str(folder_or_hub_id), revision))

    def searching(
        self, catalogue: Catalogue, letterforms: Letterforms, whole: "FontIdentifier | None" = None
    ) -> "FontIdentifier":
        """The same identifier with another catalogue and the fonts to draw it with; the models are shared.

        Args: whole: searches all that is known, where the catalogue is a part of that only.
        """
        other = copy.copy(self)
        other.catalogue, other.letterforms = catalogue, letterforms
        other._verifier = Verifier(catalogue, letterforms)
        other._whole = whole
        return other

    def stand_in(self, face: Face) -> Face | None:
        """The face whose letterforms ship and come nearest to one's own; None where its family has none."""
        row = int(self._verifier.stand_ins[self.catalogue.row_of(face.id)])
        return None if row < 0 else self.catalogue.faces[row]

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """(N, height, window) uint8 windows of prepared lines -> (N, D) float32, L2-normalised."""
        inputs = windows[:, None].astype(np.float32) / 255
        return self._session.run(None, {"windows": inputs})[0]

    def embed_line(self, gray: np.ndarray) -> np.ndarray | None:
        """(H, W) uint8 crop of one line -> (N, D) float32, one row a window; None where there is no ink."""
        line = prepare_line(gray, self.preprocessing)
        return None if line is None else self.embed(windows_of(line, self.preprocessing))

    def __call__(self, pictures, top_k: int = 5) -> Answer | list[Answer] | Iterator[Answer]:
        """Call it like a pipeline of transformers: a picture gives an answer, a list or tuple of them a list.

        A generator, or another iterator, gives a generator, which opens each picture when its answer is asked for.
        What a picture can be, and what is raised: see `identify`.
        """
        if isinstance(pictures, list | tuple):
            return [self.identify(picture, top=top_k) for picture in pictures]
        if isinstance(pictures, Iterator) and not hasattr(pictures, "read"):  # an open file iterates over its lines
            return (self.identify(picture, top=top_k) for picture in pictures)
        return self.identify(pictures, top=top_k)

    def identify(
        self,
        picture,
        *,
        top: int = 5,
        only: Callable[[Face], bool] | None = None,
        without: Collection[str] = (),
        lines: Sequence[Line] | None = None,
        encoder_only: bool = False,
        prior: bool = True,
    ) -> Answer:
        """Rank the catalogue's families for a picture.

        Args:
            picture: path, bytes, binary file, PIL image or array; see `fontid.picture.opening.open_picture`.
            top: rows of the answer, 1 or more.
            only: which faces to rank (None: all). A font of the others counts as not in the catalogue.
            without: families to leave out, as if nothing were known of them.
            lines: to look at, instead of those that are found and read; in pixels of the opened picture.
            encoder_only: rank by encoder and prototypes alone.
            prior: often used families come before equally likely rare ones.
        Raises: PictureError where it is no picture or holds text in another script only; NoText, which is one, where
            it holds no ink; NoFaces; ValueError for a `top` or for lines that cannot be.
        """
        if top < 1:
            raise ValueError(f"top says how many fonts are named: it must be 1 or more, not {top}.")
        for line in lines or ():
            if np.shape(line.corners) != (4, 2) or not np.isfinite(line.corners).all():
                raise ValueError(f"The corners of a line must be four points (x, y) of finite numbers: {line.corners}.")
        among = self._faces_without(without)
        if only is not None:
            among &= np.fromiter(map(only, self.catalogue.faces), bool, len(among))
        if not among.any():
            raise NoFaces("No font of the catalogue is like that: ask for less at a time.")
        opened = without_noise(open_picture(picture))
        samples = self._samples(opened, self._reader.find_lines(opened) if lines is None else list(lines))
        if not samples:
            raise NoText(NO_INK)
        scores = [np.where(among, self.catalogue.score_faces(s.embeddings), -np.inf) for s in samples]
        exponent = self.calibration.exponent if prior else 0.0
        groups = []
        for members in group_lines(scores, [len(sample.embeddings) for sample in samples]):
            of_group = [samples[i] for i in members]
            lines = [sample.line for sample in of_group]
            queries = [] if encoder_only else _queries(of_group)
            verdict, similar, evidence = self._judge(of_group, queries, among)
            known = self.calibration.in_catalogue(evidence)
            if only is not None or self._whole is not None:
                families = {face.family for face, wanted in zip(self.catalogue.faces, among, strict=True) if wanted}
                known, evidence = (self._whole or self)._is_one_of(families, of_group, queries, without, exponent)
            matches = self._rows(verdict.scores, top, exponent, known)
            groups.append(Group(tuple(lines), tuple(matches), round(known, 4), tuple(similar), evidence))
        largest = max(groups, key=lambda group: sum(line.area for line in group.lines))
        return Answer(largest.matches, largest.in_catalogue, tuple(groups))

    def _samples(self, picture: Image.Image, lines: list[Line]) -> list[_Sample]:
        """The largest lines that hold ink, in the order given."""
        largest = set(sorted(lines, key=lambda line: -line.area)[:MOST_LINES])
        samples = []
        for line in lines:
            if line in largest:
                gray = line.straighten(picture)
                embeddings = self.embed_line(gray)
                if embeddings is not None:
                    samples.append(_Sample(line, gray, embeddings))
        return samples

    def _faces_without(self, families: Collection[str]) -> np.ndarray:
        """(F,) bool."""
        return np.array([face.family not in families for face in self.catalogue.faces])

    def _judge(
        self, samples: list[_Sample], queries: list[Query], among: np.ndarray
    ) -> tuple[Verdict, list[Neighbour], tuple[float, ...]]:
        """What the encoder and drawing find among (F,) bool faces, what resembles the best one, and the evidence."""
        scores = [np.where(among, self.catalogue.score_faces(sample.embeddings), -np.inf) for sample in samples]
        # a line's say in the answer grows with the number of its windows
        of_encoder = np.average(scores, axis=0, weights=[len(sample.embeddings) for sample in samples])
        verdict = self._verifier.verify(of_encoder, queries)
        similar = self.catalogue.similar(int(verdict.scores.argmax()), SIMILAR, among)
        lines = [sample.line for sample in samples]
        return verdict, similar, evidence_of(self.catalogue, lines, of_encoder, verdict, similar)

    def _rows(self, scores: np.ndarray, top: int, exponent: float, known: float) -> list[Match]:
        """The best rows with what they are worth. Args: known: probability that the font is in the catalogue."""
        rows = []
        for row in self.catalogue.rank(scores, top, self.calibration.temperature, exponent):
            probability = round(row.conditional_probability * known, 4)
            rows.append(replace(row, probability=probability, verdict=self.calibration.word(probability)))
        return rows

    def _is_one_of(
        self,
        families: set[str],
        samples: list[_Sample],
        queries: list[Query],
        without: Collection[str],
        exponent: float,
    ) -> tuple[float, tuple[float, ...]]:
        """Probability that the font is known at all and of one of the families, and the evidence for that.

        What a font's rank and lead mean was fitted on the whole catalogue. Among few families they would mean nothing.
        """
        verdict, _, evidence = self._judge(samples, queries, self._faces_without(without))
        rows = self.catalogue.rank(verdict.scores, RIVALS, self.calibration.temperature, exponent)
        share = sum(row.conditional_probability for row in rows if not families.isdisjoint((row.family, *row.twins)))
        return self.calibration.in_catalogue(evidence) * min(1.0, share), evidence


def _queries(samples: list[_Sample]) -> list[Query]:
    """What is to be drawn; lines without a reading are not."""
    queries = [make_query(s.gray, s.line.text, s.line.confidence, s.line.centres) for s in samples]
    return [query for query in queries if query]
