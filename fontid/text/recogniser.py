"""Read one line of Latin text: the recogniser of PP-OCRv6, whose weights come inside the rapidocr package."""

import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from fontid.networks import open_network, packaged
from fontid.text.scripts import OTHER, ScriptClassifier

HEIGHT = 48  # pixels of the recogniser's input
WIDEST = 2400  # likewise; a longer line is squeezed
LEAST_WIDTH = 160  # likewise; a shorter one gets empty ground behind it
WIDER = 1.6  # times its width: so a line is read that holds more letters than the recogniser has steps
MIN_FOREIGN = 0.9  # a line more likely than this in other scripts is no Latin
MIN_UNNAMED = 0.99  # likewise, where that is no script by name: textures and odd display faces look so, too
MIN_LETTERS = 3  # that were read as Latin ones: fewer, or digits, may be taken for anything
TELLING = frozenset("DFGJLQRSVWZdfgjlqsvwz")  # letters that hardly any of another script is read as
MIN_TELLING, FAIR = 0.25, 0.7  # share of those in a line that is surely Latin, where it was read with this confidence


@dataclass(frozen=True)
class Reading:
    """What a line says.

    Attributes:
        text: with the Latin letters, digits and signs only.
        confidence: 0-1, mean over the characters; 0 where there are none.
        centres: where each character of `text` is, 0-1 from the left to the right end of what was read.
        other_letters: how many letters of other scripts the recogniser knows and saw, were Latin ones not to stand in.
        other_confidence: 0-1, mean over those.
        others: how likely the line is in each other script than Latin, 0-1, see `fontid.text.scripts`.
    """

    text: str = ""
    confidence: float = 0.0
    centres: tuple[float, ...] = ()
    other_letters: int = 0
    other_confidence: float = 0.0
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def foreign(self) -> float:
        """0-1, how likely the line is in any other script than Latin."""
        return sum(self.others.values())

    @property
    def is_foreign(self) -> bool:
        """Whether the line is surely in another script, one that the recogniser can read or one that it cannot."""
        letters = sum(map(str.isalpha, self.text))
        sure = 0.7 if self.other_letters > 1 else 0.95  # shapes of all kinds look like some single sign
        seen = self.other_confidence > sure
        if seen and self.other_letters > letters:
            return True
        if self.text and letters < MIN_LETTERS:
            return False
        if seen and self.other_letters > 1:
            return self.foreign > 0.5
        telling = sum(letter in TELLING for letter in self.text)
        if self.confidence >= FAIR and not self.other_letters and telling >= MIN_TELLING * max(letters, 1):
            return False
        return self.foreign > (MIN_FOREIGN if self._is_named else MIN_UNNAMED)

    @property
    def is_unknown(self) -> bool:
        """Whether the line looks foreign, but for no letter or script that is known: Latin ones on their side may."""
        return self.is_foreign and not self.other_letters and not self._is_named

    @property
    def _is_named(self) -> bool:
        return self.foreign - self.others.get(OTHER, 0.0) > 0.5


class Recogniser:
    """Reads lines. May be used from several threads; one line is read at a time, to bound memory."""

    def __init__(self) -> None:
        self._session = open_network(packaged("PP-OCRv6_rec_small.onnx"))
        self._lock = threading.Lock()
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.characters = ["", *listed, " "]  # the first is the recogniser's blank
        latin = [index == 0 or _is_latin(character) for index, character in enumerate(self.characters)]
        self._latin = np.flatnonzero(latin)
        self._is_other = np.array([_is_other_letter(character) for character in self.characters])
        self._scripts = ScriptClassifier(self.characters)

    def read(self, line: np.ndarray, wider: float = 1.0) -> Reading:
        """Read a line. Args: line: (H, W, 3) uint8 RGB, upright; wider: times its width, for narrow letters."""
        return self._decode(*self.look(line, wider))

    def look(self, line: np.ndarray, wider: float = 1.0) -> tuple[np.ndarray, float]:
        """How likely each of `characters` is at each step along a line, (steps, characters) 0-1; a step's share of it.

        Args: as for `read`.
        """
        height, width = line.shape[:2]
        wide = int(np.clip(np.ceil(HEIGHT * width * wider / height), 8, WIDEST))
        method = cv2.INTER_AREA if height > HEIGHT else cv2.INTER_LINEAR
        small = cv2.resize(line, (wide, HEIGHT), interpolation=method)[:, :, ::-1].astype(np.float32) / 127.5 - 1
        values = np.zeros((1, 3, HEIGHT, max(LEAST_WIDTH, int(np.ceil(wide / 8)) * 8)), np.float32)
        values[0, :, :, :wide] = small.transpose(2, 0, 1)
        with self._lock:
            likely = self._session.run(None, {"x": values})[0][0]  # (steps, characters) 0-1
        return likely, values.shape[3] / len(likely) / wide

    def _decode(self, likely: np.ndarray, step: float) -> Reading:
        best = likely.argmax(1)
        others = [float(likely[i, c]) for i, c in _changes(best) if self._is_other[c]]
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
            other_letters=len(others),
            other_confidence=float(np.mean(others)) if others else 0.0,
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


def _is_other_letter(character: str) -> bool:
    """Whether a character is a letter of another script."""
    if len(character) != 1 or not unicodedata.category(character).startswith("L"):
        return False
    return not unicodedata.name(character, "").startswith(("LATIN", "FULLWIDTH LATIN"))
