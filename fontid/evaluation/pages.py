"""Measure an identifier on whole pages, each with the box and the face of every line in `manifest.jsonl`."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fontid.catalogue.ranking import Catalogue
from fontid.evaluation.folders import ManifestError, accuracy, rank_of
from fontid.picture.opening import PictureError, open_picture

SIZES = {"under 12 px": 12, "12-14 px": 15, "15-19 px": 20, "20-31 px": 32, "32 px and more": float("inf")}
LEAST_ACROSS = 0.5  # of two boxes' heights, as intersection over union: the same row
LEAST_ALONG = 0.5  # of a true line's width
SAME_SIZE = 0.08  # of logarithms: sizes no farther apart are the same
RANKS = (1, 5)


@dataclass(frozen=True)
class TrueLine:
    """A line as it was drawn: left, top, right, bottom and font size in pixels of the file."""

    box: tuple[float, float, float, float]
    size: float
    family: str
    weight: int
    italic: bool


@dataclass(frozen=True)
class Page:
    """A labelled picture of many lines."""

    file: Path
    kind: str
    lines: tuple[TrueLine, ...]


@dataclass(frozen=True)
class LineOutcome:
    """entry: number of the answer's entry that holds the line, None where it was not found.

    strict, twins: rank of the first row that is right (1 is first), None without.
    """

    line: TrueLine
    entry: int | None
    strict: int | None = None
    twins: int | None = None


@dataclass(frozen=True)
class PageOutcome:
    """What is said of a page, counted.

    counts: listed, right: families named first in an entry, and how many of those are on the page; families, known:
    those of the page, and how many of them are named; complete: 1 where all are; sizes, sizes_right: those of all
    entries, and how many of them are on the page; page_sizes, sizes_known: those of the page, and how many are told.
    """

    page: Page
    lines: tuple[LineOutcome, ...]
    counts: Counter[str]
    seconds: float


def holds_pages(folder: Path) -> bool:
    """Whether a folder's manifest names lines. Its first row tells."""
    try:
        with open(Path(folder) / "manifest.jsonl", encoding="utf-8") as file:
            return isinstance(json.loads(file.readline()).get("lines"), list)
    except (OSError, ValueError, AttributeError):
        return False


def read_pages(folder: Path) -> list[Page]:
    """Raises: ManifestError."""
    path = Path(folder) / "manifest.jsonl"
    pages = []
    for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            page = json.loads(row)
            lines = tuple(
                TrueLine(
                    _box(line["box"]),
                    float(line["size"]),
                    line["family"],
                    int(line["weight"]),
                    bool(line["italic"]),
                )
                for line in page["lines"]
            )
            pages.append(Page(Path(folder) / page["file"], str(page.get("template", "page")), lines))
        except (ValueError, KeyError, TypeError) as error:
            raise ManifestError(f"{path}, line {number}: needs a file and lines with box, size and face.") from error
    return pages


def _box(sides: list) -> tuple[float, float, float, float]:
    left, top, right, bottom = map(float, sides)
    return left, top, right, bottom


def evaluate_pages(identify: Callable, catalogue: Catalogue, pages: Iterable[Page]) -> list[PageOutcome]:
    """Lines in a family that the catalogue does not hold count as wrong.

    Args: identify: picture -> `fontid.identifier.Answer` with five rows an entry.
    """
    return [_judge(identify, catalogue, page) for page in pages]


def _judge(identify: Callable, catalogue: Catalogue, page: Page) -> PageOutcome:
    with Image.open(page.file) as file:
        full_width = file.width
    scale = open_picture(page.file).width / full_width  # answers are in pixels of the opened picture
    started = time.process_time()
    try:
        entries = identify(page.file).fonts
    except PictureError:
        entries = ()
    seconds = time.process_time() - started
    found = [(number, line.extent) for number, entry in enumerate(entries) for line in entry.lines]
    lines = []
    credited: dict[str, set[str]] = {}
    for line in page.lines:
        family = catalogue.family_named(line.family)
        right = catalogue.credited(family, line.weight, line.italic) if family else {line.family}
        family = family or line.family
        credited.setdefault(family, set()).update(right)
        entry = _entry_of(np.array(line.box) * scale, found)
        families = [] if entry is None else [match.family for match in entries[entry].matches[: RANKS[-1]]]
        lines.append(LineOutcome(line, entry, rank_of(families, {family}), rank_of(families, right)))
    listed = {entry.matches[0].family for entry in entries if entry.matches}
    named = sum(any(family in credit for credit in credited.values()) for family in listed)
    known = sum(not credit.isdisjoint(listed) for credit in credited.values())
    told = np.log([size for entry in entries for style in entry.styles for size in style.sizes])
    true = np.log(sorted({line.size for line in page.lines}))
    same = np.abs(told[:, None] - true) <= SAME_SIZE
    counts = Counter(listed=len(listed), right=named, families=len(credited), known=known)
    counts |= Counter(complete=known == len(credited), sizes=len(told), sizes_right=int(same.any(1).sum()))
    counts |= Counter(page_sizes=len(true), sizes_known=int(same.any(0).sum()))
    return PageOutcome(page, tuple(lines), counts, seconds)


def _entry_of(box: np.ndarray, found: list[tuple[int, np.ndarray]]) -> int | None:
    """The entry of the found line that lies in the same row and covers most of a true one; None without any."""
    best, most = None, 0.0
    for entry, other in found:
        shared = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
        if (shared <= 0).any():
            continue
        along = shared[0] / (box[2] - box[0])
        across = shared[1] / (max(box[3], other[3]) - min(box[1], other[1]))
        if across >= LEAST_ACROSS and along >= LEAST_ALONG and along * across > most:
            best, most = entry, along * across
    return best


def summarise_pages(outcomes: list[PageOutcome]) -> dict:
    """The object that `fontid evaluate` prints for pages: fractions 0-1.

    families.split: of the families found on a page, those in several entries; merged: of the entries that hold true
    lines, those that hold lines of several families. all_families: pages on which every family is first in an entry.
    sizes.precision: of the font sizes told, those that are on the page; recall: of the page's, those that are told.
    """
    lines = [line for outcome in outcomes for line in outcome.lines]
    counts = sum((outcome.counts for outcome in outcomes), Counter())
    by_size, low = {}, 0.0
    for name, high in SIZES.items():
        by_size[name] = _accuracy([line for line in lines if low <= line.line.size < high])
        low = high
    by_kind = {
        kind: _accuracy([line for outcome in outcomes if outcome.page.kind == kind for line in outcome.lines])
        for kind in sorted({outcome.page.kind for outcome in outcomes})
    }
    of_families: list[int] = []
    of_entries: list[int] = []
    for outcome in outcomes:
        pairs = {(line.line.family, line.entry) for line in outcome.lines if line.entry is not None}
        of_families += Counter(family for family, _ in pairs).values()
        of_entries += Counter(entry for _, entry in pairs).values()
    return {
        "pages": len(outcomes),
        **_accuracy(lines),
        "families": {
            "precision": _share(counts["right"], counts["listed"]),
            "recall": _share(counts["known"], counts["families"]),
            "all_families": _share(counts["complete"], len(outcomes)),
            "split": _share(sum(count > 1 for count in of_families), len(of_families)),
            "merged": _share(sum(count > 1 for count in of_entries), len(of_entries)),
        },
        "sizes": {
            "precision": _share(counts["sizes_right"], counts["sizes"]),
            "recall": _share(counts["sizes_known"], counts["page_sizes"]),
        },
        "cpu_seconds_per_page": round(statistics.mean(o.seconds for o in outcomes), 3),
        "by": by_size | by_kind,
    }


def _accuracy(lines: list[LineOutcome]) -> dict:
    """Over all lines, those not found being wrong."""
    found = sum(line.entry is not None for line in lines)
    return {"n": len(lines), "found": _share(found, len(lines)), **accuracy(lines, RANKS)}


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)


def page_table(summary: dict) -> str:
    """The summary as text, in per cent."""
    rows = [f"{'':18}{'lines':>7}{'found':>8}   strict top-1/5    twins top-1/5"]
    for name, part in [("all", summary), *summary["by"].items()]:
        cells = "".join(f"{100 * part[kind][f'top{k}']:8.1f}" for kind in ("strict", "twins") for k in RANKS)
        rows.append(f"{name[:18]:18}{part['n']:>7}{100 * part['found']:8.1f} {cells}")
    for part in ("families", "sizes"):
        rows.append(f"{part}: {'  '.join(f'{name} {100 * value:.1f}' for name, value in summary[part].items())}")
    rows.append(f"{summary['cpu_seconds_per_page']:.2f} CPU seconds a page")
    return "\n".join(rows)
