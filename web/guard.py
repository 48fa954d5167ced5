"""Requests before Gradio sees them: those too many, too large or too slow get a polite refusal."""

import re
import time

import anyio
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.limits import LARGEST_BODY, LARGEST_UPLOAD, MOST_OPEN, PATIENCE, SLOWEST, SPARE_DISK
from web.service import HEALTH, METRICS, Service
from web.turns import FULL
from web.uploads import free_space
from web.watching import DISK, apology, ended, places, size_class

STOPPING = "The server is being restarted: try again in a minute."
SLOW = "This came too slowly and was given up: try again with a smaller picture, or over a better connection."
CUT = "This was cut off half-way: send it again."
LARGE = "This is larger than {} MB: send less at a time, or a smaller copy."
NO_ENDPOINT = "There is no endpoint {}: /gradio_api/openapi.json lists those there are."
UPLOAD = "/upload"
CALL = re.compile(r"/call/(?:v2/)?([^/]+)$")  # how an endpoint is asked


class Refused(MultiPartException):
    """Why a request is not read any further. Being what Gradio's parser fails with, it has it delete its files."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Body:
    """The body of a request as ASGI's `receive`, as long as it keeps to the limits. Raises: Refused."""

    def __init__(self, receive: Receive, is_upload: bool) -> None:
        self._receive, self._is_upload = receive, is_upload
        self._began, self.size, self._whole = time.monotonic(), 0, False
        self.refused: Refused | None = None

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        left = self._began + PATIENCE + self.size / SLOWEST - time.monotonic()
        message: Message | None = None
        with anyio.move_on_after(max(0.0, left)):
            message = await self._receive()
        if message is None:
            raise self.refuse(408, SLOW)
        if message["type"] == "http.disconnect":
            raise self.refuse(400, CUT)
        self.size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        self.check_size(self.size)
        if self._is_upload and free_space() < len(message.get("body", b"")) + SPARE_DISK:
            raise self.refuse(507, DISK)
        return message

    def check_size(self, size: int) -> None:
        largest = LARGEST_UPLOAD if self._is_upload else LARGEST_BODY
        if size > largest:
            raise self.refuse(413, LARGE.format(largest // 10**6))

    def refuse(self, status: int, sentence: str) -> Refused:
        self.refused = Refused(status, sentence)
        return self.refused


class Guard:
    """ASGI middleware around Gradio's routes."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in (HEALTH, METRICS):
            return await self._app(scope, receive, send)
        began, status = time.monotonic(), 0
        is_upload = scope["path"].endswith(UPLOAD)
        body = Body(receive, is_upload)
        facts: dict = {}

        async def sending(message: Message) -> None:
            nonlocal status
            if message.get("status") == 503 and body.refused is None:  # Gradio's own words only count the queue
                body.refuse(503, FULL)
            if body.refused is None:  # what Gradio makes of that is not sent
                status = message.get("status", status)
                await send(message)

        self._open += 1
        try:
            self._check(scope, body)
            await self._app(scope, receive if scope["method"] in ("GET", "HEAD") else body, sending)
        except Exception as error:
            if body.refused is None:
                facts = places(error)
                if status and isinstance(error.__cause__, HTTPException):  # a stream of a visit from before a restart
                    return await send({"type": "http.response.body"})
                if status:  # too late for a sentence
                    raise
                body.refused = Refused(500, apology(error))
        finally:
            self._open -= 1
        if body.refused is not None and not status:
            status, sentence = body.refused.status, body.refused.sentence
            # Gradio's page shows the text where an upload failed, and "detail" elsewhere
            answer = PlainTextResponse(sentence) if is_upload else JSONResponse({"detail": sentence})
            answer.status_code = status
            answer.headers.update({"Connection": "close", "Retry-After": "30"})
            await answer(scope, receive, send)
        if is_upload or status >= 400:
            outcome = "failed" if status == 500 else "refused" if status >= 400 else "answered"
            facts |= {"route": getattr(scope.get("route"), "path", "none"), "status": status}
            ended("http", "upload" if is_upload else "other", outcome, began, size=size_class(body.size), **facts)

    def _check(self, scope: Scope, body: Body) -> None:
        """Whether a request is begun at all. Raises: Refused."""
        if self._open > MOST_OPEN:
            raise body.refuse(503, FULL)
        if scope["method"] == "POST":
            if (asked := CALL.search(scope["path"])) and asked[1] not in self._service.endpoints:
                raise body.refuse(404, NO_ENDPOINT.format(asked[1][:60]))
            if self._service.state == "stopping":
                raise body.refuse(503, STOPPING)
            length = dict(scope["headers"]).get(b"content-length", b"0")
            body.check_size(int(length) if length.isdigit() else 0)
