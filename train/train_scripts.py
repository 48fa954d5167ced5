"""Train what tells other scripts from Latin letters: a logistic regression on what the recogniser makes of a line.

    python -m train.train_scripts LINES [--jobs 2] [--results results/once.jsonl#scripts]

LINES is what data_scripts.draw_scripts drew. It knows nothing of the encoder and writes fontid/text/scripts.json, so it
is run again only when the recogniser changes. Every line is read upright, some also upside down and some short ones on
their side, as the reader tries them. RESULTS.json tells how many lines of validation families are taken to be in
another script.
"""

import json
import string
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.text.lines import Line
from fontid.text.recogniser import MIN_FOREIGN, MIN_UNNAMED, Reading, Recogniser
from fontid.text.scripts import LATIN, OTHER, PARAMETERS, TURNED, evidence_of, places_of

GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω"
LETTERS = string.ascii_letters + string.digits + GREEK + ".,:;-'\"!?&/()"  # more than the 120 that the last layer sees
NAMED = ("cyrillic", "greek")  # scripts that have a name in the answer
UPSIDE_DOWN, ON_SIDE = 0.35, 0.5  # share of the lines, and of short ones, that are looked at so, too
SHORT = 1.5  # times as long as high
LOOSE = (-0.08, 0.15)  # of a line's height: how much farther out than the ink the box may be
REGULARISATION = 0.2  # scikit-learn's C


@dataclass(frozen=True)
class Look:
    """A line as it is shown to the recogniser. condition: the script's name; turns: quarter turns; evidence: (K,)."""

    condition: str
    text: str
    turns: int
    evidence: np.ndarray

    @property
    def script(self) -> str:
        """What is to be told."""
        if self.condition == LATIN:
            return TURNED if self.turns and any(map(str.isalpha, self.text)) else LATIN
        return self.condition if self.condition in NAMED else OTHER


@cache
def recogniser() -> Recogniser:
    return Recogniser()


def looks_at(task: tuple[Path, dict]) -> list[Look]:
    """Args: task: the folder, and a row of its manifest."""
    folder, row = task
    rng = np.random.default_rng(int(Path(row["file"]).stem))
    left, top, right, bottom = row["box"]
    farther = rng.uniform(*LOOSE, 4) * (bottom - top)
    left, top, right, bottom = left - farther[0], top - farther[1], right + farther[2], bottom + farther[3]
    line = Line(((left, top), (right, top), (right, bottom), (left, bottom)))
    with Image.open(folder / row["file"]) as picture:
        pixels = line.cut(picture).frame.pixels
    turns = [0]
    if rng.random() < UPSIDE_DOWN:
        turns.append(2)
    if line.width < SHORT * line.height and rng.random() < ON_SIDE:
        turns.append(int(rng.choice([1, 3])))
    places = places_of(LETTERS, recogniser().characters)
    looks = []
    for turn in turns:
        likely, _ = recogniser().look(np.ascontiguousarray(np.rot90(pixels, turn)))
        evidence = evidence_of(likely, places)
        if evidence is not None:
            looks.append(Look(row["condition"], row["text"], turn, evidence))
    return looks


def look_at_all(folder: Path, jobs: int) -> list[Look]:
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    with get_context("spawn").Pool(jobs) as pool:
        tasks = [(folder, row) for row in rows]
        return [look for looks in tqdm(pool.imap(looks_at, tasks, 16), folder.name, len(rows)) for look in looks]


def fit(looks: list[Look]) -> dict:
    """What scripts.json holds."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=REGULARISATION, max_iter=2000))
    model.fit([look.evidence for look in looks], [look.script for look in looks])
    scaler, regression = model[0], model[1]
    weights = regression.coef_ / scaler.scale_
    constants = regression.intercept_ - weights @ scaler.mean_
    return {
        "letters": LETTERS,
        "scripts": regression.classes_.tolist(),
        "weights": np.round(weights.T, 4).tolist(),
        "constants": np.round(constants, 3).tolist(),
    }


def measure(looks: list[Look], parameters: dict) -> dict:
    """Of each script how many lines are taken to be in another than Latin, and how many of these are named rightly."""
    weights, constants = np.array(parameters["weights"]), np.array(parameters["constants"])
    scores = np.array([look.evidence for look in looks]) @ weights + constants
    shares = np.exp(scores - scores.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    others = [number for number, script in enumerate(parameters["scripts"]) if script not in (LATIN, TURNED)]
    scripts = np.array(parameters["scripts"])[others]
    readings = [Reading(others=dict(zip(scripts, row, strict=True))) for row in shares[:, others]]
    foreign = np.array([reading.is_foreign for reading in readings])
    named = scripts[shares[:, others].argmax(1)]
    kinds = np.array([TURNED if look.script == TURNED else look.condition for look in looks])
    right = np.array([look.script for look in looks]) == named
    found = {}
    for kind in np.unique(kinds):
        of_kind = kinds == kind
        taken, named_rightly = (round(float(which[of_kind].mean()), 4) for which in (foreign, foreign & right))
        found[str(kind)] = {"n": int(of_kind.sum()), "foreign": taken, "named_rightly": named_rightly}
    return found


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#scripts")
    parser.add_argument("lines", type=Path, metavar="LINES")
    parser.add_argument("--jobs", type=int, default=2, help="processes that read lines")
    arguments = parser.parse_args(argv)
    parameters = fit(look_at_all(arguments.lines / "train", arguments.jobs))
    PARAMETERS.write_text(json.dumps(parameters, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    metrics = measure(look_at_all(arguments.lines / "validation", arguments.jobs), parameters)
    settings = {"regularisation": REGULARISATION, "min_foreign": MIN_FOREIGN, "min_unnamed": MIN_UNNAMED}
    write_result(arguments.results, settings=settings, command="python -m train.train_scripts LINES", metrics=metrics)


if __name__ == "__main__":
    main()
