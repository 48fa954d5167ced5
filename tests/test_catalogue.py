"""Ranking: twins folded pairwise, credit by the pictured face; faces and what they are called."""

from dataclasses import replace

import numpy as np
import pytest

from fontid.catalogue import ranking
from fontid.catalogue.designs import _ties, weigh_lines
from fontid.catalogue.faces import Face, face_id, regular_face, style_words
from fontid.catalogue.ranking import Catalogue, Match, by_score, rows_that_open
from fontid.settings import GroupingSettings


def face(family: str, weight: int = 400, italic: bool = False) -> Face:
    return Face(face_id(family, weight, italic), family, family.title(), "serif", weight, italic, "", "", "", "", "")


def match(family: str, weight: int = 400, italic: bool = False, **more) -> Match:
    """A row of an answer. Args: more: further fields, `name` among them."""
    name = more.pop("name", family.title())
    return Match(family, name, weight, italic, 0.9, 0.8, "", (), **more)


FACES = [face("a"), face("a", 700), face("a", 400, True), face("b"), face("b", 700), face("c"), face("d")]
TWINS = [(0, 3), (3, 5)]  # a 400 = b 400 = c 400, but a and c are no twins


@pytest.fixture
def catalogue():
    prototypes = np.eye(8, dtype=np.float16)
    owners = np.array([0, 1, 2, 3, 4, 5, 6, 6], np.int32)
    return Catalogue(FACES, prototypes, owners, np.array(TWINS, np.int32))


def test_a_face_scores_by_its_nearest_prototype(catalogue):
    scores = catalogue.score_faces(np.eye(8, dtype=np.float32)[[7, 1]])
    assert scores.tolist() == [0, 0.5, 0, 0, 0, 0, 0.5]


def test_a_face_has_its_own_prototypes_and_no_other(catalogue):
    assert catalogue.prototypes_of(2).tolist() == np.eye(8)[[2]].tolist()
    assert catalogue.prototypes_of(6).tolist() == np.eye(8)[[6, 7]].tolist()


@pytest.mark.parametrize("count", [1, 9, 10, 11, 60])
def test_faces_are_sorted_by_score_and_equal_ones_by_number(count, rng, monkeypatch):
    monkeypatch.setattr(ranking, "FIRST_SORTED", 5)  # more than twice as many are sorted in two steps
    scores = rng.integers(0, 4, count).astype(float)
    assert list(by_score(scores)) == sorted(range(count), key=lambda face: (-scores[face], face))


def test_lines_count_by_length_and_size():
    """Of lines four times as long as high: full size, half as small, tiny; then a long one and one without height."""
    settings = GroupingSettings(clear=20.0, least_belief=0.2)
    widths, heights = [80, 400, 40, 4, 10_000, 4], [20, 100, 10, 1, 20, 0]
    assert weigh_lines(widths, heights, settings) == pytest.approx([1, 1, 0.5, 0.2, 3**0.5, 0.2])


def test_lines_are_tied_by_height_and_nearness():
    """Of 10 pixels: one that touches the first, one two heights below, one beside that; then one e**0.25 as high."""
    boxes = np.array([[0, 0, 50, 10], [0, 10, 50, 20], [0, 30, 50, 40], [80, 30, 120, 40]], float)
    found = _ties(np.full(4, 10.0), boxes)
    assert found[0] == pytest.approx([0, 1, 1 / 2, 1 / (1 + 13**0.5 / 2)]) and np.array_equal(found, found.T)
    assert _ties(np.array([10, 10 * np.exp(0.25)]), boxes[[0, 0]])[0, 1] == pytest.approx(np.exp(-1))


def test_rows_are_families_with_their_best_face(catalogue):
    rows = catalogue.rank(np.array([0.1, 0.9, 0.2, 0.3, 0.8, 0.5, 0.4]), 10)
    assert [(row.family, row.weight, row.twins) for row in rows] == [
        ("a", 700, ()), ("b", 700, ()), ("c", 400, ("b",)), ("d", 400, ()),
    ]  # fmt: skip


def test_twins_are_folded_under_the_first_but_never_chained(catalogue):
    rows = catalogue.rank(np.array([0.9, 0.1, 0.1, 0.8, 0.1, 0.7, 0.2]), 10)
    assert [(row.family, row.twins) for row in rows] == [("a", ("b",)), ("c", ("b",)), ("d", ())]
    assert len(catalogue.rank(np.array([0.9, 0.1, 0.1, 0.8, 0.1, 0.7, 0.2]), 1)) == 1


def test_credit_goes_to_twins_of_the_pictured_face(catalogue):
    assert catalogue.credited("a") == {"a", "b"}
    assert catalogue.credited("b") == {"a", "b", "c"}
    assert catalogue.credited("a", 700) == {"a"}
    assert catalogue.credited("a", 400, True) == {"a"}
    assert catalogue.credited("a", 450) == {"a", "b"}  # nearest weight


@pytest.mark.parametrize(
    ("weight", "italic", "words"),
    [
        (1, False, "Thin"), (100, True, "Thin Italic"), (149, False, "Thin"), (160, False, "Extra Light"),
        (300, False, "Light"), (350, False, "Light"), (400, False, "Regular"), (400, True, "Italic"),
        (449, True, "Italic"), (500, True, "Medium Italic"), (550, False, "Medium"), (600, False, "Semi Bold"),
        (651, False, "Bold"), (700, True, "Bold Italic"), (800, True, "Extra Bold Italic"), (900, False, "Black"),
        (1000, False, "Extra Black"),
    ],
)  # fmt: skip
def test_weights_are_called_as_css_calls_the_nearest(weight, italic, words):
    assert style_words(weight, italic) == words


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("", ""), ("-wdth62.5", "Extra Condensed"), ("-wdth75", "Condensed"), ("-wdth87.5", "Semi Condensed"),
        ("-wdth112.5", "Semi Expanded"), ("-wdth125", "Expanded"), ("-wdth150", "Extra Expanded"),
        ("-wdth85", "wdth 85"), ("-opsz72-wdth75", "opsz 72, Condensed"),
    ],
)  # fmt: skip
def test_what_is_unusual_of_a_face_ends_its_id_and_has_a_name(ending, words):
    """Its family may be named like an axis: no part of that counts."""
    axes = {"wght": 400.0, "wdth": 100.0, "opsz": 14.0}
    for part in filter(None, ending.split("-")):
        axes[part[:4]] = float(part[4:])
    one = replace(face("opsz14-wdth100"), axes=axes)
    assert replace(one, id=one.id + ending).unusual_words == words
    earlier = replace(one, id=f"{one.id}{ending}-v2.001", version="2.001")
    assert earlier.unusual_words == ", ".join(filter(None, [words, "version 2.001"]))
    assert earlier.unusual == replace(one, id=one.id + ending).unusual


def test_a_face_is_narrow_or_wide_by_its_letters():
    widths = (0.0, 0.5, 0.87, 0.88, 1.12, 1.13, 2.0)
    found = [replace(face("a"), width=width).width_class for width in widths]
    assert found == ["narrow"] * 3 + ["normal"] * 2 + ["wide"] * 2


def test_regular_is_the_upright_nearest_to_400():
    faces = [face("x", 300), face("x", 500), face("x", 400, True)]
    assert regular_face(faces).id == "x-300-normal"
    assert regular_face([face("x", 100), face("x", 500)]).id == "x-500-normal"
    assert regular_face([face("x", 400, True), face("x", 700, True)]).id == "x-400-italic"


def test_a_family_is_unknown_without_itself_and_the_twins_of_all_its_faces(catalogue):
    assert catalogue.likenesses("a") == {"a", "b"}
    assert catalogue.likenesses("b") == {"a", "b", "c"}
    assert catalogue.likenesses("d") == {"d"}


def test_similar_families_are_others_and_no_twins():
    prototypes = np.array([[1, 0], [0, 1], [0, 1], [1, 0], [0.6, 0.8], [0.9, 0.44], [0.8, 0.6]], np.float16)
    catalogue = Catalogue(FACES, prototypes, np.arange(7, dtype=np.int32), np.array(TWINS, np.int32))
    rows = catalogue.similar(0, 5)
    assert [(row.family, row.twins) for row in rows] == [("c", ("b",)), ("d", ())]
    assert rows[1].score == pytest.approx(0.8, abs=0.001)
    assert [row.family for row in catalogue.similar(0, 5, catalogue.family_of != 2)] == ["d"]
    assert [row.family for row in catalogue.similar(6, 1)] == ["c"] and catalogue.similar(3, 5)[0].family == "d"


def test_of_similar_families_those_of_a_superfamily_are_one_row():
    """Noto Sans Oriya is a little nearer than Noto Sans, whose face is shown with the score of the nearest."""
    names = ["A", "Noto Sans Oriya", "Noto Sans", "Noto Serif", "D"]
    faces = [replace(face(name.lower().replace(" ", "-")), name=name) for name in names]
    prototypes = np.array([[1, 0], [0.9, 0.436], [0.8, 0.6], [0.7, 0.714], [0.6, 0.8]], np.float16)
    catalogue = Catalogue(faces, prototypes, np.arange(5, dtype=np.int32), np.zeros((0, 2), np.int32))
    rows = catalogue.similar(0, 2)
    assert [row.name for row in rows] == ["Noto Sans", "Noto Serif"]
    assert rows[0].score == pytest.approx(0.9, abs=0.001)


def test_a_match_tells_both_probabilities_and_its_twins_by_name():
    match = Match("arimo", "Arimo", 700, True, 0.9, 0.8, "", ("b",), ("B",), ("https://b",), probability=0.4)
    row = match.to_dict()
    assert (row["probability"], row["conditional_probability"], row["style"]) == (0.4, 0.8, "Bold Italic")
    assert row["twins"] == [{"family": "b", "name": "B", "url": "https://b"}]
    assert row["drawn_like"] == [{"name": "Arial", "relation": "same metrics"}]
    assert [one["name"] for one in row["alternatives"]] == ["Liberation Sans"]


def test_the_prior_weighs_used_families_in_and_probabilities_stay_shares():
    """b is a little behind d, but used; with a month's downloads to the power that makes up for it, b is first."""
    catalogue = Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), np.zeros((0, 2), np.int32), {"b": 29_700})
    scores = np.array([0.0, 0, 0, 0.5, 0, 0, 0.6])
    plain, weighed = catalogue.rank(scores, 4, 0.1), catalogue.rank(scores, 4, 0.1, exponent=0.5)
    assert [row.family for row in plain[:2]] == ["d", "b"] and [row.family for row in weighed[:2]] == ["b", "d"]
    shares = {row.family: row.conditional_probability for row in weighed}
    assert sum(shares.values()) == pytest.approx(1, abs=0.001)
    assert shares["b"] / shares["d"] == pytest.approx(np.exp(-1) * 100**0.5, rel=0.01)  # (29700 + 300) / 300 is 100
    assert weighed[0].score == 0.5
    as_floor = Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), np.zeros((0, 2), np.int32), {"b": 300})
    assert np.exp(as_floor.log_usage) == pytest.approx([300, 300, 300, 600, 600, 300, 300])


def test_letters_that_many_families_draw_give_way_to_as_likely_ones():
    """Three families draw the letters of a, b and c; d is a little behind."""
    twins = np.array([(0, 3), (3, 5), (0, 5)], np.int32)
    catalogue = Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), twins)
    assert catalogue.log_copies[[0, 3, 1, 6]] == pytest.approx([np.log(3), np.log(3), 0, 0])
    scores = np.array([0.5, 0.1, 0.1, 0.4, 0.1, 0.4, 0.48])
    plain, weighed = catalogue.rank(scores, 2), catalogue.rank(scores, 2, copies=1 / 28)
    assert [row.family for row in plain] == ["a", "d"] and [row.family for row in weighed] == ["d", "a"]
    assert weighed[1].score == 0.5


def test_the_original_is_shown_and_its_twin_in_the_same_style():
    """The twins a, b, c of weight 400: c scores best, b is used most; 700 has no twins."""
    twins = np.array([(0, 3), (3, 5), (0, 5)], np.int32)
    catalogue = Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), twins, {"b": 9000, "a": 1000})
    scores = np.array([0.1, 0.2, 0, 0.3, 0.8, 0.9, 0.4])
    rows = catalogue.rank(scores, 9, exponent=0.01)
    assert [(row.family, row.weight, row.twins) for row in rows] == [("b", 400, ("a", "c")), ("d", 400, ())]
    assert rows[0].score == 0.9
    without = np.where(np.arange(7) == 3, -np.inf, scores)  # as if b 400 were filtered out
    assert [(row.family, row.weight) for row in catalogue.rank(without, 2)] == [("a", 400), ("d", 400)]


def test_no_family_is_shown_twice():
    """a 400 is the twin of b 400, and a 700 that of c: where a leads already, c is shown as itself."""
    first = [(face.family, face.weight) for face in FACES]
    a400, a700, b400, c400 = (first.index(one) for one in (("a", 400), ("a", 700), ("b", 400), ("c", 400)))
    twins = np.array([(a400, b400), (a700, c400)], np.int32)
    catalogue = Catalogue(FACES, np.eye(7), np.arange(7, dtype=np.int32), twins, {"a": 9000})
    scores = np.zeros(7)
    scores[[a400, c400, a700]] = 0.9, 0.8, 0.1
    rows = catalogue.rank(scores, 9)
    assert [(row.family, row.weight) for row in rows] == [("a", 400), ("c", 400), ("d", 400)]


def test_rows_of_a_superfamily_open():
    rows = rows_that_open(
        [match(name, superfamily="P" if "p-" in name else None) for name in ("p-ar", "x", "p-at", "y")]
    )
    assert [[one.family for one in row] for row in rows] == [["p-ar", "p-at"], ["x"], ["y"]]
