"""Are the answers those of drawing all candidates, and what does drawing cost? On validation pictures.

    python -m benchmarks.measure_drawing VALIDATION [--each 100] [--results results/once.jsonl#drawing]

VALIDATION holds folders as `train.tune` takes them. Whenever an answer needs drawing, all candidates are drawn at once
as well; and both again as if the picture's family and all that resemble it were not in the catalogue.
"""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fontid.commands import command_line
from fontid.confidence import evidence_of
from fontid.encoder.preprocessing import Ink
from fontid.evaluation.experiment import write_result
from fontid.evaluation.folders import read_manifest, spread
from fontid.identifier import FontIdentifier
from fontid.letters.verification import Verdict, Verifier
from fontid.picture.opening import PictureError
from fontid.text.lines import Line


@dataclass(frozen=True)
class Outcome:
    """Of one verdict: the first five families, the first one's probability, that it is in the catalogue, the costs."""

    families: tuple[str, ...]
    probability: float
    in_catalogue: float
    drawn: int
    seconds: float


class Both:
    """A verifier that draws all candidates beside those that its settings want; each with letterforms of its own.

    Attributes: known, unknown: pairs of outcomes, of all and of those. without: families left out for `unknown`.
    """

    def __init__(self, identifier: FontIdentifier) -> None:
        self._identifier, self.stand_ins = identifier, identifier._verifier.stand_ins
        settings = identifier.settings.drawing
        self._verifiers = [
            Verifier(identifier.catalogue, identifier.letterforms.with_files([]), replace(settings, first=first))
            for first in (settings.families, settings.first)
        ]
        self.known: list[list[Outcome]] = []
        self.unknown: list[list[Outcome]] = []
        self.without: frozenset[str] = frozenset()

    def verify(self, scores: np.ndarray, lines: Iterable[tuple[Line, Ink]]) -> Verdict:
        lines = list(lines)
        left = np.where(self._identifier._faces_without(self.without), scores, -np.inf)
        for outcomes, asked in ((self.known, scores), (self.unknown, left)):
            verdicts, seconds = [], []
            for verifier in self._verifiers:
                started = time.process_time()
                verdicts.append(verifier.verify(asked, lines))
                seconds.append(time.process_time() - started)
            if verdicts[0].drawn:
                pairs = zip(verdicts, seconds, strict=True)
                outcomes.append([self._outcome(asked, lines, verdict, cost) for verdict, cost in pairs])
        return self._verifiers[1].verify(scores, lines)

    def _outcome(self, scores: np.ndarray, lines: list[tuple[Line, Ink]], verdict: Verdict, seconds: float) -> Outcome:
        catalogue, calibration = self._identifier.catalogue, self._identifier.calibration
        rows = self._identifier._rank(verdict.scores, 5, prior=True)
        similar = catalogue.similar(int(verdict.scores.argmax()), 5, np.isfinite(scores))
        evidence = evidence_of(catalogue, [line for line, _ in lines], scores, verdict, similar)
        families = tuple(row.family for row in rows)
        known = calibration.in_catalogue(evidence)
        return Outcome(families, rows[0].conditional_probability, known, verdict.drawn, seconds)


def figures(pairs: list[list[Outcome]]) -> dict:
    """Shares 0-1 of answers with the same first row, and of the same first five; changes of probability; costs."""
    first = [many.families[0] == few.families[0] for many, few in pairs]
    five = [len({*many.families} & {*few.families}) / len(many.families) for many, few in pairs]
    changes = {
        name: np.ptp([[getattr(outcome, name) for outcome in pair] for pair in pairs], 1)
        for name in ("probability", "in_catalogue")
    }
    costs = {
        name: np.mean([[getattr(outcome, name) for outcome in pair] for pair in pairs], 0)
        for name in ("drawn", "seconds")
    }
    return {
        "n": len(pairs),
        "same_first_row": round(float(np.mean(first)), 4),
        "same_of_five": round(float(np.mean(five)), 4),
        "change": {
            name: {"mean": round(float(change.mean()), 4), "most": round(float(change.max()), 4)}
            for name, change in changes.items()
        },
        "faces": {"all": round(float(costs["drawn"][0]), 1), "few": round(float(costs["drawn"][1]), 1)},
        "cpu_milliseconds": {name: round(1000 * float(costs["seconds"][k])) for k, name in enumerate(("all", "few"))},
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#drawing")
    parser.add_argument("validation", type=Path, metavar="VALIDATION")
    parser.add_argument("--each", type=int, default=100, help="pictures of each folder")
    arguments = parser.parse_args(argv)
    identifier = FontIdentifier.from_pretrained()
    identifier._verifier = both = Both(identifier)
    for folder in sorted(path.parent for path in arguments.validation.glob("*/manifest.jsonl")):
        for sample in tqdm(spread(read_manifest(folder), arguments.each), folder.name):
            both.without = identifier.catalogue.likenesses(sample.family)
            try:
                identifier.identify(sample.file)
            except PictureError:
                continue
    metrics = {"known": figures(both.known), "unknown": figures(both.unknown)}
    print(metrics)
    write_result(
        arguments.results,
        settings=asdict(identifier.settings.drawing) | {"each": arguments.each},
        command=f"python -m benchmarks.measure_drawing VALIDATION --each {arguments.each}",
        metrics=metrics,
        model=identifier.version,
    )


if __name__ == "__main__":
    main()
