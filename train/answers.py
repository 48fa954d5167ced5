"""What a model answers to validation pictures, asked once and kept. `train.tune` and `train.calibrate` fit on it.

VALIDATION holds folders for `fontid evaluate`. Each keeps its answers beside its pictures in answers-MODEL.jsonl, where
MODEL is the digest of what decides them; the calibration does not. `again` asks anew, for when the code has changed.
"""

import argparse
import hashlib
import json
import os
import zlib
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fontid.catalogue.ranking import RIVALS
from fontid.commands import command_line
from fontid.evaluation.folders import Sample, read_manifest, spread
from fontid.identifier import Answer, FontIdentifier
from fontid.picture.opening import PictureError
from fontid.settings import DEFAULTS, Settings, build_settings

UNREAD = 5  # one picture in five is identified by the encoder alone, as if it could not be read
FEW = (3, 100)  # families that are searched when few are


@dataclass(frozen=True)
class Answered:
    """What one picture gave.

    Attributes:
        family: its label, also where the catalogue has no such family, and "None" where the picture has no font.
        faces, scores: of the rows with the whole catalogue and without prior, the best first: ids of the faces shown.
        strict, right: which row (from 0; None: none) is of the family, and which is with twins credited.
        known: evidence with the whole catalogue; () where its family is not in it.
        unknown, unknown_faces, unknown_scores: evidence and rows without its family and all that resemble it.
        few, in_few: evidence among few families, and whether its own is one of them.
    """

    folder: str
    file: str
    family: str
    faces: tuple[str, ...]
    scores: tuple[float, ...]
    strict: int | None
    right: int | None
    known: tuple[float, ...]
    unknown: tuple[float, ...]
    unknown_faces: tuple[str, ...]
    unknown_scores: tuple[float, ...]
    few: tuple[float, ...]
    in_few: bool


def is_validation_family(family: str) -> bool:
    """Whether answers about it are fitted on; those about the others tell how well the fit holds."""
    return zlib.crc32(f"calibration {family}".encode()) % 2 == 0


def fitting_parser(description: str | None, results: Path) -> argparse.ArgumentParser:
    """The command line of what is fitted on answers. Args: results: where they go by default."""
    parser = command_line(description, results)
    parser.add_argument("validation", type=Path)
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--each", type=int, default=400, help="pictures of each folder")
    parser.add_argument("--again", action="store_true", help="ask about the pictures anew")
    parser.add_argument("--usage", type=Path, default=Path("data_scripts/usage.tsv"), help="table of downloads")
    return parser


_identifier: FontIdentifier


def _start(model: Path, cores) -> None:
    """Every process keeps to a core of its own, or their threads wait for one another."""
    global _identifier
    os.sched_setaffinity(0, {cores.get()})
    _identifier = FontIdentifier.from_pretrained(model)


def _rows(answer: Answer) -> tuple[tuple[str, ...], tuple[float, ...]]:
    faces = tuple(_identifier.catalogue.face(match).id for match in answer.matches)
    return faces, tuple(match.score for match in answer.matches)


def _evidence(answer: Answer) -> tuple[float, ...]:
    return next(group.evidence for group in answer.groups if group.matches == answer.matches)


def _answered(job: tuple[str, Sample, bool]) -> Answered | None:
    """None where the picture gives no answer."""
    folder, sample, unread = job
    catalogue = _identifier.catalogue
    there = sample.family in catalogue
    credited = catalogue.credited(sample.family, sample.weight, sample.italic) if there else set()
    without = catalogue.likenesses(sample.family) if there else frozenset()
    rng = np.random.default_rng(zlib.crc32(sample.file.name.encode()))
    few = set(rng.choice(catalogue.families, round(np.exp(rng.uniform(*np.log(FEW)))), replace=False).tolist())
    in_few = there and bool(rng.random() < 0.5)
    few = few | {sample.family} if in_few else few - without
    try:
        ask = partial(_identifier.identify, sample.file, top=RIVALS, encoder_only=unread, prior=False)
        answer = ask()
        lines = [line for group in answer.groups for line in group.lines]  # found and read once
        other = ask(lines=lines, without=without) if there else answer
        among_few = ask(lines=lines, without=set(catalogue.families) - few)
    except PictureError:
        return None
    ranked = list(enumerate(match.family for match in answer.matches))
    strict = next((rank for rank, family in ranked if family == sample.family), None)
    right = next((rank for rank, family in ranked if family in credited), None)
    known, of_other = _evidence(answer) if there else (), (_evidence(other), *_rows(other))
    about = (folder, sample.file.name, sample.family, *_rows(answer), strict, right)
    return Answered(*about, known, *of_other, _evidence(among_few), in_few)


def answers_of(validation: Path, model: Path, each: int, again: bool = False) -> list[Answered]:
    """What is kept of the model, and what it answers now where nothing is: `each` pictures of every folder.

    Pictures that give no answer are left out. The program ends with a sentence where there are no pictures.
    """
    folders = sorted(path.parent for path in validation.glob("*/manifest.jsonl"))
    if not folders:
        raise SystemExit(f"No folders with manifest.jsonl in {validation}: render validation pictures first.")
    answers, name = [], kept_name(model)
    for folder, kept in ((folder, folder / name) for folder in folders):
        if again or not kept.exists():
            _ask(folder, model, each, kept)
        answers += [_read(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return answers


def kept_name(model: Path) -> str:
    """The file that keeps a model's answers, named by the digest of what decides them."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    deciding = {name: value for name, value in config["sha256"].items() if not name.startswith("golden/")}
    settings = build_settings(Settings, config.get("settings", {}), "settings")
    if settings != DEFAULTS:
        deciding["settings"] = asdict(settings)
    return f"answers-{hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:12]}.jsonl"


def _ask(folder: Path, model: Path, each: int, kept: Path) -> None:
    """Write the answers, whole or not at all."""
    samples = spread(read_manifest(folder), each)
    jobs = [(folder.name, sample, number % UNREAD == 0) for number, sample in enumerate(samples)]
    context = get_context("spawn")
    cores = context.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0)):
        cores.put(core)
    partial = kept.with_suffix(".partial")
    with context.Pool(len(os.sched_getaffinity(0)), _start, (model, cores)) as pool, partial.open("w") as target:
        for row in tqdm(pool.imap(_answered, jobs, 4), folder.name, len(jobs)):
            if row:
                target.write(json.dumps(asdict(row)) + "\n")
    partial.replace(kept)


def _read(line: str) -> Answered:
    return Answered(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(line).items()})
