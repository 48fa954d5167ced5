"""What a visitor does over HTTP, as Gradio's page and programs do it, and how that ends.

It ends in one of three ways: answered, as it should be; refused, with a sentence on what to do; or lost.
"""

import contextlib
import json
import re
import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from deploy.load_pictures import Sample, made_unique

ANSWERED, REFUSED, LOST = "answered", "refused", "lost"
REFUSING = (408, 413, 429, 503, 507)
PATIENCE = (10, 45)  # seconds to connect, and between two parts of an answer: streams send a sign of life every 15
LONGEST = 180.0  # seconds until what is asked has ended
SENTENCE = re.compile(r"role=['\"]alert['\"]>([^<]+)<")
BUSY = re.compile(r"^(?!Something (went|is) wrong).*(try again|drop it in once more)", re.IGNORECASE)
SMALL = 300_000  # bytes: such a picture travels inside of its question
MOST_PARTS = 60  # files of a page that are fetched beside it


class Ended(Exception):
    """A visit that ended before its answer."""

    def __init__(self, outcome: str, said: str) -> None:
        super().__init__(said)
        self.outcome, self.said = outcome, said


@dataclass(frozen=True)
class Visit:
    """What was asked, how it ended, what was said, and when, in seconds since the epoch."""

    kind: str
    outcome: str
    said: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class FromAddress(HTTPAdapter):
    """Connects from an address of one's own, so that a proxy that counts addresses sees many visitors."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(pool_maxsize=20)

    def init_poolmanager(self, *rest, **more) -> None:
        super().init_poolmanager(*rest, source_address=(self._address, 0), **more)


class Visitor:
    """One visitor of a site. Args: site: http://host:port; number: of this visitor, from 0."""

    def __init__(self, site: str, folder: Path, number: int = 0) -> None:
        self._site, self._folder, self._number = site, folder, number
        self._http = requests.Session()
        self._http.mount("http://", FromAddress(f"127.0.{1 + number // 250}.{1 + number % 250}"))
        self._functions: dict[str, dict] = {}
        self._session = uuid.uuid4().hex[:11]
        self._heartbeat: requests.Response | None = None

    def open_page(self) -> Visit:
        """The page, what belongs to it, and the heartbeat that stays open while it is looked at."""

        def work() -> None:
            self.leave()
            self._session = uuid.uuid4().hex[:11]
            page = self._get("/").text
            parts = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page)
            script = next(part for part in parts if part.endswith(".js"))
            content = self._get(f"/{script}").text
            parts += [f"assets/{name}" for name in re.findall(r'"\./([\w-]+\.(?:js|css))"', content)]
            for part in [*dict.fromkeys(parts)][:MOST_PARTS]:
                self._get(f"/{part}")
            config = self._get("/config").json()
            names = {one["id"]: one["props"].get("elem_id") for one in config["components"]}
            self._functions = {}
            for one in config["dependencies"]:
                for target, event in one["targets"]:
                    self._functions[f"{names.get(target)}.{event}"] = {"fn_index": one["id"], "trigger_id": target}
            self._heartbeat = self._get(f"/gradio_api/heartbeat/{self._session}", stream=True)

        return ended("page", work)

    def leave(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.close()
            self._heartbeat = None

    def show(self, sample: Sample) -> Visit:
        """Drop a picture into the page that is open, or a zip into its second tab."""

        def work() -> None:
            content = self._content(sample)
            if sample.file.endswith(".zip"):
                check_batch(self._ask("batch.upload", [], {"files": [self._upload(sample, content)["path"]]}))
                return
            inside = len(content) < SMALL  # as web/stage.js has it
            picture = {"content": b64encode(content).decode()} if inside else self._upload(sample, content)
            check_cards(self._ask("stage.upload", [None], picture), sample.cards)

        return ended(f"page: {sample.file}", work)

    def identify(self, sample: Sample) -> Visit:
        """Ask as programs do."""

        def work() -> None:
            data = [self._upload(sample, self._content(sample)), 5, [], [], "any", []]
            event = self._post("/gradio_api/call/identify", json={"data": data}).json()["event_id"]
            kind = ""
            for line in self._lines(f"/gradio_api/call/identify/{event}"):
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind in ("complete", "error"):
                    return check_identified(kind, json.loads(line.removeprefix("data: ")), sample.cards)
            raise Ended(LOST, "the stream of /identify ended without an answer")

        return ended(f"api: {sample.file}", work)

    def _content(self, sample: Sample) -> bytes:
        content = (self._folder / sample.file).read_bytes()
        return made_unique(content, sample.file, time.time_ns() ^ self._number)

    def _upload(self, sample: Sample, content: bytes) -> dict:
        path = self._post("/gradio_api/upload", files={"files": (sample.file, content)}).json()[0]
        return {"path": path, "orig_name": sample.file, "size": len(content), "meta": {"_type": "gradio.FileData"}}

    def _ask(self, function: str, data: list, event: dict | None = None) -> list:
        """All that a function of the page sends, step after step. Args: event: what its script tells beside it."""
        body = {"data": data, "session_hash": self._session, "event_data": event} | self._functions[function]
        asked, sent = self._post("/gradio_api/queue/join", json=body).json()["event_id"], []
        for line in self._lines(f"/gradio_api/queue/data?session_hash={self._session}"):
            if not line.startswith("data: "):
                continue
            message = json.loads(line.removeprefix("data: "))
            if message["msg"] == "log":  # a note that fades: the answer before stays
                sent.append(f"<p class='problem' role='alert'>{message['log']}</p>")
            if message["msg"] in ("process_generating", "process_completed") and message["event_id"] == asked:
                if not message["success"]:
                    raise polite(message["output"].get("error"))
                sent += message["output"]["data"]
                if message["msg"] == "process_completed":
                    return sent
            if message["msg"] == "unexpected_error":
                raise Ended(LOST, f"unexpected error: {message.get('message')}")
        raise Ended(LOST, "the stream of the queue ended without an answer")

    def _lines(self, path: str):
        until = time.monotonic() + LONGEST
        with self._get(path, stream=True) as stream:
            for line in stream.iter_lines(chunk_size=16384, decode_unicode=True):
                if time.monotonic() > until:
                    raise Ended(LOST, f"no answer within {LONGEST:.0f} s")
                yield line

    def _get(self, path: str, **how) -> requests.Response:
        return checked(self._http.get(self._site + path, timeout=PATIENCE, **how))

    def _post(self, path: str, **how) -> requests.Response:
        return checked(self._http.post(self._site + path, timeout=PATIENCE, **how))


def ended(kind: str, work: Callable[[], None]) -> Visit:
    began = time.time()
    try:
        work()
        outcome, said = ANSWERED, ""
    except Ended as error:
        outcome, said = error.outcome, error.said
    except (requests.RequestException, ValueError, LookupError) as error:
        outcome, said = LOST, f"{type(error).__name__}: {error}"
    return Visit(kind, outcome, said, began, time.time())


def checked(response: requests.Response) -> requests.Response:
    """Raises: Ended for what is no success; a refusal is one only with a sentence."""
    response.encoding = response.encoding or "utf-8"
    if response.ok:
        return response
    text = response.text
    with contextlib.suppress(ValueError, LookupError, TypeError):
        text = str(json.loads(text)["detail"])
    # nginx tells whom asks too much to wait and "go on more slowly"
    is_polite = response.status_code in REFUSING and (BUSY.search(text) or response.status_code == 429)
    raise Ended(REFUSED if is_polite and "<" not in text else LOST, f"{response.status_code}: {text[:200]}")


def polite(sentence: str | None) -> Ended:
    return Ended(REFUSED if BUSY.search(sentence or "") else LOST, str(sentence))


def texts(sent) -> list[str]:
    """All strings in what was sent; of a later step that is what differs from the one before."""
    if isinstance(sent, list):
        return [text for one in sent for text in texts(one)]
    return [sent] if isinstance(sent, str) else []


def check_cards(data: list, cards: bool) -> None:
    """Whether the page's update holds what it should: cards, or a sentence. Raises: Ended."""
    shown = " ".join(texts(data))
    sentence = SENTENCE.search(shown)
    if bool("class='card'" in shown or 'class="card"' in shown) is cards and bool(sentence) is not cards:
        return
    raise polite(sentence[1] if sentence else f"neither cards nor a sentence: {shown[:100]}")


def check_identified(kind: str, data, cards: bool) -> None:
    """Whether /identify ends as it should. Raises: Ended."""
    if kind == "complete" and bool(data[0]["matches"]) is cards:  # without text in it a picture has none
        return
    sentence = data.get("error") if isinstance(data, dict) else data
    if kind == "error" and not cards and isinstance(sentence, str) and sentence:
        return
    raise polite(sentence if isinstance(sentence, str) else f"{kind} with {str(sentence)[:100]}")


def check_batch(data: list) -> None:
    """Whether the answer for a zip counts its pictures. Raises: Ended."""
    shown = " ".join(texts(data))
    if "role='status'" not in shown or "images" not in shown:
        sentence = SENTENCE.search(shown)
        raise polite(sentence[1] if sentence else f"no count of images: {shown[:100]}")
