"""Read one line of Latin text: the recogniser of PP-OCRv6, whose weights come inside the rapidocr package."""

import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from fontid.networks import open_network, packaged
from fontid.text.scripts import ScriptClassifier

HEIGHT = 48  # pixels of the recogniser's input
WIDEST = 2400  # likewise; a longer line is squeezed
MIN_FOREIGN = 0.9  # a line more likely than this in other scripts is no Latin
LEAST_WIDTH = 160  # likewise; a shorter one gets empty ground behind it


@dataclass(frozen=True)
class Reading:
    """What a line says.

    Attributes:
        text: with the Latin letters, digits and signs only.
        confidence: 0-1, mean over the characters; 0 where there are none.
        centres: where each character of `text` is, 0-1 from the left to the right end of what was read.
        others: how likely the line is in each other script than Latin, 0-1, see `fontid.text.scripts`.
    """

    text: str = ""
    confidence: float = 0.0
    centres: tuple[float, ...] = ()
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_foreign(self) -> bool:
        """Whether the line is surely in another script."""
        return sum(self.others.values()) > MIN_FOREIGN


class Recogniser:
    """Reads lines. May be used from several threads; one line is read at a time, to bound memory."""

    def __init__(self) -> None:
        self._session = open_network(packaged("PP-OCRv6_rec_small.onnx"))
        self._lock = threading.Lock()
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.characters = ["", *listed, " "]  # the first is the recogniser's blank
        latin = [index == 0 or _is_latin(character) for index, character in enumerate(self.characters)]
        self._latin = np.flatnonzero(latin)
        self._scripts = ScriptClassifier(self.characters)

    def read(self, line: np.ndarray) -> Reading:
        """Read a line. Args: line: (H, W, 3) uint8 RGB, upright."""
        return self._decode(*self.look(line))

    def look(self, line: np.ndarray) -> tuple[np.ndarray, float]:
        """How likely each of `characters` is at each step along a line, (steps, characters) 0-1; a step's share of it.

        Args: line: as for `read`.
        """
        height, width = line.shape[:2]
        wide = int(np.clip(np.ceil(HEIGHT * width / height), 8, WIDEST))
        method = cv2.INTER_AREA if height > HEIGHT else cv2.INTER_LINEAR
        small = cv2.resize(line, (wide, HEIGHT), interpolation=method)[:, :, ::-1].astype(np.float32) / 127.5 - 1
        values = np.zeros((1, 3, HEIGHT, max(LEAST_WIDTH, int(np.ceil(wide / 8)) * 8)), np.float32)
        values[0, :, :, :wide] = small.transpose(2, 0, 1)
        with self._lock:
            likely = self._session.run(None, {"x": values})[0][0]  # (steps, characters) 0-1
        return likely, values.shape[3] / len(likely) / wide

    def _decode(self, likely: np.ndarray, step: float) -> Reading:
        among_latin = likely[:, self._latin]
        chosen = [(i, c, float(among_latin[i, c])) for i, c in _changes(among_latin.argmax(1))]
        blank = [self.characters[self._latin[c]] == " " for _, c, _ in chosen]
        while chosen and blank[0]:
            del chosen[0], blank[0]
        while chosen and blank[-1]:
            del chosen[-1], blank[-1]
        text = "".join(self.characters[self._latin[c]] for _, c, _ in chosen)
        return Reading(
            text=text,
            confidence=float(np.mean([p for *_, p in chosen])) if chosen else 0.0,
            centres=tuple(min(1.0, (i + 0.5) * step) for i, *_ in chosen),
            others=self._scripts(likely),
        )


def _changes(indices: np.ndarray) -> list[tuple[int, int]]:
    """Steps at which a new character begins, by the rule of CTC: repeats are one, blanks (0) part them."""
    before = np.concatenate([[0], indices[:-1]])
    return [(int(i), int(indices[i])) for i in np.flatnonzero((indices != before) & (indices != 0))]


def _is_latin(character: str) -> bool:
    """Whether a character may stand in Latin text."""
    if len(character) != 1:
        return False
    if unicodedata.category(character).startswith("L"):
        return unicodedata.name(character, "").startswith("LATIN")
    return character.isascii() or character in "‘’“”«»‹›„‚–—…•·¡¿£€¥¢§©®™°±×÷¹²³½¼¾†‡"
