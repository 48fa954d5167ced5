"""What drawing says of the encoder's candidates: the letters of a few lines, compared in the likeliest faces."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fontid.catalogue.faces import style_apart
from fontid.catalogue.ranking import Catalogue
from fontid.encoder.preprocessing import Ink
from fontid.letters.drawing import Comparison
from fontid.letters.letterforms import Letterforms
from fontid.letters.spacing import Places, fit_of_places, joined
from fontid.letters.word_fit import HEIGHT, WordFit
from fontid.settings import DEFAULTS, DrawingSettings
from fontid.text.lines import Line

MOST_RANKED = 4000  # faces looked through for them
JUDGES = 8  # faces by which a line's height and its letters' places are judged
UNDRAWN = 0.65  # quantile of the drawn candidates' evidence that stands for that of the others: the tenth best of all
# is then about what it would be, had they been drawn, and probabilities that rest on it stay


@dataclass(frozen=True)
class Verdict:
    """What drawing found.

    scores: (F,) float32, a score for every face of the catalogue.
    faces: (K,) int, the candidates, likeliest for the encoder first; () when nothing was drawn.
    evidence: (K,) float32, -log of what differs between their letters and the picture's, on average.
    letters: how many letters had a say, as a sum of weights.
    drawn: of how many faces that is known, the first; the others cannot win, and have what is usual.
    placed: how well the best of them explains where the letters stand, see `fontid.letters.spacing`: log-likelihood of
        a letter, at most 0; 0 where too few were found.
    """

    scores: np.ndarray
    faces: np.ndarray
    evidence: np.ndarray
    letters: float
    drawn: int = 0
    placed: float = 0.0


@dataclass(frozen=True)
class _Compared:
    """Of the k faces drawn.

    evidence: (k,) float32, as in `Verdict`. letters: the sum of their weights. confidence: mean of the readings, 0-1.
    places: of each line.
    """

    evidence: np.ndarray
    letters: float
    confidence: float
    places: list[Places]


class Verifier:
    """Draws candidates of one catalogue. May be used from several threads.

    Attributes: stand_ins: (F,) int, as `drawn_as` gives them.
    """

    def __init__(
        self, catalogue: Catalogue, letterforms: Letterforms, settings: DrawingSettings = DEFAULTS.drawing
    ) -> None:
        self._catalogue, self._letterforms, self._settings = catalogue, letterforms, settings
        self.stand_ins = drawn_as(catalogue, letterforms)

    def verify(
        self,
        scores: np.ndarray,
        lines: Iterable[tuple[Line, Ink]],
        prior: np.ndarray | None = None,
        words: WordFit | None = None,
    ) -> Verdict:
        """Judge the encoder's scores (F,) by the lines' readings; with no reading they stand as they are.

        Args:
            lines: each with the ink that is shown of it.
            prior: (F,) what is added to scores when they are ranked (None: nothing), which tells who can still win.
            words: of a read line as they are in the picture, for faces that come close to each other.
        """
        least_confidence = self._settings.least_confidence
        read = [pair for pair in lines if pair[0].text.strip() and pair[0].confidence >= least_confidence]
        read = sorted(read, key=lambda pair: -pair[0].confidence)[: self._settings.lines]
        settings = self._settings
        if sum(character.isalpha() for line, _ in read for character in line.text) <= settings.few:
            families, styles, weight = settings.families_of_few, settings.styles_of_few, settings.weight_of_few
            used = settings.used_of_few if prior is not None and prior.any() else 0
            settings = replace(settings, families=families, styles=styles, weight=weight, used=used)
        candidates = self._candidates(scores, settings) if read else np.zeros(0, int)
        hopes = scores if prior is None else scores + prior
        compared = self._draw(hopes, candidates, read, settings) if len(candidates) else None
        if compared is None or not compared.letters:
            return Verdict(scores, np.zeros(0, int), np.zeros(0, np.float32), 0.0)
        drawn = len(compared.evidence)
        fit, told = fit_of_places(compared.places)
        # where no face explains them, as in photographs from aside, little is told by which one does best
        spaced = settings.spacing * (fit - fit.max()) * np.sqrt(told) / (1 - fit.max())
        spaced = np.maximum(spaced, -settings.most_spacing)
        added = compared.confidence * (settings.weight * compared.evidence + spaced)
        best = (hopes[candidates[:drawn]] + added).argmax()
        of_letters = self._of_all(candidates, _and_undrawn(added, len(candidates)), added.min())
        judged = scores + of_letters
        if words:
            judged += self._of_words(judged if prior is None else judged + prior, candidates, words)
        evidence = _and_undrawn(compared.evidence, len(candidates))
        return Verdict(judged, candidates, evidence, compared.letters, drawn, float(fit[best]))

    def _of_all(self, candidates: np.ndarray, values: np.ndarray, others: float) -> np.ndarray:
        """(F,) float32: values of candidates (K,), the likeliest first, and of the faces that have their letters."""
        of_drawn = np.full(len(self.stand_ins), others, np.float32)
        for face, value in zip(candidates[::-1], values[::-1], strict=True):  # the likeliest last
            of_drawn[[face, *self._catalogue.twin_faces[face]]] = value
        of_drawn[candidates] = values
        return np.where(self.stand_ins >= 0, of_drawn[self.stand_ins], np.float32(others))

    def _of_words(self, hopes: np.ndarray, candidates: np.ndarray, words: WordFit) -> np.ndarray:
        """(F,) float32: what faces lose whose words fit the picture less well than the best one's; 0 where none tell.

        Only the words of candidates are drawn that come close to the best of the hopes (F,); the others, which come
        behind the best of those in any case, lose what is usual. A face that lacks letters loses nothing: of it nothing
        is told. Of letters that no face fits, as in photographs from aside, little is told by which one does best; nor
        of large ones.
        """
        settings = self._settings
        ranked = candidates[np.argsort(-hopes[candidates], kind="stable")][: settings.most_close]
        close = ranked[hopes[ranked] >= hopes[ranked[0]] - settings.close]
        fits = words.compare(self._names(close), self._letterforms) if len(close) > 1 else np.zeros((1, 1))
        known = ~np.isnan(fits.sum(1))
        low, high = settings.usual_words
        usual = np.clip((fits.max(0, initial=0, where=known[:, None]) - low) / (high - low), 0, 1)
        if not usual.any():
            return np.zeros(len(hopes), np.float32)
        evidence = -np.log(1 - np.average(fits, 1, words.letters * usual) + settings.sharpest_words)
        weight = settings.words * min(2.0, HEIGHT / words.height) * np.average(usual, weights=words.letters)
        lost = np.where(known, weight * (evidence - evidence[known].max()), 0)
        return self._of_all(close, lost, float(np.median(lost)))

    def _draw(
        self, scores: np.ndarray, candidates: np.ndarray, lines: list[tuple[Line, Ink]], settings: DrawingSettings
    ) -> _Compared:
        """Compare the first of the candidates, family by family, until no other can win."""
        judges = self._names(candidates[:JUDGES])
        chosen = _chosen_letters([line.text for line, _ in lines], settings.letters)
        pairs = [(line, ink, indices) for (line, ink), indices in zip(lines, chosen, strict=True) if indices]
        compared = [(Comparison(line, ink, judges, self._letterforms), indices) for line, ink, indices in pairs]
        confidence = np.concatenate([np.full(len(indices), line.confidence) for line, _, indices in pairs])
        weight = settings.weight * float(confidence.mean())
        ends = np.flatnonzero(np.diff(self._catalogue.family_of[candidates])) + 1
        likeness = np.zeros((len(confidence), 0), np.float32)
        places: list[list[Places]] = [[] for _ in compared]
        for end in (*ends[settings.first - 1 :: settings.step], len(candidates)):
            faces = self._names(candidates[likeness.shape[1] : end])
            further = [comparison.compare(faces, indices) for comparison, indices in compared]
            likeness = np.concatenate([likeness, np.concatenate([alike for alike, _ in further])], 1)
            for of_line, (_, found) in zip(places, further, strict=True):
                of_line.append(found)
            mean, letters = _mean_likeness(likeness, confidence, settings.usual)
            evidence = -np.log(1 - mean + settings.sharpest)
            if _is_settled(scores[candidates], weight * evidence, weight * settings.surprise):
                break
        return _Compared(evidence, letters, float(confidence.mean()), [joined(of_line) for of_line in places])

    def _names(self, faces: np.ndarray) -> list[str]:
        return [self._catalogue.faces[face].id for face in faces]

    def _candidates(self, scores: np.ndarray, settings: DrawingSettings) -> np.ndarray:
        """(K,) faces to draw: of the likeliest families the likeliest styles that there are letterforms of.

        A family whose best face is a twin of another one's has the same letters, and needs no drawing. The most used
        families come first, where the settings want some: of twins, whose digits and signs may differ, they are drawn.
        """
        ranked = np.argsort(-scores, kind="stable")[: None if settings.used else MOST_RANKED]
        ranked = ranked[np.isfinite(scores[ranked])]
        families = self._catalogue.family_of[ranked]
        first = np.sort(np.unique(families, return_index=True)[1])
        best = dict(zip(families[first].tolist(), ranked[first].tolist(), strict=True))  # the likeliest face of each
        used = [family for family in self._catalogue.by_usage if family in best][: settings.used]
        wanted: set[int] = set()
        copies: set[int] = set()
        for family in (*used, *best):
            if family not in copies:
                wanted.add(family)
                copies |= self._catalogue.twin_families[best[family]]
            if len(wanted) == settings.families:
                break
        chosen: dict[int, list[int]] = {family: [] for family in best if family in wanted}
        of_those = np.isin(families, list(chosen))
        for family, drawn in zip(families[of_those].tolist(), self.stand_ins[ranked[of_those]].tolist(), strict=True):
            if drawn >= 0 and drawn not in chosen[family] and len(chosen[family]) < settings.styles:
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


def _and_undrawn(values: np.ndarray, count: int) -> np.ndarray:
    """Values of the drawn candidates and, of the others up to `count`, what is usual."""
    return np.append(values, np.full(count - len(values), np.quantile(values, UNDRAWN), np.float32))


def _is_settled(scores: np.ndarray, added: np.ndarray, surprise: float) -> bool:
    """Whether the candidates that are not drawn yet come behind the best drawn one, whatever drawing may add.

    To none does it add more than to the best of those, but for `surprise`. So a candidate stays undrawn only where the
    encoder finds it so much less likely that no likeness makes up for it.
    Args: scores: (K,) of the candidates; added: (k,) what drawing adds to the first ones'.
    """
    most = added.max() + surprise
    return bool((scores[len(added) :] + most < (scores[: len(added)] + added).max()).all())


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
