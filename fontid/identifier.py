"""Identify the font in a picture."""

import copy
import os
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import overload

import numpy as np
from PIL import Image

from fontid.artifact import open_artifact
from fontid.catalogue.designs import (
    gain_of_second,
    in_families,
    part_lines,
    pool,
    pool_families,
    weigh_lines,
)
from fontid.catalogue.faces import Face
from fontid.catalogue.ranking import RIVALS, Catalogue, Match, Neighbour
from fontid.commands import Refusal
from fontid.confidence import evidence_of
from fontid.encoder.preprocessing import Ink, Preprocessing, find_ink, fit_line, windows_of
from fontid.hub import fetch
from fontid.letters.alike import share_alike
from fontid.letters.letterforms import Letterforms
from fontid.letters.outlines import LETTERS
from fontid.letters.undoing import CHANGES, Change, undo
from fontid.letters.verification import Verdict, Verifier
from fontid.letters.word_fit import WordFit
from fontid.listing import Font, letters_of, list_fonts
from fontid.networks import give_back_memory, open_network
from fontid.picture.noise import without_noise
from fontid.picture.opening import ADDRESS, fetched, open_picture
from fontid.settings import GroupingSettings
from fontid.text.letters import LettersNetwork
from fontid.text.lines import Line, TextLine
from fontid.text.reader import NoText, TextReader, worth_reading
from fontid.text.words import ink_of, part_of, strokes_apart, words_of

_INSTALLED = Path(__file__).parent.parent / "fontid_model"  # beside fontid, where a wheel was installed
SHIPPED = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "model"
SIMILAR = 5  # fonts named beside an answer
SCHEMA_VERSION = 2  # of docs/answer.schema.json
MOST_WINDOWS = 64  # of a picture's lines that the encoder looks at, or one a line
LARGE = 1_000_000  # pixels of a picture whose opening leaves much memory behind
BATCH = 12  # windows at a time, to bound memory
HIGHER = 1.4  # times as high as those that were read: without letters that rise and fall, lines are lower by as much
MANY = 0.5  # of the letters of the group that has most: the largest group of as many is what `matches` are of
NAMED = "No letters are drawn here, but the file names its fonts: {}."
NO_INK = "No Latin letters were found in this picture. Choose one with text, or a part closer to the text."
NOTHING_FITS = "Nothing fits well: this may be lettering, or a font of no open catalogue. The nearest are"


class NoFaces(Refusal, ValueError):
    """Nothing is left to rank; the message says what to do."""


@dataclass(frozen=True)
class Group:
    """Lines taken to be in one face, with one ranked answer.

    in_catalogue: probability 0-1 that the face's family is in the catalogue at all, or among those asked for.
    similar: to the best match's face.
    evidence: what tells so, see `fontid.confidence.EVIDENCE`.
    synthesised: "bold", "italic", "squeezed", "stretched" or "outlined" where something else than the font made the
        letters so.
    """

    lines: tuple[Line, ...]
    matches: tuple[Match, ...]
    in_catalogue: float
    similar: tuple[Neighbour, ...]
    evidence: tuple[float, ...]
    synthesised: str | None = None

    def to_dict(self, scale: float = 1.0) -> dict:
        """Args: scale: pixels of the picture to one of the lines' corners."""
        lines = [
            {"box": [[scale * x, scale * y] for x, y in line.corners], "text": line.text, "confidence": line.confidence}
            for line in self.lines
        ]
        return {
            "lines": lines,
            "in_catalogue": self.in_catalogue,
            "matches": [match.to_dict() for match in self.matches],
            "similar": [neighbour.to_dict() for neighbour in self.similar],
            "synthesised": self.synthesised,
        }


@dataclass(frozen=True)
class Answer:
    """What a picture shows: `matches` and `in_catalogue` are those of the group that holds most letters, or nearly.

    groups: one a face, in reading order. fonts: one a family, most letters first. named: fonts that the
    file itself names, a PDF or an SVG. scale: pixels of the picture to one of the lines' corners, where it is large.
    """

    matches: tuple[Match, ...]
    in_catalogue: float
    groups: tuple[Group, ...]
    fonts: tuple[Font, ...] = ()
    named: tuple[str, ...] = ()
    scale: float = 1.0

    def to_dict(self) -> dict:
        return {
            "matches": [match.to_dict() for match in self.matches],
            "in_catalogue": self.in_catalogue,
            "fonts": [font.to_dict() for font in self.fonts],
            "named": list(self.named),
            "groups": [group.to_dict(self.scale) for group in self.groups],
        }


def told(image: str, answer: Answer | ValueError) -> dict:
    """The object that programs get, see docs/answer.schema.json.

    Args:
        image: what the picture is called.
        answer: or what was raised instead.
    """
    about = {"schema_version": SCHEMA_VERSION, "image": image}
    if isinstance(answer, NoText):
        nothing = {"matches": [], "fonts": [], "groups": [], "verdict": "no_text"}
        return about | nothing | ({"named": list(answer.named)} if answer.named else {})
    if isinstance(answer, ValueError):
        return about | {"error": str(answer), "matches": []}
    return about | answer.to_dict()


@dataclass(frozen=True)
class _Sample:
    """A line, the ink that is shown of it, its windows' embeddings (N, D), and the faces' scores (F,)."""

    line: Line
    ink: Ink
    embeddings: np.ndarray
    scores: np.ndarray


class FontIdentifier:
    """A loaded artifact. Make one with `from_pretrained`; it may be used from several threads."""

    def __init__(self, folder: str | os.PathLike) -> None:
        with ThreadPoolExecutor(1) as pool:  # networks open beside tables, which are another core's work
            reader = pool.submit(TextReader)
            artifact = open_artifact(Path(folder))
            self.version = artifact.version
            self.preprocessing = artifact.preprocessing
            self.letterforms = artifact.letterforms
            self.calibration = artifact.calibration
            self.settings = artifact.settings
            self.encoder = artifact.encoder
            session = pool.submit(open_network, artifact.encoder)
            letters = pool.submit(LettersNetwork, artifact.letters, self.settings.letters) if artifact.letters else None
            self.catalogue = Catalogue(
                artifact.faces, artifact.prototypes, artifact.prototype_faces, artifact.twins, artifact.usage
            )
            self._verifier = Verifier(self.catalogue, self.letterforms, self.settings.drawing)
        self._reader, self._session = reader.result(), session.result()
        self._reader.settings = self.settings.reading
        self._letters = letters.result() if letters else None
        # None for itself: in a circle, networks would be freed at any time, in a forked process with a deadlock
        self._whole: FontIdentifier | None = None

    @classmethod
    def from_pretrained(
        cls, folder_or_hub_id: str | os.PathLike | None = None, revision: str | None = None
    ) -> "FontIdentifier":
        """Load a folder, OWNER/NAME@REVISION on the Hugging Face hub, or (None) the model that ships with fontid.

        Raises: ArtifactError with a sentence that says what is wrong.
        """
        if folder_or_hub_id is None or Path(folder_or_hub_id).is_dir():
            return cls(Path(folder_or_hub_id or SHIPPED))
        return cls(fetch(str(folder_or_hub_id), revision))

    def searching(
        self, catalogue: Catalogue, letterforms: Letterforms, whole: "FontIdentifier | None" = None
    ) -> "FontIdentifier":
        """The same identifier with another catalogue and the fonts to draw it with; the models are shared.

        Args: whole: searches all that is known, where the catalogue is a part of that only.
        """
        other = copy.copy(self)
        other.catalogue, other.letterforms = catalogue, letterforms
        other._verifier = Verifier(catalogue, letterforms, self.settings.drawing)
        other._whole = whole
        return other

    def stand_in(self, face: Face) -> Face | None:
        """The face whose letterforms ship and come nearest to one's own; None where its family has none."""
        row = int(self._verifier.stand_ins[self.catalogue.row_of(face.id)])
        return None if row < 0 else self.catalogue.faces[row]

    def embed(self, windows: np.ndarray) -> np.ndarray:
        """(N, height, window) uint8 windows of prepared lines -> (N, D) float32, L2-normalised."""
        inputs = windows[:, None].astype(np.float32) / 255
        return self._session.run(None, {"windows": inputs})[0]

    def embed_line(self, gray: np.ndarray) -> np.ndarray | None:
        """(H, W) uint8 crop of one line -> (N, D) float32, one row a window; None where there is no ink."""
        ink = self._letters.look_at_crop(gray) if self._letters else find_ink(gray)
        return None if ink is None else self.embed(windows_of(fit_line(ink, self.preprocessing), self.preprocessing))

    @overload
    def __call__(self, pictures: str | os.PathLike | bytes | Image.Image | np.ndarray, top_k: int = 5) -> Answer: ...

    @overload
    def __call__(self, pictures: list | tuple, top_k: int = 5) -> list[Answer]: ...

    @overload
    def __call__(self, pictures: Generator, top_k: int = 5) -> Iterator[Answer]: ...

    def __call__(self, pictures, top_k: int = 5) -> Answer | list[Answer] | Iterator[Answer]:
        """Call it like a pipeline of transformers: a picture gives an answer, a list or tuple of them a list.

        A generator, or another iterator, gives a generator, which opens each picture when its answer is asked for.
        What a picture can be, and what is raised: see `identify`.
        """
        if isinstance(pictures, list | tuple):
            return [self.identify(picture, top=top_k) for picture in pictures]
        if isinstance(pictures, Iterator) and not hasattr(pictures, "read"):  # an open file iterates over its lines
            return (self.identify(picture, top=top_k) for picture in pictures)
        return self.identify(pictures, top=top_k)

    def identify(
        self,
        picture,
        *,
        top: int = 5,
        only: Callable[[Face], bool] | None = None,
        without: Collection[str] = (),
        lines: Sequence[Line] | None = None,
        encoder_only: bool = False,
        prior: bool = True,
        for_: str = "text",
        page: int = 1,
        progress: Callable[[tuple[Line, ...], Answer | None], None] | None = None,
    ) -> Answer:
        """Rank the catalogue's families for a picture.

        Args:
            picture: path, http(s) address, bytes, binary file, PIL image or array; see
                `fontid.picture.opening.open_picture`.
            top: rows of the answer, 1 or more.
            only: which faces to rank (None: all). A font of the others counts as not in the catalogue.
            without: families to leave out, as if nothing were known of them.
            lines: to look at, instead of those that are found and read; in pixels of the opened picture.
            encoder_only: rank by encoder and prototypes alone.
            prior: often used families come before equally likely rare ones.
            for_: what `matches` is about, the "text", which has most letters, or the "heading", the largest line.
            page: of a PDF or a TIFF, from 1.
            progress: called with the lines as soon as they are read, and with them and the encoder's own answer before
                drawing decides. What it raises ends the work.
        Raises: PictureError where it is no picture; NoText, which is one, where it holds no text in Latin letters;
            NoFaces; ValueError for a `top` or for lines that cannot be.
        """
        if not isinstance(top, int) or top < 1:
            raise ValueError(f"top, or top_k, says how many fonts are named: a whole number of 1 or more, not {top!r}.")
        if for_ not in ("text", "heading"):
            raise ValueError(f"matches can be for the text or for the heading, not for {for_!r}.")
        for line in lines or ():
            if np.shape(line.corners) != (4, 2) or not np.isfinite(line.corners).all():
                raise ValueError(f"The corners of a line must be four points (x, y) of finite numbers: {line.corners}.")
        among = self._faces_without(without)
        if only is not None:
            among &= np.fromiter(map(only, self.catalogue.faces), bool, len(among))
        if not among.any():
            raise NoFaces("No font of the catalogue is like that: ask for less at a time.")
        if isinstance(picture, str) and picture.startswith(ADDRESS):
            picture = fetched(picture)
        opened = without_noise(open_picture(picture, page=page))
        if opened.width * opened.height > LARGE:
            give_back_memory()
        found = self._reader.find_lines(opened) if lines is None else [line.cut(opened) for line in lines]
        if progress and found:
            progress(tuple(line.place for line in found), None)
        samples = self._samples(found)
        gains = zip(samples, self._parting(samples, among), strict=True)
        samples = [part for sample, gain in gains for part in self._by_words(opened, sample, gain, among)]
        if not samples:
            named = opened.info.get("fonts", ())
            error = NoText(NAMED.format(", ".join(named)) if named else NO_INK)
            error.named = named
            raise error

        grouping, boxes = self.settings.grouping, np.array([sample.line.extent for sample in samples])
        weights, heights = _weights(samples, grouping), np.array([sample.line.height for sample in samples])
        weights[_are_cut(boxes, opened.height)] *= grouping.cut
        grouping = grouping.of_design(len(samples))
        parts = part_lines(self.catalogue, _scores(samples, among), weights, heights, boxes, grouping)
        answer = partial(
            self._answer, opened, samples, parts, among, top=top, only=only, without=without, prior=prior, for_=for_
        )
        if progress and not encoder_only:
            progress(tuple(sample.line for sample in samples), answer(encoder_only=True, unread=False))
        return answer(encoder_only=encoder_only, unread=lines is None)

    def read(self, picture: Image.Image, line: Line) -> Line:
        """A line of an answer with its reading, for those that `identify` left unread: of a page it reads few.

        Args: picture: the one that was asked about, as `fontid.picture.opening.open_picture` gives it.
        Returns: the line as it was where it has a reading already, or reads as another script.
        """
        return line if line.is_read else self._reader.read_line(line.cut(picture)).place

    def _answer(
        self,
        opened: Image.Image,
        samples: list[_Sample],
        parts: list[list[list[int]]],
        among: np.ndarray,
        *,
        top: int,
        only: Callable[[Face], bool] | None,
        without: Collection[str],
        encoder_only: bool,
        unread: bool,
        prior: bool,
        for_: str,
    ) -> Answer:
        """What the samples show.

        Args:
            parts: families, each as its styles, each as the samples' numbers, of `part_lines`.
            among: (F,) bool.
            unread: lines without a reading may get one. The others are those of `identify`.
        """
        named, scale = opened.info.get("fonts", ()), opened.info.get("scale", 1.0)
        families = []
        for styles in parts:
            family = [[samples[number] for number in style] for style in styles]
            if unread and not encoder_only:
                family[0] = self._with_readings(opened, family[0])
            drawn = [] if encoder_only else family[0]
            judged, synthesised = family, None
            words = _words_in(opened, drawn)
            found = self._judge(family, drawn, among, prior, words)
            settings = self.settings.undoing
            for change, style in self._without_change(opened, drawn, found[0], among):
                again = self._judge([style, *family[1:]], style, among, prior)
                better = 0.0 if change.hollow or synthesised else settings.better  # outlines show themselves
                if again[0].scores.max() > max(found[0].scores.max() + better, settings.least):
                    judged, synthesised, found, words = [style, *family[1:]], change.name, again, None
            verdict, similar, evidence = found
            known = self.calibration.in_catalogue(evidence)
            if only is not None or self._whole is not None:
                wanted = {face.family for face, is_wanted in zip(self.catalogue.faces, among, strict=True) if is_wanted}
                whole, scored = self, judged
                if self._whole is not None:
                    whole, scored = self._whole, [self._whole._scored(style) for style in judged]
                known, evidence = whole._is_one_of(
                    wanted, scored, [] if encoder_only else scored[0], without, prior, words
                )
            groups = []
            for of_faces, style in zip(self._by_style(judged, verdict, among, prior), family, strict=True):
                matches = tuple(self._rows(of_faces, top, prior, known))
                shown = self._with_its_highest(opened, style) if unread and not encoder_only else style
                of_style = tuple(sample.line if encoder_only else self._place(opened, sample) for sample in shown)
                groups.append(Group(of_style, matches, round(known, 4), tuple(similar), evidence, synthesised))
            families.append(groups)
        fonts = list_fonts(families, self._extent, scale)
        listed = {line for font in fonts for line in font.lines}
        numbered = zip(chain.from_iterable(parts), chain.from_iterable(families), strict=True)
        groups = [g for _, g in sorted(numbered, key=lambda one: one[0][0]) if not listed.isdisjoint(g.lines)]
        chosen = _chosen(groups, for_)
        return Answer(chosen.matches, chosen.in_catalogue, tuple(groups), fonts, named, scale)

    def _most_windows(self, lines: int) -> int:
        """Of each of so many lines."""
        return min(self.preprocessing.most_windows, max(1, MOST_WINDOWS // max(1, lines)))

    def _samples(self, lines: list[TextLine]) -> list[_Sample]:
        """The lines that hold ink, in the order given; of many, less of each is looked at.

        The list is emptied, so that the pixels of each are let go.
        """
        most = self._most_windows(len(lines))
        settings = replace(self.preprocessing, most_windows=most)
        many = most < self.preprocessing.most_windows
        heights = most * settings.window / settings.ink_height if many else None
        samples: list[_Sample] = []
        waiting: list[tuple[Line, Ink, np.ndarray]] = []
        owned: dict[int, tuple[Line, Ink]] = {}  # by the number of a sample that is shown other ink
        while lines:
            line = lines.pop(0)
            ink = self._look(line, heights)
            if ink is not None:
                if not many and line.own_ink not in (None, ink):
                    owned[len(samples) + len(waiting)] = _placed(line, line.own_ink)
                waiting.append(_windowed(*_placed(line, ink), settings))
            if sum(len(windows) for _, _, windows in waiting) >= BATCH or not lines:
                samples += self._embedded(waiting)
                waiting = []
        return self._as_they_are(samples, owned)

    def _as_they_are(self, samples: list[_Sample], owned: dict[int, tuple[Line, Ink]]) -> list[_Sample]:
        """The samples; with a line's own ink where that is much nearer to some face than the letters found in it.

        Else faces with a texture, with dots or with outlines would be taken for those without.
        """
        settings = self.settings.letters
        asked = [number for number in owned if samples[number].scores.max() < settings.near]
        looks = self._embedded([_windowed(*owned[number], self.preprocessing) for number in asked])
        for number, own in zip(asked, looks, strict=True):
            if own.scores.max() > samples[number].scores.max() + settings.nearer:
                samples[number] = own
        return samples

    def _by_words(self, picture: Image.Image, sample: _Sample, gain: float, among: np.ndarray) -> list[_Sample]:
        """A line as it is, or as the parts of it that are in different faces, where something tells of some.

        Args: gain: as `_parting` gives it.
        """
        grouping = self.settings.grouping
        if not sample.line.is_read and gain >= grouping.reading:
            sample = self._with_reading(picture, sample)
        line = sample.line
        words = words_of(line)
        if len(words) < 2 or line.confidence < self.settings.reading.sure or line.course:
            return [sample]
        inks = ink_of(line, sample.ink, words)
        if inks is None or (strokes_apart(inks) < grouping.stroke and gain < grouping.parting):
            return [sample]
        few = replace(self.preprocessing, most_windows=1)
        embedded = self._embedded([_windowed(line, ink, few) for ink in inks])
        wide = np.array([ink.box[2] - ink.box[0] for ink in inks]) * line.width / np.ptp(sample.ink.box[::2])
        left = np.array([line.centres[first] for first, _ in words]) * line.width
        heights = np.full(len(words), line.height)
        boxes = np.stack([left, np.zeros_like(left), left + wide, heights], 1)
        weights = weigh_lines(wide, heights, grouping)
        families = part_lines(self.catalogue, _scores(embedded, among), weights, heights, boxes, grouping)
        style_of = {word: style for style, of in enumerate(chain.from_iterable(families)) for word in of}
        runs = [list(run) for _, run in groupby(range(len(words)), style_of.get)]
        if len(runs) == 1:
            return [sample]
        whole = line.cut(picture)
        parts = [part_of(whole, (words[run[0]][0], words[run[-1]][1])) for run in runs]
        samples = self._samples([part for part in parts if part])
        return samples if len(samples) == len(runs) else [sample]

    def _parting(self, samples: list[_Sample], among: np.ndarray) -> list[float]:
        """What each line gains where some of its windows are in another face than the rest."""
        if not samples:
            return []
        embeddings = [sample.embeddings for sample in samples]
        scores = np.where(among, self.catalogue.score_each(np.concatenate(embeddings)), np.float32(-np.inf))
        parts = np.split(scores, np.cumsum([len(one) for one in embeddings])[:-1])
        gains = [gain_of_second(part) if len(part) > 1 else 0.0 for part in parts]
        return (_weights(samples, self.settings.grouping) * gains).tolist()

    def _look(self, line: TextLine, heights: float | None = None) -> Ink | None:
        """The ink that encoder and drawing are shown of a line. Args: heights: see `LettersNetwork.look`."""
        return self._letters.look(line, heights) if self._letters else line.own_ink

    def _place(self, picture: Image.Image, sample: _Sample) -> Line:
        """The line, around its letters where it is read and straight."""
        line = sample.line
        if not self._letters or not line.is_read or line.course:
            return line
        return self._letters.place(line.cut(picture), sample.ink)

    def _embedded(self, lines: list[tuple[Line, Ink, np.ndarray]]) -> list[_Sample]:
        """Samples of lines with their ink and windows, all windows at once."""
        if not lines:
            return []
        places, inks, windows = zip(*lines, strict=True)
        parts = np.split(self.embed(np.concatenate(windows)), np.cumsum([len(one) for one in windows])[:-1])
        return list(map(_Sample, places, inks, parts, self.catalogue.score_lines(parts)))

    def _without_change(
        self, picture: Image.Image, drawn: list[_Sample], verdict: Verdict, among: np.ndarray
    ) -> Iterator[tuple[Change, list[_Sample]]]:
        """What may have changed the letters, and the samples without that; nothing where a face fits as they are.

        Nor of small letters: too little is left of them to tell. Columns of text keep their width. Outlines that can be
        filled come first. Of all other changes they are those without which the beginning of the largest line comes
        nearest to some face.
        """
        settings = self.settings.undoing
        if not verdict.letters or verdict.scores.max() >= settings.fitting:
            return
        if all(sample.line.height < settings.least_height for sample in drawn):
            return
        read = sorted((sample for sample in drawn if sample.line.text), key=lambda sample: -sample.line.area)
        first = self.catalogue.score_faces(read[0].embeddings[:1])  # its first window is that of one alone
        least = float(first[among].max()) + settings.closer
        changes = [change for change in CHANGES if change.wider == 1 or len(drawn) <= settings.most_lines]
        undone = [(change, of) for change in changes for of in self._undone(picture, change, read[:1], windows=1)]
        looks = self._embedded([of for _, of in undone])
        nearest = {change: float(look.scores[among].max()) for (change, _), look in zip(undone, looks, strict=True)}
        hollow = [change for change in nearest if change.hollow]
        others = sorted((change for change in nearest if not change.hollow), key=lambda change: -nearest[change])
        for change in (*hollow, *(other for other in others[: settings.changes] if nearest[other] > least)):
            yield change, self._embedded(self._undone(picture, change, read[: self.settings.drawing.lines], windows=2))

    def _undone(
        self, picture: Image.Image, change: Change, samples: list[_Sample], windows: int
    ) -> list[tuple[Line, Ink, np.ndarray]]:
        """Lines without a change, with their ink and windows; not those of which nothing is left.

        Args: windows: of each, at most.
        """
        few = replace(self.preprocessing, most_windows=windows)
        inks = [sample.line.cut(picture).own_ink if change.hollow else sample.ink for sample in samples]
        undone = (undo(change, sample.line, ink) for sample, ink in zip(samples, inks, strict=True) if ink)
        return [_windowed(*pair, few) for pair in undone if pair]

    def _scored(self, samples: list[_Sample]) -> list[_Sample]:
        """The samples of another catalogue's search, scored by this one's."""
        return [replace(sample, scores=self.catalogue.score_faces(sample.embeddings)) for sample in samples]

    def _with_readings(self, picture: Image.Image, samples: list[_Sample]) -> list[_Sample]:
        """The samples, as many of them read as drawing wants: large ones of usual length."""
        samples = list(samples)
        letters = {letter for sample in samples for letter in sample.line.text}
        waiting = [number for number, sample in enumerate(samples) if not sample.line.text]
        waiting.sort(key=lambda number: -worth_reading(samples[number].line.width, samples[number].line.height))
        for number in waiting[: self.settings.drawing.lines]:
            if len(letters) >= self.settings.drawing.letters:
                break
            samples[number] = self._with_reading(picture, samples[number])
            letters |= set(samples[number].line.text)
        return samples

    def _with_its_highest(self, picture: Image.Image, samples: list[_Sample]) -> list[_Sample]:
        """The samples of a style, the highest of them read where it is larger than those that are: its size is told."""
        highest = max(range(len(samples)), key=lambda number: samples[number].line.height)
        read = max((sample.line.height for sample in samples if sample.line.is_read), default=0.0)
        if samples[highest].line.height <= HIGHER * read:
            return samples
        return [*samples[:highest], self._with_reading(picture, samples[highest]), *samples[highest + 1 :]]

    def _with_reading(self, picture: Image.Image, sample: _Sample) -> _Sample:
        """The sample, its line read; as it was where nothing is there to read."""
        read = self._reader.read_line(sample.line.cut(picture))
        ink = self._look(read)  # all of it: so far it was its beginning
        return sample if ink is None else replace(sample, line=read.with_letters(ink), ink=ink)

    def _pooled(self, family: list[list[_Sample]], among: np.ndarray) -> tuple[list[np.ndarray], list[float]]:
        """(F,) scores of each style, and how much it weighs."""
        weights = [_weights(style, self.settings.grouping) for style in family]
        pooled = [
            pool(_scores(style, among), weight, list(range(len(style))))
            for style, weight in zip(family, weights, strict=True)
        ]
        return pooled, [weight.sum() for weight in weights]

    def _by_style(
        self, family: list[list[_Sample]], verdict: Verdict, among: np.ndarray, prior: bool
    ) -> list[np.ndarray]:
        """(F,) final scores of each style: the verdict on the first one decides the family of the others.

        The prior has its say there: how many families draw a face's letters differs from style to style.
        """
        added = self._prior(prior)
        of_families = self.catalogue.best_of_families(verdict.scores + added)
        pooled, _ = self._pooled(family[1:], among)
        return [verdict.scores, *(in_families(self.catalogue, scores, of_families) - added for scores in pooled)]

    def _extent(self, match: Match, text: str) -> float:
        """Ems from the top to the bottom of a text in a match's face, or in what is drawn for it."""
        face = self.stand_in(self.catalogue.face(match))
        glyphs = [glyph for glyph in self.letterforms.glyphs(face.id, text) if glyph] if face else []
        return max(g.top for g in glyphs) - min(g.bottom for g in glyphs) if glyphs else 1.0

    def _faces_without(self, families: Collection[str]) -> np.ndarray:
        """(F,) bool."""
        left_out = [number for number, family in enumerate(self.catalogue.families) if family in families]
        return ~np.isin(self.catalogue.family_of, left_out)

    def _judge(
        self,
        family: list[list[_Sample]],
        drawn: list[_Sample],
        among: np.ndarray,
        prior: bool,
        words: WordFit | None = None,
    ) -> tuple[Verdict, list[Neighbour], tuple[float, ...]]:
        """What encoder and drawing find for a family's first style among (F,) bool faces; all styles have a say.

        Args: words: see `Verifier.verify`.
        Returns: that, what resembles the best face, and the evidence.
        """
        pooled, weights = self._pooled(family, among)
        of_families = pool_families(self.catalogue, pooled, weights)
        of_encoder = in_families(self.catalogue, pooled[0], of_families) if len(pooled) > 1 else pooled[0]
        added = self._prior(prior)
        lines = [(sample.line, sample.ink) for sample in drawn]
        verdict = self._verifier.verify(of_encoder, lines, added, words)
        if prior and drawn:
            fair = self._fair(of_encoder, int((verdict.scores + added).argmax()), drawn)
            if fair is not None:
                of_encoder, verdict = fair, self._verifier.verify(fair, lines, added, words)
        similar = self.catalogue.similar(int(verdict.scores.argmax()), SIMILAR, among)
        all_lines = [sample.line for style in family for sample in style]
        return verdict, similar, evidence_of(self.catalogue, all_lines, of_encoder, verdict, similar)

    def _fair(self, scores: np.ndarray, best: int, drawn: list[_Sample]) -> np.ndarray | None:
        """(F,) the encoder's scores, without its leaning to the best face where more used ones write the same letters.

        Training showed letters that many families draw more often than others. The encoder leans to them, even where
        both faces write a line alike, or but for a letter or two. Of lines that nobody read the alphabet counts.
        Args: best: the face that comes first. Returns: None where nothing is to be taken off.
        """
        others = self.catalogue.more_used(best)
        rows, prior = np.array([best, *others]), self.settings.prior
        name, *names = (self.catalogue.faces[row].id for row in rows)
        texts, text_of = np.unique([sample.line.text.strip() or LETTERS for sample in drawn], return_inverse=True)
        shares = share_alike(self.letterforms, name, names, texts.tolist(), prior.near_copy)[:, text_of].T
        if not shares.any():
            return None
        log_copies, log_crowds = self.catalogue.log_copies[rows], np.log([self.catalogue.crowd(row) for row in rows])
        of_lines = np.array([sample.scores[rows] for sample in drawn]) - prior.copies * log_copies
        lacking = np.maximum(of_lines[:, :1] - of_lines[:, 1:], 0)
        uncounted = log_crowds - log_copies  # near copies that are no twins: the prior does not take them off
        leaning = prior.leaning * np.maximum(log_crowds[0] - log_crowds[1:], 0)
        leaning += prior.copies * np.maximum(uncounted[0] - uncounted[1:], 0)
        taken = np.where(shares > 0, np.minimum(lacking, leaning), 0)
        if not taken.any():
            return None
        fair = scores.copy()
        fair[others] += np.average(taken, 0, _weights(drawn, self.settings.grouping))
        return fair

    def _rank(self, scores: np.ndarray, top: int, prior: bool) -> list[Match]:
        """The best rows with their conditional probabilities."""
        return self.catalogue.rank(scores, top, *self._prior_weights(prior))

    def _prior(self, prior: bool) -> np.ndarray:
        """(F,) float32: what the prior adds to scores; nothing without it."""
        return self.catalogue.prior(*self._prior_weights(prior))

    def _prior_weights(self, prior: bool) -> tuple[float, float, float]:
        """Temperature, exponent and copies, as `Catalogue.rank` takes them."""
        weights = (self.calibration.exponent, self.settings.prior.copies) if prior else (0.0, 0.0)
        return self.calibration.temperature, *weights

    def _rows(self, scores: np.ndarray, top: int, prior: bool, known: float) -> list[Match]:
        """The best rows with what they are worth. Args: known: probability that the font is in the catalogue."""
        rows = []
        for row in self._rank(scores, top, prior):
            probability = round(row.conditional_probability * known, 4)
            rows.append(replace(row, probability=probability, verdict=self.calibration.word(probability)))
        return rows

    def _is_one_of(
        self,
        families: set[str],
        samples: list[list[_Sample]],
        drawn: list[_Sample],
        without: Collection[str],
        prior: bool,
        words: WordFit | None,
    ) -> tuple[float, tuple[float, ...]]:
        """Probability that the font is known at all and of one of the families, and the evidence for that.

        What a font's rank and lead mean was fitted on the whole catalogue. Among few families they would mean nothing.
        """
        verdict, _, evidence = self._judge(samples, drawn, self._faces_without(without), prior, words)
        rows = self._rank(verdict.scores, RIVALS, prior)
        share = sum(row.conditional_probability for row in rows if not families.isdisjoint((row.family, *row.twins)))
        return self.calibration.in_catalogue(evidence) * min(1.0, share), evidence


def _placed(line: TextLine, ink: Ink) -> tuple[Line, Ink]:
    """A line without its pixels, and its ink."""
    return line.with_letters(ink) if line.is_read else line.place, ink


def _windowed(line: Line, ink: Ink, settings: Preprocessing) -> tuple[Line, Ink, np.ndarray]:
    """A line, its ink, and the windows of that as the encoder takes them."""
    return line, ink, windows_of(fit_line(ink, settings), settings)


def _words_in(picture: Image.Image, samples: list[_Sample]) -> WordFit | None:
    """Those of the straight line that is read best, as they are in the picture; None without any."""
    straight = [sample.line for sample in samples if sample.line.text.strip() and not sample.line.course]
    best = max(straight, key=lambda line: line.confidence, default=None)
    ink = best.cut(picture).own_ink if best else None
    return WordFit(best.text, ink) if best and ink else None


def _chosen(groups: list[Group], for_: str) -> Group:
    """The group that an answer's `matches` are of."""
    if for_ == "heading":
        return max(groups, key=lambda group: max(line.text_height for line in group.lines))
    letters = [letters_of(group.lines) for group in groups]
    many = [g for g, count in zip(groups, letters, strict=True) if count >= MANY * max(letters)]
    return max(many, key=lambda group: sum(line.area for line in group.lines))


def _scores(samples: list[_Sample], among: np.ndarray) -> np.ndarray:
    """(N, F) of each sample, minus infinity for faces not `among`."""
    return np.where(among, [sample.scores for sample in samples], -np.inf)


def _are_cut(boxes: np.ndarray, height: int) -> np.ndarray:
    """Which lines reach the upper or the lower edge of a picture, so that half of their letters may be missing: (N,)

    Args: boxes: (N, 4) left, top, right, bottom in pixels.
    """
    return (boxes[:, 1] < 1) | (boxes[:, 3] > height - 1)


def _weights(samples: list[_Sample], settings: GroupingSettings) -> np.ndarray:
    """(N,)"""
    lines = [sample.line for sample in samples]
    return weigh_lines([line.width for line in lines], [line.height for line in lines], settings)
