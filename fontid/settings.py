"""What was chosen on validation pictures, a dataclass for each stage. It travels in the artifact's `config.json`.

`build_settings` makes these, and those of experiments, from what a file says.
"""

import dataclasses
import types
from dataclasses import dataclass, replace
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")


class SettingsError(ValueError):
    """A file that does not fit its settings; the message names the file, the key and what it takes."""


@dataclass(frozen=True)
class ReadingSettings:
    """How lines are read, see `fontid.text.reader`.

    Attributes:
        sure: a line read with this confidence is taken to be upright, and is not read once more.
        sure_bent: a curve read with less confidence runs through dots or a pattern.
        enough_letters: read in one direction: the rest of the picture is taken to run so, too.
        telling: letters that must be read after no, one, two and three quarter turns to believe them.
        penalty: of the same, in the confidence of a word: pictures are upright as a rule.
        foreign: confidence that a line in another script counts as read with: Latin letters must be surer.
        doubtful: confidence below which the picture is looked at as rows of ink.
        most_ink: share of a picture's ink that the detector's boxes must hold, or else it is looked at so, too.
        least_read: characters times confidence, in a picture: less is no text. On validation pictures it leaves 3 % of
            those without text, and 0.4 % of those with text are taken to be without.
    """

    sure: float = 0.9
    sure_bent: float = 0.8
    enough_letters: float = 10.0
    telling: tuple[int, int, int, int] = (0, 2, 3, 2)
    penalty: tuple[float, float, float, float] = (0.0, 0.05, 0.1, 0.05)
    foreign: float = 0.75
    doubtful: float = 0.85
    most_ink: float = 0.75
    least_read: float = 1.5


@dataclass(frozen=True)
class LettersSettings:
    """What of a line is letters, see `fontid.text.letters`.

    Attributes:
        differing: a line's own ink is shown where it differs less from the letters found. This is the share of the ink
            that differs by more than a pixel's shift, times the line's height in pixels: small letters are blurred.
        least: coverage of a line's box, 0-1: with less there are no letters in it.
        near: cosine of the letters found with the nearest face: where it is less, the line's own ink is looked at, too.
        nearer: cosine by which that must be nearer to some face to be shown instead: its dots or rims are a face's own.
    """

    differing: float = 1.0
    least: float = 0.004
    near: float = 0.7
    nearer: float = 0.08
    RETIRED = ("plain", "small", "longer")  # the share alone, whatever the height; a map of small letters' embeddings


@dataclass(frozen=True)
class GroupingSettings:
    """Which lines are in one font, see `fontid.catalogue.designs`.

    Attributes:
        family_price, style_price: of one more, in squared cosine times weight of a line.
        many: lines of a design in which a family has its whole price. In fewer it costs as much less: less adds up by
            chance of what a second family seems to explain.
        clear: pixels of ink's height from which a line's scores are fully believed.
        least_belief: in the scores of the lowest lines, 0-1.
        cut: how much of its weight a line has that reaches the upper or lower edge of the picture: it may be cut off.
        neighbours: what having all of them in a family is worth to a line, as a price.
        parting, stroke: the words of a line are looked at where its windows gain as much, as a price, by a second face,
            or where the strokes of one are thicker or thinner by as much, in logarithms.
        reading: a line of a page is read, so that its words can be looked at, where its windows gain as much.
    """

    family_price: float = 0.12
    style_price: float = 0.03
    many: float = 10.0
    clear: float = 32.0
    least_belief: float = 0.3
    cut: float = 0.3
    neighbours: float = 0.08
    parting: float = 0.001
    stroke: float = 0.18
    reading: float = 0.005
    RETIRED = ("light",)  # older models have it: nothing reads it any more

    def of_design(self, lines: int) -> "GroupingSettings":
        """Those of a design of so many lines."""
        return replace(self, family_price=self.family_price * min(1.0, lines / self.many))


@dataclass(frozen=True)
class PriorSettings:
    """What counts beside the exponent of usage in `fontid.confidence`, where the prior is on.

    Attributes:
        copies: taken off the scores of letters that n families draw, times log n: training saw such letters n times as
            often, and the encoder prefers them where a picture says little. One over the scale of its softmax (logit
            adjustment, Menon et al. 2021).
        leaning: taken off the lead of the best face over a more used near copy, times log of how many times as many
            families have near copies of it: training saw its letters so much more often than the other's.
        near_copy: share of a line's letters that a near copy writes the same.
    """

    copies: float = 1 / 28
    leaning: float = 0.065
    near_copy: float = 0.7


@dataclass(frozen=True)
class DrawingSettings:
    """What is drawn and how much it counts, see `fontid.letters.verification`.

    Attributes:
        families: candidates; on validation pictures a hundred find no more.
        used: of them, how many are the most used families, whatever the encoder finds.
        first: of them, drawn in any case.
        step: of them, drawn each time that the others can still come first.
        surprise: how much more evidence than all before them they are taken to have at most.
        styles: of each.
        letters: compared, of all lines.
        lines: whose letters are compared, at most.
        least_confidence: of a reading, 0-1; below that it is not drawn.
        weight: of the evidence beside the encoder's cosine.
        few: letters, of all lines: where no more are read, as of numbers and logos, the encoder tells little.
        families_of_few, styles_of_few, weight_of_few: take the place of `families`, `styles` and `weight` then.
        used_of_few: of those, how many are the most used families where the prior is on: it takes the place of `used`.
        sharpest: part of a letter that differs between any two renderers.
        usual: likeness of a letter to the best face, 0-1: from no say to a full say.
        spacing: weight of how well a face explains where letters stand, see `fontid.letters.spacing`.
        most_spacing: that a face loses by it.
        words: weight of how well whole words correlate with the picture, see `fontid.letters.word_fit`, at its height;
            that of higher ones is the smaller, and that of small ones up to twice as much: all else tells less of them.
        close: of the best score, in which case a face's words are drawn.
        most_close: faces whose words are drawn.
        sharpest_words: what lacks to a full correlation of words between any two renderers.
        usual_words: correlation of a word with the best face, 0-1: from no say to a full say.
    """

    families: int = 40
    used: int = 0
    first: int = 8
    step: int = 4
    surprise: float = 0.3
    styles: int = 2
    letters: int = 12
    lines: int = 3
    least_confidence: float = 0.3
    weight: float = 0.1
    few: int = 3
    families_of_few: int = 150
    styles_of_few: int = 4
    weight_of_few: float = 0.7
    used_of_few: int = 75
    sharpest: float = 0.03
    usual: tuple[float, float] = (0.5, 0.9)
    spacing: float = 0.01
    most_spacing: float = 0.1
    words: float = 0.2
    close: float = 0.15
    most_close: int = 16
    sharpest_words: float = 0.03
    usual_words: tuple[float, float] = (0.85, 0.95)


@dataclass(frozen=True)
class UndoingSettings:
    """When letters are taken to be squeezed, slanted or made bold by something else, see `fontid.letters.undoing`.

    Attributes:
        fitting: score of the best face from which nothing is undone.
        closer: cosine by which undone letters must be nearer to a face, or drawing is not asked.
        better, least: score by which they must then be better, and that they must reach.
        changes: how many are tried, the nearest first.
        most_lines: in one face: more are a column of text, which nobody squeezes or stretches as one does a title.
        least_height: pixels: where all lines are lower, too little is left of their letters to tell.
    """

    fitting: float = 1.0
    closer: float = 0.03
    better: float = 0.2
    least: float = 0.75
    changes: int = 2
    most_lines: int = 3
    least_height: float = 14.0


@dataclass(frozen=True)
class Settings:
    """Of every stage. A model that was made before a setting was there runs with its default."""

    reading: ReadingSettings = ReadingSettings()
    letters: LettersSettings = LettersSettings()
    grouping: GroupingSettings = GroupingSettings()
    drawing: DrawingSettings = DrawingSettings()
    undoing: UndoingSettings = UndoingSettings()
    prior: PriorSettings = PriorSettings()


DEFAULTS = Settings()


def build_settings(kind: type[Kind], values: Any, where: str) -> Kind:
    """Build the dataclass `kind` from its defaults and nested `values`; errors begin with `where`.

    Raises: SettingsError for an unknown key or a value of another type.
    """
    if not isinstance(values, dict):
        raise SettingsError(f"{where} must hold keys and values.")
    hints = get_type_hints(kind)
    values = {key: value for key, value in values.items() if key not in getattr(kind, "RETIRED", ())}
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise SettingsError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(hints)}.")
    try:
        return kind(**{key: _convert(hints[key], value, f"{where}: {key}") for key, value in values.items()})
    except TypeError as error:
        raise SettingsError(f"{where}: {error}") from error


def _convert(hint: Any, value: Any, where: str) -> Any:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return build_settings(hint, value, where)
    if get_origin(hint) in (Union, types.UnionType):
        return None if value is None else _convert(next(h for h in get_args(hint) if h is not type(None)), value, where)
    if get_origin(hint) is tuple and isinstance(value, (list, tuple)):
        kinds = get_args(hint)
        if kinds[-1] is not Ellipsis and len(kinds) != len(value):
            raise SettingsError(f"{where} takes {len(kinds)} values, not {len(value)}.")
        return tuple(_convert(kinds[0], item, where) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise SettingsError(f"{where} takes {getattr(hint, '__name__', hint)}, not {value!r}.")
    return value
