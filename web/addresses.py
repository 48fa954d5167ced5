"""Fetch a picture from an address that somebody typed: from public hosts only, small and soon, or not at all."""

import ipaddress
import socket
import time
from collections.abc import Iterable
from urllib.parse import quote, urljoin, urlsplit

import httpcore

SECONDS = 8.0  # for everything
LARGEST = 20_000_000  # bytes
MOST_REDIRECTS = 4
PORTS = (80, 443)
UNQUOTED = "%:@!$&'()*+,;=~-./"
HEADERS = {"User-Agent": "fontid", "Accept": "image/*", "Accept-Encoding": "identity"}


class AddressError(ValueError):
    """A picture cannot be fetched; the message says what to do about it."""


class PublicHosts(httpcore.NetworkBackend):
    """Connects to public addresses on the web's ports only.

    The address that is looked at is the one connected to, for every redirect anew: a name that changes its address
    in between (DNS rebinding) gains nothing.
    """

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

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
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise AddressError(f"No computer is known by the name {host}: check the address.") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(map(is_public, addresses)):
            raise AddressError("Only pictures on public servers can be fetched: download it and drop it in instead.")
        return self._backend.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Iterable | None = None):
        raise AddressError("Only pictures on public servers can be fetched.")


def is_public(address: str) -> bool:
    """Whether an IP address, 4 or 6, belongs to the public internet, also where one is wrapped in the other."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    inner = [getattr(ip, name, None) for name in ("ipv4_mapped", "sixtofour")] + list(getattr(ip, "teredo", None) or ())
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return ip.is_global and not ip.is_multicast and all(is_public(str(one)) for one in inner if one is not None)


def fetch(address: str) -> bytes:
    """What lies at an http or https address. Raises: AddressError."""
    address, until = address.strip(), time.monotonic() + SECONDS
    if "://" not in address:
        address = f"https://{address}"
    with httpcore.ConnectionPool(network_backend=PublicHosts(), max_connections=1) as pool:
        for _ in range(MOST_REDIRECTS + 1):
            check(address)
            try:
                found = _get(pool, address, until)
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
                raise AddressError(f"{urlsplit(address).hostname} does not answer: check the address.") from error
            if isinstance(found, bytes):
                return found
            address = urljoin(address, found)
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
        raise AddressError("This is no address of a picture: it begins with https:// and names a server.")


def _get(pool: httpcore.ConnectionPool, address: str, until: float) -> bytes | str:
    """The content, or where a redirect leads."""
    left = max(0.1, until - time.monotonic())
    timeouts = {"connect": left, "read": left, "write": left, "pool": left}
    # an address may hold letters beyond ASCII, which requests may not
    with pool.stream("GET", _ascii(address), headers=HEADERS, extensions={"timeout": timeouts}) as response:
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
            if time.monotonic() > until:
                raise AddressError(f"The picture took longer than {SECONDS:.0f} seconds: download it and drop it in.")
        return bytes(content)


def _ascii(address: str) -> str:
    parts = urlsplit(address)
    try:
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except UnicodeError as error:
        raise AddressError("This is no address of a picture: the server's name cannot be.") from error
    path, query = quote(parts.path, UNQUOTED), quote(parts.query, UNQUOTED + "?")
    return parts._replace(netloc=host, path=path, query=query, fragment="").geturl()
