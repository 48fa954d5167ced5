"""The searchable catalogue: from scores of prototypes to ranked families with their twins."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from fontid.catalogue.alternatives import alternatives_to, drawn_like
from fontid.catalogue.faces import Face, by_family, face_id, regular_face, style_apart, style_words
from fontid.catalogue.names import original, superfamily
from fontid.catalogue.usage import FLOOR

RIVALS = 100  # rows among which probability is shared out
UNDATED = 9999  # the year of a family whose copyright names none
FOLDED = 4  # families of a superfamily that one row of `similar` may hold, on average
RESEMBLING, CROWDED = 0.4, 0.7  # cosines of prototypes: of faces that may write a text alike; of near copies
FIRST_SORTED = 4096  # faces; the others are sorted when somebody looks as far
TOLD = (  # of a `Match` to programs, in this order
    "family", "name", "style", "weight", "italic", "axes", "score", "probability", "conditional_probability", "verdict",
    "superfamily", "twins", "category", "licence", "url",
)  # fmt: skip


@dataclass(frozen=True)
class Match:
    """One row of an answer: a family and its best face.

    score: the encoder's cosine and what drawing adds to it.
    conditional_probability: 0-1, that this row is right if the picture's font is in the catalogue.
    probability: 0-1, that this row is right; verdict: the same in a word, of `fontid.confidence.WORDS`.
    twins, twin_names, twin_urls: ids, names and pages of other families that draw the same letters.
    superfamily: what several families of the catalogue are versions of, where this is one of them.
    style, face, axes: the face's, see `fontid.catalogue.faces.Face`.
    """

    family: str
    name: str
    weight: int
    italic: bool
    score: float
    conditional_probability: float
    url: str
    twins: tuple[str, ...]
    twin_names: tuple[str, ...] = ()
    twin_urls: tuple[str, ...] = ()
    category: str = ""
    licence: str = ""
    superfamily: str | None = None
    probability: float = 0.0
    verdict: str = ""
    style: str = ""
    face: str = ""
    axes: Mapping[str, float] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict:
        """A row of docs/answer.schema.json."""
        twins = zip(self.twins, self.twin_names, self.twin_urls, strict=True)
        alike = drawn_like({self.family, *self.twins})
        others = alternatives_to(alike[0].face, {self.family, *self.twins}) if alike else []
        return {name: getattr(self, name) for name in TOLD} | {
            "style": self.style or style_words(self.weight, self.italic),
            "axes": dict(self.axes),
            "twins": [{"family": family, "name": name, "url": url} for family, name, url in twins],
            "drawn_like": [{"name": one.face, "relation": one.relation} for one in alike],
            "alternatives": [one.to_dict() for one in others],
        }


@dataclass(frozen=True)
class Neighbour:
    """A family that resembles a face, and its face that does so most.

    score: cosine of the two faces' prototypes.
    twins: ids of other families that draw the same letters.
    """

    family: str
    name: str
    weight: int
    italic: bool
    score: float
    url: str
    twins: tuple[str, ...]
    face: str = ""

    def to_dict(self) -> dict:
        shown = asdict(self) | {"twins": list(self.twins)}
        del shown["face"]
        return shown


class Catalogue:
    """Faces, their prototypes and their twins.

    Attributes:
        faces: in the order of the artifact.
        prototypes, prototype_faces, twins: as in the artifact, the prototypes widened to float32.
        family_of: (F,) int, for each face the number of its family; families are numbered in order of first face.
        twin_faces, twin_families: for each face the rows of its twins, and the numbers of the families that hold one.
    """

    def __init__(
        self,
        faces: list[Face],
        prototypes: np.ndarray,
        prototype_faces: np.ndarray,
        twins: np.ndarray,
        usage: Mapping[str, int] | None = None,
    ) -> None:
        """Args: as in the artifact, see `fontid.artifact` for shapes; usage: downloads a month by family."""
        self.faces, self.usage = faces, usage or {}
        self.prototypes = prototypes.astype(np.float32)
        self.prototype_faces, self.twins = prototype_faces, twins
        self._first_prototypes = np.searchsorted(prototype_faces, np.arange(len(faces)))
        self.families = list(by_family(self.faces))
        number = {family: index for index, family in enumerate(self.families)}
        self.family_of = np.array([number[face.family] for face in self.faces])
        self.twin_faces: list[list[int]] = [[] for _ in faces]
        for first, second in twins.tolist():
            self.twin_faces[first].append(second)
            self.twin_faces[second].append(first)
        self.twin_families = [{int(self.family_of[twin]) for twin in faces} for faces in self.twin_faces]

    def score_faces(self, embeddings: np.ndarray) -> np.ndarray:
        """Cosine of each face with its nearest prototype, averaged over the embeddings: (N, D) -> (F,) float32."""
        return self.score_lines([embeddings])[0]

    def score_lines(self, lines: Sequence[np.ndarray]) -> np.ndarray:
        """The same of several lines at once: (N, D) of each -> (lines, F) float32."""
        if len(self.prototypes) == len(self.faces):  # the mean may come first then
            return np.stack([embeddings.mean(0) for embeddings in lines]) @ self.prototypes.T
        return np.stack([self.score_each(embeddings).mean(0) for embeddings in lines])

    def score_each(self, embeddings: np.ndarray) -> np.ndarray:
        """Cosine of each face with its nearest prototype: (N, D) -> (N, F) float32."""
        cosines = embeddings @ self.prototypes.T
        if len(self.prototypes) == len(self.faces):
            return cosines
        return np.maximum.reduceat(cosines, self._first_prototypes, axis=1)

    def prototypes_of(self, face: int) -> np.ndarray:
        """(P, D) float32."""
        return self.prototypes[self.prototype_faces == face]

    def best_of_families(self, scores: np.ndarray) -> np.ndarray:
        """(F,) scores of faces -> that of the best face of every family, in the order of `families`."""
        best = np.full(len(self.families), -np.inf, scores.dtype)
        np.maximum.at(best, self.family_of, scores)
        return best

    def similar(self, face: int, top: int, among: np.ndarray | None = None) -> list[Neighbour]:
        """The families that resemble a face most, but for its own and its twins: the best first.

        Twins are folded, and those of a superfamily, of which the original is shown.
        Args: among: (F,) bool, the faces to look among (None: all).
        """
        own = [int(self.family_of[face]), *self.twin_families[face]]
        wanted = ~np.isin(self.family_of, own) & (True if among is None else among)
        scores = np.where(wanted, self._resemblance(face), -np.inf)
        rows: dict[str, list[tuple[int, int]]] = {}
        for best, shown in self._best_rows(scores, FOLDED * top):
            rows.setdefault(superfamily(self.faces[shown].name), []).append((best, shown))
        folded = [(part[0][0], self._first_drawn([shown for _, shown in part])) for part in rows.values()]
        return [self._neighbour(shown, scores[best]) for best, shown in folded[:top]]

    def more_used(self, face: int) -> np.ndarray:
        """(K,) int: faces that resemble one, of families that are used more, one of each; the nearest first.

        Of families that draw the same letters the most used stands for all.
        """
        is_used = (self._own_usage == self._most_usage) & (self._own_usage > self._most_usage[face])
        cosines = self._resemblance(face)
        rows = np.flatnonzero(is_used & (self.family_of != self.family_of[face]) & (cosines >= RESEMBLING))
        rows = rows[np.argsort(-cosines[rows], kind="stable")]
        return rows[np.sort(np.unique(self.family_of[rows], return_index=True)[1])]

    def crowd(self, face: int) -> int:
        """How many families have a face that is near a copy of it, its own included."""
        return len(np.unique(self.family_of[self._resemblance(face) >= CROWDED]))

    def _resemblance(self, face: int) -> np.ndarray:
        """(F,) cosines of all faces' prototypes with one's."""
        return self.score_faces(self.prototypes_of(face)[:1])

    def _neighbour(self, face: int, score: float) -> Neighbour:
        row, score = self.faces[face], round(float(score), 4)
        return Neighbour(row.family, row.name, row.weight, row.italic, score, row.url, self.twins_of(face), row.id)

    def rank(
        self, scores: np.ndarray, top: int, temperature: float = 1.0, exponent: float = 0.0, copies: float = 0.0
    ) -> list[Match]:
        """The best `top` rows for (F,) scores; families with a twin of a row's face are folded under the original.

        Args:
            temperature: of the softmax over the best `RIVALS` rows that gives their probabilities.
            exponent: of the prior, see `log_usage`; 0 for none.
            copies: taken off a score, times `log_copies`, before that.
        """
        weighed = scores + self.prior(temperature, exponent, copies)
        rows = self._best_rows(weighed, max(top, RIVALS))
        if not rows:
            return []
        best = weighed[[face for face, _ in rows]].astype(np.float64)
        weights = np.exp((best - best.max()) / temperature)
        probabilities = weights[:top] / weights[:RIVALS].sum()
        chosen = zip(rows, probabilities, strict=False)
        return [self._match(shown, scores[face], probability) for (face, shown), probability in chosen]

    def prior(self, temperature: float, exponent: float, copies: float) -> np.ndarray:
        """(F,) float32: what the prior adds to scores, see `rank`."""
        return temperature * exponent * self.log_usage - copies * self.log_copies

    @cached_property
    def log_usage(self) -> np.ndarray:
        """(F,) float32: log of a month's downloads of the most used family that draws a face's letters, and `FLOOR`."""
        return np.log(self._most_usage + FLOOR).astype(np.float32)

    @cached_property
    def by_usage(self) -> list[int]:
        """The numbers of the families that are used, the most used first."""
        used = [self.usage.get(family, 0) for family in self.families]
        return sorted((number for number, count in enumerate(used) if count), key=lambda number: -used[number])

    @cached_property
    def _own_usage(self) -> np.ndarray:
        """(F,) downloads a month of each face's family."""
        return np.array([self.usage.get(family, 0) for family in self.families])[self.family_of]

    @cached_property
    def _most_usage(self) -> np.ndarray:
        """(F,) likewise, of the most used family that draws its letters."""
        most = self._own_usage.copy()
        for faces, others in (self.twins.T, self.twins.T[::-1]):
            np.maximum.at(most, faces, self._own_usage[others])
        return most

    @cached_property
    def log_copies(self) -> np.ndarray:
        """(F,) float32: log of how many families draw a face's letters, its own included."""
        return np.log(
            [len(twins | {own}) for twins, own in zip(self.twin_families, self.family_of, strict=True)]
        ).astype(np.float32)

    def _best_rows(self, scores: np.ndarray, count: int) -> list[tuple[int, int]]:
        """The best face of each of the best `count` rows, best first, and that of the original, which is shown for it.

        Faces at minus infinity are never ranked.
        """
        rows: list[tuple[int, int]] = []
        done: set[int] = set()
        for face in by_score(scores):
            if scores[face] == -np.inf or len(rows) == count:
                break
            if int(self.family_of[face]) not in done:
                shown = self._original(int(face), scores)
                if int(self.family_of[shown]) in done:  # with another style, of which this family is no twin
                    shown = int(face)
                done |= {int(self.family_of[shown])} | self.twin_families[shown] | {int(self.family_of[face])}
                rows.append((int(face), shown))
        return rows

    def _original(self, face: int, scores: np.ndarray) -> int:
        """The face itself or the twin that is the original, see `names.original`; of one family the best-scoring."""
        twins = sorted((twin for twin in self.twin_faces[face] if scores[twin] != -np.inf), key=lambda t: -scores[t])
        of_family = {int(self.family_of[twin]): twin for twin in reversed([face, *twins])}
        candidates = list(reversed(of_family.values()))
        return face if len(candidates) == 1 else self._first_drawn(candidates)

    def _first_drawn(self, candidates: list[int]) -> int:
        """Which of several faces is of the original family, see `names.original`."""
        found = [self.faces[row] for row in candidates]
        usage = [self.usage.get(one.family, 0) for one in found]
        return candidates[original([one.name for one in found], usage.__getitem__, lambda n: year_of(found[n]))]

    def _match(self, face: int, score: float, probability: float) -> Match:
        row = self.faces[face]
        score, probability = round(float(score), 4), round(float(probability), 4)
        twins = self.twins_of(face)
        firsts = self.firsts(twins)
        return Match(
            row.family,
            row.name,
            row.weight,
            row.italic,
            score,
            probability,
            row.url,
            twins,
            tuple(first.name for first in firsts),
            tuple(first.url for first in firsts),
            row.category,
            row.license,
            self._superfamilies.get(superfamily(row.name)),
            style=row.style,
            face=row.id,
            axes=row.axes,
        )

    def twins_of(self, face: int) -> tuple[str, ...]:
        """Ids of the other families that draw a face's letters."""
        return tuple(sorted(self.families[other] for other in self.twin_families[face] - {int(self.family_of[face])}))

    def firsts(self, families: Iterable[str]) -> list[Face]:
        """The first face of each family."""
        return [self.faces[self._rows_of_family[family][0]] for family in families]

    def face(self, row: Match | Neighbour) -> Face:
        """The face that a row of an answer stands for."""
        return self.faces[self._row_of_id[row.face or face_id(row.family, row.weight, row.italic)]]

    def row_of(self, face: str) -> int | None:
        """Where a face is, by its id; None where it is not in the catalogue."""
        return self._row_of_id.get(face)

    @cached_property
    def _row_of_id(self) -> dict[str, int]:
        return {face.id: row for row, face in enumerate(self.faces)}

    @cached_property
    def _superfamilies(self) -> dict[str, str]:
        """Those that several families belong to, by themselves."""
        names = Counter(superfamily(self.faces[rows[0]].name) for rows in self._rows_of_family.values())
        return {name: name for name, count in names.items() if count > 1}

    @cached_property
    def _rows_of_family(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for index, face in enumerate(self.faces):
            rows.setdefault(face.family, []).append(index)
        return rows

    @cached_property
    def _family_of_name(self) -> dict[str, str]:
        return {self.faces[rows[0]].name.casefold(): family for family, rows in self._rows_of_family.items()}

    def __contains__(self, family: str) -> bool:
        return family in self._rows_of_family

    def family_named(self, name: str | None) -> str | None:
        """The id of the family with this id or name, whatever their case; None without one, and for None."""
        asked = (name or "").strip()
        ids = (one for one in (asked, asked.casefold()) if one in self)
        return next(ids, None) or self._family_of_name.get(asked.casefold())

    def credited(self, family: str, weight: int | None = None, italic: bool = False) -> set[str]:
        """Ids that are right for a picture of `family`: itself and the families with a twin of the pictured face.

        The pictured face is the family's nearest to `weight` and `italic`; without a weight its regular one.
        """
        rows = self._rows_of_family[family]
        if weight is None:
            pictured = self.faces.index(regular_face([self.faces[row] for row in rows]))
        else:
            pictured = min(rows, key=lambda row: style_apart(self.faces[row], weight, italic))
        return {family} | {self.families[other] for other in self.twin_families[pictured]}

    def likenesses(self, family: str) -> frozenset[str]:
        """Ids of the families without which `family` is unknown: itself and those with a twin of any of its faces."""
        others = set().union(*(self.twin_families[row] for row in self._rows_of_family[family]))
        return frozenset({family} | {self.families[other] for other in others})


def rows_that_open(matches: Sequence[Match]) -> list[list[Match]]:
    """Matches as rows to show: those of one superfamily are one row, at the place of the first."""
    rows: dict[str, list[Match]] = {}
    for match in matches:
        rows.setdefault(match.superfamily or match.family, []).append(match)
    return list(rows.values())


def year_of(face: Face) -> int:
    """The first year in its copyright."""
    return min(map(int, re.findall(r"\b(?:19|20)\d\d\b", face.copyright)), default=UNDATED)


def by_score(scores: np.ndarray) -> Iterator[int]:
    """Faces from the best (F,) score downwards, of equal ones the first; a large catalogue is sorted in two steps."""
    if len(scores) <= 2 * FIRST_SORTED:
        yield from np.argsort(-scores, kind="stable")
        return
    limit = np.partition(scores, -FIRST_SORTED)[-FIRST_SORTED]
    for part in (np.flatnonzero(scores >= limit), np.flatnonzero(scores < limit)):
        yield from part[np.argsort(-scores[part], kind="stable")]
