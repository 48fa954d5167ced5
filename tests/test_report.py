"""The report of all experiments is made from results alone."""

import json

import numpy as np
import pytest
from PIL import Image

from benchmarks import report
from benchmarks.families_map import draw_map
from fontid.catalogue.faces import regular_faces


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
    (folder / "details.json").write_text(json.dumps({"metrics": details}))
    bins = {"expected_error": 0.02, "bins": [{"probability": 0.5, "right": 0.5, "n": 4}]}
    calibration = {"metrics": {"n": 4, "probability": bins, "in_catalogue": bins}}
    (folder / "calibration.json").write_text(json.dumps(calibration))
    return folder


def test_report_is_made_from_results(results, tmp_path):
    out, families = tmp_path / "docs" / "report", tmp_path / "families.webp"
    report.main(["--results", str(results), "--out", str(out), "--map", str(families)])
    text = out.with_suffix(".md").read_text()
    assert "51.2 / 56.2 | 41.2 / 46.2 | 31.2 / 36.2 | 4.0M | results/ladder.jsonl#small" in text
    assert "loss-arcface" not in text  # not run: no row
    for picture in ("curves", "growth", "parts", "confused", "calibration"):
        assert Image.open(out / f"{picture}.webp").convert("L").getextrema()[0] < 100
        assert f"report/{picture}.webp" in text
    assert Image.open(families).size == (2160, 2160)


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
