"""What goes wrong around the running app: clients, disks, clocks, kills. Nothing is lost, the next request works."""

import contextlib
import errno
import json
import signal
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.utils import QueueError
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import FONTS, App, draw, free_port, run_command, start_app, until
from web import uploads
from web.turns import Busy, Turns

LIMITS = (
    "import web.limits as most; most.PATIENCE = 2.0; most.MOST_OPEN = 60; most.REMEMBERED = 0; "
    "most.AT_HAND = 1; most.MOST_WAITING = 3"
)
API = "/gradio_api"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A running app that gives up sooner than it does in earnest."""
    with start_app(tmp_path_factory.mktemp("faults"), before=LIMITS) as app:
        yield app
    assert app.lines()[-1]["event"] == "stopped"


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("picture") / "visitor-7.png"
    draw("Signal Wolke", "pacifico", 60).save(file)
    return file


def upload(app: App, content: bytes, name: str = "visitor-7.png") -> httpx.Response:
    return httpx.post(f"{app.address}{API}/upload", files={"files": (name, content)}, timeout=60)


def ask(app: App, path: str) -> httpx.Response:
    """Queue an uploaded picture."""
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}}, 5, [], [], "any", []]
    return httpx.post(f"{app.address}{API}/call/identify", json={"data": data}, timeout=60)


def answer(app: App, asked: httpx.Response) -> str:
    """What is said to a picture that was queued: its family, or the error."""
    stream = httpx.get(f"{app.address}{API}/call/identify/{asked.json()['event_id']}", timeout=120).text
    data = json.loads(stream.split("data: ")[-1])
    return data["error"] if "event: error" in stream else data[0]["matches"][0]["family"]


def identify(app: App, picture: Path) -> str:
    return answer(app, ask(app, upload(app, picture.read_bytes()).json()[0]))


def files(app: App) -> set[str]:
    """Visitors' files among the uploads."""
    return {place.name for place in app.uploads.rglob("*") if place.is_file() and place.suffix != ".webp"}


def begin_upload(app: App, announced: int) -> socket.socket:
    """A connection on which an upload of so many bytes has begun."""
    host, port = app.address.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), timeout=30)
    head = (
        f"POST {API}/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {announced}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="visitor-7.png"\r\n\r\n'
    )
    client.sendall(head.encode())
    return client


# --- watching


def metrics(app: App) -> dict[tuple, float]:
    text = httpx.get(f"{app.address}/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, *sorted(sample.labels.values())): sample.value for sample in samples}


def test_health_and_metrics(app, picture, identifier):
    health, before = app.health(), metrics(app)
    assert health["status"] == "ok" and health["model"] == identifier.version and health["uptime_s"] < 1000
    assert health["waiting"] == health["in_flight"] == 0
    assert identify(app, picture) == "pacifico"
    notes = upload(app, b"no picture").json()[0]
    assert "not a picture" in answer(app, ask(app, notes))
    after = metrics(app)

    def more(*what: str) -> float:
        return after[what] - before.get(what, 0)

    assert more("fontid_requests_total", "answered", "identify") == 1
    assert more("fontid_requests_total", "identify", "refused") == 1
    assert more("fontid_requests_total", "answered", "upload") == 2
    assert more("fontid_request_seconds_count", "identify") == 2
    assert more("fontid_request_seconds_sum", "identify") > 0.05
    assert after["fontid_model_info", identifier.version] == 1
    assert after["fontid_waiting",] == after["fontid_in_flight",] == 0
    assert 100e6 < after["process_resident_memory_bytes",] < 900e6
    assert after["fontid_uploads_free_bytes",] > 1e6


def test_the_log_keeps_nothing_of_visitors(app, picture):
    identify(app, picture)
    httpx.get(f"{app.address}/no/visitor-7.png")
    assert "not uploaded here" in answer(app, ask(app, "/etc/visitor-7"))
    lines = app.lines()
    assert lines[-3]["endpoint"] == "identify" and lines[-3]["outcome"] == "answered" and lines[-3]["ms"] > 10
    assert lines[-3]["size"] == "to 100 kB" and lines[-3]["time"].startswith(time.strftime("%Y-"))
    assert lines[-2]["status"] == 404 and lines[-1]["outcome"] == "refused"
    text = app.log.read_text()
    assert not any(word in text for word in ("visitor", "127.0.0.1", "Signal", "pacifico"))


# --- clients


def test_an_upload_cut_off_leaves_nothing(app, picture):
    before = files(app)
    client = begin_upload(app, 1_000_000)
    client.sendall(bytes(300_000))
    until(lambda: files(app) > before)
    client.close()
    until(lambda: files(app) == before)
    until(lambda: app.lines()[-1].get("status") == 400)  # it is logged a moment after its file is gone
    assert app.lines()[-1]["outcome"] == "refused"
    assert identify(app, picture) == "pacifico"


def test_a_byte_a_second_is_given_up(app, picture):
    before = files(app)
    clients = [begin_upload(app, 1_000_000) for _ in range(20)]
    began = time.monotonic()
    with contextlib.suppress(OSError):
        for _ in range(4):
            for client in clients:
                client.sendall(b"x")
            time.sleep(1)
    assert identify(app, picture) == "pacifico" and time.monotonic() - began < 20
    for client in clients:
        said = client.makefile("rb").read().decode()
        assert said.startswith("HTTP/1.1 408") and "too slowly" in said
        client.close()
    until(lambda: len(files(app)) == len(before | {picture.name}))


def test_clients_that_hang_keep_nobody_waiting(app, picture):
    host, port = app.address.removeprefix("http://").split(":")
    hanging = [socket.create_connection((host, int(port))) for _ in range(150)]
    for client in hanging[:100]:
        client.sendall(b"GET / HTTP/1.1\r\nHost:")
    assert identify(app, picture) == "pacifico" and app.health()["status"] == "ok"
    for client in hanging:
        client.close()


def test_pages_left_open_are_bounded(app, picture):
    """A page that is looked at by nobody still holds a stream; past the limit, newcomers are told."""
    host, port = app.address.removeprefix("http://").split(":")
    pages = [socket.create_connection((host, int(port)), timeout=30) for _ in range(60)]
    for number, page in enumerate(pages):
        page.sendall(f"GET {API}/heartbeat/visit{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert page.recv(100).startswith(b"HTTP/1.1 200")
    refused = upload(app, picture.read_bytes())
    assert refused.status_code == 503 and "try again" in refused.text and app.health()["status"] == "ok"
    for page in pages:
        page.close()
    until(lambda: upload(app, picture.read_bytes()).status_code == 200)
    assert identify(app, picture) == "pacifico"


def test_too_much_is_refused_before_it_is_read(app):
    for path, size, said in (("/upload", 300_000_000, "256 MB"), ("/queue/join", 40_000_000, "32 MB")):
        host, port = app.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(f"POST {API}{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
            answered = client.makefile("rb").read().decode()
        assert answered.startswith("HTTP/1.1 413") and said in answered and "smaller copy" in answered
    chunks = (bytes(1_000_000) for _ in range(40))  # no length is announced
    asked = httpx.post(f"{app.address}{API}/queue/join", content=chunks, timeout=60)
    assert asked.status_code == 413 and "32 MB" in asked.json()["detail"]


def test_a_file_too_large_is_refused_and_not_kept(app):
    before = files(app)
    assert upload(app, bytes(63_000_000)).status_code == 413  # 60 times 1,024 times 1,024 and more
    assert files(app) == before


def test_past_capacity_it_refuses_and_loses_nothing(app, picture):
    """Three wait and one is worked on; whoever was let in is answered, also those of the second wave."""
    path = upload(app, picture.read_bytes()).json()[0]
    with ThreadPoolExecutor(24) as crowd:
        asked = list(crowd.map(lambda _: ask(app, path), range(24)))
        let_in = [one for one in asked if one.status_code == 200]
        refused = [one for one in asked if one.status_code == 503]
        assert len(let_in) + len(refused) == 24 and len(let_in) >= 3 and refused
        assert all("try again in half a minute" in one.json()["detail"] for one in refused)
        assert all(one.headers["retry-after"] == "30" for one in refused)
        assert Counter(crowd.map(lambda one: answer(app, one), let_in)) == {"pacifico": len(let_in)}
    assert identify(app, picture) == "pacifico"


def test_python_clients_are_told_to_try_again(app, picture):
    path = upload(app, picture.read_bytes()).json()[0]
    client = Client(app.address, verbose=False)
    with ThreadPoolExecutor(24) as crowd:
        asked = list(crowd.map(lambda _: ask(app, path), range(24)))
        jobs = [client.submit(handle_file(picture), api_name="/identify") for _ in range(12)]
        ended = [job.exception(60) for job in jobs]
        list(crowd.map(lambda one: answer(app, one), [one for one in asked if one.status_code == 200]))
    said = {str(error) for error in ended if isinstance(error, QueueError)}
    assert said in ({"Queue is full! Please try again."}, set())
    assert all(error is None or isinstance(error, QueueError) for error in ended)


def test_a_second_app_on_the_port_ends_with_a_sentence(app, picture, tmp_path):
    port = app.address.split(":")[-1]
    second = run_command(sys.executable, "app.py", GRADIO_SERVER_PORT=port, GRADIO_TEMP_DIR=str(tmp_path))
    assert second.returncode == 1 and second.stderr.count("\n") == 1
    assert f"Port {port} is taken" in second.stderr and "GRADIO_SERVER_PORT" in second.stderr
    assert identify(app, picture) == "pacifico"


# --- turns


def test_turns_are_fair_and_end():
    turns, order = Turns(1, longest=0.5), []
    with ThreadPoolExecutor(4) as crowd:
        for name in "abcd":
            crowd.submit(turns.take, lambda name=name: (time.sleep(0.05), order.append(name)), kind="small")
            time.sleep(0.01)
    assert order == list("abcd") and turns.in_flight == 0
    with pytest.raises(ZeroDivisionError):
        turns.take(lambda: 1 / 0, kind="small")
    with pytest.raises(Busy, match="try again"):
        turns.take(time.sleep, 1.2, kind="small")
    with pytest.raises(Busy):  # behind one that takes too long
        turns.take(order.append, "never", kind="small")
    until(lambda: turns.in_flight == 0)
    assert turns.take(sum, [1, 2], kind="small") == 3 and "never" not in order


def test_a_turn_is_followed_step_by_step():
    turns, results, seen = Turns(1, longest=5), [], Event()

    def follow(work):
        results.append((yield from turns.follow(work, "small")))

    def in_steps(tell):
        tell("first")
        assert seen.wait(5)
        tell("overtaken")
        tell("last")
        return "done"

    steps = follow(in_steps)
    assert next(steps) == "first"
    seen.set()
    until(lambda: turns.in_flight == 0)
    time.sleep(0.2)  # until the result is told, too
    assert list(steps) == [] and results == ["done"]  # nothing told before stands in the way of the result
    with pytest.raises(ZeroDivisionError):
        list(follow(lambda tell: 1 / 0))


def test_work_that_does_not_end_is_told_apart_from_a_long_queue():
    turns = Turns(1, longest=0.1)
    with pytest.raises(Busy):
        turns.take(time.sleep, 0.6, kind="small")
    assert not turns.stuck
    time.sleep(0.2)
    assert turns.stuck
    until(lambda: not turns.stuck)


# --- disks


def test_half_of_a_file_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def full(self: Path, content: bytes) -> None:
        with open(self, "wb") as file:
            file.write(content[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        uploads.keep("fonts.csv", b"family,style")
    assert not [place for place in tmp_path.rglob("*") if place.is_file()]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 32 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = run_command("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield folder
    assert run_command("umount", "--lazy", folder).returncode == 0


@pytest.mark.slow
def test_a_full_disk(tmp_path, small_disk, picture):
    """Uploads and the log on one disk. What does not fit is told and leaves nothing; with room again, all is well."""
    with start_app(tmp_path / "app", GRADIO_TEMP_DIR=str(small_disk)) as app:
        before = files(app)
        for _ in range(3):
            refused = upload(app, bytes(40_000_000))
            assert refused.status_code == 507 and "no room" in refused.text
        assert files(app) == before
        path = upload(app, picture.read_bytes()).json()[0]
        with open(small_disk / "filler", "wb") as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(100_000))
        for _ in range(3):
            refused = upload(app, picture.read_bytes())
            assert refused.status_code == 507 and "try again" in refused.text
        assert answer(app, ask(app, path)) == "pacifico"  # what was there is looked at
        assert app.health()["status"] == "ok"
        (small_disk / "filler").unlink()
        assert identify(app, picture) == "pacifico"
        assert not [line for line in app.lines() if line.get("outcome") == "failed"]


READ_ONLY = ("unshare", "--mount", "sh", "-c")


def needs_read_only() -> None:
    if run_command(*READ_ONLY, "mount -o remount,ro,bind /").returncode:
        pytest.skip("nothing can be remounted read-only here")


@pytest.mark.slow
def test_a_read_only_disk(tmp_path, picture):
    """Everything read-only but a folder in memory for uploads: it starts and answers."""
    needs_read_only()
    (tmp_path / "uploads").mkdir()
    mount = f'mount -t tmpfs tmpfs {tmp_path}/uploads && mount -o remount,ro,bind / && exec "$@"'
    with start_app(tmp_path, command=(*READ_ONLY, mount, "sh"), TMPDIR=str(tmp_path / "uploads")) as app:
        assert identify(app, picture) == "pacifico"
        assert not [line for line in app.lines() if line.get("outcome") == "failed" or line.get("level") == "error"]


@pytest.mark.slow
def test_nowhere_to_write_at_all(tmp_path):
    """One sentence, whatever was asked for."""
    needs_read_only()
    homes = {"GRADIO_TEMP_DIR": str(tmp_path / "no"), "FONTID_DATA": str(tmp_path / "data")}
    for words in (["app.py"], ["-m", "fontid", "enroll", FONTS / "pacifico", "--name", "mine"]):
        done = run_command(*READ_ONLY, 'mount -o remount,ro,bind / && exec "$@"', "sh", sys.executable, *words, **homes)
        assert done.returncode in (1, 2) and "Read-only file system" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr and done.stderr.strip().count("\n") == 0, done.stderr


# --- kills and clocks


@pytest.mark.slow
def test_kill_9_under_load(tmp_path, picture):
    """Started anew on the same port and folder, it answers, and what the dead one left is deleted in its time."""
    port, soon = str(free_port()), "import web.limits as most; most.DELETE_UPLOADS = (0.5, 10.0)"
    for _ in range(2):
        app = start_app(tmp_path, before=soon, GRADIO_SERVER_PORT=port)

        def visit(app: App = app) -> None:
            with contextlib.suppress(httpx.HTTPError, json.JSONDecodeError, KeyError):
                while True:  # until it is killed
                    identify(app, picture)

        with ThreadPoolExecutor(8) as crowd:
            for _ in range(8):
                crowd.submit(visit)
            try:
                with begin_upload(app, 1_000_000) as half:
                    half.sendall(bytes(300_000))
                    until(lambda app=app: any(name.startswith("tmp") for name in files(app)))
                    until(lambda app=app: app.health()["waiting"] > 2)
                    app.process.kill()  # before the upload's connection is closed, which the app would clear up after
            finally:
                app.process.kill()
            assert app.process.wait(10) == -signal.SIGKILL
        assert any(name.startswith("tmp") for name in files(app))  # half an upload, which is never taken for a picture
    with start_app(tmp_path, before=soon, GRADIO_SERVER_PORT=port) as app:
        assert identify(app, picture) == "pacifico"
        until(lambda: not files(app), 30)
        assert identify(app, picture) == "pacifico"


@pytest.mark.slow
def test_sigterm_answers_what_was_begun(tmp_path, picture):
    app = start_app(tmp_path)
    path = upload(app, picture.read_bytes()).json()[0]
    with ThreadPoolExecutor(4) as crowd:
        asked = [ask(app, path) for _ in range(4)]
        answers = crowd.map(lambda one: answer(app, one), asked)
        began = time.monotonic()
        app.process.terminate()
        until(lambda: httpx.get(f"{app.address}/healthz").status_code == 503)
        assert app.health()["status"] == "stopping"
        late = ask(app, path)
        assert late.status_code == 503 and "being restarted" in late.json()["detail"]
        assert list(answers) == ["pacifico"] * 4
        assert app.process.wait(20) == 0 and time.monotonic() - began < 20
    assert not files(app)


@pytest.mark.slow
def test_clocks_that_jump(tmp_path, picture):
    """A day forwards, a year back: pictures stay for their time and no longer, answers and counts go on."""
    offset = tmp_path / "offset"
    jumping = f"""
import pathlib, time
import web.limits as most
most.DELETE_UPLOADS = (0.5, 15.0)
right = time.time
time.time = lambda: right() + float(pathlib.Path({str(offset)!r}).read_text())
"""
    offset.write_text("0")
    with start_app(tmp_path / "app", before=jumping) as app:
        for seconds in (86_400, -365 * 86_400, 0):
            path = upload(app, picture.read_bytes()).json()[0]
            time.sleep(2)  # a round of deleting before the jump, and one after it
            offset.write_text(str(seconds))
            time.sleep(2)
            assert answer(app, ask(app, path)) == "pacifico"
            until(lambda: not files(app), 60)
        sums = metrics(app)
        assert 0 < sums["fontid_request_seconds_sum", "identify"] < 60 and app.health()["uptime_s"] < 600
        assert all(0 <= line["ms"] < 60_000 for line in app.lines() if "ms" in line)
