"""The prior and the calibration, fitted on answers made up so that what comes of it is known."""

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fontid.artifact import open_artifact, put_settings
from fontid.catalogue.ranking import Catalogue
from fontid.confidence import EVIDENCE, Calibration
from fontid.evaluation.experiment import read_result
from fontid.settings import DrawingSettings, Settings, SettingsError
from tests.conftest import MODEL
from tests.test_catalogue import FACES
from train import calibrate, tune
from train.answers import Answered, is_validation_family, kept_name
from train.calibrate import FEW, OUTSIDE, Told, fit, measure, with_words
from train.tune import EXPONENTS, Rows, fit_prior, fit_setting, with_setting


@pytest.fixture
def catalogue():
    """b is used much, the others are not."""
    twins = np.zeros((0, 2), np.int32)
    return Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), twins, {"b": 1_000_000})


def answered(folder: str, family: str, scores: dict[str, float], known: float = 1.0, unknown: float = -1.0) -> Answered:
    """`known` and `unknown` are the evidence, all of it."""
    ranked = sorted(scores, key=lambda one: -scores[one])
    right = ranked.index(family) if family in ranked else None
    faces, is_known = tuple(f"{one}-400-normal" for one in ranked), right is not None
    of_known, of_unknown = ((value,) * len(EVIDENCE) for value in (known, unknown))
    rows = (faces, tuple(scores[one] for one in ranked), right, right, of_known if is_known else ())
    return Answered(folder, "x.png", family, *rows, of_unknown, faces[:1], (0.1,), of_known, is_known)


def test_probabilities_are_those_of_answers(catalogue):
    row = answered("x", "a", {"a": 0.5, "b": 0.45, "d": 0.3})
    scores = np.full(7, -np.inf)
    scores[[0, 3, 6]] = 0.5, 0.45, 0.3
    ranked = {match.family: match.conditional_probability for match in catalogue.rank(scores, 3, 0.05, 0.2)}
    found = np.exp(Rows([row], catalogue).log_probabilities(0.05, 0.2))[0, :3]
    assert dict(zip("abd", found, strict=True)) == pytest.approx(ranked, abs=1e-4)


def test_the_prior_is_as_strong_as_usage_tells(catalogue):
    """Rows of equal score: where b is right as often as d, nothing is weighed in; where it always is, a lot."""
    scores = {"b": 0.5, "d": 0.49}
    even = [answered("x-uniform", family, scores) for family in "bd"] * 20
    assert fit_prior(Rows(even, catalogue))[1] < 0.1
    used = [answered("x-used", "b", scores), answered("x-used", "b", {"d": 0.5, "b": 0.49})] * 20
    assert fit_prior(Rows(used, catalogue))[1] > 0.5


def test_the_fewer_answers_tell_the_more_usage_counts(catalogue):
    """Within a standard error all exponents are as likely, and of many answers it is smaller."""
    scores = {"b": 0.5, "d": 0.49}
    few, many = ([answered("x-uniform", family, scores) for family in "bd"] * n for n in (20, 500))
    chosen = [fit_prior(Rows(rows, catalogue))[1] for rows in (few, many)]
    assert chosen[0] > chosen[1] == 0


def test_uniformly_drawn_pictures_bound_the_prior(catalogue):
    used = [answered("x-used", "b", {"d": 0.6, "b": 0.4})] * 60
    uniform = [answered("x-uniform", "d", {"d": 0.9, "b": 0.1})] * 18
    uniform += [answered("x-uniform", "d", {"d": 0.5, "b": 0.49})] * 2
    _, exponent, tried = fit_prior(Rows(used + uniform, catalogue))
    (chosen,) = (one for one in tried if one["exponent"] == exponent)
    likeliest = max(tried, key=lambda one: one["log_likelihood"])
    assert likeliest["twins, uniform"] == 0.9 and chosen["twins, uniform"] == 1.0


def test_pictures_drawn_by_usage_count_half_however_few(catalogue):
    scores = {"d": 0.5, "b": 0.49}
    used = [answered("x-used", "b", scores)]
    few, many = ([*used, *[answered("x-uniform", "d", {"d": 0.9, "b": 0.1})] * n] for n in (1, 50))
    of_few, of_many = (Rows(rows, catalogue).likelihood(0.05, 0.3) for rows in (few, many))
    assert of_few == pytest.approx(of_many)


def test_the_setting_with_most_right_first_rows_is_put_into_the_model(catalogue, copy):
    def ask() -> Rows:
        right = "b" if open_artifact(copy).settings.drawing.weight == 0.2 else "d"
        return Rows([answered("x", right, {"b": 0.5, "d": 0.4})] * 10, catalogue)

    tried = fit_setting(copy, "drawing.weight", [0.1, 0.2, 0.3], ask)
    assert [one["twins"] for one in tried] == [0.0, 1.0, 0.0]
    assert open_artifact(copy).settings == Settings(drawing=DrawingSettings(weight=0.2))
    with pytest.raises(ZeroDivisionError):
        fit_setting(copy, "drawing.families", [3], lambda: 1 / 0)
    with pytest.raises(SettingsError, match="unknown key 'wait'"):
        fit_setting(copy, "drawing.wait", [1], ask)
    assert open_artifact(copy).settings == Settings(drawing=DrawingSettings(weight=0.2))


def test_words_keep_their_promises(catalogue):
    told = Told([answered("x", "a", {"a": 0.5})], Calibration(), catalogue)
    told.figures = np.linspace(0.01, 1, 100)
    told.right, told.outside = told.figures > 0.3, np.linspace(0, 0.8, 100)
    words = with_words(Calibration(), told)
    wrong = np.concatenate([told.figures[~told.right], told.outside])
    assert words.certain >= 0.9 and (wrong >= words.certain).mean() <= 0.02
    assert (told.outside < words.likely).mean() >= 0.74
    assert (told.figures[told.right] < words.close).mean() <= 0.03
    said = [words.word(value) for value in (1.0, words.likely, words.close, 0.0)]
    assert said == ["certain", "likely", "close", "none"]


def test_a_row_is_as_probable_as_its_share_and_that_its_family_is_there(catalogue):
    """First rows right and wrong, and of a font that is not there, as `Catalogue.rank` and `in_catalogue` tell them."""
    rows = [
        answered("x", "a", {"a": 0.5, "d": 0.4}, known=1.0, unknown=-0.5),
        answered("x", "d", {"a": 0.5, "d": 0.47}, known=0.3, unknown=0.2),
        answered("x", "None", {"a": 0.3}, unknown=-1.0),
    ]
    weights = (0.2,) * len(Calibration().weights)
    calibration = Calibration(0.1, (0.5,) * len(EVIDENCE), weights=weights, constant=0.4)
    told = Told(rows, calibration, catalogue)

    def inside(value: float) -> float:
        return calibration.in_catalogue((value,) * len(EVIDENCE))

    shares = [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-0.3))]
    assert told.figures == pytest.approx([shares[0] * inside(1.0), shares[1] * inside(0.3)])
    assert told.right.tolist() == [True, False]
    assert told.outside == pytest.approx([inside(-0.5), inside(0.2), inside(-1.0)])  # each the only row
    assert told.known == pytest.approx([inside(1.0), inside(0.3)]) and len(set(told.known)) == 2


def test_where_evidence_says_nothing_as_many_are_inside_as_weigh(catalogue, rng):
    families = ["nobody", "a"] * 2000 + ["a"] * 2000
    rows = [answered("x", family, {"a": 0.5, "d": 0.4}, *rng.normal(size=2)) for family in families]
    inside, outside = 4000 * (1 + FEW), (6000 + 2000 * FEW) / OUTSIDE
    found = fit(rows, catalogue).in_catalogue((0.0,) * len(EVIDENCE))
    assert found == pytest.approx(inside / (inside + outside), abs=0.02)


def test_families_inside_and_outside_are_told_apart_among_few(catalogue):
    calibration = Calibration(weights=(1.0,) + (0.0,) * (len(Calibration().weights) - 1))
    rows = [answered("x", family, {"a": 0.5}, known) for family, known in (("a", 2.0), ("a", 1.0), ("None", -1.0))]
    assert measure(rows, calibration, catalogue)["in_catalogue"]["auroc_among_few"] == 1.0
    assert measure(rows[:2], calibration, catalogue)["in_catalogue"]["auroc_among_few"] is None


@pytest.fixture
def validation(copy, rng):
    """A model, and folders whose pictures were answered about: the first row is right in three of four, or nine of ten
    of those drawn by usage."""
    with_regular = {face.family for face in open_artifact(MODEL).faces if face.id == f"{face.family}-400-normal"}
    families = sorted(with_regular)[:400]
    for name, wrong in (("lines-uniform", 4), ("lines-used", 10)):
        rows = []
        for number, family in enumerate(families):
            own = 0.6 if number % wrong else 0.4
            scores = {family: own, families[number - 1]: 0.45, families[number - 2]: 0.3}
            known, unknown = rng.normal(1, 0.5), rng.normal(-1, 0.5)
            rows.append(json.dumps(asdict(answered(name, family, scores, known, unknown))))
        folder = copy.parent / "validation" / name
        folder.mkdir(parents=True)
        (folder / "manifest.jsonl").write_text("")
        (folder / kept_name(copy)).write_text("\n".join(rows))
    return copy, copy.parent / "validation", families


def test_what_is_tuned_is_put_into_the_model_and_written_down(validation, capsys):
    model, folder, families = validation
    put_settings(model, Settings())
    results = model.parent / "tuning.json"
    tune.main([str(folder), "--model", str(model), "--results", str(results)])
    found, prior = open_artifact(model).calibration, read_result(results)["metrics"]["prior"]
    assert prior["n"] == 2 * sum(map(is_validation_family, families))
    assert (prior["exponent"], prior["temperature"]) == (found.exponent, found.temperature)
    assert [one["exponent"] for one in prior["tried"]] == pytest.approx(EXPONENTS, abs=1e-3)
    numbers = np.array([number for number, family in enumerate(families) if is_validation_family(family)])
    for drawn, wrong in (("uniform", 4), ("used", 10)):
        assert prior["tried"][0][f"strict, {drawn}"] == pytest.approx((numbers % wrong != 0).mean(), abs=1e-4)
    assert "setting" not in read_result(results)["metrics"]
    assert found.certain == open_artifact(MODEL).calibration.certain  # what is not tuned stays
    first, *printed = capsys.readouterr().out.splitlines()
    assert first == f"exponent {found.exponent}, temperature {found.temperature}" and len(printed) == 9


def test_a_setting_is_chosen_by_the_command(validation, capsys):
    """Of two weights of drawing the second has the better answers."""
    model, folder, families = validation
    other = shutil.copytree(model, model.with_name("other"))
    for weight, better in ((0.1, False), (0.3, True)):
        put_settings(other, with_setting(open_artifact(MODEL).settings, "drawing.weight", weight))
        for part in folder.iterdir():
            rows = [json.loads(line) for line in (part / kept_name(model)).read_text().splitlines()]
            if better:
                rows = [row | {"right": 0, "strict": 0} for row in rows]
            (part / kept_name(other)).write_text("\n".join(map(json.dumps, rows)))
    results = model.parent / "tuning.json"
    arguments = [str(folder), "--model", str(model), "--results", str(results)]
    tune.main([*arguments, "--setting", "drawing.weight", "--values", "0.1", "0.3"])
    assert open_artifact(model).settings.drawing.weight == 0.3
    record = read_result(results)
    setting = record["metrics"]["setting"]
    assert setting["name"] == "drawing.weight" and [one["value"] for one in setting["tried"]] == [0.1, 0.3]
    assert setting["tried"][1]["twins"] == 1.0 > setting["tried"][0]["twins"]
    assert record["command"].endswith("--setting drawing.weight --values 0.1 0.3")
    for wrong in (["--setting", "drawing.weight"], ["--values", "1"], ["--setting", "drawing.wait", "--values", "1"]):
        with pytest.raises(SystemExit) as ended:
            tune.main([*arguments, *wrong])
        assert ended.value.code == 2
    assert "unknown key 'wait'" in capsys.readouterr().err


def test_what_is_calibrated_is_put_into_the_model_and_measured_on_other_families(validation, capsys):
    model, folder, families = validation
    results = model.parent / "calibration.json"
    calibrate.main([str(folder), "--model", str(model), "--results", str(results)])
    found, record = open_artifact(model).calibration, read_result(results)
    metrics = record["metrics"]
    fitted = 2 * sum(map(is_validation_family, families))
    assert (metrics["fitted_on"], metrics["n"]) == (fitted, 800 - fitted)
    assert record["model"] == open_artifact(model).version
    parts = metrics["by"]
    assert list(parts) == ["lines-uniform", "lines-used"] and sum(part["n"] for part in parts.values()) == 800 - fitted
    words = metrics["words"]
    others = np.array([number for number, family in enumerate(families) if not is_validation_family(family)])
    right = (others % 4 != 0).sum() + (others % 10 != 0).sum()
    rows_right, rows_wrong = words["right first rows"]["n"], words["wrong first rows"]["n"]
    assert rows_right == pytest.approx(right, abs=8)  # usage turns a few
    assert rows_right + rows_wrong == words["fonts outside"]["n"] == 800 - fitted
    assert metrics["in_catalogue"]["auroc"] > 0.98
    assert 0.9 <= found.certain <= 1 and found.close <= found.likely <= found.certain
    printed = capsys.readouterr().out
    assert f"certain {found.certain}" in printed and "lines-used: probability off by" in printed
    errors = [metrics[part]["expected_error"] for part in ("probability", "in_catalogue")]
    assert errors[1] < 0.1
    assert "all: probability off by {:.1f}, in_catalogue by {:.1f} with".format(*(100 * e for e in errors)) in printed


def test_too_few_answers_are_told(validation):
    model, folder, families = validation
    for part in folder.iterdir():
        lines = (part / kept_name(model)).read_text().splitlines()
        (part / kept_name(model)).write_text("\n".join(lines[:40]))
    with pytest.raises(SystemExit, match="Only 80 pictures gave an answer, too few"):
        calibrate.main([str(folder), "--model", str(model), "--results", str(model.parent / "c.json")])
    assert open_artifact(model).calibration == open_artifact(MODEL).calibration
    with pytest.raises(SystemExit, match="No folders with manifest.jsonl"):
        tune.main([str(model.parent / "nothing"), "--model", str(model)])


@pytest.mark.parametrize(("outside", "certain"), [(6, 0.9), (60, 0.95)])
def test_sure_of_fonts_outside_is_as_bad_as_they_are_frequent(catalogue, outside, certain):
    """Six weigh like one wrong row of a hundred, which is few enough, and sixty like ten."""
    told = Told([answered("x", "a", {"a": 0.5})], Calibration(), catalogue)
    told.figures = np.append(np.linspace(0, 0.5, 100), np.linspace(0.96, 1, 100))
    told.right, told.outside = np.arange(200) >= 100, np.full(outside, 0.95)
    assert with_words(Calibration(), told).certain == certain
    told.figures[100:] = np.linspace(0.92, 0.94, 100)  # six in ten of the right ones stay certain
    assert with_words(Calibration(), told).certain == pytest.approx(min(certain, 0.928), abs=2e-4)


def test_pictures_without_a_font_count_as_fonts_outside(catalogue):
    rows = [answered("x", "a", {"a": 0.9, "b": 0.1}, known=1 + n / 50) for n in range(40)]
    rows += [answered("y", "None", {"a": 0.2}, known=-1 - n / 50) for n in range(40)]
    calibration = fit(rows, catalogue)
    surely, surely_not = (calibration.in_catalogue((value,) * len(EVIDENCE)) for value in (2.0, -2.0))
    assert surely > 0.9 > surely_not + 0.1  # one in thirteen is outside, which weighs for "inside"
    found = measure(rows, calibration, catalogue)
    assert found["words"]["right first rows"]["n"] == 40 and found["words"]["fonts outside"]["n"] == 80
    assert found["in_catalogue"]["auroc"] == 1.0
    assert measure(rows[40:], calibration, catalogue)["in_catalogue"]["auroc"] is None
