"""Which lines of a picture are in the same face."""

import numpy as np

SAME_FACE = 0.12  # of cosine: what lines of one face lose at most by a common answer; 98 % of rendered ones do


def group_lines(scores: list[np.ndarray], windows: list[int]) -> list[list[int]]:
    """Join lines as long as one face explains them nearly as well as a face for each.

    Args: scores: for each line its (F,) scores; windows: how many windows each is the mean of.
    Returns: groups of line numbers, each ascending, by their first line.
    """
    groups = [[index] for index in range(len(scores))]
    sums = [score * count for score, count in zip(scores, windows, strict=True)]
    counts = [float(count) for count in windows]
    while len(groups) > 1:
        losses = {
            (a, b): _loss(sums[a], sums[b], counts[a], counts[b])
            for a in range(len(groups))
            for b in range(a + 1, len(groups))
        }
        (a, b), loss = min(losses.items(), key=lambda item: item[1])
        if loss > SAME_FACE:
            break
        groups[a] = sorted(groups[a] + groups.pop(b))
        sums[a] = sums[a] + sums.pop(b)
        counts[a] += counts.pop(b)
    return sorted(groups)


def _loss(first: np.ndarray, second: np.ndarray, first_count: float, second_count: float) -> float:
    """How much less the best common face scores than each one's own, for the one that loses more."""
    best = (first + second).argmax()
    return float(max((first.max() - first[best]) / first_count, (second.max() - second[best]) / second_count))
