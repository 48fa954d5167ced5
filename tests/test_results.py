"""Tables of README and docs/ are what results/ give; figures of experiments come from the file beside them; the
report of all experiments is made from results alone."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from benchmarks import report, tables
from fontid.catalogue.faces import regular_faces
from fontid.evaluation.experiment import read_result, read_results, read_yaml
from fontid.letters.families_map import draw_map
from tests.conftest import ROOT

FILE = re.compile(r"results/[\w./-]+\.jsonl?(?:#[\w/-]+)?")
FIGURE = re.compile(r"(?<![\w./-])(\d+\.\d+|\d{2,})(?![\w./-]|\.\d)")


def leaves(value) -> set[float]:
    if isinstance(value, dict):
        named = {float(number) for key in value for number in re.findall(r"\d+\.?\d*", key)}  # such as "4 MP png"
        return named.union(*map(leaves, value.values()))
    if isinstance(value, list):
        return set().union(*map(leaves, value)) if value else set()
    return {float(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


EXPERIMENTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "experiments").glob("*.md"))


def test_the_index_of_experiments_leads_to_every_entry():
    """A link's fragment is the heading as GitHub writes it."""
    index = (ROOT / "EXPERIMENTS.md").read_text(encoding="utf-8")
    headings = []
    for name in EXPERIMENTS:
        for heading in re.findall(r"(?m)^## (.+)", (ROOT / name).read_text(encoding="utf-8")):
            anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            headings.append(f"{name}#{anchor}")
    assert sorted(re.findall(r"\]\((docs/experiments/[^)]+)\)", index)) == sorted(headings)


@pytest.mark.parametrize("name", [*EXPERIMENTS, "model/README.md"])
def test_figures_agree_with_results(name):
    """Every row of a table that holds decimals names its file; the model's card names one for all of them."""
    page = (ROOT / name).read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\|.*\d\.\d", line)]
    assert rows
    for line in rows:
        found = FILE.search(page if name == "model/README.md" else line)
        assert found, f"{name}: this row names no file in results/: {line}"
        known = leaves(read_result(ROOT / found.group()))
        shown = {f"{value * factor:.{digits}f}" for value in known for factor in (1, 100) for digits in (0, 1, 2, 3)}
        for figure in FIGURE.findall(FILE.sub("", line)):
            assert figure in shown, f"{name}: {figure} is not in {found.group()}: {line}"


@pytest.mark.parametrize("name", tables.PAGES)
def test_tables_are_what_results_give(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    assert tables.PLACE.search(page)
    assert tables.first_difference(page) is None
    assert tables.written(page) == page
    by_hand = [
        line for line in tables.PLACE.sub("", page).splitlines() if re.match(r"\|.*(?<![\d.])\d+\.\d+(?![\d.])", line)
    ]
    assert not by_hand, f"{name}: a table with figures stands outside the marked places"


def test_a_changed_row_is_named():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| real pictures"))
    false = page.replace(row, re.sub(r"\d+\.\d", "100.0", row))  # 100.0 occurs in the named file, so it once passed
    assert false != page
    assert tables.first_difference(false) == "results"


def test_every_result_says_how_it_was_made_or_is_an_evaluation():
    results = {path: read_result(path) for path in (ROOT / "results").rglob("*.json")}
    for path in (ROOT / "results").rglob("*.jsonl"):
        results |= {f"{path}#{name}": record for name, record in read_results(path).items()}
    for path, record in results.items():
        evaluations = ({"n", "strict", "twins", "by"}, {"n", "auroc", "in_catalogue", "by"})
        assert "command" in record or any(keys <= set(record) for keys in evaluations), path
        assert not re.search(r"\s/\w", record.get("command", "")), f"{path} names a folder of one machine"


# --- the report


def part(top1: float, n: int = 100) -> dict:
    return {"n": n, "strict": {"top1": top1 - 0.1, "top5": top1}, "twins": {"top1": top1, "top5": top1 + 0.05}}


@pytest.fixture
def results(tmp_path, identifier):
    folder = tmp_path / "results"
    folder.mkdir()
    runs = []
    for stem, top1, images in (("small", 0.512, 204_800), ("full-205k", 0.6, 204_800), ("full-614k", 0.7, 614_400)):
        metrics = {
            "chromium": {"trained_families": part(top1), "other_families": part(top1 - 0.1)},
            "real": part(top1 - 0.2),
            "parameters": 4_031_840,
            "training": {"images": images, "seconds": 480, "curve": [[images // 2, 0.3], [images, top1]]},
        }
        record = {"metrics": metrics, "settings": {"families": None}}
        runs.append(json.dumps({"name": stem} | record))
    (folder / "ladder.jsonl").write_text("\n".join(runs))
    families = identifier.catalogue.families
    rng = np.random.default_rng(0)
    details = {
        "by_size": {"14-19": part(0.5), "20-27": part(0.7)},
        "by_category": {"serif": part(0.6)},
        "confused": [{"families": ["lora", "roboto"], "lines": 3}],
        "map": {family: rng.random(2).tolist() for family in families},
    }
    (folder / "once.jsonl").write_text(json.dumps({"name": "details", "metrics": details}))
    bins = {"expected_error": 0.02, "bins": [{"probability": 0.5, "right": 0.5, "n": 4}]}
    calibration = {"metrics": {"n": 4, "probability": bins, "in_catalogue": bins}}
    (folder / "calibration.json").write_text(json.dumps(calibration))
    return folder


def test_pictures_of_the_report_are_drawn_from_results(results, tmp_path):
    out, families = tmp_path / "report", tmp_path / "families.webp"
    report.main(["--results", str(results), "--out", str(out), "--map", str(families)])
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    for picture in ("curves", "growth", "parts", "confused", "calibration"):
        assert Image.open(out / f"{picture}.webp").convert("L").getextrema()[0] < 100
        assert f"report/{picture}.webp" in page
    assert Image.open(families).size == (2160, 2160)


def test_a_table_of_runs_leaves_out_what_was_not_run(results, monkeypatch):
    monkeypatch.setattr(tables, "ROOT", results.parent)
    text = tables.ladder({"small": "ours", "loss-arcface": "another"})
    assert "51.2 / 56.2 | 41.2 / 46.2 | 31.2 / 36.2 | 4.0M | results/ladder.jsonl#small" in text
    assert "another" not in text


def test_every_question_has_its_table():
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert [name for name, _ in tables.PLACE.findall(page)] == list(read_yaml(tables.QUESTIONS))


def test_families_stand_in_the_map_where_they_should(identifier):
    regular = {face.family: face for face in regular_faces(identifier.catalogue.faces)}
    sheet, boxes = draw_map({"lora": (0.5, 0.25), "roboto": (0.5, 0.25)}, regular, identifier.letterforms)
    ink = np.argwhere(np.asarray(sheet.convert("L")) < 200)
    assert (np.abs(ink.mean(0) - [540, 1080]) < 72).all()  # near where both belong, and beside each other
    left, top, width, height = boxes["roboto"]
    inside = np.asarray(sheet.convert("L"))[top : top + height, left : left + width]
    assert inside.min() < 100 and boxes["lora"] != boxes["roboto"]
    alone, _ = draw_map({"lora": (0.5, 0.25)}, regular, identifier.letterforms)
    assert (np.asarray(sheet.convert("L")) < 200).sum() > 1.5 * (np.asarray(alone.convert("L")) < 200).sum()


def test_without_results_a_sentence_says_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="run python -m train.run_experiments"):
        report.main(["--results", str(tmp_path)])
