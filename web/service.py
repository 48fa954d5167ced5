"""The running app as a whole: whether it can answer, at `/healthz`, and its metrics, at `/metrics`."""

import time

import gradio as gr
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Info, disable_created_metrics, generate_latest
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from web.head import PREVIEW, PREVIEW_FILE
from web.limits import STOPPING
from web.turns import TURNS
from web.uploads import free_space
from web.watching import log

HEALTH, METRICS = "/healthz", "/metrics"
MODEL = Info("fontid_model", "Digest of the artifact that answers.")
WAITING = Gauge("fontid_waiting", "Requests waiting for their turn.")
IN_FLIGHT = Gauge("fontid_in_flight", "Pictures being worked on.")
FREE = Gauge("fontid_uploads_free_bytes", "Room left where uploads lie.")


class Service:
    """A page that is served. `state` is starting, ok, failed or stopping. Args: version: of the model."""

    def __init__(self, page: gr.Blocks, version: str) -> None:
        self._page, self._version, self._began = page, version, time.monotonic()
        self.state = "starting"
        disable_created_metrics()  # when each was first counted: twice the lines for nothing
        MODEL.info({"version": version})
        WAITING.set_function(lambda: self.waiting)
        IN_FLIGHT.set_function(lambda: TURNS.in_flight)
        FREE.set_function(free_space)

    @property
    def endpoints(self) -> set[str]:
        """What programs may ask."""
        return {str(function.api_name) for function in self._page.fns.values() if function.api_name}

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._page._queue) + TURNS.waiting

    def routes(self) -> list[Route]:
        preview = Route(PREVIEW, lambda _: FileResponse(PREVIEW_FILE))
        return [Route(HEALTH, self._health), Route(METRICS, self._metrics), preview]

    async def _health(self, request: Request) -> Response:
        status = "stuck" if self.state == "ok" and TURNS.stuck else self.state
        found = {
            "status": status,
            "model": self._version,
            "uptime_s": round(time.monotonic() - self._began),
            "waiting": self.waiting,
            "in_flight": TURNS.in_flight,
        }
        return JSONResponse(found, 200 if status == "ok" else 503)

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    def stop(self) -> None:
        """End what was begun, begin nothing new, and close."""
        self.state = "stopping"
        log("stopping", waiting=self.waiting, in_flight=TURNS.in_flight)
        until = time.monotonic() + STOPPING
        while (self.waiting or self._page._queue.get_active_worker_count()) and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.5)  # for the last answer to leave
        TURNS.close()
        self._page.close(verbose=False)
        log("stopped")
