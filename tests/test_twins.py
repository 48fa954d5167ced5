"""Twins draw the same letters; known different families stay apart."""

import io
import json

import numpy as np
import pytest
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.ttLib import TTFont

from data_scripts.find_twins import TOLERANCE, find_twins
from data_scripts.glyphs import draw_letters
from data_scripts.renderers import unpack
from fontid.identifier import FontIdentifier
from fontid.letters.outlines import LETTERS, draw_in_cell, draw_letters_by_freetype, outlines_apart
from tests.conftest import MODEL, font_file, square_font
from tests.test_letterforms import letterforms_of

NOISE = 0.2  # pixels, what find_twins measures on the whole catalogue


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ttf")
    return lambda family, style="400-normal": draw_letters(unpack(font_file(family, style), folder))


def twins_among(*letters: np.ndarray) -> set[tuple[int, int]]:
    found = find_twins(np.stack(letters), np.arange(len(letters)), NOISE)
    return {(twins.first, twins.second) for twins in found}


def test_same_letters_are_twins_and_others_not(drawn):
    names = ["roboto", "heebo", "lora", "parastoo", "open-sans", "noto-sans", "arimo", "merriweather"]
    found = {(names[a], names[b]) for a, b in twins_among(*map(drawn, names))}
    assert found == {("roboto", "heebo"), ("lora", "parastoo")}


def test_weights_are_no_twins(drawn):
    assert not twins_among(drawn("roboto"), drawn("roboto", "700-normal"), drawn("arimo"), drawn("arimo", "700-normal"))


def test_one_other_letter_parts_twins(drawn):
    """Letter by letter: fifty-one equal letters do not make up for one other."""
    first, second = drawn("roboto").copy(), drawn("heebo").copy()
    second[30] = drawn("lora")[30]
    assert not twins_among(first, second)


def test_twinship_is_not_chained(drawn):
    """Three drawings, each a little bolder than the one before: the outer two are no twins."""
    base = drawn("roboto").astype(np.float32)
    ring = np.maximum.reduce([np.roll(base, shift, axis) for shift in (1, -1) for axis in (-1, -2)])
    step = 0.6 * TOLERANCE * NOISE
    bolder = [np.clip(base + part * (ring - base), 0, 255).astype(np.uint8) for part in (0, step, 2 * step)]
    assert outlines_apart(bolder[0], bolder[1]).max() < TOLERANCE * NOISE < outlines_apart(bolder[0], bolder[2]).max()
    assert twins_among(*bolder) == {(0, 1), (1, 2)}


def test_colours_change_no_letter(drawn, tmp_path):
    """A renderer that paints layers draws them otherwise than the plain letters of its sibling."""
    font = TTFont(unpack(font_file("roboto"), tmp_path))
    glyphs = [font.getBestCmap()[ord(letter)] for letter in LETTERS]
    font["COLR"] = buildCOLR({glyph: [(glyph, 0)] for glyph in glyphs}, version=0)
    font["CPAL"] = buildCPAL([[(0.9, 0.1, 0.1, 1.0)]])
    font.save(tmp_path / "colours.ttf")
    assert np.array_equal(draw_letters(tmp_path / "colours.ttf"), drawn("roboto"))


def test_what_is_no_font_is_said(tmp_path):
    (tmp_path / "text.ttf").write_text("no font")
    with pytest.raises(OSError, match=r"text\.ttf is no font"):
        draw_letters(tmp_path / "text.ttf")


def test_blank_letters_are_nobodys_twins(drawn):
    blank = np.zeros_like(drawn("roboto"))
    assert not twins_among(blank, blank.copy())


def test_noise_is_smaller_than_what_parts_families(drawn, tmp_path):
    own = outlines_apart(drawn("arimo"), draw_letters_by_freetype(unpack(font_file("arimo"), tmp_path)))
    others = outlines_apart(drawn("arimo"), drawn("roboto"))
    assert np.median(own) < TOLERANCE * NOISE < others.max()


def test_shipped_twins():
    catalogue = FontIdentifier.from_pretrained(MODEL).catalogue
    assert "heebo" in catalogue.credited("roboto") and "parastoo" in catalogue.credited("lora")
    assert not {"open-sans", "arimo", "inter"} & catalogue.credited("roboto")
    assert "cairo-play" in catalogue.credited("cairo")  # the same letters in colours
    assert "noto-sans" not in catalogue.credited("open-sans")
    share = np.mean([len(catalogue.credited(family)) > 1 for family in catalogue.families[::10]])
    assert 0.15 < share < 0.35


def test_written_table_of_twins(prepared):
    pairs = [set(json.loads(line)["faces"]) for line in (prepared / "twins.jsonl").read_text().splitlines()]
    assert {"roboto-400-normal", "heebo-400-normal"} in pairs
    assert all(len({name.rsplit("-", 2)[0] for name in pair}) == 2 for pair in pairs)


def drawn_squares(letters: str, **options) -> np.ndarray:
    file = io.BytesIO()
    square_font(letters, "Squares", **options).font.save(file)
    file.seek(0)
    return draw_letters_by_freetype(file)


@pytest.mark.parametrize(
    ("square", "baseline"),
    [((0, 0, 500, 500), 44), ((0, 0, 250, 250), 44), ((-125, 0, 125, 250), 44), ((0, -125, 250, 125), 44 + 14)],
)
def test_letters_are_drawn_28_high_on_one_baseline_in_the_middle(square, baseline):
    cells = drawn_squares(LETTERS, square=square, advance=square[2])
    expected = np.zeros((52, 64, 64), np.uint8)
    expected[:, baseline - 28 : baseline, 32 - 14 : 32 + 14] = 255
    assert cells.dtype == np.uint8 and np.array_equal(cells, expected)


def test_letters_without_ink_are_blank():
    cells = drawn_squares(LETTERS, square=(0, 0, 0, 0))
    assert cells.shape == (52, 64, 64) and cells.dtype == np.uint8 and not cells.any()


def square_at(x: int, y: int, side: int = 28) -> np.ndarray:
    cell = np.zeros((64, 64), np.uint8)
    cell[y : y + side, x : x + side] = 255
    return cell


@pytest.mark.parametrize(("x", "y", "differing"), [(0, 0, 0), (1, 0, 2 * 28), (0, 2, 4 * 28), (30, 0, 2 * 28 * 28)])
def test_outlines_lie_as_far_apart_as_what_differs_is_wide(x, y, differing):
    """Four sides of 28 pixels, of which two meet in one pixel, as its diagonal."""
    apart = outlines_apart(np.stack([square_at(3, 5)] * 2), np.stack([square_at(3 + x, 5 + y), square_at(3, 5)]))
    assert apart.dtype == np.float32 and apart == pytest.approx([differing / (4 * 28 - 2 + 2**0.5), 0])


def test_the_outline_is_the_mean_of_both_and_a_pixel_at_least():
    assert outlines_apart(square_at(9, 9, 20), square_at(9, 9, 30)) == pytest.approx(500 / (100 - 2 + 2**0.5))
    pale = square_at(9, 9, 1) // 255 * 100
    assert outlines_apart(pale, 0 * pale) == outlines_apart(0 * pale, pale) == pytest.approx(100 / 255)


@pytest.mark.parametrize(
    ("sides", "scale", "rows", "columns"),
    [
        ((125, 0, 375, 500), 48, (44 - 24, 44), (32 - 6, 32 + 6)),
        ((125, -250, 375, 250), 48, (44 - 12, 44 + 12), (32 - 6, 32 + 6)),
        ((-250, 125, 0, 250), 48, (44 - 12, 44 - 6), (32 - 6, 32 + 6)),
        ((125, 0, 375, 500), 80, (44 - 40, 44), (32 - 10, 32 + 10)),
        ((125, -500, 375, 500), 64, (44 - 32, 64), (32 - 8, 32 + 8)),
        ((0, 0, 2000, 500), 40, (44 - 20, 44), (0, 64)),
    ],
)
def test_a_letter_is_drawn_on_the_baseline_in_the_middle_of_its_cell(sides, scale, rows, columns):
    """Left, bottom, right and top in thousandths of an em, of which it has so many pixels."""
    (glyph,) = letterforms_of(one={"l": sides}).glyphs("one", "l")
    expected = np.zeros((64, 64), np.uint8)
    expected[slice(*rows), slice(*columns)] = 255
    assert np.array_equal(draw_in_cell(glyph, scale), expected)
