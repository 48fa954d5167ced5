"""The web app: drop in a picture, read which font it shows.

    python app.py

GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and Gradio's other variables are respected; FONTID_MODEL names another model, by
folder or by OWNER/NAME@REVISION on the hub; FONTID_REMEMBER=0 has no answer remembered. The
parts lie in `web/`; they only format what `fontid` returns. `/healthz` says whether it can answer, `/metrics` what it
does; SIGTERM ends it when what was begun is answered.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

for name, value in {
    "GRADIO_ANALYTICS_ENABLED": "False",  # no request leaves the machine
    "GRADIO_NUM_PORTS": "1",  # the port that was asked for or none: a proxy would not find another
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",  # of visits nothing is remembered,
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",  # nor computed with pandas after every answer
    "OPENBLAS_NUM_THREADS": "1",  # NumPy's further threads wait by turning in circles: a third of a picture's CPU time
}.items():
    os.environ.setdefault(name, value)  # before what reads them is imported

import gradio as gr
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from fontid.artifact import ArtifactError
from fontid.commands import command_line
from fontid.identifier import FontIdentifier
from web.guard import Guard
from web.limits import DELETE_UPLOADS, LARGEST_FILE, MOST_WAITING, SESSIONS, THREADS
from web.page import build
from web.programs import mistaken
from web.remembered import Unread
from web.service import Service
from web.stage import EXAMPLES
from web.turns import TURNS
from web.uploads import Sweeper
from web.watching import log, log_libraries, places

WEB = Path(__file__).parent / "web"
HOVERED = ("", "_dark", "_hover", "_hover_dark")
PALE = ("block_label_text_color", "block_title_text_color", "body_text_color_subdued", "input_placeholder_color")
CONTRAST = {  # the theme's own greys and indigos are too pale to be read by everybody
    f"{part}{mode}": colour
    for parts, modes, colour in (
        (PALE, [""], "*neutral_700"),
        (PALE, ["_dark"], "*neutral_200"),
        (["button_primary_background_fill"], HOVERED, "var(--accent)"),
        (["button_primary_text_color"], HOVERED, "var(--on-accent)"),
        (["link_text_color"], [*HOVERED, "_visited", "_visited_dark"], "var(--accent)"),
    )
    for part in parts
    for mode in modes
}


def warm_up(identifier: FontIdentifier, service: Service) -> None:
    """Have the first visitor wait no longer than the next ones: networks and letters are loaded when first used."""
    try:
        for example in EXAMPLES.values():
            TURNS.take(identifier.identify, example, kind="small")
        service.state = "ok"
        log("ready")
    except Exception as error:  # whatever it is: it cannot answer
        service.state = "failed"
        log("failed", **places(error))


def main() -> None:
    log_libraries()
    try:
        identifier = FontIdentifier.from_pretrained(os.environ.get("FONTID_MODEL"))
        page = build(identifier)
    except ArtifactError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Nothing can be written for uploads ({error}): name a folder with room in GRADIO_TEMP_DIR.")
    page.queue(max_size=MOST_WAITING, api_open=False)
    page._queue.pending_messages_per_session = Unread(SESSIONS)
    service = Service(page, identifier.version)

    @asynccontextmanager
    async def running(app) -> AsyncIterator[None]:
        Thread(target=warm_up, args=(identifier, service), daemon=True).start()
        Thread(target=Sweeper().sweep_for_ever, args=DELETE_UPLOADS, daemon=True).start()
        yield

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: Thread(target=service.stop).start())
    try:
        page.launch(
            theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]).set(
                **CONTRAST
            ),
            head=f"<style>{(WEB / 'style.css').read_text()}</style>",  # as `css` Gradio would break its selectors apart
            favicon_path=WEB / "favicon.svg",
            footer_links=["api", "gradio"],
            max_file_size=f"{LARGEST_FILE // 10**6}mb",  # Gradio counts in 1024s, and says what it counts
            max_threads=THREADS,
            state_session_capacity=SESSIONS,
            enable_monitoring=False,  # Gradio's own page on who asked what
            run_history=False,  # would keep pictures in the browser, and send them to a hub with a visitor's key
            mcp_server=True,
            ssr_mode=False,
            app_kwargs={
                "routes": service.routes(),
                "middleware": [Middleware(Guard, service=service), Middleware(GZipMiddleware, compresslevel=6)],
                "lifespan": running,
                "exception_handlers": {RequestValidationError: mistaken},
            },
        )
    except OSError:
        port = os.environ.get("GRADIO_SERVER_PORT", "7860")
        sys.exit(f"Port {port} is taken, perhaps by another fontid: end it, or set GRADIO_SERVER_PORT to another one.")


if __name__ == "__main__":
    command_line(__doc__).parse_args()  # only --help: everything else is set by environment variables
    main()
