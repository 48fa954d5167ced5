"""The searchable catalogue: from scores of prototypes to ranked families with their twins."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from fontid.faces import Face, by_family, regular_face


@dataclass(frozen=True)
class Match:
    """One row of an answer: a family and its best face.

    score: the encoder's cosine and what drawing adds to it.
    probability: 0-1, that this row is right if the picture's font is in the catalogue.
    twins: ids of other families.
    """

    family: str
    name: str
    weight: int
    italic: bool
    score: float
    probability: float
    url: str
    twins: tuple[str, ...]

    def to_dict(self) -> dict:
        return asdict(self) | {"twins": list(self.twins)}


class Catalogue:
    """Faces, their prototypes and their twins.

    Attributes:
        faces: in the order of the artifact.
        family_of: (F,) int, for each face the number of its family; families are numbered in order of first face.
        twin_families: for each face the numbers of the families that hold a twin of it.
    """

    def __init__(
        self, faces: list[Face], prototypes: np.ndarray, prototype_faces: np.ndarray, twins: np.ndarray
    ) -> None:
        """Args: as in the artifact, see `fontid.artifact` for shapes."""
        self.faces = faces
        self.prototypes = prototypes.astype(np.float32)
        self._first_prototypes = np.searchsorted(prototype_faces, np.arange(len(faces)))
        self.families = list(by_family(self.faces))
        number = {family: index for index, family in enumerate(self.families)}
        self.family_of = np.array([number[face.family] for face in self.faces])
        self.twin_families: list[set[int]] = [set() for _ in self.faces]
        for first, second in twins:
            self.twin_families[first].add(int(self.family_of[second]))
            self.twin_families[second].add(int(self.family_of[first]))

    def score_faces(self, embeddings: np.ndarray) -> np.ndarray:
        """Cosine of each face with its nearest prototype, averaged over the embeddings: (N, D) -> (F,) float32."""
        cosines = embeddings @ self.prototypes.T
        return np.maximum.reduceat(cosines, self._first_prototypes, axis=1).mean(0)

    def without(self, families: Collection[str], scores: np.ndarray) -> np.ndarray:
        """Scores (F,) with those of some families at minus infinity: they are never ranked."""
        numbers = [index for index, family in enumerate(self.families) if family in families]
        return np.where(np.isin(self.family_of, numbers), -np.inf, scores)

    def best_of_families(self, scores: np.ndarray) -> np.ndarray:
        """(F,) scores of faces -> that of the best face of every family, in the order of `families`."""
        best = np.full(len(self.families), -np.inf, scores.dtype)
        np.maximum.at(best, self.family_of, scores)
        return best

    def nearest_neighbour(self, face: int) -> float:
        """Cosine of a face's first prototype with the nearest one of a family that is no twin of it; -1 without any."""
        cosines = self.prototypes @ self.prototypes[self._first_prototypes[face]]
        best = self.best_of_families(np.maximum.reduceat(cosines, self._first_prototypes))
        best[[int(self.family_of[face]), *self.twin_families[face]]] = -1
        return float(best.max())

    def rank(self, scores: np.ndarray, top: int, temperature: float = 1.0) -> list[Match]:
        """The best `top` rows for (F,) scores; a family with a twin of a row's face is folded under that row.

        Args: temperature: of the softmax over families that gives the rows' probabilities.
        """
        best = self.best_of_families(scores)
        weights = np.exp((best - best.max()) / temperature)
        probabilities = weights / weights.sum()
        rows: list[Match] = []
        done: set[int] = set()
        for face in np.argsort(-scores, kind="stable"):
            family = int(self.family_of[face])
            if family in done:
                continue
            if scores[face] == -np.inf:
                break
            twins = self.twin_families[face] - {family}
            done |= {family} | twins
            probability = float(probabilities[[family, *twins]].sum())
            rows.append(self._match(int(face), float(scores[face]), probability, twins))
            if len(rows) == top:
                break
        return rows

    def _match(self, face: int, score: float, probability: float, twins: set[int]) -> Match:
        row = self.faces[face]
        names = tuple(sorted(self.families[family] for family in twins))
        return Match(
            row.family, row.name, row.weight, row.italic, round(score, 4), round(probability, 4), row.url, names
        )

    @cached_property
    def _rows_of_family(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for index, face in enumerate(self.faces):
            rows.setdefault(face.family, []).append(index)
        return rows

    def __contains__(self, family: str) -> bool:
        return family in self._rows_of_family

    def credited(self, family: str, weight: int | None = None, italic: bool = False) -> set[str]:
        """Ids that are right for a picture of `family`: itself and the families with a twin of the pictured face.

        The pictured face is the family's nearest to `weight` and `italic`; without a weight its regular one.
        """
        rows = self._rows_of_family[family]
        if weight is None:
            pictured = self.faces.index(regular_face([self.faces[row] for row in rows]))
        else:
            pictured = min(rows, key=lambda r: (self.faces[r].italic != italic, abs(self.faces[r].weight - weight)))
        return {family} | {self.families[other] for other in self.twin_families[pictured]}

    def likenesses(self, family: str) -> frozenset[str]:
        """Ids of the families without which `family` is unknown: itself and those with a twin of any of its faces."""
        others = set().union(*(self.twin_families[row] for row in self._rows_of_family[family]))
        return frozenset({family} | {self.families[other] for other in others})
