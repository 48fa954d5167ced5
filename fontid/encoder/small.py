"""Embeddings of small letters, brought to where those of large ones lie.

Letters of eight or ten pixels have lost most of what tells faces apart, and the encoder, which was trained on larger
ones, puts them far from their prototypes. A linear map, which depends on their height, brings them back
(`train.train_small` fits it).
"""

import numpy as np

USUAL, SPREAD = 9.0, 4.0  # pixels: what heights are counted from, and in


class SmallLetters:
    """Args: linear: the map, (2 D + 2, D), from `features_of` to what is added."""

    def __init__(self, linear: np.ndarray) -> None:
        self._linear = linear.astype(np.float32)

    def __call__(self, embeddings: np.ndarray, heights: np.ndarray | float) -> np.ndarray:
        """(N, D) float32, L2-normalised, before and after. Args: heights: as in `features_of`."""
        moved = embeddings + features_of(embeddings, heights) @ self._linear
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def features_of(embeddings: np.ndarray, heights: np.ndarray | float) -> np.ndarray:
    """What the map takes: (N, D) embeddings -> (N, 2 D + 2) float32.

    Args: heights: of their lines' ink in pixels, (N,) or one for all.
    """
    size = (np.broadcast_to(heights, len(embeddings))[:, None].astype(np.float32) - USUAL) / SPREAD
    return np.concatenate([embeddings, size * embeddings, size, size * size], 1)
