"""The app as it is served: through its API, as MCP tools, and in a real browser."""

import asyncio
import base64
import csv
import io
import json
import re
import shutil
import socket
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from deploy.load_pictures import Sample
from deploy.visits import ANSWERED, Visitor
from fontid.identifier import NoText, told
from tests.conftest import ROOT, answer_validator, draw, encode, start_app
from tests.test_enrolment import own_font
from tests.test_lines import on_page
from web.page import build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE = {"has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    app = start_app(tmp_path_factory.mktemp("app"))
    yield app.address, app.uploads
    assert app.stop() == 0
    log = app.log.read_text()
    assert not any(word in log for word in ("one.png", "two.png", "notes", "127.0.0.1", "Signal"))  # of visitors
    assert [line["event"] for line in app.lines()][-2:] == ["stopping", "stopped"]
    assert not [line for line in app.lines() if line.get("outcome") == "failed" or line["event"] == "log"]


@pytest.fixture(scope="module")
def client(server):
    return Client(server[0], verbose=False)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A folder: one font, two fonts, no picture, a line on its side."""
    folder = tmp_path_factory.mktemp("pictures")
    draw("Signal Wolke", "pacifico", 60, ink=(250, 250, 250), ground=(30, 60, 160)).save(folder / "one.png")
    two = on_page(draw("Signal Window", "pacifico", 70), draw("the quick brown", "press-start-2p", 30))
    two.save(folder / "two.png")
    draw("Signal Wolke", "pacifico", 200).convert("RGB").save(folder / "heavy.bmp")  # more than travels in a question
    draw("Signal Wolke", "pacifico", 60).transpose(Image.Transpose.ROTATE_90).save(folder / "turned.png")
    draw("the quick brown", "press-start-2p", 30).save(folder / "pixels.png")
    (folder / "notes.png").write_text("no picture")
    return folder


def as_address(picture: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"


# --- for programs


def test_api_returns_what_the_command_line_prints(client, pictures, identifier):
    answer = client.predict(handle_file(pictures / "one.png"), api_name="/identify")
    assert answer == told(answer["image"], identifier.identify(pictures / "one.png"))
    assert answer["matches"][0]["family"] == "pacifico"
    answer_validator().validate(answer)


def test_api_says_that_there_is_no_text(client, tmp_path):
    Image.new("RGB", (300, 200), "white").save(tmp_path / "white.png")
    answer = client.predict(handle_file(tmp_path / "white.png"), api_name="/identify")
    assert answer == told("white.png", NoText())


def test_api_filters(client, pictures):
    answer = client.predict(handle_file(pictures / "one.png"), 7, ["serif"], [700], "italic", api_name="/identify")
    assert len(answer["matches"]) == 7
    assert {(match["weight"], match["italic"]) for match in answer["matches"]} == {(700, True)}
    similar = client.predict("Playfair Display", 700, True, 3, api_name="/similar")
    assert len(similar) == 3 and all(row["family"] != "playfair-display" for row in similar)
    assert [row["score"] for row in similar] == sorted((row["score"] for row in similar), reverse=True)


def test_api_says_what_is_wrong_and_goes_on(client, pictures, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes((pictures / "one.png").read_bytes()[:300])
    with pytest.raises(AppError, match="damaged"):
        client.predict(handle_file(broken), api_name="/identify")
    with pytest.raises(AppError, match="No family is named Nofont"):
        client.predict("Nofont", api_name="/similar")
    assert client.predict(handle_file(pictures / "one.png"), api_name="/identify")["matches"]


def test_a_page_takes_its_second_file_as_its_first(server, pictures, tmp_path):
    """Gradio makes the page's components anew when they are updated."""
    shutil.copy(pictures / "one.png", tmp_path / "one.png")
    (tmp_path / "notes.png").write_text("no picture")
    visitor = Visitor(server[0], tmp_path)
    visits = [visitor.open_page()]
    for name, cards in (("notes.png", False), ("notes.png", False), ("one.png", True), ("notes.png", False)):
        visits.append(visitor.show(Sample(name, 1, cards)))
    visitor.leave()
    assert [(visit.outcome, visit.said) for visit in visits] == [(ANSWERED, "")] * 5


def test_api_searches_the_catalogue(client, identifier):
    found = client.predict("playfair", api_name="/catalogue")
    assert {row["family"] for row in found["families"]} >= {"playfair-display", "playfair"}
    assert {"weight": 900, "italic": True, "width": "normal"} in found["families"][1]["styles"]
    everything = client.predict(api_name="/catalogue")
    assert everything["count"] == len(identifier.catalogue.families) and len(everything["families"]) == 50


def test_api_names_free_fonts_for_a_paid_one(client):
    found = client.predict("proxima nova", api_name="/alternatives")
    assert found["face"] == "Proxima Nova" and [row["family"] for row in found["alternatives"]] == ["montserrat"]
    with pytest.raises(AppError, match="Did you mean Gotham"):
        client.predict("Gothm", api_name="/alternatives")


def asked(server, picture) -> str:
    """The events of `/identify` for whatever a client calls a picture."""
    url = f"{server[0]}/gradio_api/call/identify"
    event = httpx.post(url, json={"data": [picture, 5, [], [], "any", []]}).json()["event_id"]
    return httpx.get(f"{url}/{event}", timeout=30).text


def sent(server, picture: Path) -> str:
    """Where an uploaded picture lies."""
    return httpx.post(f"{server[0]}/gradio_api/upload", files={"files": picture.open("rb")}).json()[0]


def marked(**file) -> dict:
    return file | {"meta": {"_type": "gradio.FileData"}}


def test_api_reads_no_file_of_the_server(server, pictures):
    """A path that was never uploaded is refused, with and without the marks of a file; one that was is read."""
    for inside in (
        ROOT / "model" / "golden" / "00.png",
        f"{server[1]}/../../../etc/passwd",
        "a\0b",
        "file:///etc/passwd",
    ):
        for file in (marked(path=str(inside)), {"path": str(inside)}, str(inside)):
            said = asked(server, file)
            assert "event: error" in said and "matches" not in said, file
    assert "matches" in asked(server, marked(path=sent(server, pictures / "one.png")))


def refused_status(server, path: str) -> int:
    """Over a bare socket: clients tidy paths up before they send them."""
    with socket.create_connection(("127.0.0.1", int(server[0].rsplit(":")[-1])), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/file=/etc/passwd", "/gradio_api/file=../../../../etc/passwd", "/gradio_api/file=app.py"),
        *("/gradio_api/file=%2e%2e/%2e%2e/etc/passwd", "/gradio_api/file=file:///etc/passwd", "/gradio_api/file=a%00b"),
        *("/gradio_api/file=model/golden/00.png", "/gradio_api/file/etc/passwd", "/gradio_api/file=//etc/passwd"),
        *("/static/../../../../../../etc/passwd", "/assets/%2e%2e/%2e%2e/config.py", "/svelte/..%2f..%2froutes.py"),
        *("/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/proxy=https://x.hf.space/", "/monitoring"),
        *("/monitoring/summary", "/gradio_api/runs", "/gradio_api/run-history/buckets", "/gradio_api/vibe-code"),
    ],
)
def test_no_path_leads_to_the_servers_files_or_to_others(server, path):
    assert refused_status(server, path) in (400, 403, 404)


@pytest.fixture
def canary():
    """A port of the loopback device that nobody may be led to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody waits there
            listener.accept()


def queued(server, session: str, event: dict, data: list | None = None, **told) -> Iterator[str]:
    """What the page is told of an event that it queues, line by line. Args: data: of its inputs; told: beside it."""
    body = {"fn_index": event["id"], "data": data or [None] * len(event["inputs"]), "session_hash": session}
    body |= {"trigger_id": event["targets"][0][0], "event_data": told}
    joined = httpx.post(f"{server[0]}/gradio_api/queue/join", json=body)
    assert joined.status_code == 200
    with httpx.stream("GET", f"{server[0]}/gradio_api/queue/data?session_hash={session}", timeout=30) as said:
        yield from said.iter_lines()


def test_gradio_fetches_nothing_from_the_server_itself(server, canary):
    """By name and number, as a picture, as a file to be served, through the page's own controls, over MCP."""
    config = httpx.get(f"{server[0]}/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    fetching = [one for one in config["dependencies"] if {"file", "image"} & {kinds[i] for i in one["inputs"]}]
    assert fetching  # /identify; the page's own controls take paths of uploads only
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"):
        address = f"http://{host}:{canary}/x.png"
        for file in (marked(path=address), marked(path="x", url=address), marked(url=address), address):
            assert "matches" not in asked(server, file)
        assert refused_status(server, f"/gradio_api/file={address}") == 403
    for number, event in enumerate(fetching):
        values = {"file": [marked(path=address)], "image": marked(path=address), "checkbox": False, "number": 5}
        plain = {"file": [], "image": None, "state": None, "radio": "any"}
        data = [values.get(kinds[i], plain.get(kinds[i], [])) for i in event["inputs"]]
        assert any('"success":false' in line for line in queued(server, f"canary{number}", event, data))
    for number, event in enumerate(one for one in config["dependencies"] if "upload" in str(one["targets"])):
        lines = queued(server, f"upload{number}", event, path=address, files=[address])
        assert any("process_completed" in line for line in lines)


@pytest.mark.parametrize(
    "name", ["../../../../up.png", "/etc/cron.d/x.png", "..\\..\\x.png", "a\0b.png", "x" * 400, "..", "", "~"]
)
def test_uploads_stay_in_their_folder(server, name):
    disposition = b'Content-Disposition: form-data; name="files"; filename="' + name.encode() + b'"\r\n'
    body = b"--b\r\n" + disposition + b"Content-Type: image/png\r\n\r\nx\r\n--b--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{server[0]}/gradio_api/upload", content=body, headers=kind)
    if answer.status_code == 200:
        (place,) = answer.json()
        assert Path(place).resolve().is_relative_to(server[1].resolve()) and Path(place).read_bytes() == b"x"
    else:
        assert answer.status_code in (400, 413, 422)


def ask_by_names(server, name: str, fields) -> httpx.Response:
    return httpx.post(f"{server[0]}/gradio_api/call/v2/{name}", json=fields)


def test_curl_as_the_readme_says(server, pictures):
    (commands,) = re.findall(r"```sh\n(url=.*?)```", (ROOT / "docs" / "usage.md").read_text(), re.S)
    commands = commands.replace("http://127.0.0.1:7860", server[0]).replace("picture.png", "one.png")
    said = subprocess.run(commands, shell=True, cwd=pictures, capture_output=True, text=True, check=True).stdout
    assert said.startswith("event: complete\ndata: ")
    (answer,) = json.loads(said.split("data: ", 1)[1])
    assert len(answer["matches"]) == 3 and answer["matches"][0]["family"] == "pacifico"
    assert {match["weight"] for match in answer["matches"]} <= {400, 700}


def test_an_endpoint_that_is_not_there_is_told(server):
    for way in ("call", "call/v2"):
        answer = httpx.post(f"{server[0]}/gradio_api/{way}/nosuch", json={"data": []})
        assert answer.status_code == 404 and answer.json()["detail"].startswith("There is no endpoint nosuch: /gradio")


def test_fields_that_are_unknown_or_missing(server):
    strange = ask_by_names(server, "identify", {"picture": None, "sizes": [1]})
    assert strange.status_code == 422 and strange.json()["detail"].startswith("No field is named sizes: there are pict")
    missing = ask_by_names(server, "similar", {"weight": 700})
    assert missing.status_code == 422 and "a field named family" in missing.json()["detail"]
    assert httpx.get(f"{server[0]}/gradio_api/openapi.json").json()["paths"]["/gradio_api/call/v2/identify"]


def test_errors_repeat_nothing_long_and_name_a_page_that_opens(server, pictures):
    """A picture sent bare, without the address or path around it, is not sent back."""
    bare = base64.b64encode((pictures / "one.png").read_bytes()).decode()
    path = sent(server, pictures / "one.png")
    for name in ("picture", "top", "weights", "categories", "slope"):
        fields = {"picture": {"path": path}} | {name: bare}
        event = ask_by_names(server, "identify", fields).json()["event_id"]
        said = httpx.get(f"{server[0]}/gradio_api/call/v2/identify/{event}", timeout=30).text
        assert "event: error" in said and bare[:60] not in said, name
        assert "/gradio_api/openapi.json" in said or "choose among" in said
    whole = ask_by_names(server, "identify", bare)
    assert whole.status_code == 422 and bare[:60] not in whole.text


def test_mcp_tools(server, client, pictures):
    """A real MCP client lists the tools with their descriptions, and calls them."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk():
        async with (
            streamablehttp_client(f"{server[0]}/gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            picture = as_address(pictures / "one.png")
            calls = {
                "similar": ("similar", {"family": "Pacifico"}),
                "named": ("identify", {"picture": picture}),
                "chosen": ("identify", {"picture": picture, "weights": [700], "categories": ["serif"]}),
                "wrong": ("similar", {"family": "Nofont"}),
                "bare": ("identify", {"picture": picture.split(",")[1]}),
                "strange": ("identify", {"picture": picture, "sizes": [1]}),
            }
            return tools, {name: await session.call_tool(*call) for name, call in calls.items()}

    tools, results = asyncio.run(talk())
    assert set(tools) == {"identify", "similar", "catalogue", "alternatives"}
    told = tools["identify"].description
    assert all(
        part in told for part in ("Latin text", "JSON text", "matches (family, name", "their boxes and readings")
    )
    assert "the most similar first" in tools["similar"].description and "styles" in tools["catalogue"].description
    fields = tools["identify"].inputSchema["properties"]
    assert fields["weights"]["items"] == {"type": "integer", "enum": list(range(100, 1000, 100))}
    assert "own" not in fields["categories"]["items"]["enum"]
    assert "nearest there is is taken" in json.dumps(tools["similar"].inputSchema)
    said = {name: result.content[0].text for name, result in results.items()}
    assert {name for name, result in results.items() if result.isError} == {"wrong", "bare", "strange"}
    assert "leckerli-one" in [row["family"] for row in json.loads(said["similar"])]
    assert json.loads(said["named"])["matches"][0]["family"] == "pacifico"
    assert {match["weight"] for match in json.loads(said["chosen"])["matches"]} == {700}
    assert "No family is named Nofont" in said["wrong"]
    assert "http(s) or data address" in said["bare"] and len(said["bare"]) < 200
    assert "No field is named sizes" in said["strange"]


# --- in the browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium here: .ci/run installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]  # Chromium's own test picture
        arguments = ["--no-sandbox", "--disable-gpu", *camera]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, server):
    """Begins a new visit. What it asks of whom and what goes wrong in it is kept; nothing may go wrong."""
    pages = []

    def begin(width: int, height: int, path: str = "", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.grant_permissions(["clipboard-read", "clipboard-write", "camera"], origin=server[0])
        page = context.new_page()
        pages.append(page)
        page.asked, page.errors = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(f"{server[0]}{path}")
        return page

    yield begin
    for page in pages:
        assert not page.errors
        assert {url.split("/")[2] for url in page.asked if url.startswith("http")} == {server[0].split("/")[2]}
        page.context.close()


@pytest.fixture
def page(visit):
    return visit(1280, 1200)


def upload(page, path: Path) -> None:
    """Choose a file, from whatever is shown."""
    page.locator("#file, [data-another]").first.wait_for(state="attached")
    if page.locator("#file").count() == 0:
        page.get_by_role("button", name="New image").click()
    page.locator("#file").set_input_files(path)


def families(page) -> list[str]:
    return page.locator("#answer [data-name]").evaluate_all("all => all.map((one) => one.dataset.name)")


def wait_for_first(page, name: str) -> None:
    """Until a font is named first for good."""
    page.locator("#answer .card:has(.verdict) .family").first.get_by_text(name, exact=True).wait_for()
    page.locator("body:not(.busy)").wait_for()


def show(page, picture: Path, name: str) -> None:
    """Choose a picture whose first font is known."""
    upload(page, picture)
    wait_for_first(page, name)


def hand_over(page, picture: Path, event: str) -> None:
    """Paste or drop a picture anywhere on the page, by an event in JavaScript that brings `data`."""
    script = """async (url) => {
        const blob = await (await fetch(url)).blob();
        const data = new DataTransfer();
        data.items.add(new File([blob], "handed over.png", { type: "image/png" }));
        document.body.dispatchEvent(EVENT);
    }"""
    page.evaluate(script.replace("EVENT", event), as_address(picture))


def drop_on_the_page(page, picture: Path) -> None:
    hand_over(page, picture, 'new DragEvent("drop", { dataTransfer: data, bubbles: true })')


def copied(page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def test_a_fault_of_ours_is_told_and_ends_the_wait(browser, identifier, pictures, monkeypatch):
    monkeypatch.setattr("web.cards.answer_html", lambda *_, **__: 1 / 0)
    faulty = build(identifier)
    _, address, _ = faulty.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    page = browser.new_page()
    try:
        page.goto(address)
        upload(page, pictures / "one.png")
        page.get_by_text("Something went wrong here").wait_for()
        page.locator("body:not(.busy)").wait_for()
    finally:
        page.close()
        faulty.close()


def test_a_person_drops_in_a_picture(page, pictures):
    show(page, pictures / "one.png", "Pacifico")
    first = page.locator("#answer .card").first
    assert "Regular 400" in first.inner_text() and "OFL-1.1" in first.inner_text()
    assert first.locator(".buttons > a").get_attribute("href") == "https://fonts.google.com/specimen/Pacifico"
    assert first.locator(".specimen").inner_text() == "Signal Wolke"
    assert page.evaluate("document.fonts.check(\"20px 'pacifico-400-normal'\")")
    assert page.locator("#stage [data-line]").count() == 1
    assert "Pacifico" in page.locator("#answer [role=status]").inner_text()  # what a screen reader says


def test_of_several_files_dropped_the_first_is_shown_and_batch_is_named(page, pictures):
    page.locator("#file").wait_for(state="attached")
    another = 'data.items.add(new File(["no picture"], "another.png", { type: "image/png" }))'
    hand_over(
        page, pictures / "one.png", f'({another}, new DragEvent("drop", {{ dataTransfer: data, bubbles: true }}))'
    )
    page.get_by_text("The Batch tab takes many at once").wait_for()
    wait_for_first(page, "Pacifico")


def test_a_bad_file_gets_a_sentence_and_the_next_one_works(page, pictures):
    upload(page, pictures / "notes.png")
    page.locator("#answer .problem").wait_for()
    assert "not a picture" in page.locator("#answer .problem").inner_text()
    show(page, pictures / "one.png", "Pacifico")
    page.locator("#words input").fill("own text")
    drop_on_the_page(page, pictures / "notes.png")  # the answer that stands there stays
    page.get_by_text("This file is not a picture").wait_for()
    page.locator("body:not(.busy)").wait_for()
    assert page.locator("#stage .view").count() == 1 and families(page)[0] == "Pacifico"
    assert page.locator("#answer .specimen").first.inner_text() == "Signal Wolke"
    page.locator("#stage [data-line]").first.click()
    page.locator("#stage [data-line][aria-pressed=true]").wait_for()


def test_an_example_is_clicked(page):
    page.get_by_role("button", name="Example: a painted wall").click()
    wait_for_first(page, "Lobster Two")


def test_a_picture_is_pasted(page, pictures):
    page.locator("#file").wait_for(state="attached")
    hand_over(page, pictures / "one.png", 'new ClipboardEvent("paste", { clipboardData: data, bubbles: true })')
    wait_for_first(page, "Pacifico")


def test_a_phone_offers_its_camera(visit, pictures):
    page = visit(390, 844, **PHONE)
    page.get_by_text("Take a photo").wait_for()
    assert page.locator("#photo").get_attribute("capture") == "environment"
    assert not page.get_by_text("Drop an image here").is_visible()  # there is nothing to drop it from
    page.locator("#photo").set_input_files(pictures / "one.png")
    wait_for_first(page, "Pacifico")
    page.get_by_role("tab", name="Batch").click()
    page.locator("#batch .choose").wait_for()


def test_a_line_is_picked_and_its_reading_corrected(page, pictures):
    show(page, pictures / "two.png", "Pacifico")
    assert page.locator("#answer .group").count() == 2
    before = page.locator("#stage .view").bounding_box()
    page.locator("#stage [data-line]").nth(1).focus()
    page.keyboard.press("Enter")
    wait_for_first(page, "Press Start 2P")
    assert page.locator("#answer .group").count() == 1
    page.wait_for_function(
        "document.querySelector('#answer .crop').seen?.source === document.querySelector('#answer .crop').src"
    )
    reading = page.locator("#reading input")
    assert reading.input_value() == "the quick brown"
    assert page.locator("#stage .view").bounding_box() == before  # another line would lie under the pointer
    reading.fill("the quick crown")
    reading.press("Enter")
    page.locator("#answer [data-reading='the quick crown']").wait_for()
    assert families(page)[0] == "Press Start 2P"
    for back in (
        lambda: page.locator("#stage [data-line]").nth(1).click(),  # again
        lambda: page.get_by_role("button", name="All fonts").click(),
        lambda: page.keyboard.press("Escape"),
    ):
        back()
        wait_for_first(page, "Pacifico")
        assert page.locator("#answer .group").count() == 2
        assert not page.get_by_role("button", name="All fonts").count()
        page.locator("#stage [data-line]").nth(1).click()
        wait_for_first(page, "Press Start 2P")


def test_back_leads_from_a_line_to_all_of_them(page, pictures):
    """Forward leads to the line again; what somebody typed stays, also through a reload."""
    show(page, pictures / "two.png", "Pacifico")
    page.locator("#stage [data-line]").nth(1).click()
    wait_for_first(page, "Press Start 2P")
    page.locator("#words input").fill("Quality time")
    asked = len(page.asked)
    for move, first, groups in ((page.go_back, "Pacifico", 2), (page.go_forward, "Press Start 2P", 1)):
        move()
        wait_for_first(page, first)
        assert page.locator("#answer .group").count() == groups and page.locator("#stage .view").count() == 1
    assert not any("/gradio_api/upload" in url for url in page.asked[asked:])
    page.get_by_role("button", name="All fonts").click()  # which goes back, too
    wait_for_first(page, "Pacifico")
    page.reload()
    wait_for_first(page, "Pacifico")
    page.locator("#answer .specimen", has_text="Quality time").first.wait_for()
    assert page.locator("#words input").input_value() == "Quality time"


def hides_letters(page) -> bool:
    """Whether something is drawn over the dark letters of the picture that is shown."""
    view = page.locator("#stage .place")
    with_frames, plain = (
        np.asarray(Image.open(io.BytesIO(view.screenshot(style=style, animations="disabled"))).convert("L"), int)
        for style in ("", "#stage .view > :is(svg, .number) { visibility: hidden }")
    )
    assert (with_frames != plain).any()
    return bool(((plain < 90) & (abs(with_frames - plain) > 30)).any())


def test_a_tall_picture_scrolls_on_a_phone_and_no_frame_hides_letters(visit, tmp_path):
    """Not those of a picked line, nor of the next ones; what is far down is picked and cropped, too."""
    lines = [draw(text, "lora", 26) for text in ("Doors open at seven", "music until late", "or by phone")]
    sheet = Image.new("RGB", (800, 2400), "white")
    for top in (30, 1900):
        for number, line in enumerate(lines):
            sheet.paste(line.convert("RGB"), (60, top + number * 40))
    sheet.paste(draw("Signal Window", "pacifico", 90).convert("RGB"), (60, 1000))
    sheet.save(tmp_path / "tall.png")
    page = visit(390, 844, **PHONE)
    upload(page, tmp_path / "tall.png")
    page.locator("#answer .verdict").first.wait_for()
    page.locator("body:not(.busy)").wait_for()
    place, view = page.locator("#stage .place"), page.locator("#stage .view")
    assert view.bounding_box()["width"] > 360 and place.bounding_box()["height"] < 400
    bottom = place.bounding_box()["y"] + place.bounding_box()["height"]
    assert page.locator("#stage .place ~ .note").bounding_box()["y"] >= bottom + 4  # no frame reaches the hint
    assert not hides_letters(page)
    last = page.locator("#stage [data-line]").last
    last.scroll_into_view_if_needed()
    scrolled = place.evaluate("one => one.scrollTop")
    last.tap()
    page.locator("#stage [data-line][aria-pressed=true]").wait_for()
    page.locator("body:not(.busy)").wait_for()
    assert scrolled > 300 and place.evaluate("one => one.scrollTop") == scrolled
    assert not hides_letters(page)
    page.keyboard.press("Tab")
    last.focus()
    assert last.evaluate("one => one.matches(':focus-visible')") and not hides_letters(page)
    edit(page, "Crop")
    assert place.evaluate("one => one.scrollTop") == scrolled
    box = place.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] - 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
    page.mouse.move(box["x"] + 300, box["y"] - 40, steps=4)  # beyond its place: the picture moves along
    page.mouse.up()
    assert place.evaluate("one => one.scrollTop") < scrolled
    assert page.locator("#stage .part").bounding_box()["height"] > box["height"] - 60


def edit(page, what: str) -> None:
    page.locator("#stage summary", has_text="Edit").click()
    page.get_by_role("button", name=what, exact=True).click()


def drag(page, start, end) -> None:
    """On the picture, in parts of its size."""
    view = page.locator("#stage .view").bounding_box()
    x, y, width, height = view["x"], view["y"], view["width"], view["height"]
    page.mouse.move(x + start[0] * width, y + start[1] * height)
    page.mouse.down()
    page.mouse.move(x + end[0] * width, y + end[1] * height, steps=4)
    page.mouse.up()


def test_crop_undo_and_rotate(page, pictures):
    show(page, pictures / "two.png", "Pacifico")
    undo = page.locator("#stage .tools", has_text="Undo").get_by_text("Undo", exact=True)
    assert undo.is_disabled()
    edit(page, "Crop")
    drag(page, (0.05, 0.05), (0.01, 0.52))  # the handle at the top left
    page.get_by_role("button", name="Crop", exact=True).click()
    wait_for_first(page, "Press Start 2P")
    assert page.locator("#stage [data-line]").count() == 1
    edit(page, "Crop")  # a part that is too small is told, and nothing is lost
    drag(page, (0.01, 0.01), (0.012, 0.02))
    page.get_by_role("button", name="Crop", exact=True).click()
    page.get_by_text("too small").first.wait_for()
    assert page.locator("#stage [data-line]").count() == 1 and families(page)[0] == "Press Start 2P"
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Control+z")
    wait_for_first(page, "Pacifico")
    assert undo.is_disabled()
    edit(page, "Crop")  # nobody has touched the frame: a drag that begins inside of it draws another
    drag(page, (0.06, 0.52), (0.98, 0.98))
    page.get_by_role("button", name="Crop", exact=True).click()
    wait_for_first(page, "Press Start 2P")
    upload(page, pictures / "turned.png")
    page.wait_for_function("document.querySelectorAll('#stage [data-line]').length == 1")
    wait_for_first(page, "Pacifico")
    tall = page.locator("#stage .view img").bounding_box()
    edit(page, "Rotate right")
    wide = "document.querySelector('#stage .view img').naturalWidth"
    page.wait_for_function(f"{wide} > document.querySelector('#stage .view img').naturalHeight")
    wait_for_first(page, "Pacifico")
    assert tall["height"] > tall["width"]


def test_crop_to_several_parts(page, tmp_path):
    """What lies between them is not looked at; a part that was added is moved and removed by keys, too."""
    lines = draw("Signal", "pacifico", 70), draw("quick", "press-start-2p", 30), draw("Quality Window", "lora", 70)
    on_page(*lines).save(tmp_path / "three.png")
    show(page, tmp_path / "three.png", "Lora")
    assert sorted(families(page)) == ["Lora", "Pacifico", "Press Start 2P"]
    edit(page, "Crop")
    add, parts = page.get_by_role("button", name="Add a part"), page.locator("#stage .part")
    assert add.is_disabled()  # before there is any
    drag(page, (0.3, 0.19), (0.7, 0.45))
    add.click()
    add.click(force=True)  # the second one is not there yet
    assert parts.count() == 2
    drag(page, (0.05, 0.57), (0.85, 0.8))
    drag(page, (0.5, 0.7), (0.55, 0.72))  # inside of it: it moves
    box, view = parts.nth(1).bounding_box(), page.locator("#stage .view").bounding_box()
    assert box["x"] - view["x"] == pytest.approx(0.1 * view["width"], abs=2)
    drag(page, (0.55, 0.72), (0.99, 0.72))  # it stops at the edge, as large as it is
    stopped = parts.nth(1).bounding_box()
    assert stopped["width"] == pytest.approx(box["width"], abs=1)
    assert stopped["x"] + stopped["width"] == pytest.approx(view["x"] + view["width"], abs=2)
    drag(page, (0.7, 0.72), (0.65, 0.72))
    add.click()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Delete")
    parts.nth(2).wait_for(state="detached")
    add.click()  # left where it came, it is none
    page.get_by_role("button", name="Crop", exact=True).click()
    page.locator("#stage [data-line]").nth(2).wait_for(state="detached")
    wait_for_first(page, "Lora")
    assert sorted(families(page)) == ["Lora", "Pacifico"] and page.locator("#stage [data-line]").count() == 2
    edit(page, "Undo")
    page.locator("#stage [data-line]").nth(2).wait_for()
    wait_for_first(page, "Lora")
    assert "Press Start 2P" in families(page)


def test_straighten_by_a_free_angle(page, pictures, tmp_path):
    """The picture turns while the slider moves; Escape puts it back, Enter keeps it, and from there it goes on."""
    Image.open(pictures / "one.png").rotate(7.5, Image.Resampling.BICUBIC, True, fillcolor=(30, 60, 160)).save(
        tmp_path / "tilted.png"
    )
    show(page, tmp_path / "tilted.png", "Pacifico")
    slider, image = page.get_by_label("Degrees clockwise"), page.locator("#stage .view img")
    page.locator("#stage [data-line]").click()
    page.locator("#reading").wait_for()
    wait_for_first(page, "Pacifico")
    turned = "({ style }) => Math.round(parseFloat(style.transform.slice(7)) * 180 / Math.PI)"
    edit(page, "Straighten")
    slider.fill("30")
    assert image.evaluate(turned) == 30
    page.keyboard.press("Escape")
    assert image.evaluate("({ style }) => style.transform") == "" and not slider.is_visible()
    assert page.locator("#stage [aria-pressed=true]").count() == 1  # Escape left the picked line
    edit(page, "Straighten")
    slider.fill("7")
    page.keyboard.press("ArrowRight")
    assert page.locator("#stage output").inner_text() == "7.5°"
    page.keyboard.press("Enter")
    slider.wait_for(state="hidden")
    wait_for_first(page, "Pacifico")
    (line,) = page.locator("#stage [data-line] polygon.halo").all()
    points = [tuple(map(float, point.split(","))) for point in line.get_attribute("points").split()]
    assert abs(points[0][1] - points[1][1]) < 0.02 * (points[1][0] - points[0][0])  # it is level now
    edit(page, "Straighten")
    assert slider.input_value() == "7.5"


def quiet(page) -> None:
    """Wait until nothing that was begun is worked on any more."""
    page.wait_for_timeout(500)
    page.wait_for_function("!document.body.classList.contains('busy')")
    page.wait_for_timeout(1500)


def test_another_picture_is_answered_each_time(page, pictures):
    show(page, pictures / "one.png", "Pacifico")
    for picture, name in (("pixels.png", "Press Start 2P"), ("one.png", "Pacifico")) * 3:
        show(page, pictures / picture, name)
        assert page.locator("#stage [data-line]").count() == 1


STEPS = """() => {
    window.steps = [];
    new MutationObserver(() => {
        const count = (selector) => document.querySelectorAll(selector).length;
        const wait = document.querySelector("#stage .view .wait");
        const step = [wait && getComputedStyle(wait).display !== "none" ? wait.textContent : "",
            count("#stage [data-line]"), count("#stage .number"), count("#answer .card"), count("#answer .verdict")];
        if (String(step) !== String(window.steps.at(-1))) window.steps.push(step);
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
}"""


def test_lines_and_names_come_before_the_answer(page, tmp_path, server):
    """And all steps of it are counted as one request."""

    def counted() -> float:
        text = httpx.get(f"{server[0]}/metrics").text
        found = re.findall(r'^fontid_requests_total{endpoint="paste",outcome="answered"} (\S+)', text, re.M)
        return float(found[0]) if found else 0.0

    before = counted()
    page.locator("#file").wait_for(state="attached")
    page.evaluate(STEPS)
    new = tmp_path / "new.png"  # the answer to another one is remembered
    on_page(draw("Signal Windows", "pacifico", 70), draw("the quick brown", "press-start-2p", 30)).save(new)
    show(page, new, "Pacifico")
    steps = page.evaluate("window.steps")
    order = [["Matching fonts…", 2, 0, 0, 0], ["Comparing letters…", 2, 2, 2, 0], ["", 2, 2, 2]]
    places = [[i for i, step in enumerate(steps) if step[: len(one)] == one][:1] for one in order]
    known = sum(places, [])
    assert (
        len(known) >= 2 and known == sorted(known) and places[2] and steps[-1][4] >= 2
    )  # on a slow machine one is left out
    assert counted() == before + 1


def test_what_is_done_last_is_answered(page, pictures):
    """A second drop, a click and a double click while something is worked on."""
    show(page, pictures / "two.png", "Pacifico")
    for picture in ("one.png", "two.png", "pixels.png"):
        drop_on_the_page(page, pictures / picture)
    wait_for_first(page, "Press Start 2P")
    quiet(page)
    assert families(page)[0] == "Press Start 2P" and page.locator("#stage [data-line]").count() == 1
    drop_on_the_page(page, pictures / "two.png")
    wait_for_first(page, "Pacifico")
    for number in (0, 1):  # two lines at once
        page.locator("#stage [data-line]").nth(number).dispatch_event("click")
    wait_for_first(page, "Press Start 2P")
    quiet(page)
    assert page.locator("#stage [aria-pressed=true][data-line='1']").count() == 1
    page.locator("#stage [data-line]").nth(0).dblclick()
    wait_for_first(page, "Pacifico")
    quiet(page)
    assert page.locator("#stage [aria-pressed=true][data-line='0']").count() == 1


def test_links_to_the_page_show_its_title(server):
    html = httpx.get(server[0]).text
    assert set(re.findall(r'property="og:title" content="(.*?)"', html)) == {"fontid"}
    assert "Click to try" not in html
    (picture,) = set(re.findall(r'(?:og|twitter):image"\s+content="(.*?)"', html))
    shown = Image.open(io.BytesIO(httpx.get(picture).content))
    assert picture.startswith(server[0]) and shown.size == (1200, 630)


def compare(page) -> tuple[float, float]:
    """Open Compare on the first font. Returns: overlap of its letters with the picture's, largest shift."""
    card = page.locator("#answer .card").first
    card.locator("summary", has_text="More").click()
    card.get_by_role("button", name="Compare", exact=True).click()
    letters = card.locator(".letters[data-overlap]")
    letters.wait_for()
    return tuple(float(letters.get_attribute(name)) for name in ("data-overlap", "data-shift"))


def test_a_font_is_laid_over_the_picture(page, pictures):
    """The true font covers the picture's letters, another font's letters do not."""
    show(page, pictures / "one.png", "Pacifico")
    overlap, shift = compare(page)
    assert overlap > 0.75 and shift < 0.11
    assert page.locator("#answer .compare .note").first.inner_text() == "In front: Pacifico. Behind it: your image."
    for mode in ("Flicker", "Side by side", "Difference", "Overlay"):
        page.get_by_role("button", name=mode, exact=True).click()
        assert page.locator("#answer .modes [aria-pressed=true]").all_inner_texts() == [mode]
    assert page.locator("#answer .modes option").first.inner_text() == "Your image"
    show(page, pictures / "one.png", "Pacifico")
    page.evaluate("document.querySelector('#answer .crop').dataset.text = 'Wolke Signal'")  # a wrong text lies badly
    worse, _ = compare(page)
    assert worse < overlap - 0.2


def test_copies_downloads_and_similar_fonts(page, pictures):
    show(page, pictures / "one.png", "Pacifico")
    first = page.locator("#answer .card").first
    first.get_by_role("button", name="Copy CSS").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('font-family'))")
    assert "family=Pacifico:wght@400" in copied(page) and 'font-family: "Pacifico", cursive' in copied(page)
    for label, text in (
        ("name", "Pacifico"),
        ("npm", "npm install @fontsource/pacifico"),
        ("next/font", "const text = Pacifico({"),
        ("@font-face", 'src: url("pacifico-400-normal.woff2") format("woff2")'),
        ("Tailwind", '--font-text: "Pacifico"'),
    ):
        first.locator(".menu summary").click()
        first.get_by_role("button", name=f"Copy {label}", exact=True).click()
        first.locator(".menu summary", has_text="Copied").wait_for()
        assert text in copied(page)
    with page.expect_download() as download:
        first.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"LICENSE.txt", "README.txt", "pacifico-400-normal.woff2"} == set(archive.namelist())
        assert archive.read("pacifico-400-normal.woff2")[:4] == b"wOF2"
        assert b"SIL Open Font License" in archive.read("LICENSE.txt")
    first.locator(".menu summary").click()
    first.get_by_role("button", name="Similar fonts").click()
    first.locator(".neighbours li").nth(4).wait_for()
    assert "Leckerli One" in first.locator(".neighbours").inner_text()


def test_all_fonts_are_used_at_once_and_judged(page, pictures, server):
    show(page, pictures / "two.png", "Pacifico")
    page.locator("#answer .all summary").click()
    last = page.locator("#answer .all .menu > div button").last.bounding_box()
    assert last["y"] + last["height"] <= page.viewport_size["height"]  # of an answer's end it opens upwards
    page.locator("#answer .all").get_by_role("button", name="Copy css2 address").click()
    page.locator("#said", has_text="Copied").wait_for(state="attached")
    assert "family=Pacifico:wght@400&family=Press+Start+2P:wght@400" in copied(page)
    page.locator("#answer .card .menu summary").first.click()
    page.get_by_role("button", name="This is wrong").first.click()
    page.locator("#said", has_text="Thanks").wait_for(state="attached")
    assert "css2?family=Pacifico" in copied(page), "what was copied before stays"
    page.get_by_role("button", name="Copy a report").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('fontid answered Pacifico'))")
    assert 'fontid_feedback_total{judged="wrong"} 1.0' in httpx.get(f"{server[0]}/metrics").text


def test_a_candidate_and_a_style_can_be_taken_instead(page, tmp_path):
    """What is compared can be copied: the card itself keeps the font that was found."""
    draw("money", "arimo", 16).save(tmp_path / "doubtful.png")
    upload(page, tmp_path / "doubtful.png")
    page.locator("#answer .runners").wait_for()
    compare(page)
    assert page.locator("#answer .use").count() == 0  # the card's own
    page.locator("#answer .runners summary").first.click()
    candidate = page.locator("#answer .runners li").first
    name = candidate.get_attribute("data-name")
    candidate.get_by_role("button").click()
    use = page.locator("#answer .use")
    use.wait_for()
    assert f"Use {name}" in use.inner_text()
    use.get_by_role("button", name="Copy CSS").click()
    page.wait_for_function(f"navigator.clipboard.readText().then((text) => text.includes('font-family: \"{name}\"'))")
    with page.expect_download() as download:
        use.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"{candidate.get_attribute('data-face')}.zip"
    other = page.locator("#answer .styles [data-style]").last
    style = other.inner_text()
    other.click()
    use.get_by_text(f"Use {name} {style}").wait_for()


def test_what_an_svg_names_leads_to_its_family(page, tmp_path):
    """Its text needs that font, so nothing is drawn; what is known of it is said."""
    (tmp_path / "text.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><text font-family='Press Start 2P' y='20'>a</text></svg>"
    )
    upload(page, tmp_path / "text.svg")
    page.locator("#answer", has_text="cannot draw this text").wait_for()
    page.get_by_role("button", name="Press Start 2P").click()
    page.locator("#family h2", has_text="Press Start 2P").wait_for()


def test_a_row_and_its_boxes_show_each_other(page, pictures):
    show(page, pictures / "two.png", "Pacifico")
    page.locator("#answer .group").nth(1).hover()
    assert page.locator("#stage .linked").get_attribute("data-group") == "1"
    page.locator("#stage [data-line]").first.focus()
    assert page.locator("#answer .linked").get_attribute("data-group") == "0"


def test_a_button_stays_under_the_pointer_and_the_picture_in_sight(page, pictures):
    """Other buttons of the second font appear where the pointer is none, and none moves when it says something."""
    show(page, pictures / "two.png", "Pacifico")
    page.set_viewport_size({"width": 1280, "height": 360})
    second = page.locator("#answer .group").nth(1)
    more = second.locator(".buttons .menu summary")
    more.scroll_into_view_if_needed()
    before = more.bounding_box()
    more.hover()
    second.get_by_role("button", name="Download").wait_for()
    assert more.bounding_box() == before
    seen = page.locator("#stage .view img").bounding_box()
    assert page.evaluate("scrollY") > 100 and 0 <= seen["y"] < 200
    copy, download = second.get_by_role("button", name="Copy CSS"), second.get_by_role("button", name="Download")
    before = download.bounding_box()
    copy.click()
    second.get_by_role("button", name="Copied").wait_for()
    assert download.bounding_box() == before


def test_a_drop_beside_another_tab_is_shown(page, pictures):
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#families .card").first.wait_for()
    drop_on_the_page(page, pictures / "one.png")
    wait_for_first(page, "Pacifico")
    assert page.locator("#answer .card").first.is_visible()
    page.get_by_role("tab", name="Batch").click()  # which takes them itself
    drop_on_the_page(page, pictures / "one.png")
    page.locator("#batch-rows td", has_text="Pacifico").first.wait_for()


def test_the_keyboard_goes_on_where_it_was(page, pictures):
    """Through what is drawn anew: a line, its text, Compare and its end."""
    show(page, pictures / "two.png", "Pacifico")
    page.locator("#stage [data-line]").nth(1).focus()
    page.keyboard.press("Enter")
    page.locator("#reading input:focus").wait_for()
    quiet(page)
    page.keyboard.press("Escape")
    page.locator("#stage [data-line='1']:focus").wait_for()
    quiet(page)
    more = page.locator("#answer .card .menu summary").first
    more.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Compare
    page.locator("#answer .compare [data-mode]:focus").wait_for()
    page.keyboard.press("Escape")
    page.locator("#answer .compare").first.wait_for(state="hidden")
    assert more.evaluate("one => one === document.activeElement")


def test_a_file_chosen_by_keys_leads_to_the_picture(page, pictures):
    """A pointer leaves no focus there, and what is not shown is no stop of the keys."""
    page.on("filechooser", lambda chosen: chosen.set_files(pictures / "one.png"))  # listening takes a moment to begin
    page.get_by_label("Choose an image").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Address of an image"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    page.locator("[data-another]:focus").wait_for()
    wait_for_first(page, "Pacifico")
    assert page.locator("[data-another]:focus").count() == 1
    page.locator("[data-another]").click()
    page.locator("#stage .choose").click()
    wait_for_first(page, "Pacifico")
    assert page.locator("#stage :focus-visible").count() == 0


def test_words_of_ones_own_are_drawn_in_every_font(page, pictures):
    """And what no font of ours draws is told."""
    show(page, pictures / "one.png", "Pacifico")
    note = page.locator("#words .note")
    for text, lacking in (("Größe 300 €, “naïve” – ffi™", False), ("Привет", True), ("Hi ✓", True), ("", False)):
        page.locator("#words input").fill(text)
        assert note.is_visible() == lacking, text
        page.locator("#answer .specimen", has_text=text or "Signal Wolke").first.wait_for()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (375, 844)])
def test_the_first_font_is_in_sight_among_few_controls(visit, pictures, width, height):
    page = visit(width, height, **(PHONE if width < 500 else {}))
    for picture, most in (("one.png", 8), ("two.png", 12)):
        show(page, pictures / picture, "Pacifico")
        name = page.locator("#answer .family").first.bounding_box()
        assert name["y"] >= 0 and name["y"] + name["height"] <= height
        assert 0 < len(controls(page)) <= most
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        card = page.locator("#answer .card").first.bounding_box()
        assert card["x"] >= 0 and card["x"] + card["width"] <= width
    second = page.locator("#answer .group").nth(1)
    second.locator(".menu summary").first.dispatch_event("click")  # as a tap, which brings no focus everywhere
    second.get_by_role("button", name="Download").wait_for()


def test_a_small_picture_travels_inside_of_its_question(page, pictures, server):
    def is_uploaded(picture: Path) -> bool:
        page.asked.clear()
        show(page, picture, "Pacifico")
        return any("/gradio_api/upload" in url for url in page.asked)

    assert not is_uploaded(pictures / "one.png")
    assert is_uploaded(pictures / "heavy.bmp")
    show(page, pictures / "one.png", "Pacifico")
    for file in server[1].rglob("sent"):
        file.unlink()
    page.reload()  # it travels once more
    wait_for_first(page, "Pacifico")
    assert page.locator("#stage .view").count() == 1


def test_a_question_whose_picture_is_cut_off_gets_a_sentence(server):
    config = httpx.get(f"{server[0]}/config").json()
    event = next(one for one in config["dependencies"] if "upload" in str(one["targets"]))
    said = "".join(queued(server, "cut", event, content="QUJ"))
    assert "did not come whole" in said and '"success":false' not in said


def test_reload_back_and_a_gone_picture(page, pictures, server):
    show(page, pictures / "heavy.bmp", "Pacifico")
    page.reload()
    wait_for_first(page, "Pacifico")
    assert page.locator("#stage .view").count() == 1
    page.locator("#stage [data-another]").click()
    page.locator("#stage .start").wait_for()
    assert page.locator("#answer .card").count() == 0
    page.go_back()
    wait_for_first(page, "Pacifico")
    for file in server[1].rglob("heavy.bmp"):
        file.unlink()
    page.reload()
    page.locator("#answer .problem", has_text="no longer here").wait_for()
    wait_for_first(page, "Pacifico")  # the fonts stay, from the address
    assert page.locator("#answer .crop").count() == 0


def test_a_shared_address_brings_all_fonts_back_and_no_picture(page, visit, server, pictures):
    show(page, pictures / "two.png", "Pacifico")
    page.locator("#answer .menu summary").first.click()
    page.get_by_role("button", name="Copy a link").first.click()
    page.locator("#said", has_text="Link copied").wait_for(state="attached")
    address = copied(page)
    assert "pacifico-400-normal" in address and "file" not in address and len(address) < 900
    other = visit(1280, 720, address.removeprefix(server[0]))
    wait_for_first(other, "Pacifico")
    assert families(other) == families(page) and other.locator("#answer .group").count() == 2
    assert other.locator("#answer .specimen").first.inner_text() == "Signal Window"
    assert other.locator("#answer .crop").count() == 0


def controls(page) -> list[str]:
    """What can be clicked or typed into in an answer; boxes on the picture are no controls."""
    return page.evaluate("""[...document.querySelectorAll("#stage, #found")].flatMap((part) =>
        [...part.querySelectorAll("button, summary, a, input, textarea, select")]
    ).filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 1
    ).map((one) => one.textContent || one.placeholder)""")


def test_filters_change_the_answer(page, pictures):
    show(page, pictures / "one.png", "Pacifico")
    edit(page, "Filters and own fonts")
    page.get_by_label("italic", exact=True).check()
    page.wait_for_function("document.querySelector('#answer .card .style')?.textContent.includes('italic')")
    assert all("italic" in text for text in page.locator("#answer .style").all_inner_texts())
    page.get_by_label("monospace", exact=True).check()
    page.wait_for_function(
        "[...document.querySelectorAll('#answer .card')].every((card) => card.innerText.includes('monospace'))"
    )
    page.get_by_role("button", name="Close", exact=True).click()
    assert not page.get_by_label("italic", exact=True).is_visible()
    chip = page.locator("[data-clear=filters]")
    assert "Filtered: monospace, italic" in chip.inner_text()
    chip.click()
    wait_for_first(page, "Pacifico")
    assert not chip.is_visible()
    edit(page, "Filters and own fonts")
    page.get_by_label("monospace", exact=True).check()
    page.locator("#answer", has_text="the filter may hide the right one").wait_for()
    show(page, pictures / "two.png", "Pacifico")  # a new image is looked for among all fonts
    assert not chip.is_visible()


def test_an_unknown_font_is_called_one(page, pictures, tmp_path):
    """A font that nobody has: one of the catalogue's, its letters half as wide."""
    own_font(tmp_path / "Wide.ttf", "arimo", "Acme Wide", widen=0.5)
    (tmp_path / "broken.ttf").write_text("no font")
    from tests.test_enrolment import drawn_with

    drawn_with(tmp_path / "Wide.ttf", "Signal Window").save(tmp_path / "wide.png")
    upload(page, tmp_path / "wide.png")
    page.locator("#answer .unknown").wait_for()
    assert "No exact match" in page.locator("#answer .unknown").inner_text()
    edit(page, "Filters and own fonts")
    page.locator("#own input[type=file]").set_input_files([tmp_path / "Wide.ttf", tmp_path / "broken.ttf"])
    page.locator("#answer .card .family", has_text="Acme Wide").first.wait_for()
    assert "1 style from your files is searched now. broken.ttf" in page.locator("#own-status").text_content()
    alone = page.get_by_label("Search my own fonts only")
    assert alone.is_enabled() and "your font" in page.locator("#answer .card .style").first.inner_text()
    page.get_by_role("button", name="Copy CSS").first.click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('Acme Wide'))")
    assert 'font-family: "Acme Wide", sans-serif;' in copied(page)
    page.get_by_role("button", name="Close", exact=True).click()
    page.locator("[data-clear=own]").click()
    page.locator("#answer .unknown").wait_for()
    edit(page, "Filters and own fonts")
    assert not alone.is_enabled(), "there are none to search"


def test_many_pictures(page, pictures, tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in ("one.png", "two.png", "notes.png"):
            archive.write(pictures / name, f"folder/{name}")
        archive.writestr("folder/white.png", encode(Image.new("RGB", (90, 60), "white"), "PNG"))
        archive.writestr("__MACOSX/._one.png", b"")
        archive.writestr("readme.txt", "no picture")
    page.get_by_role("tab", name="Batch").click()
    page.locator("#batch input[type=file]").set_input_files([tmp_path / "pictures.zip", pictures / "turned.png"])
    page.locator("#batch-status", has_text="5 images, 1 of them failed, 1 without Latin letters").wait_for()
    names = page.locator("#batch-rows tr").all_inner_texts()
    assert page.evaluate("document.fonts.check(\"20px 'press-start-2p-400-normal'\")")
    assert "not a picture" in names[0] and "Press Start 2P" in names[3]  # what failed stands first
    assert page.locator("#batch-rows img").count() == 5
    with page.expect_download() as download:
        page.locator("#batch-csv").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert [row["family"] for row in rows] == ["pacifico", "pacifico", "press-start-2p", "", "", "pacifico"]
    assert "not a picture" in rows[3]["error"]
    with page.expect_download() as download:
        page.locator("#batch-json").click()
    answers = json.loads(Path(download.value.path()).read_text())
    assert answers[0]["matches"][0]["family"] == "pacifico" and len(answers[1]["groups"]) == 2


def test_a_picture_of_a_batch_is_opened_and_back_returns(page, pictures, tmp_path):
    """By a click and by keys, on its own and out of a zip."""
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.write(pictures / "two.png", "folder/two.png")
    page.get_by_role("tab", name="Batch").click()
    page.locator("#batch input[type=file]").set_input_files([pictures / "one.png", tmp_path / "pictures.zip"])
    for name, lines, how in (("one.png", 1, "click"), ("folder/two.png", 2, "press")):
        button = page.get_by_role("button", name=f"Open {name}").first
        button.wait_for()
        beside = button.locator("xpath=ancestor::tr/td[2]")  # the name opens it, too
        beside.click() if how == "click" else button.press("Enter")
        wait_for_first(page, "Pacifico")
        assert page.locator("#stage .view").is_visible() and page.locator("#stage [data-line]").count() == lines
        page.go_back()
        button.wait_for()
        assert page.url.endswith("tab=batch")
        page.locator("#stage .start").wait_for(state="attached")
    page.go_forward()
    wait_for_first(page, "Pacifico")
    assert page.locator("#stage [data-line]").count() == 2
    page.reload()
    wait_for_first(page, "Pacifico")
    page.go_back()  # the batch went with the page, and is worked on again
    page.get_by_role("button", name="Open folder/two.png").first.wait_for()


def test_the_catalogue_is_searched(page):
    page.get_by_role("tab", name="Catalogue").click()
    page.locator("#families .card").nth(23).wait_for()
    page.locator("#families .rest").scroll_into_view_if_needed()
    page.locator("#families .card").nth(47).wait_for()  # more come while scrolling
    names = page.locator("#families [data-family]").all_inner_texts()
    assert len(names) == len(set(names))
    page.locator("#search input").fill("press start")
    page.locator("#families", has_text="1 family.").wait_for()
    assert "Press Start 2P" in page.locator("#families").inner_text()
    page.reload()  # keeps the tab and what was searched for
    page.locator("#families .hint", has_text="1 family").wait_for()
    assert page.locator("#search input").input_value() == "press start"
    page.locator("#search input").fill("comic sans ms")
    page.locator("#families", has_text="Free fonts for Comic Sans MS").wait_for()
    assert "No family" not in page.locator("#families").inner_text()
    page.locator("#search input").fill("qqxzv wwk")
    page.locator("#families .results > p").wait_for()
    assert page.locator("#families .results > *").count() == 1


def test_back_closes_a_family(page, server):
    """And closing it goes back: the site is never left by that."""
    for close in (page.go_back, lambda: page.get_by_role("button", name="Close").click()):
        page.goto(server[0])
        page.get_by_role("tab", name="Catalogue").click()
        page.locator("#families button[data-family]").first.click()
        page.locator("#family .card").wait_for()
        assert "family=" in page.url
        close()
        page.locator("#family").wait_for(state="detached")
        assert page.url == f"{server[0]}/?tab=catalogue" and page.locator("#families .results").is_visible()


def test_a_family_has_an_address(page, server):
    page.goto(f"{server[0]}/?family=press-start-2p")
    page.locator("#family .card").wait_for()
    assert "Press Start 2P" in page.locator("#family h2").inner_text()
    page.locator("#family > input").fill("Quality time")
    assert set(page.locator("#family .specimen").all_inner_texts()) == {"Quality time"}
    page.locator("#family").get_by_role("button", name="Copy CSS").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('Press+Start+2P'))")
    page.get_by_role("button", name="Close").click()
    page.locator("#family").wait_for(state="detached")  # closing tells the page by an event
    assert "family" not in page.url and page.locator("#family").count() == 0


def test_the_map_is_shown_and_sharp_where_it_is_enlarged(page):
    """Squares of it are laid over the picture, without gaps, as far as it is in sight."""
    page.get_by_role("tab", name="Map").click()
    picture = page.get_by_role("img", name="Map of all families")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 2160
    width = picture.bounding_box()["width"]
    page.wait_for_timeout(600)
    squares = page.locator("#map [data-square]")
    assert squares.count() == 0  # a pixel of it is a pixel of the screen
    page.get_by_role("button", name="Zoom in").click()
    assert picture.bounding_box()["width"] == pytest.approx(1.5 * width, rel=0.01)
    whole = """() => {
      const { left, top, width } = document.querySelector("#map .sheet > img").getBoundingClientRect();
      const seen = document.querySelector("#map .map").getBoundingClientRect();
      const drawn = [...document.querySelectorAll("#map [data-square]")].map((one) => {
        const { scale, column, row } = JSON.parse(one.dataset.square), box = one.getBoundingClientRect();
        const side = width * one.naturalWidth / (2160 * scale);
        return { box, off: Math.max(Math.abs(box.left - left - column * side), Math.abs(box.top - top - row * side),
          Math.abs(box.width - side), Math.abs(box.height - side)), scale };
      });
      const covers = ([x, y]) => drawn.some(({ box }) =>
        x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
      const corners = [seen.left + 2, seen.right - 20].flatMap((x) => [[x, seen.top + 2], [x, seen.bottom - 20]]);
      const scales = [...new Set(drawn.map((one) => one.scale))].join();
      return drawn.every(({ off }) => off < 0.1) && corners.every(covers) && scales;
    }"""
    page.wait_for_function(f"({whole})() === '2'")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(f"({whole})() === '4'")  # those of before are gone
    for _ in range(2):
        page.get_by_role("button", name="Zoom out").click()
    page.wait_for_function("document.querySelectorAll('#map [data-square]').length === 0")
    assert picture.bounding_box()["width"] < 1.01 * width
    page.get_by_label("Find a family on the map").fill("Lobster Tw")
    mark = page.locator("#map .here").bounding_box()
    page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    page.locator("#family h2", has_text="Lobster Two").wait_for()


def test_the_comparison_is_shown(page):
    page.get_by_role("tab", name="About").click()
    page.get_by_text("Why it is no vision-language model").click()
    report = page.frame_locator("#comparison iframe")
    report.get_by_role("heading", name="Should a vision-language model replace the encoder?").wait_for()
    assert report.locator("img").count() >= 3
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 100)"
    assert report.locator("img").evaluate_all(loaded)


def test_an_address_on_the_server_itself_is_not_visited(page, server):
    field = page.get_by_label("Address of an image")
    for address, said in (
        ("http://127.0.0.1/x.png", "public servers"),
        ("file:///etc/passwd", "not the address of an image"),
    ):
        field.fill(address)
        field.press("Enter")
        page.locator("#answer .problem", has_text=said).wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(visit, server, pictures, scheme):
    """axe-core finds nothing of any grade, in light and dark, before and after an answer, on every tab."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(1280, 1200, f"/?__theme={scheme}", color_scheme=scheme)
    page.locator(".examples button").nth(2).wait_for()
    found = []

    def look(where: str) -> None:
        page.wait_for_timeout(800)
        for one in Axe().run(page).response["violations"]:
            found.extend((where, one["id"], node["html"][:120]) for node in one["nodes"])

    look("at first")
    upload(page, pictures / "notes.png")
    page.locator("#answer .problem").wait_for()
    look("with a problem")
    show(page, pictures / "one.png", "Pacifico")
    edit(page, "Filters and own fonts")
    look("with one font and filters")
    show(page, pictures / "two.png", "Pacifico")
    compare(page)
    look("with an answer")
    page.locator("#stage [data-line]").nth(1).dispatch_event("click")
    wait_for_first(page, "Press Start 2P")
    edit(page, "Crop")
    look("with a line and a crop")
    page.get_by_role("button", name="Cancel").click()
    edit(page, "Straighten")
    look("with a slider")
    page.get_by_role("button", name="Cancel").click()
    for tab in ("Batch", "Catalogue", "Map", "About"):
        page.get_by_role("tab", name=tab).click()
        if tab == "Batch":
            page.locator("#batch input[type=file]").set_input_files([pictures / "one.png", pictures / "notes.png"])
            page.locator("#batch-rows tr").nth(1).wait_for()
        look(tab)
    page.goto(f"{server[0]}/?__theme={scheme}&family=lora")
    page.locator("#family .card").wait_for()
    look("a family")
    page.goto(f"{server[0]}/?__theme={scheme}&fonts=lora-400-normal:0.9,pacifico-400-normal:0.05&text=Signal")
    wait_for_first(page, "Lora")
    look("a shared link")
    assert not found
