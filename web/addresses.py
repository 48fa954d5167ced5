"""Fetch a picture from a typed address: from public hosts only, with limits on size and time.

So is fetched what a program names, too: Gradio's own ways visit carrier-grade and other shared addresses and any port,
for as long and as much as the other side sends, and relay what they get to anybody.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout  # the builtin one from Python 3.11 on
from pathlib import PurePosixPath
from threading import BoundedSemaphore, Thread
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import gradio as gr
import httpcore
from gradio import processing_utils, routes

from web.uploads import keep

SECONDS = 8.0  # for everything
LARGEST = 20_000_000  # bytes
LONGEST_NAME = 80  # of a file
MOST_REDIRECTS = 4
PORTS = (80, 443)
GIVEN_OUT = ipaddress.ip_network("2000::/3")  # all of IPv6 that is routed
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 as networks with NAT64 write it
NOT_PUBLIC = tuple(  # whatever this Python's `is_global` says: metadata of Azure and Oracle, relays of 6to4
    ipaddress.ip_network(network) for network in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")
)
MOST_LOOKUPS = 32  # of names at a time; a name server that does not answer holds one for half a minute
UNQUOTED = "%:@!$&'()*+,;=~-./"
HEADERS = {"User-Agent": "fontid", "Accept": "image/*", "Accept-Encoding": "identity"}


LOOKUPS = BoundedSemaphore(MOST_LOOKUPS)


class AddressError(ValueError):
    """A picture cannot be fetched; the message says what to do about it."""


class PublicHosts(httpcore.NetworkBackend):
    """Connects to public addresses on the web's ports only, and ends everything at one moment.

    The address that is looked at is the one connected to, for every redirect anew: a name that changes its address
    in between (DNS rebinding) gains nothing.
    """

    def __init__(self, until: float) -> None:
        self._backend, self._until = httpcore.SyncBackend(), until

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable | None = None,
    ) -> httpcore.NetworkStream:
        if port not in PORTS:
            raise AddressError("Only the usual ports of the web, 80 and 443, are visited: try another address.")
        try:
            found = look_up(host, port).result(left(self._until))
        except FutureTimeout as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:
            raise AddressError(f"There is no server named {host}: check the address.") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(map(is_public, addresses)):
            raise AddressError("Only pictures on public servers can be fetched: download it and drop it in instead.")
        stream = self._backend.connect_tcp(addresses[0], port, left(self._until), local_address, socket_options)
        return Ending(stream, self._until)


class Ending(httpcore.NetworkStream):
    """A connection that is over at a moment, however slowly the other side sends, byte by byte."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return Ending(self._stream.start_tls(ssl_context, server_hostname, left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def look_up(host: str, port: int) -> Future:
    """What `socket.getaddrinfo` will say. Raises: AddressError at once where too many names are being looked up.

    Each has a thread of its own, since the system's resolver cannot be told when to give up: one that waits for a dead
    name server keeps no other waiting.
    """
    if not LOOKUPS.acquire(blocking=False):
        raise AddressError("Too many addresses are being looked up just now: try again in a minute.")
    found: Future = Future()

    def work() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            found.set_exception(error)
        finally:
            LOOKUPS.release()

    Thread(target=work, name="look up", daemon=True).start()
    return found


def left(until: float) -> float:
    """Seconds until a moment. Raises: httpcore.ReadTimeout where it is past."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds


def is_public(address: str) -> bool:
    """Whether an IP address, 4 or 6, belongs to the public internet, also where an IPv4 one is wrapped in an IPv6 one.

    Tunnels (6to4, Teredo) are not visited, wherever they lead.
    """
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if ip.version == 4:
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in NOT_PUBLIC)
    if ip.ipv4_mapped:
        return is_public(str(ip.ipv4_mapped))
    if ip in TRANSLATED:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip in GIVEN_OUT and ip.is_global and ip.sixtofour is None and ip.teredo is None


def fetch(address: str) -> bytes:
    """What lies at an http or https address. Raises: AddressError."""
    address, until = address.strip(), time.monotonic() + SECONDS
    if "://" not in address:
        address = f"https://{address}"
    with httpcore.ConnectionPool(network_backend=PublicHosts(until), max_connections=1) as pool:
        for _ in range(MOST_REDIRECTS + 1):
            check(address)
            try:
                found = _get(pool, address)
            except httpcore.TimeoutException as error:
                raise AddressError(
                    f"{urlsplit(address).hostname} took longer than {SECONDS:.0f} seconds: download it and drop it in."
                ) from error
            except (httpcore.NetworkError, httpcore.ProtocolError) as error:
                raise AddressError(f"{urlsplit(address).hostname} does not answer: check the address.") from error
            if isinstance(found, bytes):
                return found
            address = _joined(address, found)
    raise AddressError("This address leads from one place to the next without end: copy the picture's own address.")


def check(address: str) -> None:
    """Raises: AddressError for what is no address of the web."""
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
        _ = parts.port
    except ValueError:
        whole = False
    if not whole or not address.isprintable() or len(address) > 2000:
        raise AddressError(
            "This is not the address of an image: it has to begin with https:// and the name of a server."
        )


def _joined(address: str, relative: str) -> str:
    try:
        return urljoin(address, relative)
    except ValueError as error:
        raise AddressError("This address leads to one that cannot be: copy the picture's own address.") from error


def _get(pool: httpcore.ConnectionPool, address: str) -> bytes | str:
    """The content, or where a redirect leads."""
    # an address may hold letters beyond ASCII, which requests may not
    with pool.stream("GET", _ascii(address), headers=HEADERS) as response:
        headers = {key.lower(): value.decode("latin-1") for key, value in response.headers}
        if response.status in (301, 302, 303, 307, 308) and b"location" in headers:
            return headers[b"location"]
        if response.status != 200:
            raise AddressError(f"The server answered {response.status} instead of a picture: check the address.")
        size = headers.get(b"content-length", "0")
        too_large = AddressError(f"The picture is larger than {LARGEST // 1_000_000} MB: save a smaller copy.")
        if size.isdigit() and int(size) > LARGEST:
            raise too_large
        content = bytearray()
        for chunk in response.iter_stream():
            content += chunk
            if len(content) > LARGEST:
                raise too_large
        return bytes(content)


def _ascii(address: str) -> str:
    parts = urlsplit(address)
    try:
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except UnicodeError as error:
        raise AddressError("This is not the address of an image: no server can have this name.") from error
    path, query = quote(parts.path, UNQUOTED), quote(parts.query, UNQUOTED + "?")
    return parts._replace(netloc=host, path=path, query=query, fragment="").geturl()


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
