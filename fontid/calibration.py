"""From scores to probabilities. The figures are fitted on validation renders by `train.calibrate`."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """Settings that travel in the artifact's config.

    temperature: scores are divided by it before the softmax over families (Guo et al. 2017).
    known: weights of the logistic regression that tells whether the face is in the catalogue at all: one for each of
        `FEATURES`, and a constant.
    """

    temperature: float = 0.05
    known: tuple[float, ...] = (0.0,) * 7

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """(N,) best scores of families -> (N,) that sum to 1."""
        logits = (scores - scores.max()) / self.temperature
        weights = np.exp(np.where(np.isfinite(logits), logits, -np.inf))
        return weights / weights.sum()

    def in_catalogue(self, features: np.ndarray) -> float:
        """(len(FEATURES),) -> 0-1."""
        *weights, constant = self.known
        return float(1 / (1 + np.exp(-(features @ np.array(weights) + constant))))
