"""Faces that write a text alike, and what is made of the encoder's scores then."""

import numpy as np
import pytest

from fontid.catalogue.ranking import Catalogue
from fontid.encoder.preprocessing import Ink
from fontid.identifier import _Sample
from fontid.letters.alike import share_alike
from fontid.text.lines import Line
from tests.conftest import draw
from tests.test_letterforms import a_face, letterforms_of

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
        (found,) = share_alike(identifier.letterforms, first, [second], [text])
        assert found == pytest.approx([share])


def test_every_text_is_asked_of_every_face():
    higher = {**LETTERS, "o": (50, 0, 350, 540)}
    forms = letterforms_of(advance=560, one=LETTERS, same=LETTERS, higher=higher, wide=LETTERS)
    shares = share_alike(forms, "one", ["same", "higher", "wide"], ["lop o", "ll p", " o"])
    assert shares.tolist() == [[1, 1, 1], [0.5, 1, 0], [0, 0, 1]]  # one letter alone stands where it stands
    assert share_alike(forms, "one", [], ["lol"]).shape == (0, 1)


def usual(usage: dict[str, int], prototypes: list[list[float]], twins=(), styles=()) -> Catalogue:
    """Each family's regular face, then other faces."""
    names = [name.split() for name in (*(f"{family} 400 normal" for family in usage), *styles)]
    faces = [a_face(id="-".join(name), family=name[0], weight=int(name[1])) for name in names]
    rows = np.arange(len(faces))
    return Catalogue(faces, np.array(prototypes), rows, np.array(twins, int).reshape(-1, 2), usage)


def test_more_used_faces_are_those_that_resemble_one_the_first_of_their_twins():
    along, near, far = [1.0, 0.0], [0.41, 0.91], [0.39, 0.92]
    usage = {"rare": 10, "used": 20, "copy": 15, "other": 30, "little": 9, "same": 10}
    catalogue = usual(usage, [along, near, near, far, along, along], twins=[(1, 2)])
    assert catalogue.more_used(0).tolist() == [1]
    assert catalogue.more_used(4).tolist() == [0, 5, 1]
    assert catalogue.more_used(2).tolist() == [3]  # its letters are used as often as its twin's
    assert usual({"unknown": 0, "used": 9}, [along, along]).more_used(0).tolist() == []


def test_of_a_more_used_family_the_nearest_face_is_asked():
    catalogue = usual({"rare": 1, "used": 2}, [[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]], styles=["used 700 normal"])
    assert catalogue.more_used(0).tolist() == [2]


def sample(text: str, width: float, scores: np.ndarray) -> _Sample:
    line = Line(((0, 0), (width, 0), (width, 40), (0, 40)), text, 1.0)
    return _Sample(line, Ink(np.zeros((40, 40), np.uint8), (0, 0, 40, 40)), np.zeros((1, 1)), scores)


@pytest.mark.parametrize(
    ("texts", "ahead", "taken"),
    [
        (["people", "water"], 0.5, 0.26),  # at most
        (["people", "water"], 0.2, 0.2),  # until both are level
        (["again", "Illinois"], 0.5, 0.26),  # but for a letter
        (["", "people"], 0.5, 0.26),  # of what was not read the alphabet
        (["gig", "people"], 0.5, 0.13),  # two thirds differ
        (["gig", "Egg"], 0.5, 0.0),
        (["people", "water"], -0.1, 0.0),
    ],
)
def test_the_leaning_to_the_best_face_is_taken_off_before_a_more_used_near_copy(identifier, texts, ahead, taken):
    catalogue, prior = identifier.catalogue, identifier.settings.prior
    assert prior.leaning == 0.26
    best, used = map(catalogue.row_of, (NOTO_SANS, OPEN_SANS))
    scores = np.zeros(len(catalogue.faces), np.float32)
    scores[best] = 0.9
    scores[used] = 0.9 - ahead - prior.copies * (catalogue.log_copies[best] - catalogue.log_copies[used])
    fair = identifier._fair(scores, best, [sample(text, 200, scores) for text in texts])
    if not taken:
        assert fair is None
        return
    assert fair[used] - scores[used] == pytest.approx(taken, abs=1e-5)
    assert np.delete(fair, used).tolist() == np.delete(scores, used).tolist()


def test_a_sentence_without_g_and_i_is_named_as_it_is_drawn(identifier):
    picture = draw("people over the water", "open-sans", 32)
    assert identifier.identify(picture).matches[0].family == "open-sans"
    answer = identifier.identify(draw("a page again, Isabel", "noto-sans", 32)).matches[0]
    assert "noto-sans" in (answer.family, *answer.twins)
