"""Fit settings of the model on validation answers, and write what was tried into results/tuning.json.

    python -m benchmarks.render PROTOCOL --split validation --seed 77 --families 200 --out VALIDATION/PROTOCOL-uniform
    python -m benchmarks.render PROTOCOL --split validation --seed 78 --families 200 --by-usage 0.5 \
        --out VALIDATION/PROTOCOL-used
    python -m train.tune VALIDATION [--model model] [--each 400] [--again] [--results results/tuning.json] \
        [--setting drawing.weight --values 0.05 0.1 0.15]

With `--setting`, one of `fontid.settings`, the pictures are asked about with each of its values. The one with which
most first rows are right, twins credited, is put into the model's config.

The exponent of the prior by usage is always fitted. The table of usage is put into the model. Then the exponent is
taken that makes the right rows likeliest, where pictures of families drawn by usage (folders that end in "used") and of
those drawn uniformly count half each, as long as the latter lose no more than `MOST_LOST` of their right first rows.
Of exponents as likely as that within a standard error it is the largest: people bring what is used more often yet.
`train.calibrate` fits the same on its way.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from fontid.artifact import open_artifact, put_settings, put_usage, recalibrate
from fontid.catalogue.ranking import RIVALS, Catalogue
from fontid.catalogue.usage import read_usage
from fontid.evaluation.experiment import write_result
from fontid.settings import Settings, SettingsError, build_settings
from train.answers import Answered, answers_of, fitting_parser, is_validation_family

EXPONENTS = np.linspace(0, 0.8, 33)
TEMPERATURES = np.geomspace(0.005, 0.5, 100)
MOST_LOST = 0.015  # of uniformly drawn pictures, twins credited
USED = "used"  # what the name of a folder ends in whose families were drawn by usage


class Rows:
    """Rows of N answers as arrays (N, RIVALS): `scores` (minus infinity where there are fewer rows) and `log_usage`.

    Attributes:
        right: (N,) int, the row that is right with twins credited; strict: the same for the family itself; -1 for none.
        uniform: (N,) bool, whether its family was drawn uniformly.
    """

    def __init__(self, answers: Sequence[Answered], catalogue: Catalogue, copies: float = 0.0) -> None:
        """Args: copies: of `fontid.settings.PriorSettings`."""
        self.scores, self.log_usage = rows_of([(a.faces, a.scores) for a in answers], catalogue, copies)
        self.right = np.array([-1 if a.right is None else a.right for a in answers])
        self.strict = np.array([-1 if a.strict is None else a.strict for a in answers])
        self.uniform = np.array([not a.folder.endswith(USED) for a in answers])

    def log_probabilities(self, temperature: float, exponent: float) -> np.ndarray:
        """(N, RIVALS) float64."""
        return log_probabilities(self.scores, self.log_usage, temperature, exponent)

    def likelihoods(self, temperature: float, exponent: float) -> np.ndarray:
        """(M,) log probability of the right row of each answer that has one."""
        found = self.right >= 0
        return self.log_probabilities(temperature, exponent)[found, self.right[found]]

    @property
    def weights(self) -> np.ndarray:
        """(M,) of those, 1 in all; half of it is of the uniform ones."""
        uniform = self.uniform[self.right >= 0]
        weights = np.where(uniform, 1 / max(1, uniform.sum()), 1 / max(1, (~uniform).sum()))
        return weights / weights.sum()

    def likelihood(self, temperature: float, exponent: float) -> float:
        """Their mean."""
        return float(self.weights @ self.likelihoods(temperature, exponent))

    def top1(self, temperature: float, exponent: float) -> dict[str, float]:
        """How often the first row is right, 0-1."""
        first = self.log_probabilities(temperature, exponent).argmax(1)
        hits = {"strict": first == self.strict, "twins": first == self.right}
        return {
            f"{kind}, {drawn}": round(float(hit[chosen].mean()), 4) if chosen.any() else None
            for kind, hit in hits.items()
            for drawn, chosen in (("uniform", self.uniform), (USED, ~self.uniform))
        }


def rows_of(rows: Sequence[tuple], catalogue: Catalogue, copies: float) -> tuple[np.ndarray, np.ndarray]:
    """(faces, scores) of N answers -> scores less what copies are worth, and log usage, (N, RIVALS) each."""
    scores, usage = np.full((len(rows), RIVALS), -np.inf), np.zeros((len(rows), RIVALS))
    for number, (faces, of_faces) in enumerate(rows):
        shown = [catalogue.row_of(face) for face in faces]
        scores[number, : len(faces)] = of_faces - copies * catalogue.log_copies[shown]
        usage[number, : len(faces)] = catalogue.log_usage[shown]
    return scores, usage


def log_probabilities(scores: np.ndarray, log_usage: np.ndarray, temperature: float, exponent: float) -> np.ndarray:
    """Of rows (N, RIVALS) with the prior, as `Catalogue.rank` shares them out."""
    weighed = scores / temperature + exponent * log_usage
    weighed -= weighed.max(1, keepdims=True)
    return weighed - np.log(np.exp(weighed).sum(1, keepdims=True))


def fit_prior(rows: Rows) -> tuple[float, float, list[dict]]:
    """Returns: the temperature and the exponent, and what each exponent tried gives."""
    tried = []
    for exponent in EXPONENTS.tolist():
        temperature = float(max(TEMPERATURES, key=lambda value: rows.likelihood(value, exponent)))
        found = {"exponent": round(exponent, 3), "temperature": round(temperature, 5)}
        found["log_likelihood"] = round(rows.likelihood(temperature, exponent), 4)
        tried.append(found | rows.top1(temperature, exponent))
    before = tried[0]["twins, uniform"] or 0.0
    allowed = [one for one in tried if (one["twins, uniform"] or 0.0) >= before - MOST_LOST]
    best = max(allowed, key=lambda one: one["log_likelihood"])
    chosen = max((one for one in allowed if _is_as_likely(rows, one, best)), key=lambda one: one["exponent"])
    return chosen["temperature"], chosen["exponent"], tried


def _is_as_likely(rows: Rows, one: dict, best: dict) -> bool:
    """Within a standard error of their difference (Breiman et al. 1984): answers are too few to tell them apart."""
    worse, better = (rows.likelihoods(each["temperature"], each["exponent"]) for each in (one, best))
    less = better - worse
    mean = rows.weights @ less
    return bool(mean <= np.sqrt((rows.weights**2) @ (less - mean) ** 2))


def with_setting(settings: Settings, name: str, value: Any) -> Settings:
    """The settings with one changed. Args: name: STAGE.SETTING. Raises: SettingsError where there is no such thing."""
    stage, _, one = name.partition(".")
    values = asdict(settings)
    return build_settings(Settings, values | {stage: values.get(stage, {}) | {one: value}}, "settings")


def fit_setting(model: Path, name: str, values: Sequence[Any], ask: Callable[[], Rows]) -> list[dict]:
    """Put the value into the model with which most first rows are right, and of several the likeliest.

    Args: ask: what the model answers now. Returns: what each value gives. Raises: SettingsError as `with_setting`.
    """
    chosen = open_artifact(model).settings
    changed = [with_setting(chosen, name, value) for value in values]
    tried: list[dict] = []
    try:
        for value, settings in zip(values, changed, strict=True):
            put_settings(model, settings)
            rows = ask()
            temperature, exponent, _ = fit_prior(rows)
            first = rows.log_probabilities(temperature, exponent).argmax(1)
            right, likelihood = float((first == rows.right).mean()), rows.likelihood(temperature, exponent)
            tried.append({"value": value, "twins": round(right, 4), "log_likelihood": round(likelihood, 4)})
        best = max(tried, key=lambda one: (one["twins"], one["log_likelihood"]))
        chosen = changed[tried.index(best)]
    finally:
        put_settings(model, chosen)  # as it was, where something fails
    return tried


def catalogue_with_usage(model: Path, table: Path) -> Catalogue:
    """The model's catalogue, once the table of usage is put into the model."""
    put_usage(model, read_usage(table))
    artifact = open_artifact(model)
    return Catalogue(artifact.faces, artifact.prototypes, artifact.prototype_faces, artifact.twins, artifact.usage)


def main(argv: list[str] | None = None) -> None:
    parser = fitting_parser(__doc__, Path("results/tuning.json"))
    parser.add_argument("--setting", help="STAGE.NAME of fontid.settings")
    parser.add_argument("--values", type=json.loads, nargs="+", default=[], help="of that to try, as JSON")
    arguments = parser.parse_args(argv)
    if bool(arguments.setting) != bool(arguments.values):
        parser.error("--setting and --values belong together")
    catalogue = catalogue_with_usage(arguments.model, arguments.usage)  # first: it decides which twin is named

    def ask(again: bool = arguments.again) -> Rows:
        answers = answers_of(arguments.validation, arguments.model, arguments.each, again)
        known = [one for one in answers if one.known and is_validation_family(one.family)]
        return Rows(known, catalogue, open_artifact(arguments.model).settings.prior.copies)

    found, command = {}, f"python -m train.tune VALIDATION --each {arguments.each}"
    if arguments.setting:
        try:
            tried = fit_setting(arguments.model, arguments.setting, arguments.values, ask)
        except SettingsError as error:
            parser.error(str(error))
        found = {"setting": {"name": arguments.setting, "tried": tried}}
        command += f" --setting {arguments.setting} --values {' '.join(map(json.dumps, arguments.values))}"
    rows = ask(arguments.again and not found)
    temperature, exponent, tried = fit_prior(rows)
    before = open_artifact(arguments.model)
    put_settings(arguments.model, before.settings)  # also those by default, which may be others in a later fontid
    recalibrate(arguments.model, replace(before.calibration, temperature=temperature, exponent=exponent))
    prior = {"n": len(rows.right), "exponent": exponent, "temperature": temperature, "tried": tried}
    settings = {"each": arguments.each, "most_lost": MOST_LOST, "model": asdict(before.settings)}
    write_result(arguments.results, settings=settings, command=command, metrics={"prior": prior} | found)
    print(f"exponent {exponent}, temperature {temperature}")
    for one in tried[::4]:
        print(one)


if __name__ == "__main__":
    main()
