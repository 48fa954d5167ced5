"""What a whole picture costs, in a process of its own: `make slow`."""

import pytest

from benchmarks.measure_cost import cost_of, draw_page, main
from fontid.evaluation.experiment import read_result
from fontid.letters.verification import FAMILIES


@pytest.mark.slow
@pytest.mark.parametrize(("megapixels", "suffix", "most"), [(4, ".jpg", 500), (4, ".png", 500), (50, ".jpg", 800)])
def test_memory(tmp_path, megapixels, suffix, most):
    file = tmp_path / f"page{suffix}"
    file.write_bytes(draw_page(megapixels, suffix))
    cost = cost_of(file)
    assert cost["first"] == "lora" and cost["peak_mb"] <= most


def test_costs_are_written_for_every_size(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.measure_cost.MEGAPIXELS", (0.25,))
    main(["--results", str(tmp_path / "cost.json")])
    metrics = read_result(tmp_path / "cost.json")["metrics"]
    drawing = metrics.pop("drawing")
    assert drawing["faces_drawn"] > FAMILIES and drawing["warm_milliseconds"] < drawing["cold_milliseconds"]
    assert set(metrics) == {"0.25 MP png", "0.25 MP jpg"}
    assert all(150 < one["peak_mb"] < 900 and one["next_seconds"] < one["first_seconds"] for one in metrics.values())
