"""Measure an identifier on a folder of labelled pictures."""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol, TypeVar

import numpy as np

from fontid.catalogue.ranking import Catalogue, Match
from fontid.commands import Refusal
from fontid.confidence import WORDS, reliability, word_shares
from fontid.picture.opening import PictureError

RANKS = (1, 5, 20)
RESAMPLES = 1000  # of the bootstrap
LISTED = 8  # families left out that are named; more are counted
TOLD = (("right", "none"), ("right", "certain"), ("wrong", "certain"))  # first rows, and words that have an interval
STYLES = {"regular": (400, False), "bold": (700, False), "italic": (400, True), "bold italic": (700, True)}


class ManifestError(Refusal, ValueError):
    """`manifest.jsonl` is missing or cannot be used; the message names the line."""


@dataclass(frozen=True)
class Sample:
    """One labelled picture; `groups` are its protocol and its condition, where it has them.

    A `family` of None: there is no text to name a font of, and only a refusal is right.
    """

    file: Path
    family: str | None
    weight: int | None
    italic: bool
    groups: tuple[str, ...]
    text: str | None = None

    @property
    def spells_its_family(self) -> bool:
        """Whether the picture's text is its family's name: such a picture tells its answer to whoever reads it."""
        return self.family is not None and _letters(self.text or "") == _letters(self.family)


@dataclass(frozen=True)
class Outcome:
    """Rank (1 is first, None is none) of the first row that is right, strictly and with twins credited.

    `first` is None where the picture was refused, which is rank 1 where no font is to be named.
    """

    sample: Sample
    strict: int | None
    twins: int | None
    seconds: float
    first: Match | None


class _OfSample(Protocol):
    @property
    def sample(self) -> Sample: ...


One = TypeVar("One")
Judged = TypeVar("Judged", bound=_OfSample)  # anything about one picture that has its `sample`


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


def read_manifest(folder: Path) -> list[Sample]:
    """Samples of `folder/manifest.jsonl`; unknown keys are ignored. Raises: ManifestError."""
    path = Path(folder) / "manifest.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} cannot be read: the folder needs a manifest.jsonl, one picture a line.") from error
    samples = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            samples.append(sample_of(Path(folder), json.loads(line)))
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError, RecursionError) as error:
            needs = "a JSON object with file, which lies in the folder, and family"
            raise ManifestError(f"{path}, line {number}: needs {needs}.") from error
    if not samples:
        raise ManifestError(f"{path} names no pictures.")
    return samples


def spread(samples: list[One], limit: int | None) -> list[One]:
    """At most `limit` of them (None: all), spread evenly over the list."""
    if limit is None or limit >= len(samples):
        return samples
    return [samples[number * len(samples) // limit] for number in range(limit)]


def sample_of(folder: Path, row: dict) -> Sample:
    """A row of a manifest, labelled by a weight in numbers, or else by a style in words, which must be one of `STYLES`.

    Raises: ValueError for a file outside the folder or a weight that none can have, and much else for what is no row.
    """
    name = PurePath(str(row["file"]))
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{name} is not in the folder")
    weight, italic = row.get("weight"), bool(row.get("italic"))
    if weight is None:
        weight, italic = STYLES.get(str(row.get("style")).casefold(), (None, italic))
    family = row["family"]
    weight = None if weight is None or family is None else int(weight)
    if weight is not None and not 1 <= weight <= 1000:
        raise ValueError(f"there is no weight {weight}")
    return Sample(
        file=folder / name,
        family=None if family is None else str(family),
        weight=weight,
        italic=italic,
        groups=tuple(str(row[key]) for key in ("protocol", "condition") if row.get(key)),
        text=None if row.get("text") is None else str(row["text"]),
    )


def evaluate(
    identify: Callable[[bytes], Iterable[Match]], catalogue: Catalogue, samples: Iterable[Sample]
) -> tuple[list[Outcome], list[Sample]]:
    """Identify every picture; only its bytes reach `identify`, never its name or label.

    Returns: outcomes, and the samples left out because the catalogue has no such family. A picture that cannot be
    read or holds no ink counts as wrong.
    """
    outcomes, left_out = [], []
    for sample in samples:
        family = catalogue.family_named(sample.family)
        if sample.family is not None and family is None:
            left_out.append(sample)
            continue
        started = time.perf_counter()
        try:
            # a link to a device would be read for ever
            matches = list(identify(sample.file.read_bytes())) if sample.file.is_file() else []
        except (PictureError, OSError):
            matches = []
        seconds = time.perf_counter() - started
        families = [match.family for match in matches]
        if family is None:
            strict = twins = None if families else 1
        else:
            right = catalogue.credited(family, sample.weight, sample.italic)
            strict, twins = rank_of(families, {family}), rank_of(families, right)
        outcomes.append(Outcome(sample, strict, twins, seconds, matches[0] if matches else None))
    return outcomes, left_out


def rank_of(families: list[str], right: set[str]) -> int | None:
    """Place of the first of `families` that is right, from 1; None without."""
    return next((rank for rank, family in enumerate(families, 1) if family in right), None)


def by_group(judged: list[Judged]) -> dict[str, list[Judged]]:
    """Group -> what was judged of its pictures.

    Besides the groups of the manifest: the pictures whose text is their family's name, and those with another text,
    where both kinds occur.
    """
    names = sorted({group for one in judged for group in one.sample.groups})
    groups = {name: [one for one in judged if name in one.sample.groups] for name in names}
    with_text = [one for one in judged if one.sample.text]
    spelling = [one for one in with_text if one.sample.spells_its_family]
    if 0 < len(spelling) < len(with_text):
        groups["spells its family"] = spelling
        groups["other text"] = [one for one in with_text if not one.sample.spells_its_family]
    return groups


def summarise(outcomes: list[Outcome], left_out: list[Sample]) -> dict:
    """The object that `fontid evaluate` prints: fractions 0-1, over all pictures and by group."""
    seconds = [outcome.seconds for outcome in outcomes] or [0.0]
    return {
        "n": len(outcomes),
        "families": len({outcome.sample.family for outcome in outcomes} - {None}),
        "left_out": len(left_out),
        "left_out_families": families_of(left_out),
        "missing": sum(not outcome.sample.file.is_file() for outcome in outcomes),
        **accuracy(outcomes),
        "refused": _refused(outcomes),
        **_styles(outcomes),
        **_calibration(outcomes),
        "intervals": _intervals(outcomes),
        "seconds_per_image": round(statistics.mean(seconds), 4),
        "median_seconds": round(statistics.median(seconds), 4),
        "by": {name: _by(part) for name, part in by_group(outcomes).items()},
    }


def families_of(samples: list[Sample]) -> list[str]:
    return sorted({sample.family for sample in samples if sample.family is not None})


def _by(outcomes: list[Outcome]) -> dict:
    return {"n": len(outcomes), **accuracy(outcomes), "refused": _refused(outcomes), **_styles(outcomes)}


def _refused(outcomes: list[Outcome]) -> float:
    """The fraction of pictures that no font was named for."""
    return round(sum(outcome.first is None for outcome in outcomes) / max(1, len(outcomes)), 4)


def accuracy(outcomes: Sequence, ranks: Sequence[int] = RANKS) -> dict:
    """How many are right up to each rank, 0-1. Args: outcomes: that have ranks `strict` and `twins`, as `Outcome`."""
    count = max(1, len(outcomes))
    return {
        kind: {f"top{k}": round(sum((getattr(o, kind) or k + 1) <= k for o in outcomes) / count, 4) for k in ranks}
        for kind in ("strict", "twins")
    }


def _styles(outcomes: list[Outcome]) -> dict:
    """What the first row says of weight and slope, over the `n` pictures labelled with a weight; empty without any.

    `variants` is the fraction whose first row is a credited family in the labelled weight and slope; `weight_error`
    (mean absolute difference, 100 is a step) and `slope_right` (fraction) look only at credited first rows, of which
    there are `n_right`, and are None without one.
    """
    labelled = [outcome for outcome in outcomes if outcome.sample.weight is not None]
    if not labelled:
        return {}
    right = [(outcome.first, outcome.sample) for outcome in labelled if outcome.twins == 1 and outcome.first]
    errors = [abs(first.weight - (sample.weight or 0)) for first, sample in right]
    slopes = [first.italic == sample.italic for first, sample in right]
    exact = sum(error == 0 and slope for error, slope in zip(errors, slopes, strict=True))
    return {
        "styles": {
            "n": len(labelled),
            "variants": round(exact / len(labelled), 4),
            "n_right": len(right),
            "weight_error": round(statistics.mean(errors), 2) if right else None,
            "slope_right": round(statistics.mean(slopes), 4) if right else None,
        }
    }


def _calibration(outcomes: list[Outcome]) -> dict:
    """How well the first rows' probabilities and words tell whether they are right (twins credited).

    Empty without answers.
    """
    answered = [(outcome.first, outcome.twins == 1) for outcome in outcomes if outcome.first]
    if not answered:
        return {}
    error, bins = reliability([first.probability for first, _ in answered], [is_right for _, is_right in answered])
    right, wrong = ([first.verdict for first, is_right in answered if is_right is which] for which in (True, False))
    verdicts = {"right": word_shares(right), "wrong": word_shares(wrong)}
    return {"calibration": {"expected_error": error, "bins": bins, "verdicts": verdicts}}


def _intervals(outcomes: list[Outcome]) -> dict:
    """95 % intervals of some of the figures, by the bootstrap (Efron 1979): pictures are drawn again, with repeats.

    A word's is of those draws that hold a first row which it could be said of.
    """
    rng = np.random.default_rng(0)  # so that the same outcomes have the same intervals
    drawn: dict[str, list[float]] = {}
    for _ in range(RESAMPLES if outcomes else 0):
        again = [outcomes[place] for place in rng.integers(len(outcomes), size=len(outcomes))]
        figures = {f"{kind}_{top}": value for kind, of in accuracy(again).items() for top, value in of.items()}
        if calibration := _calibration(again).get("calibration"):
            verdicts = calibration["verdicts"]
            figures["expected_error"] = calibration["expected_error"]
            figures |= {f"{kind}_{word}": verdicts[kind][word] for kind, word in TOLD if verdicts[kind]["n"]}
        for name, value in figures.items():
            drawn.setdefault(name, []).append(value)
    return {name: np.quantile(values, (0.025, 0.975)).round(4).tolist() for name, values in drawn.items()}


def table(summary: dict) -> str:
    """The summary as text, in per cent; the weight's error in units of weight."""
    styled = "styles" in summary
    heading = f"{'':24}{'n':>6}   strict top-1/5/20       twins top-1/5/20 refused"
    lines = [heading + ("       variants   slope   weight off by" if styled else "")]
    for name, part in [("all", summary), *summary["by"].items()]:
        cells = "   ".join(
            " ".join(f"{100 * part[kind][f'top{k}']:6.1f}" for k in RANKS) for kind in ("strict", "twins")
        )
        refused = f"{100 * part['refused']:8.1f}"
        lines.append(f"{name[:24]:24}{part['n']:>6}   {cells}{refused}{_style_cells(part.get('styles'))}")
    if "calibration" in summary:
        error = 100 * summary["calibration"]["expected_error"]
        lines.append(f"Probabilities are off by {error:.1f} on average (expected calibration error).")
        for kind, shares in summary["calibration"]["verdicts"].items():
            told = ", ".join(f"{100 * shares[word]:.1f} {word}" for word in WORDS)
            lines.append(f"{shares['n']} {kind} first rows: {told}.")
    lines.append(f"{summary['seconds_per_image']:.3f} seconds a picture, median {summary['median_seconds']:.3f}.")
    if summary["missing"]:
        lines.append(f"Pictures whose files are not in the folder count as wrong: {summary['missing']}.")
    return "\n".join([*lines, *left_out_lines(summary)])


def left_out_lines(summary: dict) -> list[str]:
    """A sentence, where any were."""
    names = summary["left_out_families"]
    named = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} others" if len(names) > LISTED else "")
    told = f"Pictures left out, of families that are not in the catalogue: {summary['left_out']} ({named})."
    return [told] if names else []


def _style_cells(styles: dict | None) -> str:
    if styles is None:
        return ""
    cells = f"{100 * styles['variants']:11.1f}"
    return cells + (f"{100 * styles['slope_right']:9.1f}{styles['weight_error']:13.1f}" if styles["n_right"] else "")
