"""Fit the artifact's calibration on validation renders of validation families, and show how far it can be trusted.

    python -m benchmarks.render PROTOCOL --split validation --seed 77 --families 200 --out VALIDATION/PROTOCOL-uniform
    python -m benchmarks.render PROTOCOL --split validation --seed 78 --families 200 --by-usage 0.5 \
        --out VALIDATION/PROTOCOL-used
    python -m train.calibrate VALIDATION [--model model] [--each 400] [--again] [--results results/calibration.json]

VALIDATION holds folders for `fontid evaluate`, which may hold pictures without a font of the catalogue too (`family`
null, or any other). Every picture is identified with the whole catalogue, again without its family and all that
resemble it, and again among a few families: `train.answers` keeps what comes. Then are fitted on the validation
families (a half, by hash of their names): the prior and the temperature of the probabilities, by likelihood
(`train.tune`); the logistic regression behind `in_catalogue`; and how probable a row must be for each word. The other
half of the families tells how well they hold: that goes into RESULTS, of which `benchmarks.report` draws diagrams.
Only the model's config.json changes, and its table of usage.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from fontid.artifact import open_artifact, recalibrate
from fontid.catalogue.ranking import Catalogue
from fontid.confidence import FARTHEST, Calibration, quadratic, reliability, word_shares
from fontid.evaluation.experiment import write_result
from fontid.evaluation.open_set import auroc
from train.answers import Answered, answers_of, fitting_parser, is_validation_family
from train.tune import Rows, catalogue_with_usage, fit_prior, log_probabilities, rows_of

REGULARISATION = 0.1  # scikit-learn's C
OUTSIDE = 12  # pictures of known fonts to one of a font outside: so few that the figures also hold where all are known
MOST_CERTAIN = 0.015  # of wrong first rows may say "certain", fonts outside among them as often as people bring those:
# of pictures that the fit did not see it is about twice as many
LEAST_TOLD = 0.6  # of right first rows must say it, too: the wrong ones are so few that one moves the bound far
MOST_NONE = 0.01  # of right first rows may say "none"
FEW = 0.3  # weight of answers among few families, which few people want
LEAST_DOUBTED = 0.8  # of the first rows of fonts outside must say "close" or "none"
LEAST_CERTAIN, LEAST_LIKELY = 0.9, 0.5  # probability, whatever is fitted


class Told:
    """What answers say with a calibration: `known`, `unknown` and `few` are in_catalogue, `figures` probabilities.

    Attributes:
        figures, right: of the first rows of answers with the whole catalogue whose family is in it: (N,) each.
        outside: probabilities of the first rows of answers without their family, (M,).
    """

    def __init__(
        self, answers: Sequence[Answered], calibration: Calibration, catalogue: Catalogue, copies: float = 0.0
    ) -> None:
        within = [one for one in answers if one.known]
        self.known = np.array([calibration.in_catalogue(one.known) for one in within])
        self.unknown = np.array([calibration.in_catalogue(one.unknown) for one in answers])
        rows = Rows(within, catalogue, copies)
        logs = rows.log_probabilities(calibration.temperature, calibration.exponent)
        self.figures, self.right = np.exp(logs.max(1)) * self.known, logs.argmax(1) == rows.right
        others = rows_of([(one.unknown_faces, one.unknown_scores) for one in answers], catalogue, copies)
        first = log_probabilities(*others, calibration.temperature, calibration.exponent).max(1)
        self.outside = np.exp(first) * self.unknown


def fit(answers: list[Answered], catalogue: Catalogue, copies: float = 0.0) -> Calibration:
    temperature, exponent, _ = fit_prior(Rows([one for one in answers if one.known], catalogue, copies))
    evidence, known, weights = _labelled(answers)
    mean, spread = evidence.mean(0), evidence.std(0)
    model = LogisticRegression(C=REGULARISATION, max_iter=5000)
    model.fit(quadratic(evidence, mean, spread), known, weights)
    mean, spread, weights = (tuple(np.round(values, 5).tolist()) for values in (mean, spread, model.coef_[0]))
    constant = round(float(model.intercept_[0]), 5)
    calibration = Calibration(temperature, mean, spread, weights, constant, exponent)
    return with_words(calibration, Told(answers, calibration, catalogue, copies))


def _labelled(answers: list[Answered]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Evidence (N, E), whether the family was there (N,), and weights (N,), by `OUTSIDE` and `FEW`."""
    rows = [(one.known, True, 1.0) for one in answers if one.known]
    rows += [(one.unknown, False, 1 / OUTSIDE) for one in answers]
    rows += [(one.few, one.in_few, FEW if one.in_few else FEW / OUTSIDE) for one in answers]
    evidence, known, weights = zip(*rows, strict=True)
    return np.array(evidence), np.array(known), np.array(weights)


def with_words(calibration: Calibration, told: Told) -> Calibration:
    """The words' least probabilities, by `MOST_CERTAIN`, `LEAST_TOLD`, `LEAST_DOUBTED` and `MOST_NONE`."""
    right, missed = told.figures[told.right], told.figures[~told.right]
    wrong, weights = np.append(missed, told.outside), np.repeat([1, 1 / OUTSIDE], [len(missed), len(told.outside)])
    certain = float(np.quantile(wrong, 1 - MOST_CERTAIN, weights=weights, method="inverted_cdf"))
    certain = max(LEAST_CERTAIN, min(certain, float(np.quantile(right, 1 - LEAST_TOLD))))
    likely = min(certain, max(LEAST_LIKELY, float(np.quantile(told.outside, LEAST_DOUBTED))))
    close = min(likely, float(np.quantile(right, MOST_NONE)))
    return replace(calibration, certain=round(certain, 4), likely=round(likely, 4), close=round(close, 4))


def measure(answers: list[Answered], calibration: Calibration, catalogue: Catalogue, copies: float = 0.0) -> dict:
    """Expected calibration errors, reliability diagrams, AUROC and words, on answers that the fit did not see.

    The probability's are of first rows, with one in `OUTSIDE` answers without the family among them.
    """
    told = Told(answers, calibration, catalogue, copies)
    outside = told.outside[::OUTSIDE]
    figures = np.concatenate([told.figures, outside])
    of_rows, row_bins = reliability(figures, np.concatenate([told.right, np.zeros(len(outside), bool)]))
    unknown = told.unknown[::OUTSIDE]
    inside = np.repeat([True, False], [len(told.known), len(unknown)])
    of_catalogue, catalogue_bins = reliability(np.concatenate([told.known, unknown]), inside)
    few = [(calibration.in_catalogue(one.few), one.in_few) for one in answers]
    among_few, beyond_few = ([value for value, inside in few if inside is which] for which in (True, False))
    right, wrong = told.figures[told.right], told.figures[~told.right]
    in_words = {"right first rows": right, "wrong first rows": wrong, "fonts outside": told.outside}
    return {
        "n": len(answers),
        "probability": {"expected_error": of_rows, "bins": row_bins},
        "in_catalogue": {
            "auroc": _auroc(told.known, told.unknown),
            "auroc_among_few": _auroc(among_few, beyond_few),
            "expected_error": of_catalogue,
            "bins": catalogue_bins,
        },
        "words": {name: word_shares(list(map(calibration.word, found))) for name, found in in_words.items()},
    }


def _auroc(known: Sequence[float], unknown: Sequence[float]) -> float | None:
    return round(auroc(known, unknown), 4) if len(known) and len(unknown) else None


def main(argv: list[str] | None = None) -> None:
    arguments = fitting_parser(__doc__, Path("results/calibration.json")).parse_args(argv)
    catalogue = catalogue_with_usage(arguments.model, arguments.usage)  # first: it decides which twin is named
    answers = answers_of(arguments.validation, arguments.model, arguments.each, arguments.again)
    fitted = [one for one in answers if is_validation_family(one.family)]
    others = [one for one in answers if not is_validation_family(one.family)]
    if min(sum(bool(one.known) for one in part) for part in (fitted, others)) < 50:
        raise SystemExit(f"Only {len(answers)} pictures gave an answer, too few to fit anything: render more.")
    copies = open_artifact(arguments.model).settings.prior.copies
    calibration = fit(fitted, catalogue, copies)
    metrics = {"fitted_on": len(fitted), **measure(others, calibration, catalogue, copies), "by": {}}
    for folder in sorted({one.folder for one in others}):
        of_folder = [one for one in others if one.folder == folder]
        metrics["by"][folder] = measure(of_folder, calibration, catalogue, copies)
    recalibrate(arguments.model, calibration)
    settings = {"each": arguments.each, "regularisation": REGULARISATION, "farthest": FARTHEST, "outside": OUTSIDE}
    command = f"python -m train.calibrate VALIDATION --each {arguments.each}"
    version = open_artifact(arguments.model).version
    write_result(arguments.results, settings=settings, command=command, metrics=metrics, model=version)
    print(json.dumps({key: metrics[key] for key in ("fitted_on", "n")}))
    chosen = ("temperature", "exponent", "certain", "likely", "close")
    print(", ".join(f"{name} {getattr(calibration, name)}" for name in chosen))
    for name, part in [("all", metrics), *metrics["by"].items()]:
        told = part["in_catalogue"]
        print(
            f"{name}: probability off by {100 * part['probability']['expected_error']:.1f}, in_catalogue by "
            f"{100 * told['expected_error']:.1f} with AUROC {told['auroc']}"
        )
    print(json.dumps(metrics["words"]))


if __name__ == "__main__":
    main()
