"""From scores to probabilities. The figures are fitted on validation renders by `train.calibrate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fontid.catalogue.ranking import Catalogue, Neighbour
from fontid.letters.verification import Verdict
from fontid.text.lines import Line

EVIDENCE = (
    "cosine",  # of the best row's face
    "cosine_lead",  # of the encoder's best family over its 20th
    "lead",  # of the best row over the next
    "lead_over_many",  # of the best row over the 6th
    "likeness",  # -log of what differs between the picture and the likeliest drawing; 0 where nothing was drawn
    "likeness_lead",  # the same, less that of the tenth
    "letters",  # that were compared
    "size",  # log of the highest line's pixels
    "neighbour",  # cosine of the best row's face with the most similar family's
    "reading",  # how surely the lines were read, 0-1; 0 where nothing was
    "families",  # log of how many were searched
    "usage",  # of the best row's face, see `Catalogue.log_usage`: people bring what is used
    "placed",  # how well the best row's face explains where letters stand, see `fontid.letters.spacing`
)  # new ones come last: a calibration may look at the first few only
BINS = 15
WORDS = ("certain", "likely", "close", "none")
FARTHEST = 3.0  # standard deviations: evidence beyond that counts as that


@dataclass(frozen=True)
class Calibration:
    """Settings that travel in the artifact's config.

    Attributes:
        temperature: scores are divided by it before the softmax over families (Guo et al. 2017).
        mean, spread: of each of `EVIDENCE` where it was fitted.
        weights: of the logistic regression that tells whether a face is in the catalogue, as `quadratic` orders them.
        constant: of the same.
        exponent: of the prior: its product with the log of a family's downloads is added to the log of its probability.
        certain, likely, close: least probability of a row that is told by this word; below all of them it is "none".
    """

    temperature: float = 0.03
    mean: tuple[float, ...] = (0.0,) * len(EVIDENCE)
    spread: tuple[float, ...] = (1.0,) * len(EVIDENCE)
    weights: tuple[float, ...] = (0.0,) * (len(EVIDENCE) * (len(EVIDENCE) + 3) // 2)
    constant: float = 0.0
    exponent: float = 0.0
    certain: float = 0.9
    likely: float = 0.5
    close: float = 0.1

    @classmethod
    def from_dict(cls, values: dict) -> "Calibration":
        """What `dataclasses.asdict` gave, by way of JSON. Raises: TypeError, ValueError where it is something else."""
        fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        calibration = cls(**fields)
        count = len(calibration.mean)
        if count > len(EVIDENCE) or len(calibration.weights) != count * (count + 3) // 2:
            raise ValueError("the calibration is of another version")
        return calibration

    def in_catalogue(self, evidence: tuple[float, ...]) -> float:
        """Probability 0-1 that the picture's family is one of the catalogue. Args: evidence: as in `EVIDENCE`."""
        known = np.array(evidence[: len(self.mean)])
        values = quadratic(known[None], np.array(self.mean), np.array(self.spread))[0]
        return float(1 / (1 + np.exp(-(values @ np.array(self.weights) + self.constant))))

    def word(self, probability: float) -> str:
        """One of `WORDS` for a row. Args: probability: 0-1, that it is right."""
        least = (self.certain, self.likely, self.close, 0.0)
        return next(word for word, value in zip(WORDS, least, strict=True) if probability >= value)


def quadratic(evidence: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(N, E) evidence -> (N, E + E (E + 1) / 2): standardised values, then their products in pairs."""
    values = np.clip((evidence - mean) / spread, -FARTHEST, FARTHEST)
    first, second = np.triu_indices(values.shape[1])
    return np.concatenate([values, values[:, first] * values[:, second]], 1)


def evidence_of(
    catalogue: Catalogue, lines: list[Line], scores: np.ndarray, verdict: Verdict, similar: list[Neighbour]
) -> tuple[float, ...]:
    """What tells a known face from an unknown one, as in `EVIDENCE`.

    Args: scores: (F,) of the encoder; similar: to the best face.
    """
    best = int(verdict.scores.argmax())
    of_encoder = np.sort(catalogue.best_of_families(scores))[::-1]
    rows = np.array([match.score for match in catalogue.rank(verdict.scores, 6)])
    drawn = np.sort(verdict.evidence)[::-1] if len(verdict.evidence) else np.zeros(1)
    values = (
        scores[best],
        of_encoder[0] - _at(of_encoder, 20),
        rows[0] - _at(rows, 1),
        rows[0] - _at(rows, 5),
        drawn[0],
        drawn[0] - _at(drawn, 10),
        verdict.letters,
        np.log(max(1.0, *(line.height for line in lines))),
        similar[0].score if similar else 0.0,
        np.average([line.confidence if line.text else 0.0 for line in lines], weights=[line.area for line in lines]),
        np.log(np.isfinite(of_encoder).sum()),
        catalogue.log_usage[best],
        verdict.placed,
    )
    return tuple(round(float(value), 5) for value in values)


def _at(descending: np.ndarray, place: int) -> float:
    """The value at a place, or the last one there is; minus infinity stands for families left out."""
    finite = descending[np.isfinite(descending)]
    return finite[min(place, len(finite) - 1)]


def word_shares(words: Sequence[str]) -> dict:
    """How many there are (`n`), and which fraction each of `WORDS` is."""
    return {"n": len(words)} | {word: round(words.count(word) / max(1, len(words)), 4) for word in WORDS}


def reliability(probabilities: Sequence[float], right: Sequence[bool]) -> tuple[float, list[dict]]:
    """Expected calibration error (Naeini et al. 2015) in `BINS` equal steps, and the reliability diagram.

    Returns: the error 0-1, and of each step that holds anything its mean probability, how often it is right, and `n`.
    """
    said, so = np.array(probabilities, float), np.array(right, float)
    step = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = [
        {
            "probability": round(float(said[step == number].mean()), 4),
            "right": round(float(so[step == number].mean()), 4),
            "n": int((step == number).sum()),
        }
        for number in np.unique(step)
    ]
    error = sum(one["n"] * abs(one["probability"] - one["right"]) for one in bins) / len(right)
    return round(error, 4), bins
