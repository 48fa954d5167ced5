"""Gradio's own ways to fetch what a client names, replaced by `web.addresses`: its own visit carrier-grade and other
shared addresses and any port, for as long and as much as the other side sends, and relay what they get to anybody."""

import asyncio
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import gradio as gr
from gradio import processing_utils, routes

from web.addresses import AddressError, fetch
from web.uploads import keep

LONGEST_NAME = 80


def confine_gradio() -> None:
    """From now on, in this process."""
    processing_utils.async_ssrf_protected_download = download  # a picture given by address: to programs and over MCP
    routes.secure_url_stream_response = relay  # /gradio_api/file=https://...


async def download(address: str, cache_dir: str) -> str:
    """The path of what lies at an address, among the uploads. Raises: gr.Error."""
    try:
        content = await asyncio.to_thread(fetch, address)
    except AddressError as error:
        raise gr.Error(str(error), print_exception=False) from error
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(urlsplit(address).path).name)[-LONGEST_NAME:].lstrip(".")
    return keep(name or "fetched", content)


async def relay(address: str, request: object) -> None:
    """Nobody's pictures but one's own are served. Raises: HTTPException."""
    raise routes.HTTPException(403, "Files of other servers are not served here.")
