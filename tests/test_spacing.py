"""Where letters stand: faces whose letters are alike are told apart by how they space them."""

import numpy as np
import pytest

from fontid.letters.spacing import SCATTER, Places, fit_of_places, joined

OWN = np.array([0.0, 0.6, 1.1, 1.9, 2.2, 2.9])  # ems: "to name" without its blank
BEFORE = np.array([0, 1, 3, 4, 5, 6])
BLANKS = np.array([0, 0, 1, 1, 1, 1])
WRONG = OWN + [0, 0.05, -0.04, 0.05, -0.05, 0.04]  # another face's


def fits(found: np.ndarray, *own: np.ndarray) -> np.ndarray:
    """Of faces with such layouts, all of which found the letters there."""
    laid_out = np.stack(own, 1)
    return fit_of_places([Places(np.repeat(found[:, None], len(own), 1), laid_out, BEFORE, BLANKS)])[0]


def test_a_face_that_spaces_letters_so_explains_them_and_another_does_not():
    right, wrong = fits(OWN + 3, OWN, WRONG)
    assert right == pytest.approx(0, abs=1e-3) and wrong < -2


@pytest.mark.parametrize(
    ("change", "times_usual"),
    [(BEFORE * 0.005, 1), (BEFORE * -0.005, 1), (BEFORE * 0.3, 60), (BLANKS * 0.05, 1), (BLANKS * 0.4, 8)]
    + [(OWN * 0.01, 1), (OWN * -0.01, 1), (OWN * 0.05, 5)],
)
def test_what_designers_change_has_the_price_of_cauchys_distribution(change, times_usual):
    """Of all letters together. Small changes of one kind are partly explained by another, and cost less."""
    price = np.log1p(times_usual**2)
    assert -1.1 * price < fits(OWN + change, OWN)[0] * len(OWN) < (-0.9 if times_usual > 5 else -0.3) * price


def test_one_misread_letter_does_not_decide():
    found = OWN.copy()
    found[3] += 0.4
    right, wrong = fits(found, OWN, WRONG)
    assert right > wrong and right == pytest.approx(-2 * np.log1p((0.4 / SCATTER) ** 2 / 3) / len(OWN), rel=0.05)


def test_letters_that_were_not_found_have_no_say_and_three_must_be():
    found = np.stack([OWN, OWN, OWN, OWN], 1)
    found[1:4, 1] = found[:3, 2] = np.nan
    found[:4, 3] = np.nan
    own = np.stack([OWN, WRONG, OWN, OWN], 1)
    own[1:4, 1] = OWN[1:4] + 1  # where nothing was found
    fit, letters = fit_of_places([Places(found, own, BEFORE, BLANKS)])
    assert letters == len(OWN) and fit[0] == pytest.approx(0, abs=1e-6) == fit[2]
    assert fit[3] == fit.min() == fit[1] < -1e-3, "two letters tell nothing: as little as the least of the others"


def test_lines_count_by_their_letters_and_those_without_any_do_not():
    none = Places(np.full((6, 2), np.nan), np.stack([OWN, WRONG], 1), BEFORE, BLANKS)
    line = Places(np.stack([OWN, OWN], 1), np.stack([OWN, WRONG], 1), BEFORE, BLANKS)
    short = Places(*(part[:3] for part in (line.found, line.own, BEFORE, BLANKS)))
    (alone, count), (together, of_both) = fit_of_places([line, none]), fit_of_places([line, short])
    assert (count, of_both) == (6, 9)
    of_short, _ = fit_of_places([short])
    assert together == pytest.approx((6 * alone + 3 * of_short) / 9)
    fit, told = fit_of_places([none])
    assert told == 0 and fit.tolist() == [0, 0]


def test_faces_compared_one_after_the_other_are_told_together():
    first, second = (Places(OWN[:, None], own[:, None], BEFORE, BLANKS) for own in (OWN, WRONG))
    both = joined([first, second])
    assert both.own.T.tolist() == [OWN.tolist(), WRONG.tolist()] and both.found.shape == (6, 2)
    assert both.before is BEFORE and both.blanks is BLANKS
