"""Which faces a design uses, and which of its lines are in each: few fonts are likelier than many.

A line's scores say how well each face explains it: the worse by the square of what it lacks to the line's best face, so
that many small differences, which are noise, count less than one large one. A design's faces are those that explain its
lines best when every family and every style has a price: the uncapacitated facility location problem, solved as by
Kuehn and Hamburger (1963), by adding the face that gains most until none gains its price. Families are then joined as
long as one that both could be in loses less than the price of a family. Last, a line that hardly tells its family gets
that of its neighbours.
"""

from collections.abc import Sequence

import numpy as np

from fontid.catalogue.ranking import Catalogue
from fontid.settings import DEFAULTS, GroupingSettings

USUAL_LENGTH = 4.0  # heights of a line that weighs 1
LONGEST = 12.0  # longer lines count as that
SAME_HEIGHT = 0.25  # of logarithms: lines whose heights differ by this are a third as alike as lines of one height
NEAR = 2.0  # heights: a line that far away is half as near as one that touches
MOST_STYLES = 24  # of a design
ROUNDS = 3  # of moving faces to where their lines want them


def weigh_lines(
    widths: Sequence[float] | np.ndarray,
    heights: Sequence[float] | np.ndarray,
    settings: GroupingSettings = DEFAULTS.grouping,
) -> np.ndarray:
    """How much each line says of its face: more where it is long, less where it is small. (N,), pixels."""
    high = np.maximum(1, heights)
    return np.sqrt(np.minimum(np.asarray(widths) / high, LONGEST) / USUAL_LENGTH) * np.clip(
        high / settings.clear, settings.least_belief, 1
    )


def part_lines(
    catalogue: Catalogue,
    scores: np.ndarray,
    weights: np.ndarray,
    heights: np.ndarray,
    boxes: np.ndarray,
    settings: GroupingSettings = DEFAULTS.grouping,
) -> list[list[list[int]]]:
    """Families of a design, each as its styles, each as its lines' numbers; heaviest first.

    Args:
        scores: (N, F), minus infinity for faces left out.
        weights, heights: (N,) of the lines, those in pixels.
        boxes: (N, 4) left, top, right, bottom in pixels.
    """
    scores = _fits(scores)
    faces = _open_faces(catalogue, scores, weights, settings)
    own = np.array(faces)[scores[:, faces].argmax(1)]
    styles = [np.flatnonzero(own == face).tolist() for face in dict.fromkeys(own.tolist())]
    parts: dict[int, list[list[int]]] = {}
    for style in styles:
        parts.setdefault(int(catalogue.family_of[own[style[0]]]), []).append(style)
    families = _join_families(catalogue, list(parts.values()), scores, weights, settings.family_price)
    ties = _ties(heights, boxes) * weights
    families = _agree_with_neighbours(families, scores, weights, ties, settings.neighbours)
    for family in families:
        family.sort(key=lambda style: -weights[style].sum())
    return sorted(families, key=lambda family: -sum(weights[style].sum() for style in family))


def gain_of_second(scores: np.ndarray) -> float:
    """What samples of equal weight, 1 together, gain as `part_lines` counts where a second face explains some of them.

    Args: scores: (N, F), minus infinity for faces left out.
    """
    fits = _fits(scores)
    face = int(fits.sum(0).argmax())
    return float(np.maximum(0, fits - fits[:, [face]]).sum(0).max() / len(fits))


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


def _fits(scores: np.ndarray) -> np.ndarray:
    """How well each face explains a line, 0 at best: (N, F) minus the square of what it lacks to the line's best."""
    with np.errstate(invalid="ignore"):  # of what is left out
        return -((scores.max(1, keepdims=True) - scores) ** 2)


def _open_faces(catalogue: Catalogue, scores: np.ndarray, weights: np.ndarray, prices: GroupingSettings) -> list[int]:
    """The faces of a design: those that cost least of two beginnings.

    One is the face that explains all lines best. That may be a compromise of two styles that no line is in, and neither
    of them gains the price of its family then; so the other is the face of the weightiest line.
    """
    beginnings = dict.fromkeys([int((weights @ scores).argmax()), int(scores[weights.argmax()].argmax())])
    found = [_opened(catalogue, face, scores, weights, prices) for face in beginnings]
    return min(found, key=lambda faces: _cost(catalogue, faces, scores, weights, prices))


def _cost(
    catalogue: Catalogue, faces: list[int], scores: np.ndarray, weights: np.ndarray, prices: GroupingSettings
) -> float:
    """What the lines lack, and the prices of styles and families."""
    families = len(set(catalogue.family_of[faces].tolist()))
    lacking = -weights @ scores[:, faces].max(1)
    return float(lacking + prices.style_price * len(faces) + prices.family_price * families)


def _opened(
    catalogue: Catalogue, first: int, scores: np.ndarray, weights: np.ndarray, prices: GroupingSettings
) -> list[int]:
    """A first face, and one more as long as it gains more than its price."""
    faces = [first]
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


def _ties(heights: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How near lines are to each other in height and place: (N, N) 0-1, and 0 of a line to itself."""
    heights = np.maximum(1, heights)
    alike = np.exp(-((np.log(heights[:, None] / heights) / SAME_HEIGHT) ** 2))
    gaps = np.maximum(boxes[:, None, :2], boxes[:, :2]) - np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    away = np.linalg.norm(np.maximum(0, gaps), axis=2) / np.maximum(heights[:, None], heights)
    ties = alike / (1 + away / NEAR)
    np.fill_diagonal(ties, 0)
    return ties


def _agree_with_neighbours(
    families: list[list[list[int]]], scores: np.ndarray, weights: np.ndarray, ties: np.ndarray, worth: float
) -> list[list[list[int]]]:
    """The families with lines moved to where those tied to them are, unless their own letters speak against it.

    A Potts model, solved by the iterated conditional modes of Besag (1986).

    Args: ties: (N, N), of each line to the others; worth: of a family, to a line all of whose neighbours are in it.
    """
    styles = [style for family in families for style in family]
    family_of = np.repeat(np.arange(len(families)), [len(family) for family in families])
    fits = np.stack([scores[:, int((weights[style] @ scores[style]).argmax())] for style in styles], 1)
    own = np.empty(len(scores), int)
    for number, style in enumerate(styles):
        own[style] = number
    strength = np.maximum(1, ties.sum(1, keepdims=True))  # a line that has few neighbours listens less
    for _ in range(ROUNDS):
        near = ties @ (family_of[own][:, None] == np.arange(len(families))) / strength
        moved = (weights[:, None] * fits + worth * near[:, family_of]).argmax(1)
        if (moved == own).all():
            break
        own = moved
    kept = [np.flatnonzero(own == number).tolist() for number in range(len(styles))]
    parts = [[kept[n] for n in np.flatnonzero(family_of == family) if kept[n]] for family in range(len(families))]
    return [family for family in parts if family]
