"""What drawing says of the encoder's candidates: the letters of a few lines, compared in the likeliest faces."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from fontid.catalogue.faces import style_apart
from fontid.catalogue.ranking import Catalogue, by_score
from fontid.encoder.preprocessing import Ink
from fontid.letters.drawing import Comparison
from fontid.letters.letterforms import Letterforms
from fontid.settings import DEFAULTS, DrawingSettings
from fontid.text.lines import Line

MOST_RANKED = 4000  # faces looked through for them


@dataclass(frozen=True)
class Verdict:
    """What drawing found.

    scores: (F,) float32, a score for every face of the catalogue.
    faces: (K,) int, the faces that were drawn, likeliest for the encoder first; () when nothing was.
    evidence: (K,) float32, -log of what differs between their letters and the picture's, on average.
    letters: how many letters had a say, as a sum of weights.
    """

    scores: np.ndarray
    faces: np.ndarray
    evidence: np.ndarray
    letters: float


class Verifier:
    """Draws candidates of one catalogue. May be used from several threads.

    Attributes: stand_ins: (F,) int, as `drawn_as` gives them.
    """

    def __init__(
        self, catalogue: Catalogue, letterforms: Letterforms, settings: DrawingSettings = DEFAULTS.drawing
    ) -> None:
        self._catalogue, self._letterforms, self._settings = catalogue, letterforms, settings
        self.stand_ins = drawn_as(catalogue, letterforms)
        self._pool = ThreadPoolExecutor(2, "drawing")

    def verify(self, scores: np.ndarray, lines: Iterable[tuple[Line, Ink]]) -> Verdict:
        """Judge the encoder's scores (F,) by the lines' readings; with no reading they stand as they are.

        Args: lines: each with the ink that is shown of it.
        """
        settings = self._settings
        read = [pair for pair in lines if pair[0].text.strip() and pair[0].confidence >= settings.least_confidence]
        read.sort(key=lambda pair: -pair[0].confidence)
        candidates = self._candidates(scores) if read else np.zeros(0, int)
        if not len(candidates):
            return Verdict(scores, np.zeros(0, int), np.zeros(0, np.float32), 0.0)
        names = [self._catalogue.faces[face].id for face in candidates]
        jobs = []
        read = read[: settings.lines]
        chosen = _chosen_letters([line.text for line, _ in read], settings.letters)
        for (line, ink), indices in zip(read, chosen, strict=True):
            if indices:
                comparison = Comparison(line, ink, names, self._letterforms)
                jobs += [(comparison, index, line.confidence) for index in indices]
        likeness = np.array(list(self._pool.map(lambda job: job[0].likeness(job[1]), jobs)))  # (n, K)
        mean, letters = _mean_likeness(likeness, np.array([confidence for _, _, confidence in jobs]), settings.usual)
        if not letters:
            return Verdict(scores, np.zeros(0, int), np.zeros(0, np.float32), 0.0)
        evidence = -np.log(1 - mean + settings.sharpest)
        of_drawn = np.full(len(scores), evidence.min(), np.float32)
        for face, value in zip(candidates[::-1], evidence[::-1], strict=True):  # the likeliest last
            of_drawn[[face, *self._catalogue.twin_faces[face]]] = value
        of_drawn[candidates] = evidence
        of_face = np.where(self.stand_ins >= 0, of_drawn[self.stand_ins], evidence.min())
        sure = float(np.mean([confidence for _, _, confidence in jobs]))
        return Verdict(scores + settings.weight * sure * of_face, candidates, evidence, letters)

    def _candidates(self, scores: np.ndarray) -> np.ndarray:
        """(K,) faces to draw: of the likeliest families the likeliest styles that there are letterforms of.

        A family whose best face is a twin of another one's has the same letters, and needs no drawing.
        """
        ranked = np.fromiter(islice(by_score(scores), MOST_RANKED), int)
        ranked = ranked[np.isfinite(scores[ranked])]
        families = self._catalogue.family_of[ranked]
        chosen: dict[int, list[int]] = {}
        copies: set[int] = set()
        for place in np.sort(np.unique(families, return_index=True)[1]):
            if int(families[place]) not in copies:
                chosen[int(families[place])] = []
                copies |= self._catalogue.twin_families[ranked[place]]
            if len(chosen) == self._settings.families:
                break
        of_those = np.isin(families, list(chosen))
        for family, drawn in zip(families[of_those].tolist(), self.stand_ins[ranked[of_those]].tolist(), strict=True):
            if drawn >= 0 and drawn not in chosen[family] and len(chosen[family]) < self._settings.styles:
                chosen[family].append(drawn)
        return np.array([face for faces in chosen.values() for face in faces], int)


def drawn_as(catalogue: Catalogue, letterforms: Letterforms) -> np.ndarray:
    """(F,) int: for each face that of its family with letterforms nearest in slope, then in weight; -1 without any."""
    nearest = np.array([index if face.id in letterforms else -1 for index, face in enumerate(catalogue.faces)])
    drawn = np.flatnonzero(nearest >= 0)
    for index in np.flatnonzero(nearest < 0):  # an older artifact ships four styles of a family
        face, others = catalogue.faces[index], drawn[catalogue.family_of[drawn] == catalogue.family_of[index]]
        nearest[index] = min(
            others, key=lambda other: style_apart(catalogue.faces[other], face.weight, face.italic), default=-1
        )
    return nearest


def _chosen_letters(texts: list[str], left: int) -> list[list[int]]:
    """Which letters of each line are compared, blanks not counted: all different ones first. Args: left: how many."""
    chosen: list[list[int]] = []
    seen: set[str] = set()
    for text in ("".join(text.split()) for text in texts):
        new = [text.index(letter) for letter in dict.fromkeys(text) if letter not in seen]
        again = [index for index in range(len(text)) if index not in new]
        indices = (new + again if not chosen else new)[:left]
        chosen.append(sorted(indices))
        seen |= set(text)
        left -= len(indices)
    return chosen


def _mean_likeness(
    likeness: np.ndarray, confidence: np.ndarray, usual: tuple[float, float]
) -> tuple[np.ndarray, float]:
    """Mean over letters, those that no face resembles (misread, hidden) weighing less: (K,), and the sum of weights.

    A face without a letter gets the least likeness that a face has in it.
    Args: likeness: (n, K), NaN without a glyph; confidence: (n,); usual: likeness without a say, and with a full one.
    """
    known = ~np.isnan(likeness)
    best = likeness.max(1, where=known, initial=0)
    low, high = usual
    weights = np.clip((best - low) / (high - low), 0, 1) * confidence
    if not weights.sum():
        return np.zeros(likeness.shape[1], np.float32), 0.0
    least = likeness.min(1, where=known, initial=1, keepdims=True)
    filled = np.where(known, likeness, least)
    return (weights @ filled / weights.sum()).astype(np.float32), float(weights.sum())
