"""What evaluation makes of answers: weights, slopes, groups; how well the unknown is told."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.failures import CAPTION, CELL
from benchmarks.failures import main as show_failures
from fontid.catalogue.ranking import Catalogue, Match
from fontid.evaluation.folders import Sample, evaluate, read_manifest, sample_of, spread, summarise, table
from fontid.evaluation.open_set import auroc, doubt_table, measure_doubt, summarise_doubt
from fontid.picture.opening import PictureError
from tests.conftest import draw
from tests.test_catalogue import FACES, TWINS, match


@pytest.fixture(scope="module")
def catalogue():
    count = len(FACES)
    prototypes = np.eye(count, dtype=np.float16)
    owners = np.arange(count, dtype=np.int32)
    return Catalogue(FACES, prototypes, owners, np.array(TWINS, np.int32))


def judged(tmp_path, catalogue, *cases: tuple[dict, list[Match]]):
    """Outcomes of manifest rows whose pictures are answered as told."""
    for number, (row, _) in enumerate(cases):
        (tmp_path / str(number)).write_bytes(str(number).encode())
        row["file"] = str(number)
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row, _ in cases))
    return evaluate(lambda picture: cases[int(picture)][1], catalogue, read_manifest(tmp_path))


def test_a_sample_is_spread_evenly_over_a_list():
    every = list(range(10))
    assert spread(every, 4) == [0, 2, 5, 7] and spread(every, 1) == [0]
    assert spread(every, 10) == spread(every, 99) == spread(every, None) == every


def test_a_weight_is_one_that_fonts_can_have(tmp_path):
    rows = ({"file": "a.png", "family": "a", "weight": weight} for weight in (1, 1000))
    assert [sample_of(tmp_path, row).weight for row in rows] == [1, 1000]
    for weight in (0, 1001, -400):
        with pytest.raises(ValueError, match="no weight"):
            sample_of(tmp_path, {"file": "a.png", "family": "a", "weight": weight})


def test_weights_and_slopes_are_judged_where_the_family_is_right(tmp_path, catalogue):
    outcomes, left_out = judged(
        tmp_path,
        catalogue,
        ({"family": "a", "weight": 400}, [match("a", 400)]),  # all right
        ({"family": "a", "weight": 400}, [match("b", 400)]),  # a twin, all right
        ({"family": "a", "weight": 700}, [match("a", 400)]),  # 300 off
        ({"family": "a", "weight": 400, "italic": True}, [match("a", 400)]),  # slope wrong
        ({"family": "d", "weight": 400}, [match("a", 900, True), match("d", 400)]),  # family wrong
        ({"family": "a"}, [match("a", 700, True)]),  # no label of a weight
    )
    summary = summarise(outcomes, left_out)
    assert summary["strict"]["top1"] == round(4 / 6, 4) and summary["twins"]["top1"] == round(5 / 6, 4)
    assert summary["styles"] == {"n": 5, "variants": 0.4, "n_right": 4, "weight_error": 75, "slope_right": 0.75}


def test_pictures_families_refusals_and_words_are_counted(tmp_path, catalogue):
    """One right, one refused, one wrong, one without a font, and one whose family there is not."""
    sure, doubtful = (match("a", verdict=word, probability=p) for word, p in (("certain", 0.9), ("close", 0.2)))
    outcomes, left_out = judged(
        tmp_path,
        catalogue,
        ({"family": "a"}, [sure, match("d")]),
        ({"family": "a"}, []),
        ({"family": " D"}, [doubtful, match("d")]),  # its name
        ({"family": None}, []),
        ({"family": "nobody"}, [match("a")]),
    )
    assert [(one.strict, one.twins, one.first) for one in outcomes] == [
        (1, 1, sure), (None, None, None), (2, 2, doubtful), (1, 1, None),
    ]  # fmt: skip
    summary = summarise(outcomes, left_out)
    assert [summary[name] for name in ("n", "families", "left_out", "refused")] == [4, 2, 1, 0.5]
    assert summary["strict"] == {"top1": 0.5, "top5": 0.75, "top20": 0.75}
    words = summary["calibration"]["verdicts"]
    assert (words["right"]["n"], words["right"]["certain"]) == (1, 1)
    assert (words["wrong"]["n"], words["wrong"]["close"], words["wrong"]["certain"]) == (1, 1, 0)
    assert summary["calibration"]["expected_error"] == pytest.approx(0.15)  # 0.1 and 0.2


def test_intervals_are_those_of_the_bootstrap(tmp_path, catalogue):
    """Of a share they are nearly the binomial's; there is none of rows that no picture has."""
    sure = match("a", verdict="certain", probability=0.9)
    cases = [({"family": "a"}, [sure])] * 80 + [({"family": "a"}, [match("d"), match("a")])] * 20
    outcomes, left_out = judged(tmp_path, catalogue, *[(dict(row), rows) for row, rows in cases])
    found = summarise(outcomes, left_out)["intervals"]
    assert found == summarise(outcomes, left_out)["intervals"]
    assert found["strict_top1"] == pytest.approx([0.72, 0.88], abs=0.02) and found["strict_top5"] == [1, 1]
    assert found["right_certain"] == [1, 1] and found["wrong_certain"] == [0, 0]
    low, high = found["expected_error"]
    assert low < summarise(outcomes, left_out)["calibration"]["expected_error"] < high
    refused = summarise(*judged(tmp_path, catalogue, ({"family": "a"}, [])))["intervals"]
    assert refused["twins_top1"] == [0, 0] and "right_certain" not in refused and "expected_error" not in refused


def test_styles_are_left_out_without_labels_and_empty_without_right_answers(tmp_path, catalogue):
    outcomes, left_out = judged(tmp_path, catalogue, ({"family": "a"}, [match("a")]))
    assert "styles" not in summarise(outcomes, left_out)
    outcomes, left_out = judged(tmp_path, catalogue, ({"family": "a", "weight": 400}, []))
    summary = summarise(outcomes, left_out)
    assert summary["styles"] == {"n": 1, "variants": 0, "n_right": 0, "weight_error": None, "slope_right": None}
    assert "all" in table(summary)


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"style": "regular"}, (400, False)),
        ({"style": "Bold"}, (700, False)),
        ({"style": "italic"}, (400, True)),
        ({"style": "bold italic"}, (700, True)),
        ({"style": "display"}, (None, False)),
        ({"style": None, "italic": True}, (None, True)),
        ({"style": "bold", "weight": 300}, (300, False)),
    ],
)
def test_styles_in_words_are_labels_where_they_are_plain(tmp_path, row, label):
    (tmp_path / "manifest.jsonl").write_text(json.dumps({"file": "x", "family": "a"} | row))
    (sample,) = read_manifest(tmp_path)
    assert (sample.weight, sample.italic) == label


@pytest.mark.parametrize(
    ("family", "text", "spells"),
    [
        ("press-start-2p", "PRESS start 2P!", True),
        ("lora", "Lora", True),
        ("lora", "Lorax", False),
        ("lora", "", False),
        ("lora", None, False),
    ],
)
def test_a_text_spells_its_family_by_its_letters(family, text, spells):
    assert Sample(Path(), family, None, False, (), text).spells_its_family == spells


def test_pictures_that_spell_their_family_are_apart_where_there_are_both_kinds(tmp_path, catalogue):
    spelling, other = ({"family": "a", "text": "A."}, [match("a")]), ({"family": "a", "text": "Word"}, [])
    silent = ({"family": "d"}, [match("d")])
    both = summarise(*judged(tmp_path, catalogue, spelling, other, other, silent))
    assert {name: part["n"] for name, part in both["by"].items()} == {"spells its family": 1, "other text": 2}
    assert both["by"]["spells its family"]["strict"]["top1"] == 1 and both["by"]["other text"]["strict"]["top1"] == 0
    for alone in (spelling, other):
        assert summarise(*judged(tmp_path, catalogue, alone, silent))["by"] == {}


def test_the_median_is_not_moved_by_one_slow_picture(tmp_path, catalogue, monkeypatch):
    clock = iter([0.0, 1.0, 1.0, 2.0, 2.0, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    summary = summarise(*judged(tmp_path, catalogue, *[({"family": "a"}, [match("a")]) for _ in range(3)]))
    assert (summary["seconds_per_image"], summary["median_seconds"]) == (4, 1)


def test_the_table_fits_a_terminal(tmp_path, catalogue):
    row = {"family": "a", "weight": 400, "protocol": "a very long protocol indeed", "text": "A"}
    summary = summarise(*judged(tmp_path, catalogue, (row, [match("a")]), (row | {"text": "x"}, [match("a", 900)])))
    lines = table(summary).splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[0].endswith("weight off by") and lines[1].split()[-3:] == ["50.0", "100.0", "250.0"]


@pytest.mark.parametrize("values", [2, 5, 1000])
def test_auroc_is_the_literal_chance(rng, values):
    """Few values make many ties."""
    known, unknown = rng.integers(0, values, 40) / values + 0.1, rng.integers(0, values, 30) / values
    wins = [(p > n) + 0.5 * (p == n) for p in known for n in unknown]
    assert auroc(known, unknown) == pytest.approx(np.mean(wins), abs=1e-12)


def test_every_picture_is_asked_about_with_and_without_its_family(tmp_path, catalogue):
    asked = []

    def in_catalogue(picture: bytes, without: frozenset[str]) -> float:
        asked.append((picture, without))
        if picture == b"2":
            raise PictureError("No text.")
        return {b"0": 0.9, b"1": 0.6}[picture] - (0.5 if without else 0)

    samples = []
    for number, (family, group) in enumerate([("a", "p"), ("b", "q"), ("d", "q"), ("nobody", "q")]):
        (tmp_path / str(number)).write_bytes(str(number).encode())
        samples.append(Sample(tmp_path / str(number), family, None, False, (group,)))
    summary = summarise_doubt(*measure_doubt(in_catalogue, catalogue, samples))
    assert [(picture.decode(), "".join(sorted(without))) for picture, without in asked] == [
        ("0", ""), ("0", "ab"), ("1", ""), ("1", "abc"), ("2", ""),
    ]  # fmt: skip
    assert (summary["n"], summary["left_out"]) == (3, 1)
    assert summary["in_catalogue"] == {"known": 0.5, "unknown": 0.1667}
    # of nine pairs: 0.9 beats 0.4, 0.1 and 0; 0.6 likewise; 0 ties with 0
    assert summary["auroc"] == round(6.5 / 9, 4)
    assert summary["by"]["p"]["auroc"] == 1 and summary["by"]["q"]["n"] == 2
    assert "0.722" in doubt_table(summary).splitlines()[1]


def test_failures_are_shown_and_only_those(tmp_path, capsys):
    """Two pictures with right labels and one with a wrong one: one row."""
    labels = {"pacifico": "pacifico", "press-start-2p": "press-start-2p", "playfair-display": "pacifico"}
    rows = []
    for family, label in labels.items():
        draw("Signal Window", family, 48).save(tmp_path / f"{family}.png")
        rows.append(json.dumps({"file": f"{family}.png", "family": label, "text": "Signal Window"}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows))
    show_failures([str(tmp_path), str(tmp_path / "sheet.png")])
    assert "1 pictures named wrong" in capsys.readouterr().out
    sheet = Image.open(tmp_path / "sheet.png")
    width, height = 4 * CELL[0], CELL[1] + CAPTION
    assert sheet.size == (width, height)
    cells = [sheet.crop((column * CELL[0], CAPTION, (column + 1) * CELL[0], height)) for column in range(4)]
    assert all(min(cell.convert("L").getextrema()) < 100 for cell in cells)  # ink in every one
