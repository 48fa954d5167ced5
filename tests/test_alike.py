"""Faces that write a text alike, and what is made of the encoder's scores then."""

from types import SimpleNamespace

import numpy as np
import pytest

from fontid.encoder.preprocessing import Ink
from fontid.identifier import _Sample
from fontid.letters.alike import _edges_apart, _stand_alike, share_alike
from fontid.letters.verification import Verdict
from fontid.text.lines import Line
from tests.conftest import draw
from tests.test_letterforms import a_catalogue, letterforms_of

OPEN_SANS, NOTO_SANS = "open-sans-400-normal", "noto-sans-400-normal"
#                 left, bottom, right, top
LETTERS = {"l": (50, 0, 110, 700), "o": (50, 0, 350, 500), "p": (50, -200, 110, 600)}


@pytest.mark.parametrize(
    ("one", "other", "text", "share"),
    [
        (OPEN_SANS, NOTO_SANS, "Should know", 1),
        (OPEN_SANS, NOTO_SANS, "again", 0.8),  # the g
        (OPEN_SANS, NOTO_SANS, "Illinois", 7 / 8),  # the I
        ("khula-400-normal", NOTO_SANS, "people", 1),  # drawn larger
        ("khula-400-normal", NOTO_SANS, "people Я", 6 / 7),  # both lack a letter
        (OPEN_SANS, "noto-sans-tai-tham-400-normal", "Sympathy lone", 1),  # its blank is half as wide
        ("inter-400-normal", "inter-tight-400-normal", "people over water", 0),  # spaced apart
        (OPEN_SANS, "open-sans-700-normal", "people", 0),
        (OPEN_SANS, NOTO_SANS, "Я", 0),
    ],
)
def test_which_share_of_a_text_faces_write_alike(identifier, one, other, text, share):
    for first, second in ((one, other), (other, one)):
        (found,) = share_alike(identifier.letterforms, first, [second], [text], 0.5)
        assert found == pytest.approx([share])


def test_every_text_is_asked_of_every_face():
    higher = {**LETTERS, "o": (50, 0, 350, 540)}
    forms = letterforms_of({"wide": 560}, one=LETTERS, same=LETTERS, higher=higher, wide=LETTERS)
    shares = share_alike(forms, "one", ["same", "higher", "wide"], ["lop o", "ll p", " o"], 0.5)
    assert shares.tolist() == [[1, 1, 1], [0.5, 1, 0], [0, 0, 1]]  # one letter alone stands where it stands
    assert share_alike(forms, "one", ["higher"], ["lop o", "lop"], 0.6).tolist() == [[0, pytest.approx(2 / 3)]]
    assert share_alike(forms, "one", [], ["lol"], 0.5).shape == (0, 1)


def bars_shared(one: dict, other: dict, text: str, advances=(500, 500)) -> list[float]:
    """Which share of a text is alike in bars (left, bottom, right, top), asked either way. Args: advances: of both."""
    names = "one", "other"
    both = letterforms_of(dict(zip(names, advances, strict=True)), one=one, other=other)
    return [float(share_alike(both, *pair, [text], 0.5).item()) for pair in (("one", ["other"]), ("other", ["one"]))]


SQUARES = {"l": (0, 0, 500, 500), "o": (0, 0, 500, 500)}


@pytest.mark.parametrize(("wider", "share"), [(0, 1), (16, 1), (20, 0.5)])
def test_letters_are_alike_where_outlines_lie_a_quarter_of_a_pixel_apart(wider, share):
    """28 pixels high; a square that is so many thousandths of an em wider: of 20, that is 31 pixels beside 113."""
    other = {"l": (0, 0, 500 + wider, 500), "o": (0, 0, 500, 500)}
    assert bars_shared(SQUARES, other, "o l", (600, 600)) == [share] * 2
    assert bars_shared(SQUARES, other, "o", (600, 600)) == [1] * 2, "what the text does not hold does not count"


@pytest.mark.parametrize(("high", "share"), [(0, 1), (34, 1), (37, 0)])
def test_letters_are_not_alike_where_edges_lie_two_pixels_apart(high, share):
    """Of strokes a pixel wide one is as much higher as the other is lower, 56 pixels to the em."""
    one = {"l": (0, 0, 20, 500), "o": (0, 0, 20, 500)}
    other = {"l": (0, 0, 20, 500 + high), "o": (0, 0, 20, 500 - high)}
    assert bars_shared(one, other, "lo") == [share] * 2


@pytest.mark.parametrize(("text", "wider", "share"), [("ll", 9, 1), ("ll", 11, 0), ("l", 99, 1), ("l" * 9, 11, 0)])
def test_letters_stand_alike_within_two_hundredths_of_the_text(text, wider, share):
    assert bars_shared(SQUARES, SQUARES, text, (500, 500 + wider)) == [share] * 2


def test_letters_that_a_face_lacks_are_not_alike():
    assert bars_shared(SQUARES, {"l": SQUARES["l"]}, "lo") == [0.5] * 2
    assert bars_shared(SQUARES, {"l": SQUARES["l"]}, "l l") == [1] * 2
    assert bars_shared(SQUARES, SQUARES, "lox") == [pytest.approx(2 / 3)] * 2


def test_letters_may_be_drawn_larger_in_one_face_if_they_are_in_all():
    large = {letter: tuple(round(1.7 * side) for side in sides) for letter, sides in SQUARES.items()}
    assert bars_shared(SQUARES, large, "lol", (600, 1020)) == [1] * 2
    assert bars_shared(SQUARES, large, "lol", (600, 600)) == [0] * 2
    assert bars_shared(SQUARES, {**SQUARES, "o": large["o"]}, "lol", (600, 600)) == [0] * 2


@pytest.mark.parametrize(
    ("other", "scales", "apart"),
    [
        ((0.1, 0.5, 0.3, -0.1), (50, 50), 0),
        ((0.6, 0.5, 0.8, -0.1), (50, 50), 0),
        ((0.1, 0.54, 0.3, -0.11), (50, 50), 2),
        ((0.1, 0.49, 0.3, -0.14), (50, 50), 2),
        ((0.1, 0.49, 0.38, -0.1), (50, 50), 2),
        ((0.1, 0.5, 0.02, -0.1), (50, 50), 7),
        ((0.1, 0.5, 0.3, -0.1), (50, 40), 5),
        ((0.1, 0.625, 0.35, -0.125), (50, 40), 0),
    ],
)
def test_edges_are_apart_by_the_most_of_top_and_bottom_and_half_the_width(other, scales, apart):
    """Left, top, right and bottom in ems, those of the first 0.1, 0.5, 0.3, -0.1, and how many pixels each has."""
    pair = [
        SimpleNamespace(left=sides[0], top=sides[1], right=sides[2], bottom=sides[3])
        for sides in ((0.1, 0.5, 0.3, -0.1), other)
    ]
    assert _edges_apart(pair, np.array(scales)) == pytest.approx(apart)


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        ([0, 4, 8], [0, 2, 4.1], False),  # 82 pixels and 80
        ([0, 4, 8], [0, 2, 4.03], True),
        ([0, 20, 40], [0, 10.39, 20], True),  # 7.8 pixels of 400 are within eight
        ([0, 20, 40], [0, 10.41, 20], False),
        ([0, 20, 40], [0, 9.59, 20], False),
        ([0, 20, 40], [0, 10.39, np.nan], True),
        ([0, np.nan, 40], [0, 99, 20], True),
        ([0, 1], [0, 0.527], True),  # 0.54 of 28 pixels, of which the shortest text has two hundredths
        ([0, 1], [0, 0.53], False),
        ([0, 1], [0, 0.47], False),
    ],
)
def test_places_are_alike_within_two_hundredths_of_the_firsts_length(one, other, are_alike):
    """In ems, of which the first has ten pixels and the other twenty."""
    layouts = {"one": np.array(one, float), "other": np.array(other, float)}
    letterforms = SimpleNamespace(layout=lambda face, text: layouts[face])
    assert _stand_alike(letterforms, ("one", "other"), np.array([10, 20]), "") == are_alike


def test_more_used_faces_are_those_that_resemble_one_the_first_of_their_twins():
    along, near, far = [1.0, 0.0], [0.41, 0.91], [0.39, 0.92]
    usage = {"rare": 10, "used": 20, "copy": 15, "other": 30, "little": 9, "same": 10}
    catalogue = a_catalogue(*usage, prototypes=[along, near, near, far, along, along], twins=[(1, 2)], usage=usage)
    assert catalogue.more_used(0).tolist() == [1]
    assert catalogue.more_used(4).tolist() == [0, 5, 1]
    assert catalogue.more_used(2).tolist() == [3]  # its letters are used as often as its twin's


def test_of_a_more_used_family_the_nearest_face_is_asked():
    catalogue = a_catalogue(
        "rare", "used", "used 700 normal", prototypes=[[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]], usage={"rare": 1, "used": 2}
    )
    assert catalogue.more_used(0).tolist() == [2]


def sample(text: str, width: float, scores: np.ndarray) -> _Sample:
    line = Line(((0, 0), (width, 0), (width, 40), (0, 40)), text, 1.0)
    return _Sample(line, Ink(np.zeros((40, 40), np.uint8), (0, 0, 40, 40)), np.zeros((1, 1)), scores)


@pytest.mark.parametrize(
    ("texts", "ahead", "share"),
    [
        (["people", "water"], 0.5, 1),
        (["people", "water"], 0.2, 1),  # no more than until both are level
        (["again", "Illinois"], 0.5, 1),  # but for a letter
        (["", "people"], 0.5, 1),  # of what was not read the alphabet
        (["gig", "people"], 0.5, 0.5),  # two thirds differ
        (["gig", "Egg"], 0.5, 0),
        (["people", "water"], -0.1, 0),
    ],
)
def test_the_leaning_to_the_best_face_is_taken_off_before_a_more_used_near_copy(identifier, texts, ahead, share):
    catalogue, prior = identifier.catalogue, identifier.settings.prior
    best, used = map(catalogue.row_of, (NOTO_SANS, OPEN_SANS))
    leaning = prior.leaning * np.log(catalogue.crowd(best) / catalogue.crowd(used))
    assert 0.2 < leaning < 0.3
    fair, before = after_leaning(identifier, best, used, texts, ahead)
    if not share:
        assert fair is None
        return
    assert fair[used] - before[used] == pytest.approx(share * min(ahead, leaning), abs=1e-5)
    assert np.delete(fair, used).tolist() == np.delete(before, used).tolist()


def after_leaning(identifier, best: int, used: int, texts: list[str], ahead: float):
    """Scores of lines in which one face is ahead of another, copies taken off: what comes of them, and as they were."""
    catalogue = identifier.catalogue
    scores = np.zeros(len(catalogue.faces), np.float32)
    copies = identifier.settings.prior.copies * (catalogue.log_copies[best] - catalogue.log_copies[used])
    scores[best], scores[used] = 0.9, 0.9 - ahead - copies
    return identifier._fair(scores, best, [sample(text, 200, scores) for text in texts]), scores


def test_near_copies_that_are_no_twins_count_as_copies(identifier):
    """Noto Sans Sharada draws Noto Sans's letters but for a few, and so has no twins."""
    catalogue = identifier.catalogue
    best, used = map(catalogue.row_of, ("noto-sans-sharada-400-normal", NOTO_SANS))
    assert catalogue.log_copies[best] == 0 and 20 < catalogue.crowd(best) < catalogue.crowd(used)
    fair, before = after_leaning(identifier, best, used, ["people"], 0.5)
    copies = np.log(catalogue.crowd(best)) - np.log(catalogue.crowd(used)) + catalogue.log_copies[used]
    assert fair[used] - before[used] == pytest.approx(identifier.settings.prior.copies * copies, abs=1e-5)


def test_the_encoder_leans_to_no_face_that_no_more_families_draw(identifier):
    best, used = map(identifier.catalogue.row_of, ("cormorant-400-normal", "cormorant-garamond-400-normal"))
    assert used in identifier.catalogue.more_used(best)
    assert after_leaning(identifier, best, used, ["people"], 0.2)[0] is None


def test_a_crowd_are_families_with_a_near_copy():
    catalogue = a_catalogue(
        "a", "b", "c", "a 700 normal", prototypes=[[1.0, 0.0], [0.71, 0.7], [0.69, 0.72], [0.0, 1.0]]
    )
    assert [catalogue.crowd(face) for face in range(4)] == [2, 3, 3, 3]


@pytest.mark.parametrize("prior", [True, False])
def test_styles_of_one_family_are_named_one_family(identifier, prior):
    """Of Noto Sans many families draw the regular face, which the prior takes off, and none draws the bold one."""
    catalogue, everything = identifier.catalogue, np.ones(len(identifier.catalogue.faces), bool)
    styles = []
    for weight in (400, 700):
        scores = np.zeros(len(catalogue.faces), np.float32)
        scores[[catalogue.row_of(f"{family}-{weight}-normal") for family in ("noto-sans", "open-sans")]] = 0.9, 0.85
        styles.append([sample("people", 200, scores)])
    verdict = Verdict(styles[0][0].scores, np.zeros(0, int), np.zeros(0, np.float32), 0.0)
    named = [
        identifier._rank(scores, 1, prior)[0].family
        for scores in identifier._by_style(styles, verdict, everything, prior)
    ]
    assert named == ["open-sans" if prior else "noto-sans"] * 2


def test_a_sentence_without_g_and_i_is_named_as_it_is_drawn(identifier):
    picture = draw("people over the water", "open-sans", 32)
    assert identifier.identify(picture).matches[0].family == "open-sans"
    answer = identifier.identify(draw("a page again, Isabel", "noto-sans", 32)).matches[0]
    assert "noto-sans" in (answer.family, *answer.twins)
