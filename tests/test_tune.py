"""The prior and the calibration, fitted on answers made up so that what comes of it is known."""

import shutil

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fontid.artifact import open_artifact
from fontid.catalogue.ranking import Catalogue
from fontid.confidence import EVIDENCE, Calibration
from fontid.settings import DrawingSettings, Settings, SettingsError
from tests.conftest import MODEL
from tests.test_catalogue import FACES
from train.answers import Answered
from train.calibrate import Told, fit, measure, with_words
from train.tune import Rows, fit_prior, fit_setting


@pytest.fixture
def catalogue():
    """b is used much, the others are not."""
    twins = np.zeros((0, 2), np.int32)
    return Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), twins, {"b": 1_000_000})


def answered(folder: str, family: str, scores: dict[str, float], known: float = 1.0, unknown: float = -1.0) -> Answered:
    """`known` and `unknown` are the evidence, all of it."""
    ranked = sorted(scores, key=lambda one: -scores[one])
    right = ranked.index(family) if family in ranked else None
    faces = tuple(f"{one}-400-normal" for one in ranked)
    evidence = {value: (value,) * len(EVIDENCE) for value in (known, unknown)}
    return Answered(
        folder=folder,
        file="x.png",
        family=family,
        faces=faces,
        scores=tuple(scores[one] for one in ranked),
        strict=right,
        right=right,
        known=() if right is None else evidence[known],
        unknown=evidence[unknown],
        unknown_faces=faces[:1],
        unknown_scores=(0.1,),
        few=evidence[known],
        in_few=right is not None,
    )


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
    assert fit_prior(Rows(even, catalogue))[1] == 0
    used = [answered("x-used", "b", scores), answered("x-used", "b", {"d": 0.5, "b": 0.49})] * 20
    assert fit_prior(Rows(used, catalogue))[1] > 0.5


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


def test_the_setting_with_most_right_first_rows_is_put_into_the_model(catalogue, tmp_path):
    model = shutil.copytree(MODEL, tmp_path / "model")

    def ask() -> Rows:
        right = "b" if open_artifact(model).settings.drawing.weight == 0.2 else "d"
        return Rows([answered("x", right, {"b": 0.5, "d": 0.4})] * 10, catalogue)

    tried = fit_setting(model, "drawing.weight", [0.1, 0.2, 0.3], ask)
    assert [one["twins"] for one in tried] == [0.0, 1.0, 0.0]
    assert open_artifact(model).settings == Settings(drawing=DrawingSettings(weight=0.2))
    with pytest.raises(ZeroDivisionError):
        fit_setting(model, "drawing.families", [3], lambda: 1 / 0)
    with pytest.raises(SettingsError, match="unknown key 'wait'"):
        fit_setting(model, "drawing.wait", [1], ask)
    assert open_artifact(model).settings == Settings(drawing=DrawingSettings(weight=0.2))


def test_words_keep_their_promises(catalogue):
    told = Told([answered("x", "a", {"a": 0.5})], Calibration(), catalogue)
    told.figures = np.linspace(0.01, 1, 100)
    told.right, told.outside = told.figures > 0.3, np.linspace(0, 0.8, 100)
    words = with_words(Calibration(), told)
    wrong = np.concatenate([told.figures[~told.right], told.outside])
    assert words.certain >= 0.9 and (wrong >= words.certain).mean() <= 0.02
    assert (told.outside < words.likely).mean() >= 0.74
    assert (told.figures[told.right] < words.close).mean() <= 0.03
    assert [words.word(value) for value in (1.0, words.likely, words.close, 0.0)] == list(
        ("certain", "likely", "close", "none")
    )


@pytest.mark.parametrize(("outside", "certain"), [(12, 0.9), (60, 0.95)])
def test_sure_of_fonts_outside_is_as_bad_as_they_are_frequent(catalogue, outside, certain):
    """Twelve weigh like two wrong rows of a hundred, which is few enough, and sixty like ten."""
    told = Told([answered("x", "a", {"a": 0.5})], Calibration(), catalogue)
    told.figures, told.right, told.outside = np.linspace(0, 1, 200), np.arange(200) >= 100, np.full(outside, 0.95)
    assert with_words(Calibration(), told).certain == certain


def test_pictures_without_a_font_count_as_fonts_outside(catalogue):
    rows = [answered("x", "a", {"a": 0.9, "b": 0.1}, known=1 + n / 50) for n in range(40)]
    rows += [answered("y", "None", {"a": 0.2}, known=-1 - n / 50) for n in range(40)]
    calibration = fit(rows, catalogue)
    surely, surely_not = (calibration.in_catalogue((value,) * len(EVIDENCE)) for value in (2.0, -2.0))
    assert surely > 0.9 > surely_not + 0.2  # one in seven is outside, which weighs for "inside"
    found = measure(rows, calibration, catalogue)
    assert found["words"]["right first rows"]["n"] == 40 and found["words"]["fonts outside"]["n"] == 80
    assert found["in_catalogue"]["auroc"] == 1.0
    assert measure(rows[40:], calibration, catalogue)["in_catalogue"]["auroc"] is None
