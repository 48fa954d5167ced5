"""The small fonts that ship: parts made one font, accents composed, families packed; drawn as the whole fonts are."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import brotli
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import GlyphCoordinates
from fontTools.ttLib.tables.ttProgram import Program
from fontTools.ttLib.tables.TupleVariation import TupleVariation
from fontTools.ttLib.woff2 import WOFF2FlavorData
from PIL import ImageFont

from data_scripts.make_letterforms import HEAVY, fitting, letterform, stored, without_accents
from data_scripts.make_letterforms import main as make_letterforms
from data_scripts.whole_fonts import compose, whole_font
from fontid.catalogue.faces import Face, write_faces
from fontid.catalogue.ranking import Catalogue
from fontid.encoder.preprocessing import Ink, ink_box
from fontid.fonts.subsetting import plain, small_font, woff2
from fontid.letters import undoing
from fontid.letters.drawing import Comparison, _beside, _best_likeness, _drawn_as, _resampling
from fontid.letters.letterforms import CHARACTERS, OF_GLYPH, PLAIN, Letterforms, _Pack, font_name
from fontid.letters.small_capitals import base_letter, capital, find_small_capitals
from fontid.letters.verification import Verdict, Verifier, _chosen_letters, _is_settled, _mean_likeness, drawn_as
from fontid.letters.woff2 import _composed, _short_numbers, _Unusual, truetype
from fontid.settings import DrawingSettings
from fontid.text.lines import Line
from tests.conftest import built_font, font_file
from tests.test_frames import inked
from web.specimens import specimen

A = [(0, 0), (0, 500), (400, 500), (400, 0)]
E = [(0, 0), (0, 450), (300, 500), (450, 0)]
MARK = [(0, 0), (50, 100), (90, 100)]
LETTERS = {"a": [A], "e": [E], "á": [A, (MARK, 200, 550)], "é": [(MARK, 150, 560), E], "ê": [E[::-1], (MARK, 9, 600)]}


def shapes(letters: dict[str, list]) -> FontBuilder:
    """A font of letters whose contours are lists of points, or those, and how far they are shifted."""
    glyphs = {}
    for letter, contours in letters.items():
        pen = TTGlyphPen(None)
        for contour in contours:
            points, x, y = contour if isinstance(contour, tuple) else (contour, 0, 0)
            pen.moveTo((points[0][0] + x, points[0][1] + y))
            for point in points[1:]:
                pen.lineTo((point[0] + x, point[1] + y))
            pen.closePath()
        glyphs[f"u{ord(letter)}"] = pen.glyph()
    return built_font(glyphs, {ord(letter): f"u{ord(letter)}" for letter in letters})


def outline(font: TTFont, letter: str) -> list[set[tuple[float, float]]]:
    """A letter's contours, each the set of its points, in an order of their own."""
    places, ends, _ = font["glyf"][font.getBestCmap()[ord(letter)]].getCoordinates(font["glyf"])
    starts = [0, *(end + 1 for end in ends)]
    return sorted((set(places[start : end + 1]) for start, end in zip(starts, ends, strict=False)), key=sorted)


def test_accented_letters_become_their_base_and_a_mark_where_it_was():
    font = shapes(LETTERS).font
    before = {letter: outline(font, letter) for letter in LETTERS}
    compose(font)
    assert {letter: outline(font, letter) for letter in LETTERS} == before
    parts = {
        letter: [part.glyphName for part in font["glyf"][f"u{ord(letter)}"].components]
        for letter in LETTERS
        if font["glyf"][f"u{ord(letter)}"].isComposite()
    }
    assert set(parts) == {"á", "é"}  # the outline of ê runs the other way round
    assert parts["á"][0] == "u97" and parts["é"][0] == "u101" and parts["á"][1] == parts["é"][1]


@pytest.fixture
def parts(tmp_path):
    """A variable font whose letter grows with wdth and weight, and its part with ā, whose macron moves with wdth."""
    folder = tmp_path / "fonts" / "shapes"
    folder.mkdir(parents=True)
    wider, none = [(0, 0), (0, 0), (200, 0), (200, 0)], [(0, 0)] * 4
    for part, letters in (("latin", "abc"), ("latin-ext", "ā")):
        glyphs = {f"u{ord(letter)}": shapes({letter: [A]}).font["glyf"][f"u{ord(letter)}"] for letter in "abc"}
        glyphs["macron"] = shapes({"¯": [MARK]}).font["glyf"][f"u{ord('¯')}"]
        pen = TTGlyphPen(dict.fromkeys(glyphs))
        pen.addComponent("u97", (1, 0, 0, 1, 0, 0))
        pen.addComponent("macron", (1, 0, 0, 1, 150, 550))
        glyphs |= {f"u{ord('ā')}": pen.glyph()}
        builder = built_font(glyphs, {ord(letter): f"u{ord(letter)}" for letter in letters})
        builder.setupFvar([("wdth", 100, 100, 150, "Width"), ("wght", 400, 400, 700, "Weight")], [])
        moves = {"u97": [TupleVariation({"wdth": (0, 1, 1)}, [*wider, *none])], "macron": [], ".notdef": []}
        moves |= {f"u{ord('ā')}": [TupleVariation({"wdth": (0, 1, 1)}, [(0, 0), (100, 30), *none])]}
        builder.setupGvar(moves)
        builder.font.flavor = "woff2"
        builder.font.save(folder / f"shapes-{part}-wdth-normal.woff2")
    return folder


def a_face(**fields) -> Face:
    fields = {"id": "shapes-400-normal", "family": "shapes", "name": "Shapes", "category": "display", **fields}
    rest = {"weight": 400, "italic": False, "license": "OFL-1.1", "copyright": "Me", "url": "", "sha256": "0" * 64}
    return Face(**rest | {"width": 1.0, "file": "shapes/shapes-latin-wdth-normal.woff2", **fields})


def test_a_mark_of_a_variable_font_moves_along_the_axes(parts, tmp_path):
    faces = [
        a_face(axes={"wdth": 100.0, "wght": 400.0}),
        a_face(id="shapes-400-normal-wdth150", axes={"wdth": 150.0, "wght": 400.0}),
    ]
    write_faces(faces, tmp_path / "faces.jsonl")
    (tmp_path / "usage.tsv").write_text("family\tdownloads_a_month\nshapes\t9\n")
    options = {"--faces": "faces.jsonl", "--fonts": "fonts", "--out": "letterforms", "--usage": "usage.tsv"}
    make_letterforms([word for option, file in options.items() for word in (option, str(tmp_path / file))])
    letterforms = Letterforms([tmp_path / "letterforms" / "letterforms-0.zip"], faces)
    for face, wide in zip(faces, (0, 1), strict=True):
        with TTFont(io.BytesIO(letterforms.font_data(face.id))) as font:
            letter = {(x / 2, y / 2) for x, y in [(0, 0), (0, 500), (400 + 200 * wide, 500), (400 + 200 * wide, 0)]}
            mark = {((x + 150 + 100 * wide) / 2, (y + 550 + 30 * wide) / 2) for x, y in MARK}
            assert outline(font, "ā") == sorted([letter, mark], key=sorted)


def test_a_glyph_that_parts_share_is_stored_once(parts):
    font = whole_font(parts / "shapes-latin-wdth-normal.woff2", CHARACTERS)
    assert set(font.getBestCmap()) == {ord(letter) for letter in "abcā"}
    assert len(font.getGlyphOrder()) == 6  # .notdef, a, b, c, the mark and ā


@pytest.mark.parametrize("large", [False, True])
def test_a_woff2_is_unpacked_as_by_fonttools(large):
    """Simple letters, composed ones, contours of hundreds of points, far points and small steps."""
    letters = dict(LETTERS)
    if large:
        turns = np.linspace(0, 2 * np.pi, 700)[:-1]
        letters["o"] = [np.stack([9000 * np.cos(turns), 600 * np.sin(turns)], 1).round().astype(int).tolist()]
        letters["u"] = [[(0, 0), (1, 300), (70, 301), (900, 1100), (905, 5200), (-4200, 5210)]]
    builder = shapes(letters)
    compose(builder.font)
    buffer = io.BytesIO()
    builder.font.save(buffer)
    whole, packed = TTFont(io.BytesIO(buffer.getvalue())), woff2(TTFont(io.BytesIO(buffer.getvalue())))
    unpacked = TTFont(io.BytesIO(truetype(packed)))
    assert unpacked.keys() == whole.keys()
    for name in whole.getGlyphOrder():
        glyphs = [font["glyf"][name] for font in (whole, unpacked)]
        assert glyphs[0] == glyphs[1] and glyphs[0].isComposite() == glyphs[1].isComposite(), name
        assert [getattr(glyph, "xMax", None) for glyph in glyphs].count(getattr(glyphs[0], "xMax", None)) == 2


def test_a_woff2_with_instructions_is_unpacked_too():
    font = shapes(LETTERS).font
    font["glyf"]["u97"].program = Program()
    font["glyf"]["u97"].program.fromBytecode(b"\xb0\x00\x21")
    unpacked = TTFont(io.BytesIO(truetype(woff2(font))))
    assert outline(unpacked, "a") == outline(font, "a") and outline(unpacked, "e") == outline(font, "e")


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 200_000])
def test_what_is_stored_for_brotli_is_read_by_it(size):
    data = np.random.default_rng(size).bytes(size)
    assert brotli.decompress(stored(data)) == data


def test_accents_of_the_most_used_families_as_long_as_all_fits():
    plain = {"rare": b"r" * 100, "third": b"c" * 100, "first": b"d" * 100, "second": b"e" * 100}
    whole = {"first": b"d" * 300, "second": b"e" * 150, "third": b"c" * 101}
    assert fitting(plain, whole, 650) == plain | {"first": whole["first"], "second": whole["second"]}
    assert fitting(plain, whole, 649) == plain | {"first": whole["first"]}
    assert fitting(plain, whole, 0) == plain


def test_accents_go_and_the_rest_is_drawn_the_same():
    font = letterform(font_file("lora"), a_face())
    bare = without_accents(font)
    before, after = (ImageFont.truetype(io.BytesIO(data), 60) for data in (font, bare))
    assert bytes(before.getmask("Signal “Box”…")) == bytes(after.getmask("Signal “Box”…"))
    assert before.getmask("é").getbbox() and not after.getmask("é").getbbox()
    assert set(TTFont(io.BytesIO(bare)).getBestCmap()) == set(map(ord, PLAIN))


def test_accents_of_a_rough_print_stay(monkeypatch):
    """Outlines that are simplified are still composed."""
    monkeypatch.setattr("data_scripts.make_letterforms.HEAVY", 0)
    assert HEAVY > 0
    font = TTFont(io.BytesIO(letterform(font_file("lora"), a_face())))
    plain = TTFont(io.BytesIO(without_accents(letterform(font_file("lora"), a_face()))))
    name = font.getBestCmap()[ord("é")]
    assert font["glyf"][name].isComposite() and outline(font, "e") == outline(plain, "e")


def unhinted(font: ImageFont.FreeTypeFont, letter: str) -> np.ndarray:
    """(96, 96) float, ink 0-1 of a letter at 64 pixels to the em, drawn eight times as large: no hints show."""
    mask, (left, top) = font.getmask2(letter, mode="L", anchor="ls")
    cell = np.zeros((96 * 8, 96 * 8))
    height, width = mask.size[::-1]
    cell[600 + top : 600 + top + height, 80 + left : 80 + left + width] = np.frombuffer(bytes(mask), np.uint8).reshape(
        height, width
    )
    return cell.reshape(96, 8, 96, 8).mean((1, 3)) / 255


@pytest.mark.parametrize("family", ["lora", "roboto", "open-sans", "merriweather", "abeezee"])
def test_accents_that_ship_are_those_of_the_whole_font(identifier, family):
    own = ImageFont.truetype(io.BytesIO(identifier.letterforms.font_data(f"{family}-400-normal")), 512)
    whole = ImageFont.truetype(io.BytesIO(plain(small_font(font_file(family)))), 512)  # hints would move its outlines
    for letter in "éÅßçñøíÞ€«":
        ships, drawn = unhinted(own, letter), unhinted(whole, letter)
        assert np.abs(ships - drawn).sum() < 0.06 * drawn.sum(), letter


def test_letters_that_do_not_ship_are_said(identifier):
    face = next(face for face in identifier.catalogue.faces if face.id == "lora-400-normal")
    assert "does not have" not in specimen(identifier, face, "Café 1 €")
    assert "does not have Ω Ж of this font" in specimen(identifier, face, "Ω Жé")


def test_the_families_that_people_use_most_ship_with_accents(identifier):
    usage = identifier.catalogue.usage
    regular = [face for face in identifier.catalogue.faces if face.id.endswith("-400-normal")]
    used = sorted(regular, key=lambda face: -usage.get(face.family, 0))[:60]
    assert [face.id for face in used if identifier.letterforms.lacking(face.id, "éßÑ")] == []
    assert sum(bool(identifier.letterforms.lacking(face.id, "ęłřğ")) for face in used) < 6  # their families lack some


def box(left: int, bottom: int, right: int, top: int) -> list[tuple[int, int]]:
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


# At 48 pixels to the em, at which letters are drawn, all sides are whole pixels, and l and p together are 36 high.
BARS = {"l": (125, 0, 375, 500), "o": (0, 0, 375, 250), "p": (125, -250, 375, 250)}
FLAT = BARS | {"o": (0, 0, 375, 125)}


def bars(letters: dict[str, tuple[int, int, int, int]], advance: int = 500) -> FontBuilder:
    font = shapes({letter: [box(*sides)] for letter, sides in letters.items()})
    beside = {f"u{ord(letter)}": (advance, sides[0]) for letter, sides in letters.items()}
    font.setupHorizontalMetrics({".notdef": (250, 0)} | beside)
    return font


def letterforms_of(
    advances: Mapping[str, int] | None = None, **fonts: dict[str, tuple[int, int, int, int]]
) -> Letterforms:
    """Fonts of bars, each under its name, where somebody's own fonts lie. Args: advances: those that are not 500."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, letters in fonts.items():
            bars(letters, (advances or {}).get(name, 500)).font.save(buffer := io.BytesIO())
            archive.writestr(f"{name}.woff2", buffer.getvalue())
    return Letterforms([file])


def painted(text: str, letters=BARS, wider: int = 1, higher: int = 1, known: bool = False) -> tuple[Line, Ink]:
    """A line of bars at 48 pixels to the em, an advance 24 and a blank 12 wide. Args: known: whether places are."""
    amount, x, centres = np.zeros((70, 24 * len(text) + 110), np.uint8), 20, []
    for letter in text:
        left, bottom, right, top = (side * 48 // 1000 for side in letters.get(letter, (0, 0, 0, 0)))
        amount[34 - top : 34 - bottom, x + left : x + right] = 255
        centres.append((x + (left + right) / 2) / amount.shape[1])
        x += 24 if letter.strip() else 12
    amount = amount.repeat(wider, 1).repeat(higher, 0)
    return Line((), text, 1.0, tuple(centres) if known else ()), Ink(amount, ink_box(amount))


@pytest.mark.parametrize(("wider", "higher", "known"), [(1, 1, False), (2, 1, False), (2, 2, True), (3, 3, False)])
def test_letters_are_looked_for_where_they_are_known_to_be_or_the_judges_lay_them_out(wider, higher, known):
    """In pixels of a line that is 36 high with 5 around it; it is stretched where the picture is."""
    line = painted("lo p", wider=wider, higher=higher, known=known)
    comparison = Comparison(*line, ["bars"], letterforms_of(bars=BARS))
    places = np.array([6, 24 - 6 + 9, 48 + 12 + 6]) * wider / higher
    assert comparison.text == "lop" and comparison._expected == pytest.approx(5 + places)
    assert comparison._ink.shape == (46, 10 + 72 * wider // higher)
    if wider == higher:
        assert comparison.compare(["bars"], range(3))[0] == pytest.approx(np.ones((3, 1)), abs=0.01)


def test_a_letter_is_looked_for_where_most_judges_have_it_and_nowhere_where_none_has():
    """The third draws 72 pixels where the others and the picture have 60, so its places are nearer to each other."""
    wide = BARS | {"l": (0, 0, 500, 500), "p": (0, -250, 500, 250)}
    letterforms = letterforms_of(first=BARS, third=wide, lacking={"l": BARS["l"], "p": BARS["p"]})
    line = painted("lop?")
    third = Comparison(*line, ["third"], letterforms)
    assert third._expected[:3] == pytest.approx(5 + np.array([12, 24 + 9, 48 + 12]) * 60 / 72)
    comparison = Comparison(*line, ["first", "lacking", "third", "first", "first"], letterforms)
    assert comparison._expected[:3] == pytest.approx([5 + 6, 5 + 27, 5 + 54]) and np.isnan(comparison._expected[3])
    assert np.isnan(comparison.compare(["first"], [3])[0]).all()


def test_likeness_is_the_share_of_ink_that_does_not_differ():
    """The flat o has 18 x 6 pixels of ink where the picture has 18 x 12: of these 324, 108 differ."""
    line = painted("lop", known=True)
    letterforms = letterforms_of(bars=BARS, flat=FLAT, lacking={"l": BARS["l"]}, none={"x": BARS["l"]})
    likeness, _ = Comparison(*line, ["bars"], letterforms).compare(["bars", "flat", "none"], [0, 1, 2])
    assert likeness[:, :2] == pytest.approx(np.array([[1, 1], [1, 2 / 3], [1, 1]]), abs=1e-5)
    assert np.isnan(likeness[:, 2]).all()
    assert np.isnan(Comparison(*line, ["bars"], letterforms).compare(["lacking"], [1, 2])[0]).all()


def test_a_face_is_scaled_to_the_reading_however_large_it_draws():
    small = {letter: tuple(side // 2 for side in sides) for letter, sides in BARS.items()}
    letterforms = letterforms_of(bars=BARS, small=small, none={"x": BARS["l"]})
    comparison = Comparison(*painted("lop"), ["bars"], letterforms)
    expected = np.array([[48, 96, np.nan], [5 + 24, 5 + 24, np.nan]])
    assert np.allclose(comparison._scales(["bars", "small", "none"]), expected, atol=0.01, equal_nan=True)


def test_the_three_highest_and_the_three_deepest_letters_tell_the_size():
    letters = {letter: (0, 10 * place - 100, 100, 300 + 20 * place) for place, letter in enumerate("abcdefgh")}
    lacking = {letter: letters[letter] for letter in "bcdefg"}
    letterforms = letterforms_of(bars=letters, lacking=lacking)
    comparison = Comparison(*painted("hgfedcbabc", letters), ["bars", "lacking"], letterforms)
    assert sorted(comparison._telling) == list("abcfgh")


def test_an_accent_that_a_face_lacks_adds_what_it_adds_in_the_judges_on_average():
    accents = BARS | {"e": (0, 0, 375, 250), "é": (0, 0, 375, 500)}
    high = accents | {"é": (20, -50, 425, 600)}
    plain = BARS | {"e": (10, 0, 250, 200)}
    letterforms = letterforms_of(accents=accents, high=high, plain=plain)
    comparison = Comparison(*painted("lép", accents), ["accents", "high", "plain"], letterforms)
    measures, there = comparison._measures(["plain", "accents"], "lé")
    assert there.all() and measures[:, 0] == pytest.approx(np.array([[0.125, 0.5, 0.375, 0]] * 2))
    expected = [[0.01 + 0.01, 0.2 + 0.3, 0.25 + 0.025, -0.025], [0, 0.5, 0.375, 0]]
    assert measures[:, 1] == pytest.approx(np.array(expected))


def test_of_an_accent_that_a_face_lacks_one_pixel_of_ink_above_the_base_letter_counts():
    """18 x 12 pixels of a base letter, and the picture has 18 x 13 there, of 24 rows: of 450, 18 differ."""
    accents = BARS | {"e": (0, 0, 375, 250), "é": (0, 0, 375, 500), "ę": (0, -250, 375, 250)}
    plain = BARS | {"e": (0, 0, 375, 250)}
    letterforms = letterforms_of(accents=accents, plain=plain)
    comparison = Comparison(*painted("lépę", accents, known=True), ["accents"], letterforms)
    likeness, _ = comparison.compare(["plain", "accents"], [1, 3])
    assert likeness == pytest.approx(np.array([[1 - 18 / 450, 1]] * 2), abs=1e-4)


def test_a_wide_letter_is_compared_as_far_as_90_pixels():
    def likeness(width: int) -> float:
        wide = {"m": (0, -250, 2000, 500)}
        line, ink = painted("m", {"m": (0, -250, width, 500)}, known=True)
        ink.amount[:, 20 + 2000 * 48 // 1000 :] = 0
        line = replace(line, centres=((20 + width * 48 // 1000 / 2) / ink.amount.shape[1],))
        return Comparison(line, ink, ["wide"], letterforms_of(wide=wide)).compare(["wide"], [0])[0][0, 0]

    assert likeness(1875) == pytest.approx(likeness(2000), abs=1e-6) and likeness(1750) < likeness(2000) - 0.01


@pytest.mark.parametrize(("small", "own"), [(250, True), (445, True), (450, False), (500, False)])
def test_small_capitals_are_a_faces_own_where_its_h_is_lower_than_nine_tenths_of_its_capital(small, own):
    letters = {"H": (0, 0, 400, 500), "h": (0, 0, 300, small), "X": (0, 0, 400, 500), "x": (0, 0, 100, small)}
    comparison = Comparison(*painted("H", letters), ["bars"], letterforms_of(bars=letters))
    comparison._small = 0.75
    (large, low, missing) = comparison._glyphs("bars", "Xx?")
    assert (large.right, large.top) == (0.4, 0.5) and missing is None
    assert (low.right, low.top) == pytest.approx((0.1, small / 1000) if own else (0.3, 0.375))


@pytest.mark.parametrize(("column", "differing"), [(42, 0), (43, 12), (62, 12), (63, 0)])
def test_ink_that_touches_a_letter_differs_and_what_is_a_pixel_off_does_not(column, differing):
    """An o has 18 x 12 pixels, from column 44 to 62."""
    line, ink = painted("lop", known=True)
    ink.amount[22:34, column] = 255
    likeness, _ = Comparison(line, ink, ["bars"], letterforms_of(bars=BARS)).compare(["bars"], [1])
    assert likeness == pytest.approx(1 - differing / (2 * 216 + differing), abs=1e-4)


@pytest.mark.parametrize("least", [1.5, 1.75, 2.0, 2.25, 2.4375])
def test_a_place_between_two_pixels_is_told_by_the_parabola_through_three(least):
    places = np.arange(5.0)
    rows = np.stack([3 * (places - least) ** 2 + 1, 0.125 * (places - least) ** 2])
    assert _beside(rows, np.array([2, 2])) == pytest.approx([least - 2] * 2)
    assert _beside(rows, np.array([1, 3])) == pytest.approx([least - 1, least - 3])
    assert _beside(-rows, np.array([2, 2])).tolist() == [0, 0], "none is least"
    assert _beside(rows, np.array([0, 4])).tolist() == [0, 0], "at an end"
    assert _beside(0 * rows, np.array([2, 2])).tolist() == [0, 0]


def bar_of(place: int, width: int = 6, height: int = 60, value: float = 1.0) -> np.ndarray:
    """(20, 100) ink of a bar whose first column is this."""
    ink = np.zeros((20, 100), np.float32)
    ink[6:14, place : place + width] = value
    return ink


@pytest.mark.parametrize(
    ("away", "found"), [(0, 1), (-14, 1), (14, 1), (-15, 10 / 11), (15, 10 / 11), (-60, 0), (60, 0)]
)
def test_a_letter_is_found_up_to_fourteen_pixels_beside_its_place(away, found):
    """A bar 6 x 8; one pixel farther away, a column of it is no more seen: of 48 + 40 pixels, 8 differ."""
    drawn = bar_of(7)[None, :, 5:15]
    likeness, middle = _best_likeness(bar_of(47 + away), drawn, 50.0, np.array([4.0]))
    assert likeness == pytest.approx([found], abs=1e-5)
    if found == 1:
        assert middle == pytest.approx([50 + away], abs=1e-5)


@pytest.mark.parametrize(("rise", "found"), [(0, 1), (-1, 1), (1, 1), (-2, 7 / 8), (2, 7 / 8)])
def test_a_letter_is_found_one_pixel_above_or_below_its_place(rise, found):
    drawn = bar_of(7)[None, :, 5:15]
    likeness, _ = _best_likeness(np.roll(bar_of(47), rise, 0), drawn, 50.0, np.array([6.0]))
    assert likeness == pytest.approx([found], abs=1e-5)


def test_paler_ink_differs_and_what_lies_beyond_a_letters_margin_does_not():
    """Of 48 pixels half as dark: 48 / 4 differ of 48 + 48 / 4. A neighbour in the first column beyond the margin."""
    drawn = np.repeat(bar_of(7)[None, :, 4:16], 2, 0)
    pale, _ = _best_likeness(bar_of(47, value=0.5), drawn, 50.0, np.array([6.0, 12.0]))
    assert pale == pytest.approx([0.8, 0.8], abs=1e-5)
    ink = np.zeros((20, 12), np.float32)
    ink[:, 3:9], ink[:, 10:] = 1, 1
    drawn = np.repeat(ink[None], 2, 0) * (np.arange(12) < 9)
    beside, _ = _best_likeness(ink, drawn, 6.0, np.array([6.0, 8.0]))
    assert beside == pytest.approx([1, 1 - 1 / 13], abs=1e-5), "six columns, and one more"


@pytest.mark.parametrize(
    ("zoom", "start", "blur", "weights"),
    [
        (1, 0, 1, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        (1, 1, 1, [[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
        (1, 0.5, 1, [[0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]]),
        (2, 0, 1, [[0.75, 0, 0], [0.75, 0.25, 0], [0.25, 0.75, 0]]),
        (0.5, 0, 1, [[0.5, 0.5, 0], [0, 0, 0.5], [0, 0, 0]]),
        (1, 0, 2, [[0.5, 0.25, 0], [0.25, 0.5, 0.25], [0, 0.25, 0.5]]),
        (2, 0, 4, [[0.5, 0.125, 0], [0.5, 0.375, 0], [0.375, 0.5, 0.125]]),
    ],
)
def test_pixels_average_what_lies_around_their_middles(zoom, start, blur, weights):
    found = _resampling(3, 3, np.array([zoom, 1.0]), np.array([start, 9.0]), blur)
    assert found == pytest.approx(np.array([weights, np.zeros((3, 3))]))


def test_a_letter_is_drawn_as_itself_and_by_its_base_letter():
    assert list(_drawn_as("é")) == ["é", "e"] and list(_drawn_as("e")) == ["e"]


def test_a_glyph_is_drawn_at_48_pixels_to_the_em_or_so_that_it_fits_into_64():
    letters = BARS | {"m": (0, 0, 2000, 500), "j": (50, -1500, 150, 500), "c": (100, -20, 360, 490)}
    lowercase_l, wide, high, odd = letterforms_of(bars=letters).glyphs("bars", "lmjc")
    assert [glyph.scale for glyph in (lowercase_l, wide, high, odd)] == [48, 32, 32, 48]
    assert [glyph.ink.shape for glyph in (lowercase_l, wide, high, odd)] == [(24, 12), (16, 64), (64, 4), (25, 13)]
    assert lowercase_l.ink.min() == wide.ink.min() == odd.ink[:24, :12].min() == 255
    assert {*odd.ink[24, :12].tolist(), *odd.ink[:24, 12].tolist()} <= {122, 123}, "0.48 * 255"
    assert (odd.left, odd.top, odd.right, odd.bottom) == pytest.approx((0.1, 0.49, 0.36, -0.02))


def test_a_glyph_made_smaller_has_the_same_ink():
    (glyph,) = letterforms_of(bars={"c": (100, -20, 360, 490)}).glyphs("bars", "c")
    for smaller in (glyph.smaller(0.4), glyph.smaller(0.8).smaller(0.5)):
        sides = (smaller.left, smaller.top, smaller.right, smaller.bottom)
        assert sides == pytest.approx((0.04, 0.196, 0.144, -0.008)) and smaller.scale == pytest.approx(120)
        assert smaller.ink.shape == glyph.ink.shape
        assert smaller.ink.astype(int) == pytest.approx(glyph.ink.astype(int), abs=1)


def test_what_a_font_lacks_is_told_and_is_as_wide_as_its_sign_for_that():
    letterforms = letterforms_of(bars=BARS | {"é": BARS["l"]})
    assert letterforms.lacking("bars", "lé ñ€ñ\u00a0x") == "ñ€"
    assert letterforms.glyphs("bars", "x ") == [None, None]
    assert letterforms.layout("bars", "lxél") == pytest.approx([0, 0.5, 0.75, 1.25])
    assert "bars" in letterforms and "other" not in letterforms
    with pytest.raises(KeyError, match="other"):
        letterforms.font_data("other")


def test_fonts_asked_for_last_are_kept_as_long_as_they_fit(monkeypatch):
    letterforms = letterforms_of(first=BARS, second=BARS, third=BARS)
    size = len(letterforms.font_data("first"))
    for most, kept in ((2 * size, ["first", "third"]), (2 * size - 1, ["third"]), (0, ["third"])):
        monkeypatch.setattr("fontid.letters.letterforms.MOST_BYTES", most)
        for name in ("first", "second", "first", "third"):
            assert letterforms.layout(name, "ll")[1] == 0.5
        assert list(letterforms._packs) == [f"{name}.woff2" for name in kept]


def test_48_megabytes_of_fonts_are_kept():
    names = [f"font{place}" for place in range(10)]
    letterforms = letterforms_of(**dict.fromkeys(names, BARS))
    for megabytes, first in ((5, 0), (6, 1)):
        letterforms._packs.clear()
        for name in names[:9]:
            letterforms.layout(name, "ll")
            letterforms._packs[f"{name}.woff2"].size = megabytes * 1_000_000
        letterforms.layout(names[9], "ll")
        assert list(letterforms._packs) == [f"{name}.woff2" for name in names[first:]]


def test_a_font_takes_its_bytes_those_unpacked_and_those_of_each_letter_that_was_drawn():
    data = woff2(bars(BARS).font)
    pack = _Pack({"plain": truetype(data), "packed": data})
    files = len(data) + len(truetype(data))
    for name, size in (("plain", files), ("packed", files + len(truetype(data)))):
        pack.font(name, name, {})
        assert pack.size == size
    assert pack.glyph("plain", "l") is pack.glyph("plain", "l") and pack.glyph("plain", "x") is None
    assert pack.size == files + len(truetype(data)) + 2 * OF_GLYPH


def test_licences_are_read_from_the_files_they_lie_in():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("LICENSE-MIT.txt", "Mine")
    letterforms = letterforms_of(bars=BARS).with_files([file])
    assert letterforms.licence("MIT") == "Mine" and letterforms.licence("OFL-1.1") is None and "bars" in letterforms


def test_a_face_is_drawn_by_its_own_font_or_by_the_variable_one():
    assert font_name(a_face()) == "shapes-400-normal.woff2"
    assert font_name(a_face(axes={"wght": 400.0})) == "shapes-latin-wdth-normal.ttf"


def test_fonts_hold_what_is_typed_and_latin_letters_from_grave_a_to_caron_z():
    assert len(set(CHARACTERS)) == len(CHARACTERS) and CHARACTERS.isprintable()
    assert [letter in CHARACTERS for letter in " ~…ÀžȚ£×ſƀ\x7f"] == [True] * 7 + [False] * 4
    assert len(PLAIN) == 95 + 7


def test_every_step_between_two_points_of_a_woff2_is_unpacked(monkeypatch):
    """From both ends of all ranges of numbers that it packs differently, there and back in all directions."""
    ends = [0, 1, 16, 17, 32, 33, 48, 49, 64, 65, 255, 256, 257, 511, 512, 513, 768, 769, 1279, 1280, 4095, 4096, 9000]
    steps = [(x * sign, y * sign * turn) for x in ends for y in ends for turn in (1, -1) for sign in (1, -1)]
    font = shapes({"w": [A, A, E]}).font
    glyph = font["glyf"]["u119"]
    glyph.coordinates = GlyphCoordinates(np.cumsum([(3, 5), *steps], 0).tolist())
    glyph.flags = bytearray(place % 3 > 0 for place in range(len(glyph.coordinates)))
    glyph.endPtsOfContours = [2, 300, len(steps)]
    monkeypatch.delattr("fontid.letters.woff2.TTFont")  # it would be asked where something is unusual
    unpacked = TTFont(io.BytesIO(truetype(woff2(font))))["glyf"]["u119"]
    assert unpacked.coordinates == glyph.coordinates and unpacked.endPtsOfContours == glyph.endPtsOfContours
    assert [flag & 1 for flag in unpacked.flags] == list(glyph.flags)
    assert (unpacked.xMin, unpacked.yMin, unpacked.xMax, unpacked.yMax) == (3, 5 - 9000, 3 + 9000, 5 + 9000)


def test_numbers_of_one_to_three_bytes_are_read():
    assert _short_numbers(np.array([0, 7, 252], np.uint8)).tolist() == [0, 7, 252]
    packed = np.array([252, 253, 2, 250, 254, 0, 255, 0, 255, 252, 254, 255, 1], np.uint8)
    assert _short_numbers(packed).tolist() == [252, 2 * 256 + 250, 506, 253, 253 + 252, 506 + 255, 1]
    assert _short_numbers(np.array([253, 0, 9], np.uint8)).tolist() == [9] and not len(_short_numbers(packed[:0]))


def part(flags: int, length: int) -> bytes:
    return flags.to_bytes(2, "big") + bytes(range(length - 2))


def test_parts_of_a_composed_glyph_are_as_long_as_their_flags_say():
    more, words = 32, 1
    glyphs = [
        part(more, 6) + part(more | words, 8) + part(8, 8),
        part(64, 10),
        part(128 | words, 16),
        part(more | 128, 14) + part(more | 64 | words, 12) + part(8 | words, 10),
        part(0, 6),
    ]
    assert _composed(b"".join(glyphs), 5) == glyphs and _composed(b"", 0) == []
    with pytest.raises(_Unusual):
        _composed(part(more, 6) + part(256, 6), 1)


@pytest.mark.parametrize("count", [31, 32, 33, 34, 64, 65])
def test_of_many_glyphs_composed_ones_keep_their_boxes(count, monkeypatch):
    """For each 32 glyphs there are four bytes that say which have a box of their own."""
    others = {chr(0x4E00 + place): [E] for place in range(count - 5)}
    font = shapes({"a": [A], **others, "á": LETTERS["á"], "ā": [A, (MARK, 30, 600)]}).font
    compose(font)
    assert len(font.getGlyphOrder()) == count
    monkeypatch.delattr("fontid.letters.woff2.TTFont")
    glyphs = TTFont(io.BytesIO(truetype(woff2(font))))["glyf"]
    boxes = [(glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax) for glyph in (glyphs["u225"], glyphs["u257"])]
    assert boxes == [(0, 0, 400, 650), (0, 0, 400, 700)] and glyphs["u225"].isComposite()
    assert (glyphs["u97"].xMax, glyphs["u19968"].xMax) == (400, 450) and glyphs[".notdef"].numberOfContours == 0


@pytest.mark.parametrize("transformed", [(), ("glyf", "loca"), ("glyf", "loca", "hmtx")])
def test_a_woff2_is_unpacked_whatever_of_it_is_transformed(transformed):
    font = bars(BARS).font
    font.flavor, font.flavorData = "woff2", WOFF2FlavorData(transformedTables=transformed)
    font.save(packed := io.BytesIO())
    unpacked = TTFont(io.BytesIO(truetype(packed.getvalue())))
    assert outline(unpacked, "p") == [set(box(*BARS["p"]))] and unpacked["hmtx"]["u111"] == (500, 0)
    assert unpacked.flavor is None and unpacked.sfntVersion == "\0\1\0\0"
    tables = sorted((table.offset, table.length) for table in unpacked.reader.tables.values())
    assert tables[0][0] == 12 + 16 * len(tables)
    assert all(offset + -(-length // 4) * 4 == following for (offset, length), (following, _) in pairwise(tables))


def in_bars(*heights: int, dot: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Ink of letters 14 pixels wide, and their middles, 20 apart. Args: dot: column of a pixel of ink 30 high."""
    ink = np.zeros((66, 20 * len(heights) + 20), np.float32)
    for place, height in enumerate(heights):
        ink[60 - height : 60, 20 * place + 13 : 20 * place + 27] = 0.51
        ink[60 - height - 1, 20 * place + 13 : 20 * place + 27] = 0.5 if height else 0  # too pale
    if dot is not None:
        ink[30, dot] = 1
    return ink, 20.0 * np.arange(len(heights)) + 20


@pytest.mark.parametrize(
    ("text", "heights", "small"),
    [
        ("ABCD", (30, 21, 21, 30), "AbcD"),
        ("ABCD", (30, 30, 30, 30), None),
        ("ABCD", (30, 21, 30, 30), None),  # one is not enough
        ("ABCD", (30, 18, 18, 30), None),  # six tenths are no capital
        ("ABCD", (30, 19, 19, 30), "AbcD"),
        ("ABCD", (50, 40, 40, 40), "Abcd"),
        ("ABCD", (50, 41, 41, 41), None),  # 0.82 of the size is a line seen aslant
        ("ABCD", (30, 21, 21, 27), "AbcD"),
        ("ABCD", (30, 21, 21, 26), None),  # 4 / 30 from any size, of four letters: more than 0.03 on average
        ("ÀBCÉ", (36, 30, 21, 21), "ÀBcé"),
        ("ABÉÈ", (30, 21, 29, 30), "AbéÈ"),  # an accented one may be 1.2 times as high
        ("ÉÈÉÈ", (29, 29, 21, 21), None),
        ("ABCd", (30, 21, 21, 21), "Abcd"),
        ("ABCDEFGxyz", (30, 21, 21, 21, 21, 21, 21, 21, 21, 21), None),  # seven of ten are capitals, no more
        ("ABCDEFGHyz", (30, 21, 21, 21, 21, 21, 21, 21, 21, 21), "Abcdefghyz"),
        ("A-B2C", (30, 9, 21, 21, 21), "A-b2c"),
        ("AßBC", (30, 30, 21, 21), "Aßbc"),
        ("ABCD", (30, 21, 21, 0), "AbcD"),
        ("ABCD", (0, 0, 0, 0), None),
    ],
)
def test_small_capitals_are_those_of_one_smaller_size(text, heights, small):
    assert find_small_capitals(text, *in_bars(*heights))[0] == (small or text)


@pytest.mark.parametrize(
    ("text", "heights", "size"),
    [
        ("ABCD", (30, 21, 21, 30), 0.7),
        ("ABCDE", (30, 20, 21, 22, 30), 0.7),
        ("ÀBCÉ", (36, 30, 21, 28), 0.7),  # accented ones do not tell
        ("ABCD", (30, 30, 30, 21), None),
    ],
)
def test_the_size_of_small_capitals_is_the_middle_one_of_those_without_accents(text, heights, size):
    assert find_small_capitals(text, *in_bars(*heights))[1] == (size and pytest.approx(size))


@pytest.mark.parametrize(
    ("column", "found"),
    [(34, "aBcDe"), (46, "aBcDe"), (33, "abcDe"), (47, "abcDe"), (0, "AbcDe"), (119, "abcDE"), (None, "abcDe")],
)
def test_ink_of_six_pixels_beside_its_middle_is_a_letters_own_and_what_lies_before_the_first_or_behind_the_last(
    column, found
):
    assert find_small_capitals("ABCDE", *in_bars(21, 21, 21, 30, 21, dot=column))[0] == found


def test_letters_without_known_places_have_no_small_capitals():
    ink, centres = in_bars(30, 21, 21, 30)
    assert find_small_capitals("ABCD", ink, np.where(centres > 70, np.nan, centres)) == ("ABCD", None)


def test_a_capital_is_one_letter():
    assert [capital(letter) for letter in "aÉßé"] == ["A", "É", "ß", "É"] and base_letter("É") == "E"


ACROSS = undoing.Change("wider", wider=2.0), undoing.Change("narrower", wider=0.5), undoing.Change("same")


@pytest.mark.parametrize(
    ("high", "change", "width"),
    [(112, ACROSS[0], 60), (112, ACROSS[1], 15), (112, ACROSS[2], 30), (56, ACROSS[0], 120), (224, ACROSS[2], 15)],
)
def test_undone_letters_are_112_pixels_high_with_room_around_them(high, change, width):
    bar = inked((20, 10, 50, 10 + high), size=(200, 300))
    line, ink = undoing.undo(change, Line((), "l", 1.0, (35 / 200,)), bar)
    assert ink.amount.shape == (8 + 112 + 8, 40 + width + 40) and ink.box == (40, 8, 40 + width, 8 + 112)
    assert line.centres == pytest.approx((0.5,)) and line.text == "l"
    assert ink.amount[8:120, 40:-40].min() == 255 and ink.amount.sum() == 255 * 112 * width


def test_letters_slanted_by_one_pixel_a_row_are_upright_where_the_middle_row_is():
    amount = np.zeros((112, 200), np.uint8)
    for row in range(112):
        amount[row, 120 - row : 130 - row] = 255
    _, ink = undoing.undo(undoing.Change("italic", upright=1.0), Line((), "l", 1.0), Ink(amount, ink_box(amount)))
    assert ink.box == (40 + 111 - (64 - 8), 8, 40 + 111 - (64 - 8) + 10, 120) and ink.amount.sum() == 255 * 112 * 10
    assert ink.amount.shape == (8 + 112 + 8, 40 + 111 + 10 + 40)


def test_large_letters_are_averaged_and_small_ones_keep_sharp_edges():
    amount = np.full((448, 40), 120, np.uint8)
    amount[::4] = 240
    same = undoing.Change("same")
    averaged = undoing.undo(same, Line((), "l"), Ink(amount, (0, 0, 40, 448)))[1].amount[8:119, 40:-40]
    assert averaged.min() == averaged.max() == 150
    edge = np.full((56, 40), 100, np.uint8)
    edge[:, 20:] = 200
    sharp = undoing.undo(same, Line((), "l"), Ink(edge, (0, 0, 40, 56)))[1].amount[8:-8, 40:-40]
    assert sharp.min() < 100 and sharp.max() > 200


@pytest.mark.parametrize("left", [0, 100])
@pytest.mark.parametrize(("length", "width"), [(6000, 6000), (6720, 6720), (6800, 6720)])
def test_of_a_line_what_is_sixty_times_as_long_as_high_is_undone(length, width, left):
    amount = np.full((112, left + length + 50), 255, np.uint8)
    _, ink = undoing.undo(undoing.Change("same"), Line((), "l"), Ink(amount, (left, 0, left + length, 112)))
    assert ink.amount.shape == (128, width + 80)


@pytest.mark.parametrize(("thinner", "off"), [(0.0, 0), (1.0, 1), (2.0, 2), (2.8, 2), (2.9, 2), (3.0, 3)])
def test_as_many_pixels_are_taken_off_bold_letters_on_each_side(thinner, off):
    """Of corners as well: what is left of a rectangle is one."""
    bar = inked((20, 12, 50, 124), size=(200, 140))
    line, ink = undoing.undo(undoing.Change("bold", thinner=thinner), Line((), "l"), bar)
    assert ink.box == (40 + off, 8 + off, 70 - off, 120 - off) and ink.amount.shape == (128, 110)
    assert (ink.amount > 0).sum() == (30 - 2 * off) * (112 - 2 * off) and line.centres == ()


@pytest.mark.parametrize(("stroke", "is_left"), [(4, False), (5, True)])
def test_nothing_is_left_of_thin_letters_that_are_made_thinner(stroke, is_left):
    bar = inked((20, 0, 20 + stroke, 112), size=(60, 112))
    undone = undoing.undo(undoing.Change("bold", thinner=2.0), Line((), "l"), bar)
    assert (undone is not None) == is_left


@pytest.mark.parametrize(("size", "wider", "width"), [((3, 20_000), 1.0, 1), ((300, 1), 100.0, 11_200)])
def test_of_the_thinnest_line_one_pixel_is_undone(size, wider, width):
    _, ink = undoing.undo(undoing.Change("some", wider=wider), Line((), "l"), inked((0, 0, *size), size=size))
    assert ink.amount.shape == (128, width + 80)


@pytest.mark.parametrize(
    ("radius", "rows"),
    [(1, [1, 3, 1]), (1.5, [0, 3, 3, 3, 0]), (2, [1, 3, 5, 3, 1]), (2.2, [0, 3, 5, 5, 5, 3, 0])],
)
def test_a_disc_holds_what_is_as_near_as_its_radius(radius, rows):
    disc = undoing._disc(radius)
    assert disc.sum(1).tolist() == rows and disc.shape == (len(rows), len(rows))


def test_every_change_is_said_and_undoes_one_thing():
    assert set(undoing.SAID) == {change.name for change in undoing.CHANGES}
    undone = [(change.wider, change.upright, change.thinner, change.hollow) for change in undoing.CHANGES]
    widths, others = [(1.33, 0, 0, False), (0.75, 0, 0, False)], [(1, 0.25, 0, False), (1, 0, 2.0, False)]
    assert undone == [*widths, *others, (1, 0, 2.8, False), (1, 0, 0, True)]


def a_catalogue(
    *families: str, twins: Sequence[tuple[int, int]] = (), prototypes: Sequence | None = None, usage=None
) -> Catalogue:
    """Each family's regular face; "bars 700 italic" is another one's."""
    faces = []
    for name in families:
        family, weight, slope = (name if " " in name else f"{name} 400 normal").split()
        fields = {"family": family, "weight": int(weight), "italic": slope == "italic"}
        faces.append(a_face(id=f"{family}-{weight}-{slope}", **fields))
    rows = np.arange(len(faces))
    made = np.zeros((len(faces), 1)) if prototypes is None else np.array(prototypes)
    return Catalogue(faces, made, rows, np.array(twins, int).reshape(-1, 2), usage)


def candidates(catalogue: Catalogue, scores: Sequence[float], ships: set[str] | None = None, **settings) -> list[int]:
    ships = {face.id for face in catalogue.faces} if ships is None else ships
    given = DrawingSettings(**settings)
    return Verifier(catalogue, ships, given)._candidates(np.array(scores, np.float32), given).tolist()


STYLES = "a", "a 700 normal", "a 400 italic", "b", "c", "c 700 normal"


@pytest.mark.parametrize(
    ("scores", "families", "styles", "expected"),
    [
        ([9, 8, 7, 6, 5, 4], 2, 2, [0, 1, 3]),
        ([9, 8, 7, 6, 5, 4], 2, 3, [0, 1, 2, 3]),
        ([9, 8, 7, 6, 5, 4], 3, 1, [0, 3, 4]),
        ([5, 4, 9, 7, 6, 8], 3, 2, [2, 0, 5, 4, 3]),
        ([5, 5, 5, 5, 5, 5], 9, 9, [0, 1, 2, 3, 4, 5]),
        ([-np.inf, 4, -np.inf, -np.inf, 5, -np.inf], 3, 2, [4, 1]),
    ],
)
def test_the_likeliest_styles_of_the_likeliest_families_are_drawn(scores, families, styles, expected):
    assert candidates(a_catalogue(*STYLES), scores, families=families, styles=styles) == expected


def test_a_family_whose_best_face_is_a_twin_of_a_likelier_one_is_not_drawn():
    scores = [9, 8, 7, 6, 5, 4]
    assert candidates(a_catalogue(*STYLES, twins=[(0, 3)]), scores, families=2, styles=1) == [0, 4]
    assert candidates(a_catalogue(*STYLES, twins=[(1, 3)]), scores, families=2, styles=1) == [0, 3]


def test_faces_that_do_not_ship_are_drawn_once_by_another_of_their_family():
    faces = ("a", "a 700 normal", "a 600 italic", "a 300 italic", "b", "a 500 normal", "a 800 italic", "c")
    catalogue = a_catalogue(*faces)
    ships = {"a-400-normal", "a-700-normal", "a-300-italic", "c-400-normal"}
    assert drawn_as(catalogue, ships).tolist() == [0, 1, 3, 3, -1, 0, 3, 7]
    assert candidates(catalogue, [5, 1, 7, 6, 8, 9, 0, 2], ships, families=2, styles=2) == [0, 3]


@pytest.mark.parametrize(
    ("usage", "families", "used", "expected"),
    [
        ({"c": 3, "b": 2}, 2, 1, [0, 4]),  # the likeliest first, and the most used
        ({"c": 3, "b": 2}, 3, 3, [0, 3, 4]),
        ({"c": 3, "b": 2}, 1, 1, [4]),
        ({"c": 3, "unknown": 9}, 2, 1, [0, 4]),
        ({"c": 0}, 2, 2, [0, 3]),
        ({"a": 3}, 2, 1, [0, 3]),
    ],
)
def test_the_most_used_families_are_drawn_where_some_are_wanted(usage, families, used, expected):
    scores = [9, 8, 7, 6, 5, 4]
    catalogue = a_catalogue(*STYLES, usage=usage)
    assert candidates(catalogue, scores, families=families, styles=1, used=used) == expected
    assert candidates(catalogue, scores, families=families, styles=1) == [0, 3, 4][:families]


def test_of_twins_the_most_used_is_drawn_and_none_that_is_not_asked_for():
    scores = [9, 8, 7, 6, 5, 4]
    twins = a_catalogue(*STYLES, twins=[(0, 4)], usage={"c": 3, "b": 2})
    assert candidates(twins, scores, families=2, styles=1, used=1) == [3, 4]
    without = [9, 8, 7, 6, -np.inf, -np.inf]
    assert candidates(twins, without, families=2, styles=1, used=1) == [0, 3]


@pytest.mark.parametrize(("others", "found"), [(3999, [0, 3999]), (4000, [0])])
def test_four_thousand_faces_are_looked_through(others, found):
    faces = [a_face(id=str(place), family="many" if place < others else "last") for place in range(others + 1)]
    catalogue = Catalogue(faces, np.zeros((len(faces), 1)), np.arange(len(faces)), np.zeros((0, 2), int))
    assert candidates(catalogue, -np.arange(len(faces)), families=2, styles=1) == found


def test_others_may_gain_as_much_as_the_best_drawn_and_a_surprise():
    """The best has 1.25; what is behind it by more than 0.5 + 0.25 cannot reach that."""
    scores, added = np.array([1.0, 0.5, 0.25, 0.125]), np.array([0.25, 0.5])
    assert _is_settled(scores, added, 0.25) and _is_settled(scores[:2], added, 9.0)
    assert not _is_settled(scores, added, 1.0) and not _is_settled(scores + np.array([0, 0, 0, 0.375]), added, 0.25)


TALL = BARS | {"o": (0, 0, 375, 375)}
OTHERS = {
    "bars-400-normal": BARS,
    "flat-400-normal": FLAT,
    "tall-400-normal": TALL,
    "far-400-normal": FLAT,
    "copy-400-normal": TALL,
}


def verified(catalogue: Catalogue, scores: Sequence, *lines, forms=None, prior=None, **settings) -> Verdict:
    """What drawing makes of scores. Args: lines: as of `read_in_bars`; forms: bars for all faces, unless told."""
    forms = forms or letterforms_of(**{face.id: BARS for face in catalogue.faces})
    given = None if prior is None else np.array(prior, np.float32)
    verifier = Verifier(catalogue, forms, DrawingSettings(**settings))
    return verifier.verify(np.array(scores, np.float32), list(lines), given)


def read_in_bars(text: str = "lop", confidence: float = 0.8) -> tuple[Line, Ink]:
    line, ink = painted(text, known=True)
    return replace(line, confidence=confidence), ink


def test_drawing_adds_the_log_of_what_differs_as_much_as_the_reading_is_sure():
    """Of three letters flat and tall have one that is 2 / 3 and 4 / 5 like the picture's; no more families count."""
    families = ("bars", "flat", "tall", "copy", "far", "bars 700 normal", "none")
    catalogue = a_catalogue(*families, twins=[(0, 3), (2, 3)])
    scores, forms = np.array([0.5, 0.45, 0.4, 0.48, 0.1, 0.3, 0.2]), letterforms_of(**OTHERS)
    settings = {"families_of_few": 3, "weight_of_few": 0.5, "sharpest": 0.1}
    verdict = verified(catalogue, scores, read_in_bars(), forms=forms, **settings)
    bars, flat, tall = -np.log([0.1, 0.1 + 1 / 9, 0.1 + 1 / 15])
    assert verdict.faces.tolist() == [0, 1, 2] and verdict.drawn == 3 and verdict.letters == pytest.approx(3 * 0.8)
    assert verdict.evidence == pytest.approx([bars, flat, tall], abs=1e-4)
    added = 0.5 * 0.8 * np.array([bars, flat, tall, bars, flat, bars, flat])
    assert verdict.scores == pytest.approx(scores + added, abs=1e-4)


def test_a_face_that_cannot_be_drawn_gains_as_little_as_the_worst_that_is():
    """Wherever it stands in the catalogue, and others after it."""
    catalogue = a_catalogue("none", "flat", "bars")
    verdict = verified(catalogue, [0.5, 0.5, 0.5], read_in_bars(), forms=letterforms_of(**OTHERS))
    none, flat, bars = verdict.scores
    assert verdict.faces.tolist() == [1, 2] and none == pytest.approx(flat, abs=1e-4) and bars > flat + 0.5


def test_of_faces_with_the_same_letters_the_one_that_spaces_them_so_is_likelier():
    """A tenth of an em more after each letter is twenty times what is usual, for which Cauchy's price is log(401)."""
    catalogue = a_catalogue("wide", "bars")
    forms = letterforms_of({"wide-400-normal": 600}, **{face.id: BARS for face in catalogue.faces})
    for spacing, most, less in ((0.01, 0.1, 0.01 * np.log(401) / 8**0.5), (1.0, 0.1, 0.1), (0.0, 0.1, 0.0)):
        settings = {"spacing": spacing, "most_spacing": most}
        verdict = verified(catalogue, [0.5, 0.5], read_in_bars("lopolplo"), forms=forms, **settings)
        wide, right = verdict.scores
        assert right - wide == pytest.approx(0.8 * less, rel=0.1), spacing
        assert verdict.evidence[0] == pytest.approx(verdict.evidence[1], abs=1e-3)
        assert verdict.placed == pytest.approx(0, abs=0.01) or not spacing


def test_how_well_places_are_explained_is_told_of_the_face_that_is_best_with_what_is_added():
    """Also where scores are below nothing."""
    catalogue = a_catalogue("wide", "bars")
    forms = letterforms_of({"wide-400-normal": 600}, **{face.id: BARS for face in catalogue.faces})
    asked = {"forms": forms, "spacing": 0.01, "most_spacing": 0.1}
    for prior, is_explained in (((-3, -3), True), ((0, 0), True), ((0, -3), False), ((-3, 0), True)):
        placed = verified(catalogue, [0.5, 0.5], read_in_bars("lopolplo"), prior=prior, **asked).placed
        assert (placed == pytest.approx(0, abs=0.01)) == is_explained and placed <= 0, prior


def test_of_few_letters_more_styles_of_a_family_are_drawn():
    catalogue = a_catalogue("bars", *(f"bars {weight} normal" for weight in (300, 500, 600, 700)))
    assert [verified(catalogue, [1] * 5, read_in_bars(text)).drawn for text in ("lop", "lopo")] == [4, 2]


def test_of_few_letters_the_most_used_families_are_drawn_where_the_prior_is_on():
    catalogue = a_catalogue("bars", "flat", "tall", usage={"tall": 9})
    scores, forms = np.array([0.5, 0.5, -9], np.float32), letterforms_of(**OTHERS)
    verifier = Verifier(catalogue, forms, DrawingSettings(families=2, families_of_few=2, used_of_few=1))
    prior = np.array([0, 0, 0.1], np.float32)
    drawn = [
        verifier.verify(scores, [read_in_bars(text)], added).faces.tolist()
        for text, added in (("lop", prior), ("lop", 0 * prior), ("lop", None), ("lopo", prior))
    ]
    assert drawn == [[0, 2], [0, 1], [0, 1], [0, 1]]


def test_of_candidates_that_cannot_win_the_evidence_is_nearly_that_of_the_best_third():
    catalogue = a_catalogue("bars", "flat", "tall", "far")
    scores, forms = np.array([0.5, 0.45, -5, -6], np.float32), letterforms_of(**OTHERS)
    verifier = Verifier(catalogue, forms, DrawingSettings(first=2, step=1, sharpest=0.1))
    verdict = verifier.verify(scores, [read_in_bars()])
    bars, flat = -np.log([0.1, 0.1 + 1 / 9])
    assert verdict.drawn == 2 and verdict.evidence == pytest.approx(
        [bars, flat, *[flat + 0.65 * (bars - flat)] * 2], abs=1e-4
    )
    hoped = verifier.verify(scores, [read_in_bars()], prior=np.array([0, 0, 5.5, 0], np.float32))
    assert hoped.drawn == 3 and hoped.scores[0] == pytest.approx(verdict.scores[0])


@pytest.mark.parametrize(("first", "step", "drawn"), [(1, 2, 4), (2, 2, 5), (3, 9, 4), (4, 1, 5), (1, 1, 4), (9, 1, 7)])
def test_families_are_drawn_in_steps_until_none_can_win(first, step, drawn):
    """Three are as likely, the first of them in two styles, and three far behind."""
    catalogue = a_catalogue("bars", "bars 700 normal", "x", "y", "far", "z", "w")
    scores = [0.5, 0.5, 0.5, 0.5, -8, -9, -9]
    assert verified(catalogue, scores, read_in_bars(), first=first, step=step).drawn == drawn


FLAT_ALL = FLAT | {"l": (125, 0, 375, 375), "p": (125, -250, 375, 0)}


@pytest.mark.parametrize(
    ("text", "weight"),
    [("lop", 0.7), ("l.o,p!", 0.7), ("lopl", 0.1), ("l", 0.7), ("lo", 0.7), ("lo2", 0.7), ("lopo", 0.1)],
)
def test_drawing_weighs_more_of_no_more_than_three_letters(text, weight):
    catalogue, scores = a_catalogue("bars", "flat"), np.array([0.5, 0.4], np.float32)
    forms = letterforms_of(**{"bars-400-normal": BARS, "flat-400-normal": FLAT_ALL})
    verdict = verified(catalogue, scores, read_in_bars(text, 1.0), forms=forms, spacing=0.0)
    assert verdict.scores - scores == pytest.approx(weight * verdict.evidence, abs=1e-4)
    assert verdict.letters >= sum(letter in BARS for letter in text)


def test_lines_that_are_read_most_surely_are_drawn_where_a_reading_is_sure_enough():
    lines = [read_in_bars("lo", 0.5), read_in_bars("op", 0.75), read_in_bars("  ", 1.0)]

    def letters(**settings) -> float:
        return verified(a_catalogue("bars", "x"), [0.5, 0.4], *lines, usual=(0.0, 0.5), **settings).letters

    assert letters(lines=1) == pytest.approx(2 * 0.75) and letters(lines=2) == pytest.approx(2 * 0.75 + 0.5)
    assert letters(lines=2, letters=1) == pytest.approx(0.75)
    assert letters(least_confidence=0.75) == pytest.approx(1.5) and letters(least_confidence=0.76) == 0


def test_the_eight_likeliest_faces_judge_where_letters_are(monkeypatch):
    catalogue = a_catalogue(*"abcdefghij")
    judges = []
    monkeypatch.setattr(
        "fontid.letters.verification.Comparison", lambda *given: judges.append(given[2]) or Comparison(*given)
    )
    verified(catalogue, -np.arange(10), read_in_bars())
    assert judges == [[f"{family}-400-normal" for family in "abcdefgh"]]


def test_nothing_is_found_where_nothing_can_be_drawn():
    catalogue, scores = a_catalogue("bars", "flat"), np.array([0.5, 0.4], np.float32)
    for forms in (letterforms_of(other=BARS), letterforms_of(**{"bars-400-normal": {"x": BARS["l"]}})):
        verdict = Verifier(catalogue, forms).verify(scores, [read_in_bars()])
        assert verdict.scores is scores and len(verdict.faces) == len(verdict.evidence) == 0
        assert (verdict.letters, verdict.drawn) == (0, 0)


def test_a_letter_has_as_much_say_as_a_face_resembles_it():
    """From none at a likeness of 0.5 to all at 0.9; what no face has says nothing."""
    likeness = np.array([[0.5, 0.1], [0.7, 0.3], [0.9, 0.5], [1.0, 0.2], [np.nan, np.nan]], np.float32)
    mean, letters = _mean_likeness(likeness, np.array([1, 1, 1, 0.5, 1]), (0.5, 0.9))
    assert letters == pytest.approx(0.5 + 1 + 0.5)
    assert mean == pytest.approx([(0.35 + 0.9 + 0.5) / 2, (0.15 + 0.5 + 0.1) / 2])
    mean, letters = _mean_likeness(likeness[[0, 4]], np.ones(2), (0.5, 0.9))
    assert mean.tolist() == [0, 0] and letters == 0


def test_a_face_without_a_letter_gets_the_least_likeness_that_another_has_in_it():
    likeness = np.array([[0.9, np.nan, 0.6], [0.9, 0.8, 1.0]], np.float32)
    mean, letters = _mean_likeness(likeness, np.array([1.0, 0.5]), (0.5, 0.9))
    assert mean == pytest.approx([0.9, (0.6 + 0.5 * 0.8) / 1.5, (0.6 + 0.5 * 1.0) / 1.5])
    assert letters == pytest.approx(1.5) and mean.dtype == np.float32
    mean, letters = _mean_likeness(likeness[:1] - 0.5, np.ones(1), (0.5, 0.9))
    assert mean.tolist() == [0, 0, 0] and mean.dtype == np.float32 and letters == 0


@pytest.mark.parametrize(
    ("texts", "left", "chosen"),
    [
        (["abca", "cde"], 9, [[0, 1, 2, 3], [1, 2]]),
        (["abca", "cde"], 5, [[0, 1, 2, 3], [1]]),
        (["abca", "cde"], 3, [[0, 1, 2], []]),
        (["aab", "ba", "c c"], 3, [[0, 1, 2], [], []]),
        (["aab", "ba", "c c"], 2, [[0, 2], [], []]),
        (["a b", "b c"], 9, [[0, 1], [1]]),
    ],
)
def test_letters_are_chosen_that_are_not_chosen_yet_and_of_the_first_line_all(texts, left, chosen):
    assert _chosen_letters(texts, left) == chosen
