"""Measure whether an identifier knows what it does not know: every picture with and without its family at hand."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from fontid.catalogue.ranking import Catalogue
from fontid.evaluation.folders import Sample, by_group, families_of, left_out_lines
from fontid.picture.opening import PictureError


@dataclass(frozen=True)
class Doubt:
    """`in_catalogue` (0-1, 1 is surely known) for one picture, and again with its family taken out."""

    sample: Sample
    known: float
    unknown: float


def measure_doubt(
    in_catalogue: Callable[[bytes, frozenset[str]], float], catalogue: Catalogue, samples: Iterable[Sample]
) -> tuple[list[Doubt], list[Sample]]:
    """Ask twice about every picture: with the whole catalogue, and without its family and all that resemble it.

    Args:
        in_catalogue: of a picture's bytes and the families to leave out.
    Returns: doubts, and the samples left out because the catalogue has no such family. A picture that cannot be read
    or holds no ink is known neither time (0).
    """
    doubts, left_out = [], []
    for sample in samples:
        family = catalogue.family_named(sample.family)
        if family is None:
            left_out.append(sample)
            continue
        try:
            picture = sample.file.read_bytes()
            known = in_catalogue(picture, frozenset())
            unknown = in_catalogue(picture, catalogue.likenesses(family))
        except (PictureError, OSError):
            known = unknown = 0.0
        doubts.append(Doubt(sample, known, unknown))
    return doubts, left_out


def auroc(positives: Iterable[float], negatives: Iterable[float]) -> float:
    """Chance that one of `positives` exceeds one of `negatives`, ties counted half; by the sum of ranks."""
    positives, negatives = np.array(list(positives), float), np.array(list(negatives), float)
    _, place, count = np.unique(np.concatenate([positives, negatives]), return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2  # from 1; equal values share the mean of their ranks
    wins = rank[place[: len(positives)]].sum() - len(positives) * (len(positives) + 1) / 2
    return float(wins / (len(positives) * len(negatives)))


def summarise_doubt(doubts: list[Doubt], left_out: list[Sample]) -> dict:
    """The object that `fontid evaluate --without-truth` prints, over all pictures and by group."""
    return {
        **_part(doubts),
        "left_out": len(left_out),
        "left_out_families": families_of(left_out),
        "by": {name: _part(part) for name, part in by_group(doubts).items()},
    }


def _part(doubts: list[Doubt]) -> dict:
    """`auroc` 0-1 and the mean of in_catalogue where the family is there and where it is not; None without pictures."""
    if not doubts:
        return {"n": 0, "auroc": None, "in_catalogue": None}
    known, unknown = [doubt.known for doubt in doubts], [doubt.unknown for doubt in doubts]
    means = {"known": round(statistics.mean(known), 4), "unknown": round(statistics.mean(unknown), 4)}
    return {"n": len(doubts), "auroc": round(auroc(known, unknown), 4), "in_catalogue": means}


def doubt_table(summary: dict) -> str:
    """The summary as text."""
    lines = [f"{'':24}{'n':>6}     AUROC   in_catalogue known   unknown"]
    for name, part in [("all", summary), *summary["by"].items()]:
        if part["n"]:
            means = part["in_catalogue"]
            cells = f"{part['auroc']:10.3f}{means['known']:21.3f}{means['unknown']:10.3f}"
            lines.append(f"{name[:24]:24}{part['n']:>6}{cells}")
    return "\n".join([*lines, *left_out_lines(summary)])
