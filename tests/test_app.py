"""The app as it is served: through its API and in a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.conftest import ROOT, draw

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port, cache = free_port(), tmp_path_factory.mktemp("gradio")
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(cache), "HF_HUB_OFFLINE": "1"}
    log = open(cache / "log.txt", "w+")
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    started = time.monotonic()
    while True:
        assert process.poll() is None and time.monotonic() - started < 60, (cache / "log.txt").read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def client(server):
    return Client(server[0], verbose=False)


@pytest.fixture
def picture(tmp_path) -> Path:
    path = tmp_path / "sample.png"
    draw("Signal Wolke", "pacifico", 60, ink=(250, 250, 250), ground=(30, 60, 160)).save(path)
    return path


def test_api_returns_what_the_command_line_prints(client, picture, identifier):
    answer = client.predict(handle_file(picture), api_name="/identify")
    assert answer.pop("image") and answer == identifier.identify(picture).to_dict()
    assert answer["matches"][0]["family"] == "pacifico"


def test_api_says_what_is_wrong_and_goes_on(client, picture, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:300])
    with pytest.raises(AppError, match="damaged"):
        client.predict(handle_file(broken), api_name="/identify")
    assert client.predict(handle_file(picture), api_name="/identify")["matches"]


def test_api_reads_no_file_of_the_server(server):
    """A path that was never uploaded is refused, with and without the marks of a file."""
    inside = str(ROOT / "model" / "golden" / "00.png")
    for data in ({"path": inside, "meta": {"_type": "gradio.FileData"}}, {"path": inside}):
        url = f"{server[0]}/gradio_api/call/identify"
        event = httpx.post(url, json={"data": [data]}).json().get("event_id")
        result = httpx.get(f"{url}/{event}", timeout=30).text
        assert "event: error" in result and "matches" not in result


def test_memory_of_the_server(server, client, picture):
    client.predict(handle_file(picture), api_name="/identify")
    assert psutil.Process(server[1].pid).memory_info().rss < 900e6


@pytest.fixture(scope="module")
def page(server):
    if CHROMIUM is None:
        pytest.skip("no Chromium here: .ci/run installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(server[0])
        yield page
        browser.close()


def upload(page, path: Path) -> None:
    clear = page.locator("#picture button[aria-label='Clear'], #picture button[aria-label='Remove Image']")
    if clear.count():
        clear.first.click()
    page.locator("#picture input[type=file]").first.set_input_files(path)


def test_a_person_drops_in_a_picture(page, picture, server):
    upload(page, picture)
    first = page.locator("#answer .matches li").first
    first.wait_for(timeout=20_000)
    assert "Pacifico" in first.inner_text() and "400" in first.inner_text()
    assert first.locator("a").get_attribute("href") == "https://fonts.google.com/specimen/Pacifico"
    hosts = {url.split("/")[2] for url in page.asked if url.startswith("http")}
    assert hosts == {server[0].split("/")[2]}  # nothing is asked of anybody else


def test_a_bad_file_gets_a_sentence_and_the_next_one_works(page, picture, tmp_path):
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    upload(page, bad)
    page.locator("#answer .problem").wait_for(timeout=20_000)
    assert "not a picture" in page.locator("#answer .problem").inner_text()
    upload(page, picture)
    page.locator("#answer .matches li").first.wait_for(timeout=20_000)
