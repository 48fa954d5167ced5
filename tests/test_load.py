"""What the load test counts, what it sends, and what it found."""

import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pillow_heif
import psutil
import pytest
import requests

from deploy import measure_load
from deploy.load_pictures import encoded, made_unique
from deploy.visits import ANSWERED, LOST, REFUSED, Visit, check_cards, check_identified, checked, ended
from fontid.evaluation.experiment import read_result
from fontid.picture.opening import open_picture
from tests.conftest import ROOT, draw

CARD = "<li class='card'>Lora</li>"
PROBLEM = "<p class='problem' role='alert'>{}</p>"
BUSY = "This takes too long just now: try again in a minute, or with a smaller picture."
VISITS = [
    Visit("page", ANSWERED, "", 100.0, 100.5),
    Visit("page: word.png", ANSWERED, "", 100.0, 101.0),
    Visit("page: word.png", ANSWERED, "", 101.0, 104.0),
    Visit("api: word.png", REFUSED, BUSY, 100.0, 120.0),
    Visit("api: word.png", LOST, "ConnectionError: reset", 100.0, 110.0),
]


def test_answers_refusals_and_losses_are_counted_apart():
    found = measure_load.summary(VISITS)
    assert (found["questions"], found["answered"], found["refused"], found["lost"]) == (4, 2, 1, 1)
    assert found["late"] == 2  # a refusal and a loss
    assert found["throughput"] == 2 / 20 and found["seconds"] == 20  # an opened page is no answer
    assert found["p50_ms"] == 2000 and found["p99_ms"] == 2980
    assert found["pages"] == {"opened": 1, "p50_ms": 500, "p95_ms": 500, "p99_ms": 500}
    assert measure_load.sentences(VISITS, REFUSED) == {BUSY: 1}
    assert measure_load.sentences(VISITS, LOST) == {"api: word.png: ConnectionError: reset": 1}
    assert measure_load.by_kind(VISITS)["page: word.png"] == {"n": 2, "p50_ms": 2000}
    assert measure_load.percentiles([]) == {"p50_ms": 0, "p95_ms": 0, "p99_ms": 0}


def test_growth_is_the_slope():
    assert measure_load.growth([50, 110, 170], [400, 401, 402]) == 60  # a MB a minute
    assert measure_load.growth([0, 60, 120, 180], [400, 403, 403, 400]) == 0


def test_memory_is_the_largest_sum_not_the_sum_of_the_largest():
    watch = measure_load.Watch({}, [(0.0, {"app": 500.0, "nginx": 10.0}), (0.2, {"app": 400.0, "nginx": 30.0})])
    assert (watch.peak(), watch.peak("app"), watch.peak("nginx")) == (510, 500, 30)


def test_cores_are_those_of_the_time_looked_at():
    watch = measure_load.Watch({}, cpu=[(0.0, 5.0), (10.0, 5.0), (20.0, 25.0), (30.0, 30.0)])
    assert watch.cores(10, 20) == 2.0 and watch.cores(5, 25) == 1.12
    own = measure_load.Watch({"app": psutil.Process()})
    own.look()
    began = time.process_time()
    while time.process_time() < began + 0.3:
        pass
    own.look()
    assert 0.2 < own.cpu[1][1] - own.cpu[0][1] < 5 and own.samples[0][1]["app"] > 10


@pytest.mark.parametrize(
    ("check", "shown", "outcome"),
    [
        (check_cards, ([None, CARD], True), ANSWERED),
        (check_cards, ([PROBLEM.format("This file is empty; please choose a picture.")], False), ANSWERED),
        (check_cards, ([PROBLEM.format(BUSY)], True), REFUSED),
        (check_cards, ([CARD], False), LOST),  # fonts in a picture without any
        (check_cards, (["", None], True), LOST),
        (check_cards, ([PROBLEM.format("Something went wrong here: try again.")], True), LOST),
        (check_cards, ([PROBLEM.format("This file is not a picture.")], True), LOST),
        (check_identified, ("complete", [{"matches": [{}]}], True), ANSWERED),
        (check_identified, ("error", {"error": "This file is empty."}, False), ANSWERED),
        (check_identified, ("error", {"error": BUSY}, True), REFUSED),
        (check_identified, ("error", None, True), LOST),
        (check_identified, ("complete", [{"matches": []}], True), LOST),
        (check_identified, ("complete", [{"matches": [], "verdict": "no_text"}], False), ANSWERED),
    ],
)
def test_how_a_page_and_the_endpoint_answer(check, shown, outcome):
    assert ended("x", lambda: check(*shown)).outcome == outcome


@pytest.mark.parametrize(
    ("status", "content", "outcome"),
    [
        (503, '{"detail": "Too many pictures are waiting here just now: try again in half a minute."}', REFUSED),
        (429, "Too many requests from your address: wait ten seconds, then go on more slowly.", REFUSED),
        (507, "The server has no room for this just now: try again in a few minutes.", REFUSED),
        (503, "<html>Service Unavailable: try again</html>", LOST),
        (503, "", LOST),
        (500, '{"detail": "try again"}', LOST),
        (404, '{"detail": "Not Found"}', LOST),
    ],
)
def test_a_refusal_is_one_with_a_sentence(status, content, outcome):
    response = requests.Response()
    response.status_code, response._content = status, content.encode()
    assert ended("x", lambda: checked(response)).outcome == outcome


def test_a_connection_that_breaks_is_a_loss():
    def work():
        raise requests.ConnectionError("reset")

    assert ended("x", work).outcome == LOST


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "HEIF"])
def test_every_upload_is_another_file_with_the_same_pixels(kind):
    picture = draw("Signal", "pacifico").convert("RGB")
    pillow_heif.register_heif_opener()
    content = encoded(picture, kind)
    first, second = (made_unique(content, "a", number) for number in (1, 2))
    assert first != second
    assert open_picture(first).tobytes() == open_picture(content).tobytes()


def test_the_site_is_the_one_that_is_installed(tmp_path):
    site = measure_load.site_configuration(7001, 7002, tmp_path)
    assert "listen 127.0.0.1:7002" in site and "server 127.0.0.1:7001" in site and "limit_req zone" in site
    assert "/var/" not in site and "7860" not in site


def test_a_group_limits_memory_for_real():
    group = measure_load.Group(64)
    try:
        if group.killed is None:
            pytest.skip(group.kind)
        hungry = [sys.executable, "-c", "bytearray(200_000_000)"]
        assert subprocess.run(group.command(hungry), check=False).returncode == -signal.SIGKILL
        assert group.killed == 1 and group.peak <= 64
    finally:
        group.remove()


def test_the_load_was_carried():
    record = read_result(ROOT / "results/load.json")
    metrics = record["metrics"]
    assert metrics["peak_rss_mb"] < 900 and metrics["lost"] == 0 and not metrics["killed_for_memory"]
    assert list(metrics["users"]) == [str(count) for count in measure_load.USERS]
    for level in metrics["users"].values():
        assert level["throughput"] > 0 and 0 < level["p50_ms"] <= level["p95_ms"] <= level["p99_ms"]
        assert level["answered"] + level["refused"] >= level["questions"] and level["peak_rss_mb"] < 900
    assert record["settings"]["limit_mb"] == 900 and metrics["recovery_seconds"] < 10


def test_nothing_grows():
    record = read_result(ROOT / "results/once.jsonl#soak")
    metrics = record["metrics"]
    assert record["settings"]["minutes"] >= 30 and metrics["lost"] == 0 and metrics["peak_rss_mb"] < 900
    assert metrics["growth_mb_an_hour"] < 30
    assert metrics["open_files_after"] <= metrics["open_files_before"] + 20


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nginx") or not find_spec("locust"), reason="needs nginx and locust")
def test_two_visitors_for_ten_seconds(tmp_path):
    measure_load.main(["--seconds", "10", "--users", "2", "--results", str(tmp_path / "load.json")])
    metrics = read_result(Path(tmp_path / "load.json"))["metrics"]
    assert metrics["lost"] == 0 and metrics["users"]["2"]["answered"] > 0 and 200 < metrics["peak_rss_mb"] < 900
