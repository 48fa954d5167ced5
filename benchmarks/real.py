"""Real pictures: by condition, by picture and by repository, and what each stage of the identifier brings.

    python -m benchmarks.real FOLDER ... [--without STAGE ... | --without all] [--answers DIR] [--before DIR]
        [--limit N] [--results results/once.jsonl#real]

FOLDER holds a manifest.jsonl; where its rows name a `repo` and a `path` in it, crops of one picture count once, and so
do pictures of one repository. Each share has its 95 % interval (Wilson 1927). `--without` takes stages out, one at a
time, and sets the answers beside those of the whole (McNemar). DIR keeps the answers, a line a picture, so that a
killed run goes on; `--before` is the DIR of another model, to be set beside this one's. Pages count by their lines.
"""

import copy
import json
import math
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from tqdm import tqdm

from benchmarks.compare import mcnemar
from fontid.commands import command_line, make_room
from fontid.evaluation.experiment import write_result
from fontid.evaluation.folders import rank_of, sample_of, spread
from fontid.evaluation.pages import evaluate_pages, holds_pages, read_pages, summarise_pages
from fontid.identifier import FontIdentifier
from fontid.letters.verification import Verifier
from fontid.picture.opening import PictureError

RANKS = (1, 5)
Z = 1.96  # standard deviations of a normal distribution within which 95 % lie
KINDS = ("prior", "no_prior")
UNITS = {"crop": ("file",), "picture": ("repo", "path"), "repository": ("repo",)}
PAGES = 20  # of a folder of pages that are asked


def _with(whole: FontIdentifier, **parts) -> Callable:
    """The `identify` of an identifier with other parts."""
    other = copy.copy(whole)
    vars(other).update(parts)
    return other.identify


def _set(whole: FontIdentifier, stage: str, **values) -> Callable:
    """The `identify` of an identifier with other settings of a stage."""
    changed = replace(getattr(whole.settings, stage), **values)
    return _with(whole, settings=replace(whole.settings, **{stage: changed}))


def _drawing(**values) -> Callable[[FontIdentifier], Callable]:
    """Lines are read as before, and drawn by other settings."""

    def identify(whole: FontIdentifier) -> Callable:
        settings = replace(whole.settings.drawing, **values)
        return _with(whole, _verifier=Verifier(whole.catalogue, whole.letterforms, settings))

    return identify


def _asked(**options) -> Callable[[FontIdentifier], Callable]:
    return lambda whole: lambda picture, **more: whole.identify(picture, **(more | options))


def _idle(function: str, instead: Callable) -> Callable[[FontIdentifier], Callable]:
    """Args: function: of a module; instead: what stands in for it, while a picture is asked, and does nothing."""
    return lambda whole: patch(function, instead)(whole.identify)


STAGES: dict[str, Callable[[FontIdentifier], Callable]] = {  # each: the identifier -> its `identify` without the stage
    "letters network": lambda whole: _with(whole, _letters=None),
    "shadows": _idle("fontid.text.letters.without_shadow", lambda frame, own: None),
    "clusters": lambda whole: _set(whole, "grouping", family_price=0.0, style_price=0.0, neighbours=0.0),
    "words in another face": lambda whole: _set(whole, "grouping", parting=math.inf, stroke=math.inf),
    "pages' own scale": _idle("fontid.text.detector._low_words", lambda picture: None),
    "drawing": _drawing(least_confidence=math.inf),
    "words over pixels": _drawing(close=0.0),
    "leaning to near copies": _idle(
        "fontid.identifier.share_alike", lambda forms, face, others, texts, least: np.zeros((len(others), len(texts)))
    ),
    "undoing": lambda whole: _set(whole, "undoing", fitting=-math.inf),
    "prior": _asked(prior=False),
    "axes": _asked(only=lambda face: not face.unusual),
    "earlier versions": _asked(only=lambda face: not face.version),
}


def wilson(right: float, count: int) -> list[float]:
    """The 95 % interval of a share, 0-1. Args: right: of `count`, a sum of shares where units have parts."""
    share, spare = right / count, Z**2 / count
    middle = share + spare / 2
    half = Z * math.sqrt(share * (1 - share) / count + spare / (4 * count))
    return [round(max(0.0, (middle - half) / (1 + spare)), 4), round(min(1.0, (middle + half) / (1 + spare)), 4)]


def ask(identify: Callable, file: Path, kinds: Sequence[str]) -> dict:
    """The first families of a picture, with the prior or without, and CPU seconds of the first of these answers."""
    told: dict = {}
    for kind in kinds:
        started = time.process_time()
        try:
            matches = identify(file, top=max(RANKS), prior=kind == "prior").matches
        except PictureError:
            matches = ()
        told.setdefault("cpu_seconds", round(time.process_time() - started, 4))
        told[kind] = [match.family for match in matches]
    return told


def read_answers(kept: Path | None) -> dict[str, dict]:
    """File -> what an earlier run was told of it."""
    if kept is None or not kept.exists():
        return {}
    return {row["file"]: row for row in map(json.loads, kept.read_text(encoding="utf-8").splitlines())}


def ask_all(identify: Callable, folder: Path, rows: list[dict], kinds: Sequence[str], kept: Path | None) -> dict:
    """File -> what `ask` says of it; what `kept` holds already is not asked again."""
    found = read_answers(kept)
    if kept:
        make_room(kept)
    for row in tqdm(rows, folder.name):
        if row["file"] not in found:
            found[row["file"]] = ask(identify, folder / row["file"], kinds) | {"file": row["file"]}
            if kept:
                with kept.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(found[row["file"]]) + "\n")
    return found


def judged(row: dict, families: list[str], folder: Path, identifier: FontIdentifier) -> dict[str, list[bool]]:
    """Whether the truth is among the first, for each of `RANKS`, strictly and with twins credited."""
    sample = sample_of(folder, row)
    right = identifier.catalogue.credited(row["family"], sample.weight, sample.italic)
    ranks = {"strict": rank_of(families, {row["family"]}), "twins": rank_of(families, right)}
    return {kind: [rank is not None and rank <= k for k in RANKS] for kind, rank in ranks.items()}


def shares(rows: list[dict], hits: list[list[bool]], unit: str) -> dict:
    """Of units, each of which counts once, whatever the number of its crops."""
    parts: dict[tuple, list[list[bool]]] = {}
    for row, hit in zip(rows, hits, strict=True):
        parts.setdefault(tuple(row.get(key, row["file"]) for key in UNITS[unit]), []).append(hit)
    right = np.array([np.mean(part, 0) for part in parts.values()]).sum(0)
    found: dict = {"n": len(parts)}
    for k, total in zip(RANKS, right, strict=True):
        found |= {f"top{k}": round(total / len(parts), 4), f"interval{k}": wilson(total, len(parts))}
    return found


def summary(rows: list[dict], found: dict[str, dict], folder: Path, identifier: FontIdentifier) -> dict:
    """All figures of a folder; `by` is by condition, twins credited, with the prior."""
    seconds = [found[row["file"]]["cpu_seconds"] for row in rows]
    told: dict = {"cpu_seconds": round(float(np.mean(seconds)), 4)}
    verdicts = {}
    for kind in (kind for kind in KINDS if kind in found[rows[0]["file"]]):
        verdicts[kind] = [judged(row, found[row["file"]][kind], folder, identifier) for row in rows]
        told[kind] = {
            credit: {unit: shares(rows, [verdict[credit] for verdict in verdicts[kind]], unit) for unit in UNITS}
            for credit in ("strict", "twins")
        }
    conditions = [str(row.get("condition")) for row in rows]
    told["by"] = {}
    for condition in sorted(set(conditions)):
        of = [place for place, name in enumerate(conditions) if name == condition]
        part, hits = [rows[place] for place in of], [verdicts["prior"][place]["twins"] for place in of]
        told["by"][condition] = {unit: shares(part, hits, unit) for unit in ("crop", "picture")}
    return told


def beside(rows: list[dict], before: dict, after: dict, folder: Path, identifier: FontIdentifier) -> dict:
    """Pictures lost and won, twins credited, with the prior, and by how much chance (McNemar)."""
    was, now = (
        [judged(row, found[row["file"]]["prior"], folder, identifier)["twins"][0] for row in rows]
        for found in (before, after)
    )
    changes = Counter(zip(was, now, strict=True))
    lost, won = changes[True, False], changes[False, True]
    return {"lost": lost, "won": won, "mcnemar_p": round(mcnemar(lost, won), 4)}


def read_rows(folder: Path, identifier: FontIdentifier) -> list[dict]:
    """A manifest's rows of one font of the catalogue, families by their ids. Others, and missing files, are left out.

    Raises: SystemExit with a sentence where nothing can be asked.
    """
    try:
        lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
        read = [json.loads(line) for line in lines if line.strip()]
        named = [(row, identifier.catalogue.family_named(row.get("family"))) for row in read]
        rows = [row | {"family": family} for row, family in named if family and (folder / row["file"]).is_file()]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise SystemExit(f"{folder} needs a manifest.jsonl, a JSON object with file and family a line.") from error
    if not rows:
        raise SystemExit(f"{folder} has no picture of a family of the catalogue.")
    if len(rows) < len(read):
        print(f"{folder}: {len(read) - len(rows)} of {len(read)} rows are left out.")
    return rows


def measure(folder: Path, stages: Sequence[str | None], identifier: FontIdentifier, options: Namespace) -> dict:
    """Figures of a folder with everything, and with each stage out, by name."""
    metrics: dict[str, dict] = {}
    rows = [] if holds_pages(folder) else spread(read_rows(folder, identifier), options.limit)
    other = read_answers(options.before and options.before / f"{folder.name}-whole.jsonl")
    for stage in stages:
        name = f"without {stage}" if stage else "whole"
        identify = STAGES[stage](identifier) if stage else identifier.identify
        if holds_pages(folder):
            pages = spread(read_pages(folder), options.limit or PAGES)
            metrics[name] = summarise_pages(evaluate_pages(identify, identifier.catalogue, tqdm(pages, folder.name)))
            continue
        kept = options.answers and options.answers / f"{folder.name}-{name.replace(' ', '-')}.jsonl"
        found = ask_all(identify, folder, rows, KINDS[:1] if stage else KINDS, kept)
        metrics[name] = summary(rows, found, folder, identifier)
        if stage:
            del metrics[name]["by"]  # says nothing of so few pictures
        if other:
            metrics[name]["beside"] = beside(rows, other, found, folder, identifier)
        other = other if stage else found
    return metrics


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#real")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--without", nargs="+", default=[], choices=[*STAGES, "all"], metavar="STAGE")
    parser.add_argument("--answers", type=Path, metavar="DIR")
    parser.add_argument("--before", type=Path, metavar="DIR")
    parser.add_argument("--limit", type=int, help="only so many pictures of a folder, spread over it")
    arguments = parser.parse_args(argv)
    identifier = FontIdentifier.from_pretrained()
    stages = [None, *(STAGES if "all" in arguments.without else arguments.without)]
    metrics = {folder.name: measure(folder, stages, identifier, arguments) for folder in arguments.folders}
    for name, told in metrics.items():
        for stage, figures in told.items():
            print(name, stage, json.dumps({key: figures[key] for key in figures if key != "by"})[:300])
    settings = {"stages": stages[1:], "limit": arguments.limit, "pages": PAGES}
    command = "python -m benchmarks.real FOLDER ..." + " --without all" * ("all" in arguments.without)
    write_result(arguments.results, settings=settings, command=command, metrics=metrics, model=identifier.version)


if __name__ == "__main__":
    main()
