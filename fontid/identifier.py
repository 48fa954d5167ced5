"""Identify the font in a picture."""

import copy
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fontid.artifact import ArtifactError, open_artifact
from fontid.catalogue import Catalogue, Match
from fontid.images import PictureError, open_picture
from fontid.letterforms import Letterforms
from fontid.lines import Line
from fontid.preprocess import prepare_line, windows_of
from fontid.reader import TextReader

SHIPPED = Path(__file__).parent.parent / "model"
MOST_LINES = 8  # the largest; more add time and no certainty
NO_INK = "No text can be seen in this picture; please choose one with Latin letters in it, or crop it closer."


@dataclass(frozen=True)
class Group:
    """Lines taken to be in one face, with one ranked answer."""

    lines: tuple[Line, ...]
    matches: tuple[Match, ...]

    def to_dict(self) -> dict:
        lines = [
            {"box": [list(corner) for corner in line.corners], "text": line.text, "confidence": line.confidence}
            for line in self.lines
        ]
        return {"lines": lines, "matches": [match.to_dict() for match in self.matches]}


@dataclass(frozen=True)
class Answer:
    """What a picture shows: `matches` are those of the group with most ink."""

    matches: tuple[Match, ...]
    groups: tuple[Group, ...]

    def to_dict(self) -> dict:
        matches = [match.to_dict() for match in self.matches]
        return {"matches": matches, "groups": [group.to_dict() for group in self.groups]}


class FontIdentifier:
    """A loaded artifact. Make one with `from_pretrained`; it may be used from several threads."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime  # here: half a second that commands without a model need not pay

        artifact = open_artifact(folder)
        self.preprocessing = artifact.preprocessing
        self.catalogue = Catalogue(artifact.faces, artifact.prototypes, artifact.prototype_faces, artifact.twins)
        self.letterforms = artifact.letterforms
        self._reader = TextReader()
        options = onnxruntime.SessionOptions()
        options.enable_cpu_mem_arena = False  # the arena keeps its largest batch for ever
        options.intra_op_num_threads = min(2, os.cpu_count() or 1)
        self._session = onnxruntime.InferenceSession(str(artifact.encoder), options, providers=["CPUExecutionProvider"])

    @classmethod
    def from_pretrained(
        cls, folder_or_hub_id: str | os.PathLike | None = None, revision: str | None = None
    ) -> "FontIdentifier":
        """Load a folder, a model on the Hugging Face hub, or (None) the model that ships with fontid.

        Raises: ArtifactError with a sentence that says what is wrong.
        """
        if folder_or_hub_id is None or Path(folder_or_hub_id).is_dir():
            return cls(Path(folder_or_hub_id or SHIPPED))
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        try:
            return cls(Path(snapshot_download(str(folder_or_hub_id), revision=revision)))
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            raise ArtifactError(
                f"{folder_or_hub_id} is neither a folder nor a model on the hub that can be reached: check its name."
            ) from error

    def searching(self, catalogue: Catalogue, letterforms: Letterforms) -> "FontIdentifier":
        """The same identifier with another catalogue and the fonts to draw it with; the models are shared."""
        other = copy.copy(self)
        other.catalogue, other.letterforms = catalogue, letterforms
        return other

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """(N, height, window) uint8 windows of prepared lines -> (N, D) float32, L2-normalised."""
        inputs = windows[:, None].astype(np.float32) / 255
        return self._session.run(None, {"windows": inputs})[0]

    def embed_line(self, gray: np.ndarray) -> np.ndarray | None:
        """(H, W) uint8 crop of one line -> (N, D) float32, one row a window; None where there is no ink."""
        line = prepare_line(gray, self.preprocessing)
        return None if line is None else self.embed(windows_of(line, self.preprocessing))

    def identify(self, picture, *, top: int = 5) -> Answer:
        """Rank the catalogue's families for a picture.

        Args:
            picture: path, bytes, binary file, PIL image or array; see `fontid.images.open_picture`.
            top: rows of the answer.
        Raises: PictureError where it is no picture, or holds no ink.
        """
        opened = open_picture(picture)
        lines = self._reader.find_lines(opened)
        largest = sorted(lines, key=lambda line: -line.width * line.height)[:MOST_LINES]
        embedded = {line: self.embed_line(line.straighten(opened)) for line in largest}
        shown = [line for line in lines if embedded.get(line) is not None]
        if not shown:
            raise PictureError(NO_INK)
        # a line's say in the answer grows with the number of its windows
        scores = self.catalogue.score_faces(np.concatenate([embedded[line] for line in shown]))
        matches = tuple(self.catalogue.rank(scores, top))
        return Answer(matches, (Group(tuple(shown), matches),))
