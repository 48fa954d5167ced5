"""The parts of the app that need no browser: addresses, views, filters, batches, shared lists."""

import base64
import copy
import io
import json
import os
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from fontid.catalogue.own import EnrolmentError
from fontid.commands import Refusal
from fontid.letters.families_map import draw_name
from fontid.picture.opening import PictureError, open_picture
from fontid.text.lines import Line
from tests.conftest import answer_validator, draw, font_file
from tests.hostile import zip_of
from web import batch, own_fonts
from web.browse import alternatives_html, families_html, family_cards, family_html, find_families
from web.cards import Row, _writable, answer_html, card, cards_html, named_html, ordered, rows_from_query, rows_of
from web.filters import wanted
from web.limits import DELETE_UPLOADS, LONGEST, ROOM
from web.page import MAP, SCALES, TILE, Look, Visit, map_tiles, picked_read
from web.remembered import Unread
from web.specimens import codes, font_package, specimen
from web.stage import View, stage_html
from web.telling import telling_letters
from web.uploads import Sweeper, age_with
from web.words import EARLIER


@pytest.fixture(scope="module")
def face_of(identifier):
    """The shipped faces by id."""
    return {face.id: face for face in identifier.catalogue.faces}


@pytest.fixture(scope="module")
def picture():
    return draw("Signal Window", "pacifico", 48).convert("RGB")


@pytest.fixture(scope="module")
def answer(identifier, picture):
    return identifier.identify(picture)


# --- uploads


def test_uploads_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    sweeper = Sweeper()

    def put(name: str) -> Path:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
        return tmp_path / name

    old, again = put("a/old.png"), put("c/again.png")
    sweeper.sweep(300)
    now += 200
    new = put("b/new.png")
    again.unlink()
    again = put("c/again.png")  # the same picture, dropped in once more
    os.utime(again, (1, 1))
    sweeper.sweep(300)
    now += 200
    sweeper.sweep(300)
    assert not old.exists() and new.exists() and again.exists()
    now += 200
    sweeper.sweep(300)
    assert not new.exists() and not again.exists()
    sweeper.sweep(300)
    now += 300
    sweeper.sweep(300)
    assert not new.parent.exists()  # which holds nothing since
    assert sum(DELETE_UPLOADS) < 600  # within ten minutes


def test_uploads_are_deleted_after_a_sweep_that_failed(tmp_path, monkeypatch, capsys):
    """What had lain there before counts on, and the log says where it failed."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    upload = tmp_path / "old.png"
    upload.write_bytes(b"x")
    found = [[upload], FileNotFoundError("a folder that vanished"), [upload]]
    monkeypatch.setattr(Path, "rglob", Mock(side_effect=found))
    sleep = Mock(side_effect=[None, None, SystemExit])  # the end of "for ever"
    monkeypatch.setattr("web.uploads.time", SimpleNamespace(monotonic=count(1000.0, 150).__next__, sleep=sleep))
    monkeypatch.setattr("web.uploads.free_space", lambda: 10 * ROOM)
    with pytest.raises(SystemExit):
        Sweeper().sweep_for_ever(5, 300)
    assert not upload.exists()
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["event"], line["task"], line["error"]) == ("failed", "sweep", "FileNotFoundError")


def test_uploads_go_sooner_where_room_is_short_but_not_before_their_turn():
    assert age_with(10 * ROOM, 300) == age_with(ROOM, 300) == 300
    assert age_with(ROOM // 2, 300) == 150
    assert age_with(0, 300) == LONGEST and age_with(0, 3) == 3


def test_answers_that_nobody_fetches_are_forgotten_and_others_are_not():
    unread = Unread(3)
    for visit in ("waited for", "left", "also left"):
        unread[visit] = [visit]
    assert unread["waited for"] == ["waited for"]
    unread["new"] = []
    assert list(unread) == ["also left", "waited for", "new"]


# --- what is looked at


def shown_with(identifier, answer, picture, *lines, **others) -> str:
    """The cards of an answer whose only group holds these lines, and whatever else is different in it."""
    group = replace(answer.groups[0], lines=lines, **others)
    return answer_html(identifier, replace(answer, groups=(group,)), picture)


@pytest.fixture
def quarters(tmp_path) -> str:
    """A picture with a colour in each quarter: red, green above blue, white."""
    picture = Image.new("RGB", (80, 40))
    for place, colour in (((0, 0), "red"), ((40, 0), "lime"), ((0, 20), "blue"), ((40, 20), "white")):
        picture.paste(colour, (*place, place[0] + 40, place[1] + 20))
    picture.save(tmp_path / "quarters.png")
    return str(tmp_path / "quarters.png")


def corner(picture: Image.Image) -> tuple:
    return picture.getpixel((2, 2))


def test_turning_and_cutting_out(quarters):
    view = View(quarters)
    assert view.open().size == (80, 40) and corner(view.open()) == (255, 0, 0)
    assert corner(view.turned(1).open()) == (0, 0, 255) and view.turned(1).open().size == (40, 80)
    assert corner(view.turned(-1).open()) == (0, 255, 0)
    right = view.cropped([(0.5, 0, 1, 1)])
    assert right.open().size == (40, 40) and corner(right.open()) == (0, 255, 0)
    lower = right.cropped([(1, 1, 0, 0.5)])  # of that part, drawn from corner to corner
    assert lower.open().size == (40, 20) and corner(lower.open()) == (255, 255, 255)
    for turns in range(-2, 5):  # what was cut out stays cut out, however it is turned
        assert corner(lower.turned(turns).open()) == (255, 255, 255)
    assert lower.whole().open().size == (80, 40)
    assert View(quarters).straightened(30).straightened(-90) == View(quarters, (("straighten", -45.0),))
    assert View(quarters).turned(3).turned(1).straightened(5).straightened(0) == View(quarters)


def test_what_was_cut_out_stays_so_when_it_is_straightened(quarters):
    """And straightened once more it is turned by both angles, since what is shown was cut out of the first."""
    right = View(quarters).cropped([(0.5, 0, 1, 1)])
    tilted = right.straightened(30)
    colours = {colour for count, colour in tilted.open().getcolors(9999) if count > 100}
    assert colours == {(0, 255, 0), (255, 255, 255)} and tilted.degrees == 30
    again = tilted.cropped([(0.25, 0.25, 0.75, 0.75)])
    assert again.degrees == 0 and again.straightened(-30).whole().open().size[0] > tilted.open().size[0]
    Image.new("RGB", (2000, 2000)).save(quarters)
    turned = View(quarters).straightened(45).open()
    assert turned.size == open_picture(turned).size, "lines are told in pixels of what is looked at"


def test_nothing_between_several_parts_is_looked_at(quarters):
    """It gets the colour of most of them, and stays blank however the view is turned."""
    red_and_white = View(quarters).cropped([(0, 0, 0.5, 0.5), (0.75, 0.5, 1, 1)])
    opened = red_and_white.open()
    assert opened.size == (80, 40) and opened.getpixel((60, 10)) == opened.getpixel((20, 30)) == (255, 0, 0)
    assert opened.getpixel((50, 30)) == (255, 0, 0) and opened.getpixel((70, 30)) == (255, 255, 255)
    assert red_and_white.turned(1).open().tobytes() == opened.transpose(Image.Transpose.ROTATE_270).tobytes()
    assert red_and_white.cropped([(0.5, 0, 1, 1)]).open().getcolors() == [(400, (255,) * 3), (1200, (255, 0, 0))]
    inner = View(quarters).cropped([(0.5, 0, 1, 1)]).cropped([(0, 0, 0.5, 0.5), (0.5, 0.5, 1, 1)])
    assert inner.open().size == (40, 40) and corner(inner.open()) == (0, 255, 0)


def test_views_that_cannot_be(quarters):
    with pytest.raises(PictureError, match="too small"):
        View(quarters).cropped([(0, 0, 1, 1), (0.5, 0.5, 0.51, 0.51)]).open()
    for parts in ([(1, 2, 3)], "none", [(None,) * 4], [], {}, [(0, 0, 1, 1)] * 21):
        with pytest.raises(PictureError, match="draw it again"):
            View(quarters).cropped(parts)
    view = View(quarters)
    for _ in range(15):
        view = view.straightened(5).turned(1)
    with pytest.raises(PictureError, match="start again"):
        view.straightened(5)
    Path(quarters).unlink()
    with pytest.raises(PictureError, match="deleted after a few minutes"):
        View(quarters).open()


def test_what_is_read_cannot_write_the_page(identifier, picture, answer):
    """A reading with markup in it stays a text, on the picture and on the cards."""
    line = replace(answer.groups[0].lines[0], text="<img src=x onerror=alert(1)>'\"")
    for text in (shown_with(identifier, answer, picture, line), stage_html(picture, [line])):
        assert "<img src=x" not in text and "&lt;img" in text


def test_a_card_shows_a_line_that_was_read_and_what_the_file_names(identifier, picture, answer):
    (line,) = answer.groups[0].lines
    larger = replace(line, text="", corners=((0, 0), (picture.width, 0), picture.size, (0, picture.height)))
    shown = shown_with(identifier, replace(answer, named=("A<b", "Lora")), picture, larger, line)
    assert "data-read='1'" in shown and f"data-text='{line.text}'" in shown
    lora = "<button type='button' data-family='lora'>Lora</button>"
    assert f"The file itself names: A&lt;b, {lora}." in shown and "names:" not in answer_html(
        identifier, answer, picture
    )
    assert "data-family='open-sans'>OpenSans-Bold<" in named_html(identifier, ["OpenSans-Bold"])


@pytest.mark.parametrize(("height", "said"), [(12.9, "too small"), (13.1, "No exact match")])
def test_an_unlikely_font_of_small_letters_is_told_so(identifier, picture, answer, height, said):
    (line,) = answer.groups[0].lines
    doubtful = tuple(replace(match, verdict="none", probability=0.1) for match in answer.matches)
    shown = shown_with(identifier, answer, picture, replace(line, letters_height=height), matches=doubtful)
    assert said in shown and shown.count("closest fonts") == 1


def test_a_line_left_unread_is_read_for_its_card_and_when_it_is_picked(identifier, picture, answer):
    (line,) = answer.groups[0].lines
    unread = replace(line, text="", confidence=0.0, centres=())
    shown = shown_with(identifier, answer, picture, unread)
    assert "data-read='1'" in shown and f"data-text='{line.text}'" in shown and "Hamburgefonstiv" not in shown
    look = picked_read(identifier, picture, Look(View("one.png"), (line, unread), (0, 0), 1))
    assert [one.text for one in look.lines] == [line.text] * 2
    cleared = replace(unread, confidence=1.0)  # by somebody
    assert picked_read(identifier, picture, Look(View("one.png"), (cleared,), (0,), 0)).lines == (cleared,)


def test_runners_up_below_one_percent_are_not_shown(identifier, answer):
    first = replace(answer.matches[0], probability=0.98)
    second, third = answer.matches[1:3]
    others = [replace(second, probability=0.015), replace(third, probability=0.005)]
    rows = rows_of(identifier, [first, *others])
    assert [row.probability for row in rows] == [0.98, 0.015]
    assert [row.verdict for row in rows] == [first.verdict, second.verdict]


def test_groups_are_numbered_as_the_fonts_are_listed(identifier, answer):
    (group,) = answer.groups
    groups = [replace(group, lines=(replace(group.lines[0], text=text),)) for text in "abcd"]
    rare = group.matches[1:]
    groups[:3] = [replace(one, matches=rare) for one in groups[:3]]  # the last one has most letters
    fonts = []
    for one in (groups[3], groups[2], groups[0]):  # the second is clutter
        style = replace(answer.fonts[0].styles[0], lines=one.lines)
        fonts.append(replace(answer.fonts[0], styles=(style,)))
    found = ordered(replace(answer, groups=tuple(groups), fonts=tuple(fonts)))
    assert "".join(one.lines[0].text for one in found) == "dcab"
    both = replace(fonts[1].styles[0], lines=groups[2].lines + groups[0].lines)  # one style in two groups
    fonts[1:] = [replace(fonts[1], styles=(both,))]
    found = ordered(replace(answer, groups=tuple(groups), fonts=tuple(fonts)))
    assert ["".join(line.text for line in one.lines) for one in found] == ["d", "ac", "b"]


def test_signs_that_the_letterforms_lack_are_left_out(identifier, face_of):
    """Letters stay: the card says that another font is shown for them."""
    line = Line(((0, 0), (9, 0), (9, 1), (0, 1)), "☞ żab ☞!", 1.0, (0.0, 0.1, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9))
    face, blank = face_of["press-start-2p-400-normal"], Image.new("RGB", (12, 4), "white")
    left = _writable(identifier, face, line, blank)
    assert left.text == "żab !" and left.centres == (0.2, 0.4, 0.6, 0.7, 0.9)
    assert _writable(identifier, face, left, blank) is left


def test_a_bullet_is_left_out_of_the_crop(identifier, face_of):
    """What is drawn under the crop begins where the letters begin."""
    picture = Image.new("RGB", (140, 60), "white")
    for left, right in ((20, 28), (50, 70), (80, 100)):
        picture.paste("black", (left, 20, right, 40))
    line = Line(((20, 20), (100, 20), (100, 40), (20, 40)), "☞ ab", 1.0, (0.1, 0.25, 0.45, 0.8))
    shown = _writable(identifier, face_of["press-start-2p-400-normal"], line, picture)
    assert shown.text == "ab" and shown.corners[0] == (50, 20) and shown.corners[2] == (100, 40)
    assert shown.centres == pytest.approx((0.1655, 0.6966), abs=1e-3)


def test_runners_up_of_one_superfamily_are_folded(identifier, face_of):
    names = ("lora", "playwrite-hr", "pacifico", "playwrite-hu")
    rows = [Row(face_of[f"{name}-400-normal"], 0.2, (), "close") for name in names]
    shown = cards_html(identifier, [(rows, "")])
    assert "Other candidates: Playwrite, Pacifico<" in shown and "<summary>2 of Playwrite<" in shown
    alone = cards_html(identifier, [(rows[:2], "")])
    assert "Other candidates: Playwrite HR" in alone and " of Playwrite<" not in alone


def test_twins_are_linked_and_counted(identifier, face_of):
    twins = identifier.catalogue.twins_of(identifier.catalogue.row_of("noto-sans-400-normal"))
    row = Row(face_of["noto-sans-400-normal"], None, twins)
    shown = cards_html(identifier, [([row], "")])
    assert re.search(r"Same letters under another name: .* and \d+ other Noto Sans families", shown)
    arimo = Row(face_of["arimo-400-normal"], None, ())
    assert "<p class='note'>Drawn like Arial" in cards_html(identifier, [([arimo], "")])


def test_all_fonts_by_role(identifier, face_of):
    ways = codes(identifier, [("heading", face_of["lora-700-italic"]), ("text", face_of["lora-400-normal"])])
    assert "family=Lora:ital,wght@0,400;1,700&display=swap" in ways["css2 address"]
    assert "font-style: italic" in ways["CSS"] and ways["npm"] == "npm install @fontsource/lora"
    assert ways["next/font"].startswith("import { Lora } from 'next/font/google'")
    assert "font-size" not in ways["CSS"]


def test_cards_and_css_tell_sizes(identifier):
    """Of each style its own; CSS the largest, as on the command line."""
    page = Image.new("RGB", (900, 420), "white")
    page.paste(draw("Signal Window", "pacifico", 70), (40, 20))
    page.paste(draw("the quick brown", "press-start-2p", 30), (40, 200))
    page.paste(draw("fox jumps over", "press-start-2p", 20), (40, 300))
    answer = identifier.identify(page)
    small, large = (font.styles[0].sizes for font in answer.fonts)
    assert small == pytest.approx((20, 30), abs=1) and large == pytest.approx((70,), abs=3)
    first, second = answer_html(identifier, answer, page).split("<section")[1:]
    for shown, sizes in ((first, small), (second, large)):
        assert f" · {', '.join(map(str, sizes))} px · " in shown
        assert f"font-size: {sizes[-1]}px;&#10;}}" in shown.split("Copy CSS")[0]
    both = second.split("Use all")[1].split("Copy CSS")[0]
    assert both.count("font-size") == 2
    assert " px" not in cards_html(identifier, [(rows_of(identifier, answer.matches), "")])


# --- filters, specimens, catalogue


def test_filters(identifier):
    faces = identifier.catalogue.faces
    assert wanted() is None and wanted([], [], "any", []) is None
    chosen = [face for face in faces if wanted(["serif"], [700, 800], "italic", ["wide"])(face)]
    assert chosen and {face.category for face in chosen} == {"serif"}
    assert {face.weight for face in chosen} <= {700, 800} and all(face.italic for face in chosen)
    assert {face.width_class for face in chosen} == {"wide"}
    for strange in ((["fancy"],), ([], [], "slanted"), ([], [], "any", ["broad"])):
        with pytest.raises(Refusal, match="choose among"):
            wanted(*strange)


def test_a_font_file_holds_the_face_itself(identifier, face_of):
    widths = []
    for name in ("roboto-400-normal", "roboto-900-normal", "roboto-400-normal-wdth75"):
        with zipfile.ZipFile(io.BytesIO(font_package(identifier, face_of[name]))) as files:
            assert "OFL" in files.read("README.txt").decode()
            font = TTFont(io.BytesIO(files.read(f"{name}.woff2")))
        assert font.flavor == "woff2" and "fvar" not in font
        widths.append(font["hmtx"][font.getBestCmap()[ord("n")]][0])
    assert widths[2] < widths[0] < widths[1]


def test_a_style_that_does_not_ship_is_labelled(identifier, face_of, monkeypatch):
    assert "Shown in" not in specimen(identifier, face_of["roboto-300-normal"], "x")
    monkeypatch.setattr(identifier, "stand_in", lambda face: face_of["roboto-400-normal"])
    assert "Shown in Regular 400, the nearest style" in specimen(identifier, face_of["roboto-300-normal"], "x")


def test_codes_of_a_face_off_the_usual_axes(identifier, face_of):
    ways = codes(identifier, [("text", face_of["roboto-400-normal-wdth75"])])
    assert "family=Roboto:wdth,wght@75,400&" in ways["css2 address"] and "font-stretch: 75%;" in ways["CSS"]
    sizes = codes(identifier, [("heading", face_of["inter-600-normal-opsz32"]), ("text", face_of["inter-400-normal"])])
    assert "family=Inter:opsz,wght@14..32,400;14..32,600&" in sizes["css2 address"]
    bold = codes(identifier, [("heading", face_of["inter-400-normal-opsz32"]), ("text", face_of["inter-600-normal"])])
    assert "family=Inter:opsz,wght@14..32,400;14..32,600&" in bold["css2 address"], "css2 wants places in order"
    assert "font-variation-settings" not in sizes["CSS"], "browsers choose an optical size by the font size"
    casual = codes(identifier, [("text", face_of["recursive-400-normal-CASL1-CRSV1"])])
    assert '"CASL" 1, "CRSV" 1' in casual["CSS"]
    own = codes(identifier, [("text", face_of["nimbus-sans-400-normal"])])  # Google Fonts lacks it
    assert set(own) == {"CSS", "@font-face"} and "googleapis" not in own["CSS"]


def test_an_earlier_version_is_told_and_is_not_taken_from_google_fonts(identifier, face_of):
    face = face_of["montserrat-700-normal-v2.001"]
    assert "Bold 700, version 2.001" in (shown := card(identifier, Row(face, 0.9, (), "likely"), "Rag"))
    assert EARLIER in shown and EARLIER not in card(
        identifier, Row(face_of["montserrat-700-normal"], 0.9, (), "likely"), "Rag"
    )
    assert set(codes(identifier, [("text", face)])) == {"CSS", "@font-face"}
    with zipfile.ZipFile(io.BytesIO(font_package(identifier, face))) as package:
        assert "version 2.001 of Montserrat" in package.read("README.txt").decode()
        assert TTFont(io.BytesIO(package.read(f"{face.id}.woff2")))["glyf"]


def test_every_licence_of_the_shipped_letterforms_has_its_text(identifier):
    known = {face.license for face in identifier.catalogue.faces if face.id in identifier.letterforms} - {"unknown"}
    assert known == {name for name in known if identifier.letterforms.licence(name)}


def test_the_catalogue_is_searched_by_words(identifier):
    names = [faces[0].name for faces in find_families(identifier, "play dis")]
    assert names[0] == "Playfair Display" and "Playfair Display SC" in names
    assert find_families(identifier, "no such family") == []
    everything = find_families(identifier, "")
    shown = families_html(identifier, everything, "", "")
    assert shown.count("<li") == 24 and f"{len(everything):,} families" in shown
    assert family_cards(identifier, everything[24:48]).count("<li") == 24
    wide = find_families(identifier, "wide monospace")
    assert wide and all(face.category == "monospace" for faces in wide for face in faces)
    serifs = [faces for faces in find_families(identifier, "serif") if "Serif" not in faces[0].name]
    assert serifs and {faces[0].category for faces in serifs} == {"serif"}  # not "sans-serif"
    assert "Inter" in {faces[0].name for faces in find_families(identifier, "sans serif")}
    assert "Lora" not in {faces[0].name for faces in find_families(identifier, "wide lora")}  # but for its bold


@pytest.mark.parametrize(
    ("search", "found", "others"),
    [
        ("variable", {"Inter", "Lora"}, {"Lato", "Poppins"}),
        ("thin sans", {"Roboto", "Lato"}, {"Open Sans", "Playfair Display"}),
        ("extra light", {"Poppins"}, {"Lato", "Open Sans"}),  # not a light and an extra bold one
        ("heavy", {"Roboto", "Montserrat"}, {"Lora"}),
        ("condensed", {"Oswald", "Roboto Condensed", "Open Sans"}, {"Lora", "Poppins"}),
        ("extended", {"Syncopate"}, {"Roboto Condensed"}),
        ("mono", {"Cousine", "JetBrains Mono"}, {"Lora"}),
        ("cursive", {"Pacifico"}, {"Lora"}),
        ("script", {"Pacifico", "Bad Script"}, {"Lora"}),
    ],
)
def test_the_catalogue_is_searched_by_traits(identifier, search, found, others):
    names = {faces[0].name for faces in find_families(identifier, search)}
    assert found <= names and not others & names


def test_a_page_of_a_family(identifier):
    shown = family_html(identifier, "lora")
    assert "Bold 700 italic" in shown and "Lora" in shown and "OFL-1.1" in shown and "data-similar" in shown
    assert "No family" in family_html(identifier, "<b>")


def test_a_paid_face_is_searched_for_and_its_free_ones_are_drawn(identifier):
    shown = alternatives_html(identifier, "times new roman")
    assert "Free fonts for Times New Roman" in shown and shown.index("Tinos") < shown.index("Liberation Serif")
    assert "Not in this catalogue" not in shown and "data-family='tinos'" in shown
    assert alternatives_html(identifier, "bank gothic").count("Not in this catalogue") == 1
    assert "Did you mean Gotham" in alternatives_html(identifier, "Gothm")
    assert alternatives_html(identifier, "playfair") == alternatives_html(identifier, " ") == ""


def test_a_shared_list_comes_back(identifier):
    word = identifier.calibration.word(0.5)
    rows = [Row(identifier.catalogue.faces[i], 0.5, identifier.catalogue.twins_of(i), word) for i in (3, 500, 7000)]
    assert rows_from_query(identifier, ",".join(f"{row.face.id}:{row.probability}" for row in rows)) == rows
    assert rows_from_query(identifier, "nonsense:1,<b>:x,:,") == []
    assert [row.probability for row in rows_from_query(identifier, "lora-400-normal:x,roboto-400-normal:7")] == [
        None,
        1.0,
    ]


# --- many pictures, own fonts


def test_zips_are_looked_into_and_limited(tmp_path, monkeypatch):
    archive = tmp_path / "many.zip"
    names = ("../../up.png", "a/b.JPG", "c.webp", "a/.hidden.png", "__MACOSX/a.png", "notes.txt")
    archive.write_bytes(zip_of([(name, b"x") for name in names]))
    monkeypatch.setattr(batch, "LARGEST_SUM", 2)
    assert [name for name, _, _ in batch.pictures_in([archive])] == ["a/b.JPG", "c.webp"]
    for limit, said in (("MOST", "These are 2 pictures; 1 of"), ("LARGEST_SUM", "can be done at once")):
        with monkeypatch.context() as patch, pytest.raises(batch.BatchError, match=said):
            patch.setattr(batch, limit, 1)
            batch.pictures_in([archive])
    (tmp_path / "broken.zip").write_bytes(archive.read_bytes()[:50])
    with pytest.raises(batch.BatchError, match="no zip file"):
        batch.pictures_in([tmp_path / "broken.zip"])
    with pytest.raises(batch.BatchError, match="no pictures"):
        batch.pictures_in([])


@pytest.mark.parametrize("more", [0, 1])
def test_a_picture_in_a_zip_may_be_as_large_as_others(tmp_path, monkeypatch, more):
    monkeypatch.setattr(batch, "LARGEST_FILE", 1_000_000)
    (tmp_path / "one.zip").write_bytes(zip_of([("a.png", bytes(1_000_000 + more))]))
    ((_, file, entry),) = batch.pictures_in([tmp_path / "one.zip"])
    if more:
        with pytest.raises(PictureError, match="larger than 1 MB"):
            batch.read_picture(file, entry)
    else:
        assert batch.read_picture(file, entry) == bytes(1_000_000)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Of a batch, the second of them none."""
    folder = tmp_path_factory.mktemp("batch")
    draw("Signal Window", "pacifico", 48).save(folder / "=one.png")
    (folder / "two.png").write_bytes(b"no picture")
    return batch.pictures_in(sorted(folder.iterdir()))


@pytest.fixture(scope="module")
def answered(identifier, pictures):
    """Their rows, and their answers."""
    rows, answers = zip(*batch.answers(identifier, pictures), strict=True)
    return sum(rows, []), answers


def test_a_table_shows_pictures_small_and_names_in_their_own_letters(identifier, pictures, answered):
    rows, _ = answered
    failed, named = batch.thumbnails_html(identifier, pictures, rows).split("<tr>")[1:]
    assert "not a picture" in failed and "<img" not in failed and "class='problem'" in failed
    assert "<img alt='' src='data:image/webp" in named and ">Pacifico</span>" in named and "class='family'" in named
    assert f"{pictures[0][1]}&quot;" in named and "aria-label='Open =one.png'" in named
    fonts = batch.thumbnails_html(identifier, pictures, rows).split("<table")[0]
    assert "@font-face" in fonts and "pacifico-400-normal" in named


def test_rows_of_a_batch(answered):
    rows, found = answered
    assert rows[0]["family"] == "pacifico" and "error" in rows[1]
    lines = batch.to_csv(rows).splitlines()
    assert lines[0] == ",".join(batch.COLUMNS) and lines[1].startswith("'=one.png,")  # no formula
    answers = json.loads(batch.to_json(found))
    assert answers[1]["error"] and rows[0]["probability"] == answers[0]["matches"][0]["probability"]
    for answer in answers:
        answer_validator().validate(answer)


def test_own_fonts_of_a_visit(identifier, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "notes.txt").write_text("")
    files = [font_file("pacifico"), tmp_path / "broken.ttf", tmp_path / "notes.txt"]
    mine, skipped = own_fonts.take(identifier, files, alone=True)
    assert [face.name for face in mine.catalogue.faces] == ["Pacifico"] and len(skipped) == 2
    searching = own_fonts.identifier_for(identifier, mine)
    assert searching is own_fonts.identifier_for(identifier, mine) and len(searching.catalogue.faces) == 1
    assert searching.identify(draw("Signal Window", "pacifico", 48)).matches[0].family == "pacifico"
    assert own_fonts.identifier_for(identifier, None) is identifier
    with pytest.raises(EnrolmentError, match="^broken.ttf [^/]*$"):  # no path of the server
        own_fonts.take(identifier, files[1:2], alone=False)
    with pytest.raises(EnrolmentError, match="^notes.txt is no ttf, otf, woff or woff2 file.$"):
        own_fonts.take(identifier, files[2:], alone=False)
    with pytest.raises(EnrolmentError, match="40 at most"):
        own_fonts.take(identifier, files[:1] * 41, alone=False)


def test_letters_that_tell_two_faces_apart(identifier):
    """Arimo and Cousine differ most in the letters that a monospaced face widens or squeezes."""
    faces = "arimo-400-normal", "cousine-400-normal"
    letters = telling_letters(identifier, *faces, "million of oil")
    assert letters and set(letters) <= set("million of oil") and letters[0] in "mil" and "o" not in letters
    assert telling_letters(identifier, faces[0], faces[0], "million") == ""
    assert telling_letters(identifier, faces[0], "no-such-face", "million") == ""


def test_a_card_names_the_page_that_it_links(identifier):
    face = identifier.catalogue.faces[0]
    for source, url in (("google", "https://example.org/g"), ("npm", "https://example.org/n"), ("debian", "")):
        shown = card(identifier, Row(replace(face, source=source, url=url), None, ()), "Signal")
        assert (">Google Fonts</a>" in shown, ">Website</a>" in shown) == (source == "google", source == "npm")
        (css,) = re.findall(r'data-copy="([^"]*)">Copy CSS', shown)  # from a file beside it, where no site has the font
        assert ("googleapis" in css) == (source == "google") == (f"{face.id}.woff2" not in css)


def test_an_older_answer_on_its_way_to_the_page_is_not_sent_after_a_newer_one():
    visit = Visit()
    older = visit.show(visit.look_at(None), {"answer": "older"})
    assert next(older) == {"answer": "older"}  # Gradio sends it from now on
    newer = visit.show(visit.look_at(None), {"answer": "newer"})
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, newer)
        with pytest.raises(TimeoutError):
            following.result(0.2)
        assert next(older, "sent") == "sent"
        assert following.result(10) == {"answer": "newer"}
    outdated = visit.show(None, {"answer": "much older"})
    newer.close()  # nobody asks for what follows: their next action waits for nothing
    assert next(outdated, "nothing") == "nothing"
    assert copy.deepcopy(visit).sending is not visit.sending


def test_what_was_overtaken_on_its_way_is_late():
    visit = Visit()
    assert not visit.is_late({"at": 5.0}) and visit.is_late({"at": 4})
    assert not visit.is_late({"at": 6}) and not visit.is_late({}) and not visit.is_late({"at": "0"})


# --- map


@pytest.fixture(scope="module")
def sharp(identifier):
    return map_tiles(identifier)


@pytest.mark.parametrize("scale", SCALES)
def test_a_square_of_the_map_shows_what_the_map_shows_there(sharp, scale):
    """The letters are the same, at the same place, and larger ones have sharper edges."""
    left, top, width, height = json.loads(MAP.with_suffix(".json").read_text())["press-start-2p"]
    column, row = int(scale * (left + width / 2)) // TILE, int(scale * (top + height / 2)) // TILE
    address = sharp({"scale": scale, "column": column, "row": row})
    square = Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/webp;base64,"))))
    assert square.format == "WEBP" and square.size == (TILE, TILE)
    side, shown = TILE / scale, np.asarray(square.convert("L"), float)
    with Image.open(MAP) as whole:
        box = column * side, row * side, (column + 1) * side, (row + 1) * side
        blurred = np.asarray(whole.convert("L").resize(square.size, Image.Resampling.BICUBIC, box), float)
    here, right, left = (np.corrcoef(np.roll(shown, by, 1).flat, blurred.flat)[0, 1] for by in (0, scale, -scale))
    assert here > 0.8 and here > max(right, left) + 0.1
    assert np.abs(np.diff(shown)).max() > 1.2 * np.abs(np.diff(blurred)).max()


def test_there_are_no_squares_beside_the_map(sharp):
    first = {"scale": 2, "column": 0, "row": 0}
    assert sharp(first) and sharp(first | {"column": 7, "row": 7})
    wrong = [{"column": 8}, {"row": -1}, {"row": 0.5}, {"column": float("nan")}, {"column": "1"}, {"row": None}]
    wrong += [{"scale": 3}, {"scale": 10**9}, {"scale": [2]}, {"scale": None}]
    assert not any(sharp(asked) for asked in [None, [], "x", {}, *(first | each for each in wrong)])


def test_thin_letters_on_the_map_are_not_pale(identifier, face_of):
    """Of Codystar's dots, each much smaller than a pixel, some are dark."""
    ink = draw_name(face_of["codystar-400-normal"], identifier.letterforms)
    assert np.percentile(ink[ink > 0], 90) > 120
