"""Lines of text found in pictures: however turned, however coloured, large or small; read, and straightened."""

import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from fontid.encoder.preprocessing import find_ink, ink_box, ink_map
from fontid.networks import _without_denormals, open_network, packaged
from fontid.settings import ReadingSettings
from fontid.text.detector import (
    EDGE,
    GROWTH,
    Detector,
    _from_top_left,
    _ground,
    _inked,
    _looks,
    _low_letters,
    _low_words,
    _mean_inside,
    _pieces,
    _points_in,
    _scaled,
    _scene,
    _tiles,
    _whole,
)
from fontid.text.frames import box_of, fit_to_ink
from fontid.text.lines import Line, line_around
from fontid.text.plain import is_plain
from fontid.text.reader import OtherScript, TextReader
from fontid.text.recogniser import Reading
from fontid.text.shadows import without_shadow
from tests.conftest import draw, font_file, sheet

WORDS = "Signal Window"


def on_page(*lines: Image.Image, size=(900, 700), ground=255, gap=30) -> Image.Image:
    """The pictures of lines under one another in the middle of a page."""
    page = Image.new("RGB", size, (ground,) * 3)
    y = (size[1] - sum(line.height for line in lines) - gap * (len(lines) - 1)) // 2
    for line in lines:
        sheet = page.copy()
        sheet.paste(line.convert("RGB"), ((size[0] - line.width) // 2, y))
        page = ImageChops.darker(page, sheet) if gap < 0 else sheet
        y += line.height + gap
    return page


def text_of(lines) -> str:
    return " / ".join(line.text for line in lines)


def upright_row(gray: np.ndarray) -> np.ndarray:
    """(64, 256): the straightened line's ink, squeezed into one size so that two lines can be laid upon each other."""
    ink = ink_map(gray)
    return np.asarray(Image.fromarray(ink).resize((256, 64), box=ink_box(ink)), float) / 255


@pytest.mark.parametrize("degrees", [0, 3, -3, 10, -10, 30, -30, 90, 180, 270])
def test_a_turned_line_is_read_and_straightened(reader, degrees):
    level = on_page(draw(WORDS, "merriweather", 60))
    turned = level.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255,) * 3)
    (line,) = reader.find_lines(turned)
    assert line.text == WORDS
    (expected,) = reader.find_lines(level)
    assert line.width == pytest.approx(expected.width, rel=0.05)
    assert line.height == pytest.approx(expected.height, rel=0.12)
    rows = [upright_row(found.frame.own_gray()) for found in (line, expected)]
    assert np.corrcoef(rows[0].ravel(), rows[1].ravel())[0, 1] > 0.8


@pytest.mark.parametrize("degrees", [90, 270])
def test_turned_lines_are_found_one_by_one(reader, degrees):
    """Few, and those of a page; letters one above another are no turned line."""
    few = [draw(text, "roboto", pixels) for text, pixels in (("Mountain Rescue", 48), ("Volunteers", 40))]
    words = ("Departures and arrivals", "Platform four", "Every ship that comes", "into this harbour")
    many = [draw(text, "lora", 26) for text in words * 3]
    for lines in (few, many):
        level = on_page(*lines, gap=0)
        expected = reader.find_lines(level)
        found = reader.find_lines(level.rotate(degrees, expand=True))
        assert [line.height for line in found] == pytest.approx([line.height for line in expected], rel=0.15)
        assert [line.width for line in found] == pytest.approx([line.width for line in expected], rel=0.05)
        read = {line.text for line in found if line.text}
        assert read and read <= {"Mountain Rescue", "Volunteers", *words}
    large = on_page(draw("Big", "heebo", 150), draw("Sale", "heebo", 150), gap=0)
    assert text_of(reader.find_lines(large.rotate(degrees, expand=True))) == "Big / Sale"
    stacked = on_page(*(draw(letter, "roboto", 60) for letter in "HILTE"), gap=10)
    assert text_of(reader.find_lines(stacked)) == "H / I / L / T / E"


@pytest.mark.parametrize(
    ("ink", "ground"),
    [((255,) * 3, (0,) * 3), ((250, 240, 60), (20, 30, 120)), ((200, 30, 30), (255,) * 3), ((120,) * 3, (150,) * 3)],
)
def test_any_colour_on_any_other(reader, ink, ground):
    picture = draw(WORDS, "roboto", 50, ink=ink, ground=ground)
    (line,) = reader.find_lines(picture)
    assert line.text == WORDS
    gray = line.frame.own_gray().astype(float)
    shown = abs(gray - np.median(gray)) > abs(gray - np.median(gray)).max() / 2
    assert 0.05 < shown.mean() < 0.5  # letters, not their ground


def test_a_light_panel_on_a_dark_page(reader):
    panel = draw("Window", "open-sans", 60)
    page = on_page(panel, ground=15)
    (line,) = reader.find_lines(page)
    assert line.text == "Window"
    assert np.asarray(line.frame.own_gray()).mean() > 150  # the panel's ground, not the page's


@pytest.mark.parametrize("pixels", [10, 14, 24, 200])
def test_letters_of_any_size(reader, pixels):
    (line,) = reader.find_lines(on_page(draw(WORDS, "open-sans", pixels), size=(1600, 700)))
    assert line.text.replace(" ", "") == WORDS.replace(" ", "")
    assert 0.6 * pixels < line.height < 1.4 * pixels


@pytest.mark.parametrize("family", ["roboto", "pacifico", "playfair-display"])
def test_letters_that_fill_the_frame(reader, family):
    """Cropped to the ink, and wide letters at that."""
    picture = draw("Signal", family, 120)
    picture = picture.crop(ImageChops.invert(picture).getbbox()).convert("RGB")
    (line,) = reader.find_lines(picture)
    assert line.text == "Signal"
    box = ink_box(ink_map(line.frame.own_gray()))
    assert (box[2] - box[0]) == pytest.approx(picture.width, abs=6)


def test_a_single_letter(reader):
    (line,) = reader.find_lines(on_page(draw("R", "playfair-display", 300)))
    assert line.text == "R" and line.height == pytest.approx(212, abs=12)


def test_lines_come_in_reading_order(reader):
    lines = [draw(text, "lora", 40) for text in ("First comes this", "then the second", "and a third one")]
    found = reader.find_lines(on_page(*lines, gap=0))
    assert text_of(found) == "First comes this / then the second / and a third one"
    upside_down = on_page(*lines, gap=0).rotate(180)
    assert text_of(reader.find_lines(upside_down)) == "First comes this / then the second / and a third one"


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_a_poster_on_its_side_is_read_line_by_line(reader, turn):
    """Its shortest line is no longer than two of its heights, and much higher than the others."""
    rows = ["HARBOUR LIGHT", "NIGHT", "live at the quay", "Doors open at seven, first act at eight"]
    page = on_page(*(draw(row, "roboto", size) for row, size in zip(rows, (90, 90, 50, 24), strict=True)), gap=0)
    assert sorted(line.text for line in reader.find_lines(page.transpose(turn))) == sorted(rows)


def test_running_text_line_by_line(reader):
    rows = ["It was a bright cold day", "in April and the clocks", "were striking thirteen", "past the doors", "of"]
    font = ImageFont.truetype(str(font_file("open-sans")), 14)
    page = Image.new("RGB", (260, 140), "white")
    for number, row in enumerate(rows):
        ImageDraw.Draw(page).text((20, 15 + 21 * number), row, fill="black", font=font)
    found = reader.find_lines(page)
    assert text_of(found[:4]) == " / ".join(rows[:4])
    assert [round(line.corners[0][1] - found[0].corners[0][1]) for line in found[:4]] == pytest.approx(
        [0, 21, 42, 63], abs=4
    )


def test_straightening_keeps_what_hangs_below_and_drops_the_neighbours(reader):
    """Descenders reach into the next line's box, and accents into the line's above."""
    page = on_page(draw("gypsy jig", "lora", 60), draw("fly high", "lora", 60), gap=-58)
    first, second = reader.find_lines(page)
    alone = reader.find_lines(on_page(draw("gypsy jig", "lora", 60)))[0]
    assert first.text == alone.text == "gypsy jig" and second.text == "fly high"
    rows = upright_row(first.frame.own_gray()), upright_row(alone.frame.own_gray())
    assert np.corrcoef(rows[0].ravel(), rows[1].ravel())[0, 1] > 0.85


def test_centres_are_where_the_letters_are(reader):
    page = on_page(draw("lil Ili", "roboto", 80))
    (line,) = reader.find_lines(page)
    gray = line.frame.own_gray()
    inked = (ink_map(gray) > 100).any(0)
    for character, centre in zip(line.text, line.centres, strict=True):
        column = int(centre * gray.shape[1])
        reach = slice(max(0, column - 12), column + 13)
        assert inked[reach].any() or character == " "
    assert list(line.centres) == sorted(line.centres)


def test_letters_narrower_than_the_recognisers_steps_are_read(reader):
    text = "Since 2007 the Campus Pride Index has been premier"
    wide = draw(text, "roboto", 80)
    narrow = wide.resize((round(0.38 * wide.width), wide.height), Image.Resampling.BICUBIC)
    (line,) = reader.find_lines(on_page(narrow, size=(1000, 300)))
    assert line.text == text
    assert reader._recogniser.read(line.frame.pixels).text != text  # as wide as it is


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_mark_beside_a_word_is_none_of_the_line(reader, side):
    word = draw("lumen", "roboto", 80)
    mark = Image.new("L", (120, word.height), 255)
    ImageDraw.Draw(mark).ellipse((2, 8, 112, 118), fill=90)
    logo = Image.new("L", (mark.width + word.width, word.height), 255)
    logo.paste(mark, (0 if side == "left" else word.width, 0))
    logo.paste(word, (mark.width if side == "left" else 0, 0))
    page = on_page(logo, size=(700, 300))
    (line,) = reader.find_lines(page)
    (alone,) = reader.find_lines(on_page(word, size=(700, 300)))
    assert line.text == alone.text == "lumen"
    assert line.width == pytest.approx(alone.width, abs=6) and line.height == pytest.approx(alone.height, abs=6)
    assert line.centres == pytest.approx(alone.centres, abs=0.06)


@pytest.mark.parametrize("ground", ["blank", "speck"])
def test_nothing_is_found_where_nothing_is(reader, ground):
    picture = Image.new("RGB", (400, 300), "white")
    if ground == "speck":
        picture.putpixel((200, 150), (0, 0, 0))
    assert reader.find_lines(picture) == []


def test_a_gradient_is_not_taken_for_a_foreign_script(reader):
    picture = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    assert all(line.confidence < 0.3 for line in reader.find_lines(picture))


def test_another_script_is_named_as_such(reader, identifier, monkeypatch):
    picture = on_page(draw(WORDS, "roboto", 60))
    foreign = Reading(text="", confidence=0.0, other_letters=8, other_confidence=0.95)
    monkeypatch.setattr(reader._recogniser, "read", lambda *_: foreign)
    with pytest.raises(OtherScript, match="look like those of another script: only Latin letters are covered"):
        reader.find_lines(picture)


def test_two_threads_get_what_one_gets(reader):
    pages = [on_page(draw(text, "lora", 50)) for text in ("Alphabet soup", "Better butter")] * 3
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(reader.find_lines, pages))
    assert [text_of(lines) for lines in found] == ["Alphabet soup", "Better butter"] * 3
    assert found[0] == found[2] == found[4]


def test_a_texture_is_no_text(reader):
    grain = np.random.default_rng(3).integers(0, 256, (24, 36, 3), np.uint8)
    assert reader.find_lines(Image.fromarray(grain).resize((480, 320), Image.Resampling.BICUBIC)) == []


def test_what_was_read_doubtfully_stays_where_rows_of_ink_read_no_better():
    """The frames of a diagram hold most of its ink, and are one row."""
    picture = Image.new("RGB", (900, 500), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 10, 890, 490), outline="black", width=8)
    for place in range(9):
        x, y = 40 + 280 * (place % 3), 60 + 140 * (place // 3)
        picture.paste(draw(f"Label {'abcdefghi'[place]}nd", "roboto", 28), (x, y))
        pen.rectangle((x - 8, y - 8, x + 200, y + 70), outline="black", width=8)
    found = TextReader(ReadingSettings(doubtful=1.1)).find_lines(picture)
    assert len(found) == 9 and any("Label" in line.text for line in found)


# --- what is plain, and what the detector looks at


TEXT = "Naïve Åland boxing"
PLAIN = draw(TEXT, "lora", 64)


def said(text: str, confidence: float) -> Line:
    return Line(((0, 0), (9, 0), (9, 3), (0, 3)), text, confidence)


def marked(draw_on) -> Image.Image:
    picture = PLAIN.copy()
    draw_on(ImageDraw.Draw(picture), picture.width, picture.height)
    return picture


@pytest.mark.parametrize(
    ("picture", "plain"),
    [
        (PLAIN, True),
        (draw(TEXT, "lora", 64, ink=200, ground=20), True),
        (draw(TEXT, "lora", 9), False),  # too small to tell
        (PLAIN.crop(ImageOps.invert(PLAIN).getbbox()), False),  # reaches the edges, as a stray edge does
        (marked(lambda pen, w, h: pen.line((20, h // 2, w - 20, h // 2), 0, 4)), False),
        (marked(lambda pen, w, h: pen.line((20, h - 8, w - 20, h - 8), 0, 4)), False),
        (marked(lambda pen, w, h: pen.rectangle((4, 4, w - 5, h - 5), None, 0, 3)), False),
        (PLAIN.filter(ImageFilter.FIND_EDGES), False),  # outlines
        (Image.fromarray(np.uint8(np.maximum(PLAIN, np.linspace(0, 160, PLAIN.width)))), False),  # fades
        (Image.blend(PLAIN, PLAIN.filter(ImageFilter.GaussianBlur(9)), 0.5), False),  # a soft shadow
    ],
)
def test_ink_is_plain_where_it_is_that_of_the_letters_read(picture, plain):
    ink = find_ink(np.asarray(picture))
    assert is_plain(said(TEXT, 0.99), ink) == plain
    assert not is_plain(said(TEXT, 0.9), ink)
    assert not is_plain(said(TEXT + " and more", 0.99), ink)
    assert is_plain(said("", 0.0), ink) == (plain or picture.height < 40)  # of a page's lines, also smaller ones


@pytest.mark.parametrize("degrees", [90, 270])
def test_a_label_that_runs_upwards_beside_level_text_is_one_line(reader, degrees):
    """As on a chart's axis, with numbers close to it: none of them takes a letter of it."""
    page = Image.new("RGB", (800, 480), "white")
    label = draw("Share of readers", "roboto", 20).rotate(degrees, expand=True)
    left, top = 20, 120
    page.paste(label, (left, top))
    page.paste(draw("How people read", "roboto", 30), (240, 10))
    for number in range(6):
        place = left + label.width, 380 - 60 * number
        ImageDraw.Draw(page).text(place, f"{20 * number}%", "black", ImageFont.truetype(str(font_file("roboto")), 16))
        page.paste(draw(str(2019 + number), "roboto", 16), (130 + 110 * number, 430))
    lines = reader.find_lines(page)
    (upright,) = (line for line in lines if abs(line.corners[1][1] - line.corners[0][1]) > 50)
    assert reader.read_line(upright.place.cut(page)).text == "Share of readers"
    ends = np.array(upright.corners)
    assert (ends[1, 1] < ends[0, 1]) == (degrees == 90)
    beside = [
        line for line in lines if line is not upright and np.array(line.corners)[:, 0].min() < ends[:, 0].max() - 2
    ]
    assert len(lines) == 14 and not beside


def test_numbers_below_one_another_are_lines_of_their_own(reader):
    """As an editor counts its lines: on their side they read as one number."""
    page = Image.new("RGB", (700, 460), "white")
    for number in range(1, 10):
        place = 40 * number
        ImageDraw.Draw(page).text((24, place), str(number), "black", ImageFont.truetype(str(font_file("roboto")), 24))
        page.paste(draw("signal = window(wolke)", "roboto", 24), (90, place - 14))
    lines = reader.find_lines(page)
    assert all(line.width < 600 and line.height < 40 and line.corners[1][0] > line.corners[0][0] for line in lines)
    assert len(lines) >= 9


def test_ink_beside_a_box_and_inside_another_is_the_other_ones():
    """Of whatever shape that is: a label that runs upwards reaches far above and below the number beside it."""
    page = sheet((50, 127, 70, 142), *((35, top, 47, top + 10) for top in range(100, 300, 14)), size=(200, 400))
    number, label = box_of(47, 124, 73, 145), box_of(31, 95, 50, 305)
    fitted = fit_to_ink(page, number, [label])
    assert [*fitted.min(0), *fitted.max(0)] == pytest.approx([50, 127, 70, 142], abs=1)
    assert fit_to_ink(page, number, [])[:, 0].min() < 40


def test_weights_too_small_for_a_processor_are_zero_and_all_others_as_they_were():
    """They cost the detector two thirds of its time; nothing that it finds needs them."""
    path, least = packaged("PP-OCRv6_det_small.onnx"), np.finfo(np.float32).tiny
    changed = onnx.load_from_string(_without_denormals(path))
    packed = onnx.load(str(path))
    lost = 0
    for before, after in zip(packed.graph.initializer, changed.graph.initializer, strict=True):
        old, new = numpy_helper.to_array(before), numpy_helper.to_array(after)
        tiny = (old != 0) & (np.abs(old) < least) if before.data_type == onnx.TensorProto.FLOAT else np.zeros(1, bool)
        assert old.shape == new.shape and np.array_equal(new, np.where(tiny, 0, old))
        lost += int(tiny.sum())
        before.CopyFrom(after)
    assert lost > 100_000 and packed == changed  # nothing but those


def test_an_open_network_does_not_keep_its_file_in_memory():
    path = packaged("PP-OCRv6_det_small.onnx")
    tracemalloc.start()
    session = open_network(path)  # referred to, so that it lives
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert session.get_inputs() and kept < 0.5 * path.stat().st_size < most


# --- hard shadows and extrusions


def shadowed(text: str, colours: Sequence[tuple], steps: Sequence[tuple[int, int]], **more) -> Image.Image:
    """Letters in the third colour and those after it, in turn; behind them copies in the second, on the first."""
    font = ImageFont.truetype(str(font_file("playfair-display")), 64)
    picture = Image.new("RGB", (round(font.getlength(text)) + 80, 130), colours[0])
    pen = ImageDraw.Draw(picture)
    for x, y in steps:
        pen.text((40 + x, 20 + y), text, colours[1], font=font)
    for place, letter in enumerate(text):
        at = 40 + font.getlength(text[: place + 1]) - font.getlength(letter), 20
        pen.text(at, letter, colours[2 + place % (len(colours) - 2)], font=font, **more)
    return picture


def letters_alone(picture: Image.Image, bottom: int = 110) -> np.ndarray | None:
    cut = line_around(box_of(30, 20, picture.width - 30, bottom)).cut(picture)
    return without_shadow(cut.frame, cut.own_ink)


COLOURS = [((200, 6, 30), (240, 240, 60), (30, 20, 160)), ((20, 20, 20), (150, 40, 40), (250, 210, 90))]
SWEPT = [(step, step) for step in range(1, 9)]


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("steps", [[(5, 4)], [(-6, 3)], [(0, -5)], SWEPT], ids=["right", "left", "above", "swept"])
def test_letters_are_parted_from_their_shadow(colours, steps):
    found = letters_alone(shadowed("Quartz", colours, steps))
    plain = np.asarray(shadowed("Quartz", (colours[0], colours[2], colours[2]), []).convert("L"), float)
    ends = np.unique(plain)[[0, -1]]
    ink = np.abs(plain - plain[0, 0]) / np.ptp(ends)
    height, width = found.shape
    top, left = 20 - (height - 90) // 2, 30 - (width - (plain.shape[1] - 60)) // 2
    assert np.abs(1 - found / 255 - ink[top : top + height, left : left + width]).mean() < 0.01


@pytest.mark.parametrize("count", [2, 3])
def test_letters_of_several_colours_are_parted_from_one_shadow(count):
    colours = [(245, 245, 240), (20, 20, 20), (220, 40, 40), (40, 90, 220), (240, 200, 0)][: 2 + count]
    found = letters_alone(shadowed("Quartz Jungle", colours, [(6, 6)]))
    plain = letters_alone(shadowed("Quartz Jungle", [*colours[:2], colours[2]], [(6, 6)]))
    assert np.abs(found / 255 - plain / 255).mean() < 0.01
    assert letters_alone(shadowed("Quartz Jungle", colours, [])) is None


@pytest.mark.parametrize("colours", COLOURS)
def test_what_is_no_shadow_stays(colours):
    plain = shadowed("Quartz", colours, [])
    rim = shadowed("Quartz", colours, [], stroke_width=4, stroke_fill=colours[1])
    glow = rim.filter(ImageFilter.GaussianBlur(3))
    glow.paste(plain, mask=Image.fromarray((np.asarray(plain) != colours[0]).any(2)))
    halves = np.where(np.arange(130)[:, None, None] < 64, plain, shadowed("Quartz", (*colours[:2], colours[1]), []))
    for picture in (plain, rim, glow, Image.fromarray(halves)):
        assert letters_alone(picture) is None


def test_a_shadow_does_not_change_the_answer(identifier):
    for steps in ([(5, 5)], SWEPT):
        answer = identifier.identify(shadowed("Quartz Window", COLOURS[0], steps))
        assert answer.matches[0].family == "playfair-display"


def test_lines_below_one_another_keep_their_own_letters():
    one, other = (shadowed(text, COLOURS[0], [(5, 5)]) for text in ("Quartz", "Jungle"))
    both = Image.new("RGB", (one.width, 215), COLOURS[0][0])
    both.paste(one.crop((0, 0, one.width, 107)), (0, 0))
    both.paste(other, (0, 85))
    found = letters_alone(both, 105)
    assert found is not None and (found[-8:] > 200).all()  # nothing of the line below


# --- the detector's network, put in place by one that knows


def detector_that_sees(monkeypatch, *rows: tuple[int, int, float], columns=(150, 250), seen: list | None = None):
    """Its network finds text in rows of the scene, each with its likelihood, and shows what it was given."""

    class Network:
        def run(self, _, inputs):
            if seen is not None:
                seen.append(inputs["x"])
            likely = np.zeros((1, 1, *inputs["x"].shape[2:]), np.float32)
            for first, last, likelihood in rows:
                likely[0, 0, first:last, slice(*columns)] = likelihood
            return [likely]

    monkeypatch.setattr("fontid.text.detector.open_network", lambda path: Network())
    return Detector()


@pytest.mark.parametrize(("size", "scale"), [((400, 200), 1.0), ((1600, 800), 0.3)])
def test_a_box_lies_where_the_network_sees_text(size, scale, monkeypatch):
    """Its heart, grown to whole letters, in pixels of the picture."""
    picture = Image.new("RGB", size, (250, 250, 250))
    middle_x, middle_y = size[0] // 4, size[1] // 4
    ImageDraw.Draw(picture).rectangle((middle_x - 15, middle_y - 15, middle_x + 15, middle_y + 15), fill=(200, 30, 30))
    found, border, page = _first_look(picture)
    assert not page and found == pytest.approx(scale) and border == 48
    seen: list[np.ndarray] = []
    (box,), bent = detector_that_sees(monkeypatch, (100, 120, 1), seen=seen).find_boxes(picture)
    height, width = seen[0].shape[2:]
    assert not bent and height % 32 == width % 32 == 0
    left, top = (width - round(found * size[0])) // 2, (height - round(found * size[1])) // 2
    grow = GROWTH * 99 * 19 / (99 + 19) / 2
    assert box[0] * found == pytest.approx((150.5 - left - grow, 100.5 - top - grow), abs=0.1)
    assert box[2] * found == pytest.approx((249.5 - left + grow, 119.5 - top + grow), abs=0.1)
    middle = seen[0][0, :, top + round(found * middle_y), left + round(found * middle_x)]
    assert middle == pytest.approx(np.array([30, 30, 200]) / 127.5 - 1, abs=0.02), "blue first, from -1 to 1"


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_corners_begin_at_the_top_left_and_go_clockwise(turn, mirrored):
    corners = np.array([[10, 20], [110, 25], [109, 55], [9, 50]], float)
    given = np.roll(corners, turn, axis=0)
    assert _from_top_left(given[::-1] if mirrored else given).tolist() == corners.tolist()


# --- the detector's steps by themselves, on what can be reckoned by hand


def _first_look(picture: Image.Image) -> tuple[float, float, bool]:
    return _looks(picture)[0]


def words(count: int, width: int = 30, height: int = 10, ink: int = 0, size=(400, 900)) -> Image.Image:
    """Rectangles one below another. Their rims reach a pixel beyond them."""
    return sheet(*((100, 100 + 60 * n, 100 + width, 100 + 60 * n + height) for n in range(count)), size=size, ink=ink)


@pytest.mark.parametrize(
    ("size", "scale", "border"),
    [
        ((400, 120), 1.0, 40),
        ((120, 400), 1.0, 40),
        ((400, 200), 1.0, 48),
        ((60, 50), 1.0, 24),
        ((1600, 800), 0.3, 48),  # as large as with a third of the shorter side at both ends: 640 / (1600 + 2 * 800 / 3)
        ((2000, 60), 592 / 2000, 24),
        ((600, 90), 640 / 660, 30 * 640 / 660),
    ],
)
def test_a_picture_is_looked_at_whole_with_some_of_its_ground_around(size, scale, border):
    assert _first_look(Image.new("RGB", size, "white")) == pytest.approx((scale, border, False))


@pytest.mark.parametrize(
    ("top", "bottom", "look"),
    [(50, 134, (0.5, 100 / 3, False)), (20, 188, (0.25, 24, False)), (50, 92, (1, 48, False))],
)
def test_of_large_letters_picture_and_border_are_scaled_down(top, bottom, look):
    assert _first_look(sheet((100, top, 160, bottom), size=(400, 200))) == pytest.approx(look)


def test_a_page_is_as_large_as_its_words_need():
    """The whole picture is seen at 640 / 1966 of its size: words of 23 pixels are too low then, of 24 are not."""
    page = {"size": (1300, 1000)}
    assert _first_look(words(12, **page)) == (0.75, 24, True) and _first_look(words(12, height=6, **page)) == (
        1.0,
        24,
        True,
    )
    assert _first_look(words(12, height=23, **page))[2] and not _first_look(words(12, height=24, **page))[2]
    assert not _first_look(words(11, **page))[2], "too few words"


@pytest.mark.parametrize(
    ("letters", "wholly"),
    [
        ([(600, 100, 700, 241), (800, 100, 900, 241)], True),
        ([(600, 100, 700, 241)], False),
        ([(600, 100, 700, 178), (800, 100, 900, 179)], False),  # one of 80 pixels with its rims, which are 60 there
        ([(600, 100, 700, 179), (800, 100, 900, 179)], True),
        ([(600, 100, 820, 241), (840, 100, 940, 241)], False),  # one as wide as a picture
        ([(600, 100, 632, 241), (800, 100, 900, 241)], False),  # one as narrow as a rule
        ([(600, 100, 636, 241), (800, 100, 900, 241)], True),
    ],
)
def test_a_page_with_several_large_letters_is_looked_at_as_a_whole_too(letters, wholly):
    small = [(100, 100 + 60 * n, 130, 110 + 60 * n) for n in range(12)]
    page, *further = _looks(sheet(*small, *letters, size=(1300, 1000)))
    assert page == (0.75, 24, True)
    assert further == [_first_look(Image.new("RGB", (1300, 1000)))] * wholly


def test_large_letters_are_found_beside_small_print():
    """As on a poster. Their straight stems were taken for rules."""
    poster = Image.new("RGB", (900, 760), "white")
    poster.paste(draw("CLUB", "arimo", 220, style="700-normal"), (0, 0))
    poster.paste(draw("Meet us under the old railway bridge", "lora", 26), (60, 520))
    headline, line = sorted(Detector().find_boxes(poster)[0], key=lambda box: box[0][1])
    assert np.ptp(headline[:, 1]) > 150 > 60 > np.ptp(line[:, 1])


@pytest.mark.parametrize(
    ("page", "high"),
    [
        (words(12), 10),
        (words(11), None),
        (words(12, height=4), 4),
        (words(12, height=3), None),
        (words(12, width=19, height=38), 38),
        (words(12, width=19, height=39), None),
        (words(12, width=5, height=11), 11),  # with their rims 7 by 13
        (words(12, width=4, height=10), None),  # 6 by 12
        (words(12, ink=214), 10),
        (words(12, ink=215), None),  # 40 levels of gray
        (words(12, width=37, height=22), 22),  # rims cover more than a quarter of what they enclose
        (words(12, width=38, height=22), None),
    ],
)
def test_low_words_are_those_of_small_text(page, high):
    assert _low_words(_pieces(page.convert("L"), EDGE)) == high


def test_the_lower_of_words_are_a_fifth():
    """A fifth of the others are lower than the fourth of sixteen."""
    heights = [20, 12, 8, 20, 14, 16, *[20] * 10]
    page = sheet(*((100, 60 * n, 140, 60 * n + height) for n, height in enumerate(heights, 1)), size=(400, 1100))
    assert _low_words(_pieces(page.convert("L"), EDGE)) == 16


@pytest.mark.parametrize(
    ("boxes", "high"),
    [
        ([(10, 10, 40, 60)], 50),
        ([(10, 10, 18, 30), (60, 10, 148, 90)], 20),  # 10 of 100 pixels with their rims: a tenth
        ([(10, 10, 17, 30), (60, 10, 149, 90)], 80),
        ([(60, 10, 148, 90), (10, 10, 18, 30), (200, 20, 202, 22)], 20),
        ([], 1),
    ],
)
def test_low_letters_are_a_tenth_of_all_widths(boxes, high):
    assert _low_letters(sheet(*boxes).convert("L")) == high


def test_letters_are_no_lower_than_a_pixel_and_paler_than_words():
    assert _low_letters(sheet((10, 10, 40, 60), ink=255 - 21).convert("L")) == 50
    assert _low_letters(sheet((10, 10, 40, 60), ink=255 - 20).convert("L")) == 1
    assert _low_letters(sheet((0, 0, 40, 1)).convert("L")) == 1


def test_pieces_are_told_on_a_plain_ground():
    """Plain is where neighbours, two pixels from one to the other, differ by six levels or less."""
    pieces = _pieces(sheet((10, 10, 40, 60), (100, 20, 110, 30)).convert("L"), 40)
    assert pieces.T.tolist() == [[32, 52, 32 * 52 - 28 * 48], [12, 12, 144 - 64]]

    def slope(*steps: int) -> Image.Image:
        levels = np.cumsum(np.resize(steps, 60)).astype(np.uint8)
        return Image.fromarray(np.tile(levels, (8, 1)))

    assert _pieces(slope(3), 40).size == 0 and _pieces(slope(3, 4), 40) is None
    half = np.zeros((8, 80), np.uint8)
    half[:, 40:] = np.arange(4, 164, 4)  # steep but for its last column
    assert _pieces(Image.fromarray(half[:, 2:].copy()), 40) is not None, "39 columns of 78"
    assert _pieces(Image.fromarray(half[:, 3:].copy()), 40) is None


@pytest.mark.parametrize(
    ("size", "scale", "border", "scene", "place"),
    [
        ((100, 50), 1.0, 24, (160, 128), (30, 39)),
        ((100, 50), 0.5, 24, (128, 96), (39, 35)),  # 50 by 25
        ((80, 48), 1.0, 24, (128, 96), (24, 24)),
        ((81, 49), 1.0, 24, (160, 128), (39, 39)),
        ((9, 400), 0.5, 10.5, (32, 224), (14, 12)),  # 4 by 200
    ],
)
def test_a_scene_is_the_picture_amid_its_ground(size, scale, border, scene, place):
    picture = Image.new("RGB", size, (200, 90, 30))
    picture.paste((5, 6, 7), (size[0] // 3, size[1] // 3, size[0] - size[0] // 3, size[1] - size[1] // 3))
    found, at = _scene(picture, scale, border)
    assert found.shape[1::-1] == scene and at.tolist() == list(place) and at.dtype == np.float32
    expected = Image.new("RGB", scene, (200, 90, 30))
    expected.paste(_scaled(picture, scale), place)
    assert np.array_equal(found, expected)


def test_a_picture_is_scaled_to_whole_pixels_and_to_one_at_least():
    picture = Image.new("RGB", (100, 50))
    assert [_scaled(picture, scale).size for scale in (1, 0.5, 0.126, 0.001)] == [(100, 50), (50, 25), (13, 6), (1, 1)]


def test_the_ground_is_the_median_of_all_four_edges():
    """Corners count twice."""
    pixels = np.full((5, 4, 3), 250, np.uint8)
    pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1] = 10, 60, 40, (20, 30, 45)
    for turns in range(4):
        assert _ground(Image.fromarray(np.rot90(pixels, turns).copy())) == (30, 35, 42)


@pytest.mark.parametrize(("levels", "inked"), [(21, True), (20, False)])
def test_pale_rims_are_looked_at(levels, inked):
    found = _inked(np.asarray(sheet((100, 50, 110, 70), ink=255 - levels)))
    expected = np.zeros((300, 400), bool)
    expected[45:75, 95:115] = inked  # a pixel of rim, and four around it
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("length", "inked"), [(57, True), (58, False)])
def test_edges_of_sixty_pixels_are_rules(length, inked):
    """With a pixel of rim at both ends."""
    assert _inked(np.asarray(sheet((100, 50, 100 + length, 52))))[:, 120:140].any() == inked
    assert _inked(np.asarray(sheet((100, 50, 102, 50 + length))))[70:90].any() == inked


@pytest.mark.parametrize(
    ("height", "width", "tall", "wide"),
    [
        (2000, 1000, 160, 1000),  # 256,000 / 1088 - 64 in steps of 32, from 1024 wide
        (600, 3000, 160, 1024),
        (5000, 400, 448, 400),  # 256,000 / 480 - 64
        (800, 1001, 352, 512),  # 256,000 / 576 - 64 = 380
        (641, 400, 448, 400),
        (2000, 256, 736, 256),  # 256,000 / 320 - 64 is a multiple of 32
    ],
)
def test_tiles_are_as_wide_and_then_as_high_as_can_be(height, width, tall, wide):
    tiles = _tiles(height, width)
    assert tiles[0] == (slice(0, tall), slice(0, wide))
    assert len(tiles) == -(-height // tall) * -(-width // wide)
    assert tiles[-1] == (slice((height - 1) // tall * tall, height), slice((width - 1) // wide * wide, width))


@pytest.mark.parametrize(
    ("places", "inner", "end", "side"),
    [
        ([64, 95], slice(0, 160), 1024, slice(32, 128)),
        ([63, 96], slice(0, 160), 1024, slice(0, 160)),
        ([0, 31], slice(96, 160), 1024, slice(64, 160)),
        ([10, 20], slice(992, 1024), 1024, slice(960, 1024)),
        ([10, 20], slice(992, 1030), 1030, slice(960, 1030)),
        ([3], slice(0, 64), 1024, slice(0, 64)),
    ],
)
def test_an_input_has_32_pixels_around_the_places(places, inner, end, side):
    assert _whole(np.array(places), inner, end) == side


def test_tiles_are_looked_at_where_there_is_ink():
    """A network that gives back its blue tells that every pixel is where it was."""
    seen, detector = [], Detector.__new__(Detector)
    detector._likely = lambda part: seen.append(part.shape[:2]) or part[:, :, 2]
    scene = np.random.default_rng(0).integers(0, 256, (672, 1024, 3), np.uint8)
    inked = np.zeros((672, 1024), bool)
    inked[100:130, 140:190] = inked[310:345, 500:600] = inked[600:672, 1000:] = True
    assert np.array_equal(detector._look_at_tiles(scene, inked), np.where(inked, scene[:, :, 2], 0))
    # three of four tiles of 352 rows and 512 columns, each with 32 pixels around, in steps of 32
    assert seen == [(320, 448), (128, 160), (128, 64)]


def test_values_within_a_contour():
    likely = np.zeros((40, 60), np.float32)
    likely[10:20, 30:40] = 1
    likely[20:30, 30:40] = 0.5
    contour = np.array([[[30, 10]], [[30, 29]], [[39, 29]], [[39, 10]]], np.int32)
    assert _mean_inside(likely, contour) == pytest.approx(0.75)
    triangle = np.array([[[30, 10]], [[30, 19]], [[39, 19]]], np.int32)
    assert _mean_inside(likely, triangle) == 1
    assert _points_in(contour).tolist() == [[x, y] for y in range(20) for x in range(10)]
    large = np.array([[[0, 0]], [[0, 24]], [[39, 24]], [[39, 0]]], np.int32)
    assert _points_in(large).tolist() == [[x, y] for y in range(25) for x in range(0, 40, 2)], "of 1000 every second"
    assert len(_points_in(large[:, :, ::-1][::-1])) == 500 and len(_points_in(large - (0, 5))) == 500, (
        "wherever it lies"
    )
    for rows, step in ((19, 1), (20, 2), (29, 2), (30, 3)):  # of 40 pixels
        large[1:3, 0, 1] = rows - 1
        assert len(_points_in(large)) == rows * 40 // step, rows


@pytest.mark.parametrize(
    ("rows", "columns", "bends", "bent"),
    [(21, 31, True, False), (21, 32, True, True), (31, 21, True, False), (32, 21, True, True), (21, 60, False, False)],
)
def test_boxes_that_bend_are_told_from_one_and_a_half_times_as_long_as_high(rows, columns, bends, bent, monkeypatch):
    """From the middles of the first pixels to those of the last."""
    monkeypatch.setattr("fontid.text.detector.is_bent", lambda points: bends)
    detector = detector_that_sees(monkeypatch, (100, 100 + rows, 1), columns=(150, 150 + columns))
    assert detector.find_boxes(Image.new("RGB", (400, 200), "white"))[1] == bent


@pytest.mark.parametrize(
    ("likely", "rows", "found"), [(1, 4, 1), (1, 3, 0), (0.51, 10, 1), (0.49, 10, 0), (0.31, 10, 0)]
)
def test_boxes_are_likely_text_and_three_pixels_high(likely, rows, found, monkeypatch):
    detector = detector_that_sees(monkeypatch, (100, 100 + rows, likely))
    boxes, bent = detector.find_boxes(Image.new("RGB", (400, 200), "white"))
    assert len(boxes) == found and not bent


@pytest.mark.parametrize(("rim", "height"), [(0.31, 19), (0.29, 9)])
def test_a_box_holds_what_is_probably_text(rim, height, monkeypatch):
    """Of twenty rows ten are sure, and the others above the bound or below."""
    detector = detector_that_sees(monkeypatch, (100, 110, 1), (110, 120, rim))
    ((box,), _) = detector.find_boxes(Image.new("RGB", (400, 200), "white"))
    grow = GROWTH * 99 * height / (99 + height)
    assert box[2] - box[0] == pytest.approx((99 + grow, height + grow), abs=0.01)
