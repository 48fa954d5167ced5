"""Whole pages: what is drawn, and how answers about them are scored."""

import io
import json
from collections import Counter
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmarks.pages import EDITORS, Plan, Pool, _around_ink, draw_pages, lines_of, plan_editors
from benchmarks.render import USAGE
from benchmarks.sites import WINDOWS, draw_sites
from data_scripts.fetch_sites import pages_of, read_sites
from data_scripts.renderers import OpenFace, unpack
from fontid.catalogue.faces import Face
from fontid.evaluation.folders import ManifestError
from fontid.evaluation.pages import evaluate_pages, holds_pages, page_table, read_pages, summarise_pages
from fontid.text.lines import Line
from tests.conftest import FONTS, font_file


class Catalogue:
    """Holds all families but "Paid", by id or by a name in capitals."""

    def family_named(self, name):
        return None if name == "Paid" else name.lower()

    def credited(self, family, weight, italic):
        return {family, "twin-of-lora"} if family == "lora" else {family}


def line(left, top, right, bottom):
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)))


def entry(boxes, *families, sizes=()):
    """Of an answer: `sizes` of each of its styles."""
    matches = [SimpleNamespace(family=family) for family in families]
    styles = [SimpleNamespace(sizes=of_style) for of_style in sizes]
    return SimpleNamespace(lines=[line(*box) for box in boxes], matches=matches, styles=styles)


def scored(folder, *entries):
    """What is said of a page for which these were answered."""
    return summarise_pages(evaluate_pages(lambda _: SimpleNamespace(fonts=entries), Catalogue(), read_pages(folder)))


def write_page(folder, lines, size=(400, 300)):
    Image.new("RGB", size, "white").save(folder / "a.png")
    rows = [
        {"box": box, "text": "words", "family": family, "weight": 400, "italic": False, "size": size, "role": "text"}
        for box, family, size in lines
    ]
    (folder / "manifest.jsonl").write_text(json.dumps({"file": "a.png", "template": "shop", "lines": rows}) + "\n")


def test_lines_families_splits_and_merges_are_counted(tmp_path):
    """Three lines of Lora and one of Inter: one is split off, one swallowed, one lies in a box of two rows."""
    rows = [(10, "lora"), (40, "lora"), (70, "inter"), (100, "lora"), (130, "lora")]
    write_page(tmp_path, [([10, top, 110, top + 10], family, 13.0) for top, family in rows])
    first = entry([(8, 9, 112, 21), (10, 70, 110, 80)], "twin-of-lora", "inter")
    second = entry([(10, 40, 60, 50), (10, 98, 110, 142)], "roboto", "lora")
    assert holds_pages(tmp_path)
    summary = scored(tmp_path, first, second)
    assert summary["n"] == 5 and summary["found"] == 0.6  # the two rows of one box are not found
    assert summary["twins"] == {"top1": 0.2, "top5": 0.6} and summary["strict"] == {"top1": 0.0, "top5": 0.4}
    families = {"precision": 0.5, "recall": 0.5, "all_families": 0.0, "split": 0.5, "merged": 0.5}
    assert summary["families"] == families
    assert summary["by"]["12-14 px"]["n"] == summary["by"]["shop"]["n"] == 5
    assert summary["by"]["32 px and more"] == {**summary["by"]["under 12 px"]}


def test_boxes_of_large_pages_are_met_in_the_picture_that_was_looked_at(tmp_path):
    """Of several found lines the one that covers most counts; what lies beside it, or covers little, does not."""
    rows = [(400, "lora"), (800, "inter"), (1200, "roboto"), (1600, "arimo")]
    write_page(tmp_path, [([400, top, 2400, top + 200], family, 40.0) for top, family in rows], size=(4096, 4096))
    half = entry([(210, 205, 1190, 300), (200, 400, 590, 500)], "lora", "x")
    whole = entry([(200, 200, 1200, 300), (200, 400, 1200, 500)], "inter")
    beside = entry([(1300, 600, 2000, 700), (200, 800, 1200, 900)], "arimo")
    summary = scored(tmp_path, whole, half, beside)
    assert summary["found"] == 0.75 and summary["strict"] == {"top1": 0.5, "top5": 0.5}
    assert summary["families"] == {
        "precision": 1.0, "recall": 0.75, "all_families": 0.0, "split": 0.0, "merged": 0.5
    }  # fmt: skip
    assert summary["by"]["32 px and more"]["n"] == 4 and summary["by"]["under 12 px"]["n"] == 0
    assert 0 <= summary["cpu_seconds_per_page"] < 60
    first, *_, families, sizes, seconds = page_table(summary).splitlines()[1:]
    assert first.split() == ["all", "4", "75.0", "50.0", "50.0", "50.0", "50.0"] and seconds.endswith("seconds a page")
    assert families == "families: precision 100.0  recall 75.0  all_families 0.0  split 0.0  merged 50.0"
    assert sizes == "sizes: precision 0.0  recall 0.0"


def test_sizes_are_right_within_eight_hundredths(tmp_path):
    """Whichever font they are told of; each of a page's counts once."""
    sizes = [("lora", 13.0), ("lora", 13.0), ("inter", 40.0), ("inter", 100.0), ("lora", 22.0)]
    write_page(tmp_path, [([10, 30 * n, 110, 30 * n + 10], family, size) for n, (family, size) in enumerate(sizes)])
    first, second = entry([], "lora", sizes=[(13,), (42, 44)]), entry([], "inter", sizes=[(93,), (91, 14)])
    assert scored(tmp_path, first, second)["sizes"] == {"precision": round(4 / 6, 4), "recall": 0.75}


@pytest.mark.parametrize(
    ("found", "is_found"),
    [((10, 60, 60, 70), True), ((10, 60, 59, 70), False), ((10, 60, 110, 65), True), ((10, 60, 110, 64), False)],
)
def test_a_line_is_found_where_half_of_it_is(tmp_path, found, is_found):
    write_page(tmp_path, [([10, 60, 110, 70], "lora", 13.0)])
    assert scored(tmp_path, entry([found], "lora"))["found"] == is_found


def test_families_are_known_by_name_and_those_of_no_catalogue_count_as_wrong(tmp_path):
    write_page(tmp_path, [([10, 60, 110, 70], "Lora", 13.0), ([10, 160, 110, 170], "Paid", 13.0)])
    summary = scored(tmp_path, *(entry([box], "lora") for box in ((10, 60, 110, 70), (10, 160, 110, 170))))
    assert (summary["n"], summary["found"], summary["twins"]["top1"]) == (2, 1.0, 0.5)


def test_a_manifest_of_pages_that_is_wrong_is_told(tmp_path):
    write_page(tmp_path, [([0, 0, 10, 10], "lora", 12.0)])
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.png", "lines": [{"box": [1, 2, 3, 4]}]}\n')
    with pytest.raises(ManifestError, match="line 1"):
        read_pages(tmp_path)
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.png", "family": "lora"}\n')
    assert not holds_pages(tmp_path)


def test_runs_of_one_face_are_one_line_and_boxes_fit_the_ink():
    pixels = np.full((60, 300, 3), 250, np.uint8)
    pixels[20:30, 40:90] = pixels[20:30, 100:150] = pixels[18:32, 160:200] = 20
    common = {"block": "block-1", "italic": False, "size": 10.0, "role": "code", "upper": "none", "family": "lora"}
    runs = [
        common | {"text": "return ", "box": [38, 10, 98, 40], "weight": 400},
        common | {"text": "value", "box": [98, 10, 155, 40], "weight": 400},
        common | {"text": "bold", "box": [158, 10, 205, 40], "weight": 700},
    ]
    first, second = lines_of(runs, pixels, 1.0)
    assert (first.text, first.box, first.weight) == ("return value", (40, 20, 150, 30), 400)
    assert (second.text, second.box, second.weight) == ("bold", (160, 18, 200, 32), 700)
    assert _around_ink(pixels, [210, 10, 260, 40]) is None


def test_families_of_pages_are_drawn_by_the_table_of_usage_that_ships():
    about = {"weight": 400, "italic": False, "license": "", "copyright": "", "url": "", "file": "", "sha256": ""}
    faces = [Face(f"{name}-400-normal", name, name, "sans-serif", **about) for name in ("inter", "nobody")]
    every = OpenFace(unpack(font_file("arimo"), FONTS.parent / "ttf"))
    pool, rng = Pool(faces, lambda face: every, USAGE), np.random.default_rng(0)
    chosen = Counter(pool.choose(rng, ("sans-serif",), frozenset("abc"))[0].family for _ in range(200))
    assert 25 < chosen["nobody"] < 75  # half of the times, evenly; what nobody uses never comes by usage


def test_editors_are_whole_screens_of_each_family_of_code_light_and_dark():
    plans, every = list(plan_editors()), product(EDITORS, ("editor", "terminal"), (False, True))
    assert {(plan.code, plan.template, plan.dark) for plan in plans} == set(every)
    assert len(plans) == 20 and {(plan.width, plan.height, plan.scale) for plan in plans} == {(1920, 1080, 1.0)}


def test_a_page_is_drawn_as_it_is_planned(chromium, faces, open_face):
    """Its code is in the family that was asked for, not in one that chance gives."""
    known = [replace(face, category="monospace") if face.family == "press-start-2p" else face for face in faces]
    plan = Plan("terminal", 1.0, 900, 600, False, "lora")
    (page,) = draw_pages(np.random.default_rng(3), [plan], Pool(known, open_face, USAGE), "test", FONTS)
    assert {line.family for line in page.lines if line.role == "code"} == {"lora"} and not page.dark
    image = Image.open(io.BytesIO(page.data))
    assert image.size == (900, 600) and np.median(np.asarray(image.convert("L"))) > 200


SITE = """<body style="margin:20px; font:20px serif; width:600px"><h1 class="big">Signal Window</h1>
<p>the quick brown fox</p><p>jumps over the dog</p><pre>x = y + 1</pre>
<i class="fa-home" style="font-family:monospace">home</i>{}</body>"""


def test_other_peoples_pages_are_set_in_known_families(chromium, faces, open_face, tmp_path):
    """Text, headings and code in one family each; what a font of icons draws, parts of pages and tests are left out."""
    package = tmp_path / "theme-1.0"
    (package / "test").mkdir(parents=True)
    for name, filling in {"index.html": " " * 3000, "test/other.html": " " * 3000, "part.html": ""}.items():
        (package / name).write_text(SITE.format(filling))
    assert [path.name for path in pages_of(package)] == ["index.html"]
    known = [replace(face, category="monospace") if face.family == "press-start-2p" else face for face in faces]
    pool = Pool(known, open_face, USAGE)
    (page,) = draw_sites(np.random.default_rng(3), pool, tmp_path, FONTS, count=1)
    image = Image.open(io.BytesIO(page.data))
    assert page.template == "theme-1.0" and image.width in {round(width * scale) for width, _, scale in WINDOWS}
    found = {line.text: line for line in page.lines}
    assert list(found) == ["Signal Window", "the quick brown fox", "jumps over the dog", "x = y + 1"]
    heading, first, second, code = page.lines
    assert first.family == second.family != heading.family != code.family == "press-start-2p"
    assert {heading.family, first.family} <= {face.family for face in known}
    assert heading.weight == 700 and first.size == pytest.approx(20 * page.scale)
    assert np.ptp(np.asarray(image.crop(first.box))) > 100  # the letters are there
    with pytest.raises(SystemExit, match="fetch_sites first"):
        next(draw_sites(np.random.default_rng(3), pool, package / "test", FONTS))


def test_every_site_has_a_version_and_a_licence_and_no_package_is_on_both_sides():
    sites = read_sites()
    kinds = {("validation", "npm"), ("test", "npm"), ("test", "debian")}
    assert {(site.split, site.registry) for site in sites} == kinds
    assert all(site.version and site.licence for site in sites)
    assert len({site.name for site in sites}) == len(sites)
