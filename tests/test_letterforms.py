"""The small fonts that ship: parts made one font, accents composed, families packed; drawn as the whole fonts are."""

import copy
import io

import brotli
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.ttProgram import Program
from fontTools.ttLib.tables.TupleVariation import TupleVariation
from PIL import ImageFont

from data_scripts.make_letterforms import HEAVY, fitting, letterform, stored, without_accents
from data_scripts.make_letterforms import main as make_letterforms
from data_scripts.whole_fonts import compose, whole_font
from fontid.catalogue.faces import Face, write_faces
from fontid.fonts.subsetting import plain, small_font, woff2
from fontid.letters.drawing import Comparison
from fontid.letters.letterforms import CHARACTERS, PLAIN, Letterforms
from fontid.letters.woff2 import truetype
from tests.conftest import built_font, draw, font_file
from tests.test_identifier import FACES, likeness, read_as
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


def test_fonts_that_were_used_long_ago_are_let_go(identifier, monkeypatch):
    monkeypatch.setattr("fontid.letters.letterforms.MOST_BYTES", 1 << 20)
    letterforms = identifier.letterforms.with_files([])
    faces = [face.id for face in identifier.catalogue.faces[::100]]
    before = [glyph.ink for face in faces if (glyph := letterforms.glyphs(face, "a")[0])]
    kept = letterforms._packs.values()
    assert 1 < len(kept) < len(faces) and sum(pack.size for pack in kept) <= 1 << 20
    after = [glyph.ink for face in faces if (glyph := letterforms.glyphs(face, "a")[0])]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


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


def test_words_with_accents_are_most_like_their_own_face(identifier):
    for face in FACES:
        picture = draw("Été à Málaga", face.removesuffix("-400-normal"), 40)
        assert FACES[likeness(identifier, picture, "Été à Málaga", FACES).argmax()] == face


def without(identifier, faces: set[str], letters: str) -> Letterforms:
    """Letterforms in which these faces lack letters."""
    lacking = copy.copy(identifier.letterforms)
    lacking.glyphs = lambda face, characters: [
        None if face in faces and character in letters else identifier.letterforms.glyphs(face, character)[0]
        for character in characters
    ]
    return lacking


@pytest.mark.parametrize("text", ["Café", "ÉTÉ", "Ñandú"])
def test_where_an_accent_is_missing_the_base_letter_counts(identifier, text):
    """And what the picture shows above it does not: the face is told as surely as with the accent."""
    line = read_as(draw(text, "lora", 48).convert("L"), text, 0.9)
    known = Comparison(*line, FACES, identifier.letterforms)
    for faces in ({"lora-400-normal"}, set(FACES)):
        lacking = Comparison(*line, FACES, without(identifier, faces, "éÉñÑúÚ"))
        for index in range(len(known.text)):
            own, base = (one.likeness(["lora-400-normal"], [index])[0, 0] for one in (known, lacking))
            assert np.isfinite(base) and (len(faces) > 1 or base > own - 0.1), (text, index, own, base)


def test_letters_that_do_not_ship_are_said(identifier):
    face = next(face for face in identifier.catalogue.faces if face.id == "lora-400-normal")
    assert "ships with" not in specimen(identifier, face, "Café 1 €")
    assert "No Ω Ж of this font ships with" in specimen(identifier, face, "Ω Жé")


def test_the_families_that_people_use_most_ship_with_accents(identifier):
    usage = identifier.catalogue.usage
    regular = [face for face in identifier.catalogue.faces if face.id.endswith("-400-normal")]
    used = sorted(regular, key=lambda face: -usage.get(face.family, 0))[:60]
    assert [face.id for face in used if identifier.letterforms.lacking(face.id, "éßÑ")] == []
    assert sum(bool(identifier.letterforms.lacking(face.id, "ęłřğ")) for face in used) < 6  # their families lack some
