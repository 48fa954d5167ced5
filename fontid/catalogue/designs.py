"""Which faces a design uses, and which of its lines are in each: few fonts are likelier than many.

A line's scores say how well each face explains it: the worse by the square of what it lacks to the line's best face, so
that many small differences, which are noise, count less than one large one. A design's faces are those that explain its
lines best when every family and every style has a price: the uncapacitated facility location problem, solved as by
Kuehn and Hamburger (1963), by adding the face that gains most until none gains its price. Families are then joined as
long as one that both could be in loses less than the price of a family.
"""

from collections.abc import Sequence

import numpy as np

from fontid.catalogue.ranking import Catalogue
from fontid.settings import DEFAULTS, GroupingSettings

USUAL_LENGTH = 4.0  # heights of a line that weighs 1
LONGEST = 12.0  # longer lines count as that
SAME_HEIGHT, NEXT, ALIGNED = 1.5, 2.0, 0.6  # of heights: how unlike, far below and askew neighbours of a column may be
MOST_STYLES = 24  # of a design
ROUNDS = 3  # of moving faces to where their lines want them


def weigh_lines(
    widths: Sequence[float], heights: Sequence[float], settings: GroupingSettings = DEFAULTS.grouping
) -> np.ndarray:
    """How much each line says of its face: more where it is long, less where it is small. (N,), pixels."""
    high = np.maximum(1, heights)
    return np.sqrt(np.minimum(np.asarray(widths) / high, LONGEST) / USUAL_LENGTH) * np.clip(
        high / settings.clear, settings.least_belief, 1
    )


def lean_on_neighbours(
    scores: np.ndarray, weights: np.ndarray, boxes: np.ndarray, settings: GroupingSettings = DEFAULTS.grouping
) -> np.ndarray:
    """Scores (N, F) in which light lines, such as the numbers of lines, are means over their column's next ones.

    Args: boxes: (N, 4) left, top, right, bottom in pixels.
    """
    heights = np.maximum(1, boxes[:, 3] - boxes[:, 1])
    higher = np.maximum(heights[:, None], heights)
    alike = higher < SAME_HEIGHT * np.minimum(heights[:, None], heights)
    gaps = np.maximum(boxes[:, None, 1], boxes[:, 1]) - np.minimum(boxes[:, None, 3], boxes[:, 3])
    apart = np.abs(boxes[:, None, [0, 2]] - boxes[:, [0, 2]]).min(2)  # left from left, or right from right edges
    near = alike & (gaps < NEXT * higher) & (apart < ALIGNED * higher)
    shared = scores.copy()
    for line in np.flatnonzero(weights < settings.light):
        shared[line] = pool(scores, weights, np.flatnonzero(near[line]))
    return shared


def part_lines(
    catalogue: Catalogue, scores: np.ndarray, weights: np.ndarray, settings: GroupingSettings = DEFAULTS.grouping
) -> list[list[list[int]]]:
    """Families of a design, each as its styles, each as its lines' numbers; heaviest first.

    Args: scores: (N, F), minus infinity for faces left out; weights: (N,) of the lines.
    """
    with np.errstate(invalid="ignore"):  # of what is left out
        scores = -((scores.max(1, keepdims=True) - scores) ** 2)
    faces = _open_faces(catalogue, scores, weights, settings)
    own = np.array(faces)[scores[:, faces].argmax(1)]
    styles = [np.flatnonzero(own == face).tolist() for face in dict.fromkeys(own.tolist())]
    parts: dict[int, list[list[int]]] = {}
    for style in styles:
        parts.setdefault(int(catalogue.family_of[own[style[0]]]), []).append(style)
    families = _join_families(catalogue, list(parts.values()), scores, weights, settings.family_price)
    for family in families:
        family.sort(key=lambda style: -weights[style].sum())
    return sorted(families, key=lambda family: -sum(weights[style].sum() for style in family))


def pool(scores: np.ndarray, weights: np.ndarray, lines: Sequence[int] | np.ndarray) -> np.ndarray:
    """(F,) scores of a style: the weighted mean over its lines."""
    return weights[lines] @ scores[lines] / weights[lines].sum()


def pool_families(catalogue: Catalogue, styles: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Scores of families that all styles of one agree on: (families,), the mean over its styles' best faces."""
    return np.average([catalogue.best_of_families(scores) for scores in styles], axis=0, weights=weights)


def in_families(catalogue: Catalogue, scores: np.ndarray, families: np.ndarray) -> np.ndarray:
    """A style's scores (F,) by which `families` decide the family, and they its face in it."""
    with np.errstate(invalid="ignore"):  # of what is left out
        within = scores - catalogue.best_of_families(scores)[catalogue.family_of]
    return np.where(np.isfinite(within), families[catalogue.family_of] + within, -np.inf)


def _open_faces(catalogue: Catalogue, scores: np.ndarray, weights: np.ndarray, prices: GroupingSettings) -> list[int]:
    """The faces of a design: one more as long as it gains more than its price."""
    faces = [int((weights @ scores).argmax())]
    while len(faces) < min(MOST_STYLES, len(scores)):
        current = scores[:, faces].max(1, keepdims=True)
        gains = weights @ np.maximum(0, scores - current)
        families = catalogue.family_of[faces]
        gains -= prices.style_price + np.where(np.isin(catalogue.family_of, families), 0, prices.family_price)
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        faces = _settled([*faces, best], scores, weights)
    return faces


def _settled(faces: list[int], scores: np.ndarray, weights: np.ndarray) -> list[int]:
    """Each face replaced by the one that explains best the lines that prefer it."""
    for _ in range(ROUNDS):
        own = scores[:, faces].argmax(1)
        parts = [np.flatnonzero(own == number) for number in range(len(faces))]
        moved = list(dict.fromkeys(int((weights[part] @ scores[part]).argmax()) for part in parts if len(part)))
        if moved == faces:
            break
        faces = moved
    return faces


def _join_families(
    catalogue: Catalogue, families: list[list[list[int]]], scores: np.ndarray, weights: np.ndarray, price: float
) -> list[list[list[int]]]:
    """Join families as long as the best common one loses less than the price of one. Args: price: that."""
    nothing = np.zeros(len(catalogue.families))
    values = [
        sum((catalogue.best_of_families(weights[style] @ scores[style]) for style in family), nothing)
        for family in families
    ]
    while len(families) > 1:
        losses = {
            (a, b): values[a].max() + values[b].max() - (values[a] + values[b]).max()
            for a in range(len(families))
            for b in range(a + 1, len(families))
        }
        (a, b), loss = min(losses.items(), key=lambda item: item[1])
        if loss > price:
            break
        families[a], values[a] = families[a] + families.pop(b), values[a] + values.pop(b)
    return families
