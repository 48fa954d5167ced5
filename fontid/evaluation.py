"""Measure an identifier on a folder of labelled pictures."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fontid.catalogue import Catalogue, Match
from fontid.images import PictureError

RANKS = (1, 5, 20)


class ManifestError(ValueError):
    """`manifest.jsonl` is missing or cannot be used; the message names the line."""


@dataclass(frozen=True)
class Sample:
    """One labelled picture; `groups` are its protocol and its condition, where it has them."""

    file: Path
    family: str
    weight: int | None
    italic: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Rank (1 is first, None is none) of the first row that is right, strictly and with twins credited."""

    sample: Sample
    strict: int | None
    twins: int | None
    seconds: float


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
            row = json.loads(line)
            weight = row.get("weight")
            sample = Sample(
                file=Path(folder) / str(row["file"]),
                family=str(row["family"]),
                weight=None if weight is None else int(weight),
                italic=bool(row.get("italic")),
                groups=tuple(str(row[key]) for key in ("protocol", "condition") if row.get(key)),
            )
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError) as error:
            raise ManifestError(f"{path}, line {number}: needs a JSON object with file and family.") from error
        samples.append(sample)
    if not samples:
        raise ManifestError(f"{path} names no pictures.")
    return samples


def evaluate(
    identify: Callable[[bytes], Iterable[Match]], catalogue: Catalogue, samples: Iterable[Sample]
) -> tuple[list[Outcome], list[Sample]]:
    """Identify every picture; only its bytes reach `identify`, never its name or label.

    Returns: outcomes, and the samples left out because the catalogue has no such family. A picture that cannot be
    read or holds no ink counts as wrong.
    """
    outcomes, left_out = [], []
    for sample in samples:
        if sample.family not in catalogue:
            left_out.append(sample)
            continue
        right = catalogue.credited(sample.family, sample.weight, sample.italic)
        started = time.perf_counter()
        try:
            families = [match.family for match in identify(sample.file.read_bytes())]
        except (PictureError, OSError):
            families = []
        seconds = time.perf_counter() - started
        outcomes.append(Outcome(sample, _rank(families, {sample.family}), _rank(families, right), seconds))
    return outcomes, left_out


def _rank(families: list[str], right: set[str]) -> int | None:
    return next((rank for rank, family in enumerate(families, 1) if family in right), None)


def summarise(outcomes: list[Outcome], left_out: list[Sample]) -> dict:
    """The object that `fontid evaluate` prints: fractions 0-1, over all pictures and by group."""
    groups = sorted({group for outcome in outcomes for group in outcome.sample.groups})
    seconds = sum(outcome.seconds for outcome in outcomes) / len(outcomes) if outcomes else 0.0
    return {
        "n": len(outcomes),
        "families": len({outcome.sample.family for outcome in outcomes}),
        "left_out": len(left_out),
        **_accuracy(outcomes),
        "seconds_per_image": round(seconds, 4),
        "by": {name: _by([outcome for outcome in outcomes if name in outcome.sample.groups]) for name in groups},
    }


def _by(outcomes: list[Outcome]) -> dict:
    return {"n": len(outcomes), **_accuracy(outcomes)}


def _accuracy(outcomes: list[Outcome]) -> dict:
    count = max(1, len(outcomes))
    return {
        kind: {f"top{k}": round(sum((getattr(o, kind) or k + 1) <= k for o in outcomes) / count, 4) for k in RANKS}
        for kind in ("strict", "twins")
    }


def table(summary: dict) -> str:
    """The summary as text, in per cent."""
    lines = [f"{'':24}{'n':>6}   strict top-1/5/20       twins top-1/5/20"]
    for name, part in [("all", summary), *summary["by"].items()]:
        cells = "   ".join(
            " ".join(f"{100 * part[kind][f'top{k}']:6.1f}" for k in RANKS) for kind in ("strict", "twins")
        )
        lines.append(f"{name[:24]:24}{part['n']:>6}   {cells}")
    if summary["left_out"]:
        lines.append(f"{summary['left_out']} pictures left out: their families are not in the catalogue.")
    return "\n".join(lines)
