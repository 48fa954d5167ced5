"""Faces that write a text alike, and what is made of the encoder's scores then."""

import numpy as np
import pytest

from fontid.catalogue.ranking import Catalogue
from fontid.encoder.preprocessing import Ink
from fontid.identifier import _Sample
from fontid.letters.alike import write_alike
from fontid.text.lines import Line
from tests.conftest import draw
from tests.test_letterforms import a_face, letterforms_of

OPEN_SANS, NOTO_SANS = "open-sans-400-normal", "noto-sans-400-normal"
#                 left, bottom, right, top
LETTERS = {"l": (50, 0, 110, 700), "o": (50, 0, 350, 500)}


@pytest.mark.parametrize(
    ("one", "other", "text", "alike"),
    [
        (OPEN_SANS, NOTO_SANS, "Should know", True),
        (OPEN_SANS, NOTO_SANS, "again", False),  # the g
        (OPEN_SANS, NOTO_SANS, "Illinois", False),  # the I
        ("khula-400-normal", NOTO_SANS, "people", True),  # drawn larger
        ("khula-400-normal", NOTO_SANS, "people Я", False),  # one lacks a letter
        ("inter-400-normal", "inter-tight-400-normal", "people over water", False),  # spaced apart
        (OPEN_SANS, "open-sans-500-normal", "people", False),
        (OPEN_SANS, NOTO_SANS, "Я", False),
    ],
)
def test_faces_write_a_text_alike_or_not(identifier, one, other, text, alike):
    for first, second in ((one, other), (other, one)):
        assert write_alike(identifier.letterforms, first, [second], [text]).tolist() == [[alike]]


def test_every_text_is_asked_of_every_face():
    higher = {**LETTERS, "o": (50, 0, 350, 540)}
    forms = letterforms_of(advance=560, one=LETTERS, same=LETTERS, higher=higher, wide=LETTERS)
    alike = write_alike(forms, "one", ["same", "higher", "wide"], ["lol", "ll l", " o"])
    assert alike.tolist() == [[True, True, True], [False, True, False], [False, False, True]]
    assert write_alike(forms, "one", [], ["lol"]).shape == (0, 1)


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


def test_of_a_more_used_family_the_nearest_face_is_asked():
    catalogue = usual({"rare": 1, "used": 2}, [[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]], styles=["used 700 normal"])
    assert catalogue.more_used(0).tolist() == [2]


def sample(text: str, width: float, scores: np.ndarray) -> _Sample:
    line = Line(((0, 0), (width, 0), (width, 40), (0, 40)), text, 1.0)
    return _Sample(line, Ink(np.zeros((40, 40), np.uint8), (0, 0, 40, 40)), np.zeros((1, 1)), scores)


def test_the_encoder_scores_faces_the_same_on_lines_that_they_write_alike(identifier):
    catalogue, copies = identifier.catalogue, identifier.settings.prior.copies
    best, used = map(catalogue.row_of, (NOTO_SANS, OPEN_SANS))
    assert used in catalogue.more_used(best)
    scores = np.zeros(len(catalogue.faces), np.float32)
    scores[[best, used]] = 0.7, 0.1
    taken = copies * (catalogue.log_copies[best] - catalogue.log_copies[used])
    for texts, share in ((["people", "water"], 1.0), (["people", "again"], 0.5)):
        fair = identifier._fair(scores, best, [sample(text, 200, scores) for text in texts])
        assert fair[used] == pytest.approx(0.1 + share * (0.6 - taken), abs=1e-5)
        assert np.delete(fair, used).tolist() == np.delete(scores, used).tolist()


@pytest.mark.parametrize(("text", "score"), [("again", 0.1), ("people", 0.65)])
def test_faces_that_write_nothing_alike_or_are_ahead_keep_their_scores(identifier, text, score):
    best, used = map(identifier.catalogue.row_of, (NOTO_SANS, OPEN_SANS))
    scores = np.zeros(len(identifier.catalogue.faces), np.float32)
    scores[[best, used]] = 0.7, score  # of 0.7, copies take more than 0.05
    assert identifier._fair(scores, best, [sample(text, 200, scores)]) is None


def test_a_sentence_without_g_and_i_is_named_the_more_used_family(identifier):
    picture = draw("people over the water", "open-sans", 32)
    assert identifier.identify(picture).matches[0].family == "open-sans"
    answer = identifier.identify(draw("a page again, Isabel", "noto-sans", 32)).matches[0]
    assert "noto-sans" in (answer.family, *answer.twins)
