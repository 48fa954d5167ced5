"""Ask a model about the pictures of the baseline, and set its answers beside the baseline's, picture by picture.

    python -m benchmarks.compare DIR [--only chars words ...] [--shared ../shared] [--results results/compare.json]

DIR holds the drawn pictures as `benchmarks.run` keeps them (SET-3); those of `../shared` are taken from there. A set
whose pictures are not there is passed over, with a word.
"""

import gzip
import json
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from benchmarks.run import BENCHMARKS
from fontid.catalogue.ranking import Catalogue
from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.evaluation.folders import Sample, sample_of
from fontid.identifier import FontIdentifier
from fontid.picture.opening import PictureError

BASELINE = Path("results/baseline/answers.jsonl.gz")


def baseline() -> dict[str, dict[str, dict]]:
    """Set -> file -> what the baseline answered."""
    answers: dict[str, dict[str, dict]] = {}
    for line in gzip.decompress(BASELINE.read_bytes()).decode().splitlines():
        row = json.loads(line)
        answers.setdefault(row["set"], {})[row["file"]] = row
    return answers


def mcnemar(lost: int, won: int) -> float:
    """Two-sided exact p (McNemar 1947, by the binomial distribution) that as many answers or more differ by chance."""
    count = lost + won
    tail = sum(math.comb(count, k) for k in range(min(lost, won) + 1)) / 2**count
    return min(1.0, 2 * tail)


def labels(folder: Path) -> dict[str, Sample | None]:
    """File -> its label; None for a picture with several fonts."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["file"]: sample_of(folder, row) if "family" in row else None for row in rows}


def ask(identifier: FontIdentifier, file: Path) -> dict:
    """What the baseline's rows hold of one picture."""
    started, told = time.process_time(), {"families": []}
    with suppress(PictureError):
        answer = identifier.identify(file, top=5, prior=False)
        told = {
            "families": [match.family for match in answer.matches],
            "probability": answer.matches[0].conditional_probability,  # what the baseline called so
            "in_catalogue": answer.in_catalogue,
        }
    return told | {"cpu_seconds": time.process_time() - started}


def differences(before: dict, after: dict) -> Iterator[str]:
    """What is not the same: the first row, or a probability by more than 0.01."""
    if before["families"][:1] != after["families"][:1]:
        yield "first row"
    for key in ("probability", "in_catalogue"):
        if abs(before.get(key, 0) - after.get(key, 0)) > 0.01:
            yield key


def is_right(families: list[str], sample: Sample, catalogue: Catalogue) -> bool:
    """Whether the first is the sample's, twins credited, or none where it has no text."""
    if sample.family is None:
        return not families
    return bool(catalogue.credited(sample.family, sample.weight, sample.italic) & set(families[:1]))


def compare(before: dict[str, dict], after: dict[str, dict], samples: dict, catalogue: Catalogue) -> dict:
    """The figures of one set; `before` and `after` hold the same files."""
    differing = {file: list(differences(before[file], after[file])) for file in before}
    lost = won = 0
    for file, sample in samples.items():
        if file in before and sample is not None and (sample.family is None or sample.family in catalogue):
            was, now = (is_right(rows[file]["families"], sample, catalogue) for rows in (before, after))
            lost, won = lost + (was and not now), won + (now and not was)
    return {
        "n": len(before),
        "same_first_row": sum("first row" not in what for what in differing.values()),
        "lost": lost,
        "won": won,
        "mcnemar_p": round(mcnemar(lost, won), 4),
        "cpu_seconds": {
            name: round(sum(row["cpu_seconds"] for row in rows.values()) / len(rows), 3)
            for name, rows in (("before", before), ("after", after))
        },
        "differing": {file: what for file, what in differing.items() if what},
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/compare.json")
    parser.add_argument("drawn", type=Path, metavar="DIR")
    parser.add_argument("--only", nargs="+", metavar="SET")
    parser.add_argument("--limit", type=int, help="only so many pictures of a set, the first")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    arguments = parser.parse_args(argv)
    identifier = FontIdentifier.from_pretrained()
    metrics = {}
    for name, before in baseline().items():
        folder = BENCHMARKS[name].folder(arguments.drawn, arguments.shared)
        if arguments.only and name not in arguments.only:
            continue
        if not (folder / "manifest.jsonl").exists():
            print(f"{name}: its pictures are not in {folder}.")
            continue
        before = dict(list(before.items())[: arguments.limit])
        after = {file: ask(identifier, folder / file) for file in tqdm(before, name)}
        metrics[name] = compare(before, after, labels(folder), identifier.catalogue)
        print(name, {key: value for key, value in metrics[name].items() if key != "differing"})
    settings = {"baseline": "ce6f55c", "limit": arguments.limit}
    command = f"python -m benchmarks.compare DIR --limit {arguments.limit}"
    write_result(arguments.results, settings=settings, command=command, metrics=metrics, model=identifier.version)


if __name__ == "__main__":
    main()
