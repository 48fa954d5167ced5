"""What was chosen on validation pictures, a dataclass for each stage. It travels in the artifact's `config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReadingSettings:
    """How lines are read, see `fontid.text.reader`.

    Attributes:
        sure: a line read with this confidence is taken to be upright.
        sure_bent: a curve read with less confidence runs through dots or a pattern.
        enough_letters: read in one direction: the rest of the picture is taken to run so, too.
        telling: letters that must be read after no, one, two and three quarter turns to believe them.
        penalty: of the same, in the confidence of a word: pictures are upright as a rule.
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
    doubtful: float = 0.85
    most_ink: float = 0.75
    least_read: float = 1.5


@dataclass(frozen=True)
class LettersSettings:
    """What of a line is letters, see `fontid.text.letters`.

    Attributes:
        plain: share of the ink that may differ where a line counts as plain.
        least: coverage of a line's box, 0-1: with less there are no letters in it.
    """

    plain: float = 0.25
    least: float = 0.004


@dataclass(frozen=True)
class GroupingSettings:
    """Which lines are in one font, see `fontid.catalogue.designs`.

    Attributes:
        family_price, style_price: of one more, in cosine times weight of a line.
        clear: pixels of ink's height from which a line's scores are fully believed.
        least_belief: in the scores of the lowest lines, 0-1.
        light: weight of a line that says little by itself.
    """

    family_price: float = 0.5
    style_price: float = 0.1
    clear: float = 20.0
    least_belief: float = 0.3
    light: float = 0.5


@dataclass(frozen=True)
class DrawingSettings:
    """What is drawn and how much it counts, see `fontid.letters.verification`.

    Attributes:
        families: candidates; on validation pictures a hundred find no more.
        styles: of each.
        letters: compared, of all lines.
        lines: whose letters are compared, at most.
        least_confidence: of a reading, 0-1; below that it is not drawn.
        weight: of the evidence beside the encoder's cosine.
        sharpest: part of a letter that differs between any two renderers.
        usual: likeness of a letter to the best face, 0-1: from no say to a full say.
    """

    families: int = 40
    styles: int = 2
    letters: int = 12
    lines: int = 3
    least_confidence: float = 0.3
    weight: float = 0.1
    sharpest: float = 0.03
    usual: tuple[float, float] = (0.5, 0.9)


@dataclass(frozen=True)
class Settings:
    """Of every stage. A model that was made before a setting was there runs with its default."""

    reading: ReadingSettings = ReadingSettings()
    letters: LettersSettings = LettersSettings()
    grouping: GroupingSettings = GroupingSettings()
    drawing: DrawingSettings = DrawingSettings()

    @classmethod
    def from_dict(cls, values: Mapping[str, Mapping[str, Any]]) -> "Settings":
        """What `dataclasses.asdict` gave, by way of JSON, or a part of it.

        Raises: ValueError with a sentence that names what is unknown or cannot be.
        """
        return cls(**{stage: _stage(stage, given) for stage, given in _items("settings", values)})


DEFAULTS = Settings()


def _stage(stage: str, given: Any) -> Any:
    default = vars(DEFAULTS).get(stage)
    if default is None:
        raise ValueError(f"settings have no stage {stage!r}, only {', '.join(vars(DEFAULTS))}.")
    defaults, values = vars(default), {}
    for name, value in _items(stage, given):
        if name not in defaults:
            raise ValueError(f"{stage} has no setting {name!r}, only {', '.join(defaults)}.")
        values[name] = _like(defaults[name], value)
        if values[name] is None:
            raise ValueError(f"{stage}.{name} must be like {defaults[name]}, not {value!r}.")
    return type(default)(**values)


def _items(name: str, values: Any):
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} must hold settings by name, not {values!r}.")
    return values.items()


def _like(default: Any, value: Any) -> Any:
    """The value as of the default's type; None where it is of another."""
    if isinstance(default, tuple):
        parts = [_like(*pair) for pair in zip(default, value, strict=False)] if isinstance(value, list | tuple) else []
        return None if None in parts or len(parts) != len(value) or len(parts) != len(default) else tuple(parts)
    numbers = (int, float) if isinstance(default, float) else int
    return value if isinstance(value, numbers) and not isinstance(value, bool) else None
