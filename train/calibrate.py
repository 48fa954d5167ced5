"""Fit the artifact's calibration on validation renders of validation families, and show how far it can be trusted.

    python -m benchmarks.render PROTOCOL --split validation --seed 77 --out VALIDATION/PROTOCOL
    python -m train.calibrate VALIDATION [--model model] [--each 400] [--results results/calibration]

VALIDATION holds folders for `fontid evaluate`. Every picture is identified with the whole catalogue and again without
its family and all that resemble it. Two things are fitted on the validation families (a half, by hash of their names):
the temperature of the probabilities, by likelihood, and the logistic regression behind `in_catalogue`. The other half
of the families tells how well they hold: that goes into RESULTS.json, the reliability diagrams into RESULTS.png.
Only the model's config.json changes.
"""

import argparse
import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from fontid.artifact import open_artifact, recalibrate
from fontid.catalogue.ranking import RIVALS
from fontid.confidence import FARTHEST, Calibration, quadratic, reliability
from fontid.evaluation.experiment import write_result
from fontid.evaluation.folders import Sample, read_manifest
from fontid.evaluation.open_set import auroc
from fontid.identifier import FontIdentifier
from fontid.picture.opening import PictureError

UNREAD = 5  # every so manieth picture is identified by the encoder alone, as if it could not be read
TEMPERATURES = np.geomspace(0.005, 0.5, 200)
REGULARISATION = 0.1  # scikit-learn's C


@dataclass(frozen=True)
class Row:
    """What one picture gave: scores of its rows, the first right one (None: none), evidence with and without it."""

    protocol: str
    family: str
    scores: tuple[float, ...]
    right: int | None
    known: tuple[float, ...]
    unknown: tuple[float, ...]


def is_validation_family(family: str) -> bool:
    return zlib.crc32(f"calibration {family}".encode()) % 2 == 0


_identifier: FontIdentifier


def _start(model: Path, cores) -> None:
    """Every process keeps to a core of its own, or their threads wait for one another."""
    global _identifier
    os.sched_setaffinity(0, {cores.get()})
    _identifier = FontIdentifier.from_pretrained(model)


def _row(job: tuple[str, Sample, bool]) -> Row | None:
    protocol, sample, unread = job
    catalogue = _identifier.catalogue
    credited = catalogue.credited(sample.family, sample.weight, sample.italic)
    try:
        answer = _identifier.identify(sample.file, top=RIVALS, encoder_only=unread)
        without = catalogue.likenesses(sample.family)
        other = _identifier.identify(sample.file, top=1, encoder_only=unread, without=without)
    except PictureError:
        return None
    right = next((rank for rank, match in enumerate(answer.matches) if match.family in credited), None)
    scores = tuple(match.score for match in answer.matches)
    return Row(protocol, sample.family, scores, right, _evidence(answer), _evidence(other))


def _evidence(answer) -> tuple[float, ...]:
    return next(group.evidence for group in answer.groups if group.matches == answer.matches)


def collect(folders: list[Path], model: Path, each: int) -> list[Row]:
    """A `Row` for `each` pictures of every folder, spread evenly; pictures that give no answer are left out."""
    jobs = []
    for folder in folders:
        samples = read_manifest(folder)
        chosen = np.unique(np.linspace(0, len(samples) - 1, min(each, len(samples))).astype(int))
        jobs += [(folder.name, samples[index], rank % UNREAD == 0) for rank, index in enumerate(chosen)]
    context = get_context("spawn")
    cores = context.SimpleQueue()
    for core in sorted(os.sched_getaffinity(0)):
        cores.put(core)
    with context.Pool(len(os.sched_getaffinity(0)), _start, (model, cores)) as pool:
        return [row for row in tqdm(pool.imap(_row, jobs, 4), "pictures", len(jobs)) if row]


def log_likelihood(rows: Iterable[Row], temperature: float) -> float:
    """Mean log probability of the right row, over the pictures that have one among their rows."""
    logs = []
    for row in rows:
        if row.right is not None:
            scores = np.array(row.scores) / temperature
            logs.append(scores[row.right] - scores.max() - np.log(np.exp(scores - scores.max()).sum()))
    return float(np.mean(logs))


def fit(rows: list[Row]) -> Calibration:
    temperature = max(TEMPERATURES, key=lambda value: log_likelihood(rows, value))
    evidence, known = _labelled(rows)
    mean, spread = evidence.mean(0), evidence.std(0)
    model = LogisticRegression(C=REGULARISATION, max_iter=5000).fit(quadratic(evidence, mean, spread), known)
    return Calibration(
        temperature=round(float(temperature), 5),
        mean=tuple(np.round(mean, 5).tolist()),
        spread=tuple(np.round(spread, 5).tolist()),
        weights=tuple(np.round(model.coef_[0], 5).tolist()),
        constant=round(float(model.intercept_[0]), 5),
    )


def _labelled(rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Evidence (2 N, E) with and without the family, and whether it was there (2 N,)."""
    return np.array([r.known for r in rows] + [r.unknown for r in rows]), np.arange(2 * len(rows)) < len(rows)


def measure(rows: list[Row], calibration: Calibration) -> dict:
    """Expected calibration errors, reliability diagrams and AUROC on rows that the fit did not see."""
    first = []
    for row in rows:
        weights = np.exp((np.array(row.scores) - row.scores[0]) / calibration.temperature)
        first.append(weights[0] / weights.sum())
    of_rows, row_bins = reliability(first, [row.right == 0 for row in rows])
    evidence, known = _labelled(rows)
    told = [calibration.in_catalogue(tuple(values)) for values in evidence]
    of_catalogue, catalogue_bins = reliability(told, known)
    return {
        "n": len(rows),
        "probability": {"expected_error": of_rows, "bins": row_bins},
        "in_catalogue": {
            "auroc": round(auroc(np.array(told)[known], np.array(told)[~known]), 4),
            "expected_error": of_catalogue,
            "bins": catalogue_bins,
        },
    }


def draw_diagrams(metrics: dict, path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    for axis, name in zip(axes, ("probability", "in_catalogue"), strict=True):
        bins = metrics[name]["bins"]
        axis.plot([0, 1], [0, 1], ":", color="gray")
        sizes = [4 + 200 * one["n"] / metrics["n"] for one in bins]
        axis.scatter([one["probability"] for one in bins], [one["right"] for one in bins], sizes)
        axis.set(title=f"{name}, error {100 * metrics[name]['expected_error']:.1f} %", xlabel="said", ylabel="so")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("validation", type=Path)
    parser.add_argument("--model", type=Path, default=Path("model"))
    parser.add_argument("--each", type=int, default=400, help="pictures of each folder")
    parser.add_argument("--results", type=Path, default=Path("results/calibration"))
    arguments = parser.parse_args(argv)
    folders = sorted(path.parent for path in arguments.validation.glob("*/manifest.jsonl"))
    if not folders:
        raise SystemExit(f"No folders with manifest.jsonl in {arguments.validation}: render validation pictures first.")
    rows = collect(folders, arguments.model, arguments.each)
    fitted = [row for row in rows if is_validation_family(row.family)]
    others = [row for row in rows if not is_validation_family(row.family)]
    if min(len(fitted), len(others)) < 50:
        raise SystemExit(f"Only {len(rows)} pictures gave an answer, too few to fit anything: render more.")
    calibration = fit(fitted)
    metrics = {"fitted_on": len(fitted), **measure(others, calibration), "by": {}}
    for folder in folders:
        part = measure([row for row in others if row.protocol == folder.name], calibration)
        metrics["by"][folder.name] = part
    recalibrate(arguments.model, calibration)
    settings = {"each": arguments.each, "regularisation": REGULARISATION, "farthest": FARTHEST}
    command = f"python -m train.calibrate VALIDATION --each {arguments.each}"
    path, version = arguments.results.with_suffix(".json"), open_artifact(arguments.model).version
    write_result(path, settings=settings, command=command, metrics=metrics, model=version)
    draw_diagrams(metrics, arguments.results.with_suffix(".png"))
    print(json.dumps({key: metrics[key] for key in ("fitted_on", "n")}), f"temperature {calibration.temperature}")
    for name, part in [("all", metrics), *metrics["by"].items()]:
        told = part["in_catalogue"]
        print(
            f"{name}: probability off by {100 * part['probability']['expected_error']:.1f}, in_catalogue by "
            f"{100 * told['expected_error']:.1f} with AUROC {told['auroc']:.3f}"
        )


if __name__ == "__main__":
    main()
