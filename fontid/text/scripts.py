"""Tell Latin letters from those of other scripts, by what the recogniser takes a line's characters for.

The recogniser's last layer is linear, so the logarithms of how likely it finds a few letters tell all that it sees of a
character, also of one that it does not know. `train.train_scripts` fits the logistic regression on them: scripts.json.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

PARAMETERS = Path(__file__).parent / "scripts.json"
LATIN, TURNED = "latin", "turned"  # the second: Latin letters that do not stand upright
OTHER = "other"  # any script without a name of its own here
MIN_INK = 0.2  # probability that a step shows a character
UNLIKELY = 1e-30  # less counts as this


def places_of(letters: Sequence[str], characters: Sequence[str]) -> np.ndarray:
    """Where letters stand among the recogniser's characters, (K,) int."""
    places = {character: place for place, character in enumerate(characters)}
    return np.array([places[letter] for letter in letters])


def evidence_of(likely: np.ndarray, places: np.ndarray) -> np.ndarray | None:
    """(K,) mean over the steps that show a character of the logarithms of some characters' probabilities.

    None where no step shows any. Args: likely: (steps, characters) 0-1 of one line, the first of no character.
    """
    ink = 1 - likely[:, 0]
    shown = ink > MIN_INK
    if not shown.any():
        return None
    return np.average(np.log(np.maximum(likely[shown][:, places], UNLIKELY)), axis=0, weights=ink[shown])


class ScriptClassifier:
    """Says how likely a line is in another script. Args: characters: all that the recogniser knows."""

    def __init__(self, characters: Sequence[str]) -> None:
        parameters = json.loads(PARAMETERS.read_text(encoding="utf-8"))
        self._places = places_of(parameters["letters"], characters)
        self._scripts = parameters["scripts"]
        self._weights, self._constants = np.array(parameters["weights"]), np.array(parameters["constants"])

    def __call__(self, likely: np.ndarray) -> dict[str, float]:
        """Probabilities 0-1 by script, but for Latin; none where there is no character.

        Args: likely: as in `evidence_of`.
        """
        evidence = evidence_of(likely, self._places)
        if evidence is None:
            return {}
        scores = evidence @ self._weights + self._constants
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        found = zip(self._scripts, shares.tolist(), strict=True)
        return {script: share for script, share in found if script not in (LATIN, TURNED)}
