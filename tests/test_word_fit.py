"""Words laid over a picture pixel by pixel: small letters in the right face correlate best, wherever they begin."""

from functools import partial

import numpy as np
import pytest

from fontid.encoder.preprocessing import Ink, ink_box
from fontid.letters.verification import Verifier
from fontid.letters.word_fit import DARKENED, WordFit, _longest_words, _spellings
from fontid.settings import DrawingSettings
from fontid.text.lines import Line

FACES = ["open-sans-400-normal", "roboto-400-normal", "lato-400-normal", "lora-400-normal"]
FINE = 12  # of a pixel, in which words are drawn to be averaged


def written(
    letterforms,
    face: str,
    text: str,
    pixels: float,
    along: float = 0.0,
    down: float = 0.0,
    blank: float = 0.0,
    spacing: float = 0.0,
) -> Ink:
    """A line as a browser draws it, dark on light.

    Args: along, down: parts of a pixel; blank, spacing: pixels that each blank is wider, and that follow each letter.
    """
    scale = FINE * pixels
    amount = np.zeros((FINE * 3 * int(pixels + 1), FINE * int((pixels + spacing) * len(text))), np.uint8)
    wider = np.cumsum([0.0, *(blank * character.isspace() + spacing for character in text[:-1])])
    glyphs = letterforms.glyphs(face, text)
    for x, glyph, more in zip(letterforms.layout(face, text), glyphs, wider, strict=True):
        if glyph:
            left, top = 4 + pixels * x + more + along, 2 * pixels + down
            drawn = glyph.drawn(scale, -left / pixels, top / pixels, *amount.shape)
            np.maximum(amount, drawn, out=amount)
    rows, columns = (side // FINE for side in amount.shape)
    covered = amount.reshape(rows, FINE, columns, FINE).mean((1, 3)) / 255
    ink = np.rint(255 * covered ** (1 / DARKENED)).astype(np.uint8)
    return Ink(ink, ink_box(ink))


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("pixels", "along", "down"), [(9, 0.0, 0.0), (9, 0.4, 0.6), (13, 0.7, 0.3), (60, 0.1, 0.9)])
def test_small_words_correlate_best_with_their_own_face_wherever_in_a_pixel_they_begin(
    identifier, face, pixels, along, down
):
    letterforms = identifier.letterforms
    ink = written(letterforms, face, "Ragnhild veg", pixels, along, down)
    fits = WordFit("Ragnhild veg", ink).compare(FACES, letterforms)
    assert fits.shape == (4, 2) and fits[FACES.index(face)].min() > 0.93 and fits.max() < 1 + 1e-5
    means = fits.mean(1)
    assert FACES[means.argmax()] == face and np.sort(means)[-2] < means.max() - 0.005


def test_each_word_is_looked_for_by_itself_and_all_stand_on_one_line(identifier):
    letterforms, text = identifier.letterforms, "Ragnhild veg"
    wider = written(letterforms, "roboto-400-normal", text, 12, blank=1.0)
    assert WordFit(text, wider).compare(["roboto-400-normal"], letterforms).min() > 0.9
    first = written(letterforms, "roboto-400-normal", text, 12)
    words = first.amount.copy()
    middle = first.box[0] + round(0.68 * (first.box[2] - first.box[0]))  # between both words
    words[:, middle:] = np.roll(words[:, middle:], 3, 0)
    stepped = WordFit(text, Ink(words, ink_box(words))).compare(["roboto-400-normal"], letterforms)
    assert stepped.min() < 0.8


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("pixels", "spacing"), [(9, 0.15), (14, 0.15), (14, -0.05)])
def test_letter_spaced_words_correlate_best_with_their_own_face(identifier, face, pixels, spacing):
    letterforms, text = identifier.letterforms, "Ragnhild veg"
    ink = written(letterforms, face, text, pixels, spacing=spacing * pixels)
    fits = WordFit(text, ink).compare(FACES, letterforms).mean(1)
    assert fits[FACES.index(face)] == fits.max() > 0.93 and np.sort(fits)[-2] < fits.max() - 0.005


def test_a_face_that_lacks_a_letter_has_no_say_and_loses_nothing(identifier):
    letterforms, faces = identifier.letterforms, ["noto-sans-math-400-normal", "open-sans-400-normal"]
    assert letterforms.lacking(faces[0], "MENNÄ") == "Ä"
    ink = written(letterforms, faces[1], "MENNÄ", 12)
    fits = WordFit("MENNÄ", ink).compare(faces, letterforms)
    assert np.isnan(fits[0]).all() and fits[1].min() > 0.95
    assert not np.isnan(WordFit("MENNA", ink).compare(faces, letterforms)).any()


def test_words_that_read_otherwise_fit_little_and_have_no_say(identifier):
    letterforms = identifier.letterforms
    ink = written(letterforms, "lora-400-normal", "Ragnhild", 10)
    assert WordFit("Wqxkmzzy", ink).compare(FACES, letterforms).max() < 0.75


@pytest.mark.parametrize("text", ["hidden garden", "Hidden Garden"])
def test_small_letters_that_are_capitals_are_tried_where_capitals_are_read(identifier, text):
    """The recogniser reads both as capitals; a face with other small letters is drawn in capitals alone."""
    letterforms, faces = identifier.letterforms, ["carrois-gothic-sc-400-normal", "carrois-gothic-400-normal"]
    ink = written(letterforms, faces[0], text, 12)
    own, plain = WordFit(text.upper(), ink).compare(faces, letterforms)
    assert own.min() > 0.95
    assert np.array_equal(_spellings(text.upper(), faces[0], letterforms), [text.upper(), text.lower(), text.title()])
    assert _spellings(text.upper(), faces[1], letterforms) == [text.upper()] and plain.mean() < own.mean()
    assert _spellings("İl", faces[0], letterforms) == ["İl"] and len(_spellings("İL", faces[0], letterforms)[1]) == 2


def test_what_a_face_gave_is_kept(identifier, monkeypatch):
    ink = written(identifier.letterforms, "lato-400-normal", "Lund", 10)
    words = WordFit("Lund", ink)
    first = words.compare(FACES[:3], identifier.letterforms)
    again = words.compare(FACES[2:0:-1], None)  # asks no letterforms
    assert np.array_equal(again, first[2:0:-1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("to find a name", [range(3, 7), range(10, 14)]),
        ("one", [range(3)]),
        (" a  bb ", [range(4, 6), range(1, 2)]),
        (" ", []),
    ],
)
def test_the_longest_words_are_looked_at(text, words):
    assert _longest_words(text) == words


def lost_by_words(identifier, ink: Ink, text: str, faces: list[str], scores: list[float], **settings) -> np.ndarray:
    """(K,) what each face loses by the words when the encoder gives these scores, and all others little."""
    catalogue, letterforms = identifier.catalogue, identifier.letterforms
    rows = [next(row for row, face in enumerate(catalogue.faces) if face.id == name) for name in faces]
    left, top, right, bottom = map(float, ink.box)
    line = Line(((left, top), (right, top), (right, bottom), (left, bottom)), text, 0.9)
    of_all = np.full(len(catalogue.faces), -1.0, np.float32)
    of_all[rows] = scores
    silent = {"weight": 0.0, "spacing": 0.0, "families": len(faces), "styles": 1}
    verifier = Verifier(catalogue, letterforms, DrawingSettings(**(silent | settings)))
    without, with_words = (
        verifier.verify(of_all, [(line, ink)], words=words).scores for words in (None, WordFit(text, ink))
    )
    return (without - with_words)[rows]


def test_of_faces_that_come_close_the_one_whose_words_fit_wins_and_of_small_letters_the_more_so(identifier):
    lost, scores = {}, [0.60, 0.59, 0.58, -0.5]
    for pixels in (10, 40):
        ink = written(identifier.letterforms, "roboto-400-normal", "Ragnhild", pixels)
        of_faces = partial(lost_by_words, identifier, ink, "Ragnhild", FACES, scores)
        lost[pixels] = of_faces()
        assert (scores - lost[pixels]).argmax() == 1
        assert lost[pixels][1] == pytest.approx(0, abs=1e-6), "the best one loses nothing"
        assert lost[pixels][3] == pytest.approx(np.median(lost[pixels][:3]), abs=1e-6), "one far behind is not drawn"
        for told in ({"words": 0.0}, {"close": 0.0}, {"most_close": 1}, {"usual_words": (1.1, 1.2)}):
            assert not of_faces(**told).any(), told
    assert lost[10][0] > 1.2 * lost[40][0]


def test_a_face_that_lacks_a_letter_loses_nothing_whatever_the_others_lose(identifier):
    faces = ["noto-sans-math-400-normal", "lora-400-normal", "open-sans-400-normal"]
    ink = written(identifier.letterforms, faces[2], "MENNÄ", 12)
    lost = lost_by_words(identifier, ink, "MENNÄ", faces, [0.58, 0.59, 0.60])
    assert lost[0] == lost[2] == 0 < lost[1]
    assert not lost_by_words(identifier, ink, "MENNÄ", faces[:1], [0.58]).any()
