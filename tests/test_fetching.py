"""Addresses that lead where nobody may be led: by notation, name, redirect, rebinding; and servers that never end."""

import asyncio
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator

import gradio as gr
import httpcore
import pytest
from gradio import processing_utils, routes

from tests.conftest import until
from web import addresses
from web.addresses import AddressError, confine_gradio, fetch, is_public


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "nonsense"),
        *("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),  # metadata
        *("fd00:ec2::254", "fd20:ce::254", "fe80::a9fe:a9fe", "fe80::1%1", "fe80::1%25eth0"),
        *("100.127.255.255", "127.255.255.254", "0.1.2.3", "198.18.0.1", "192.0.2.1", "203.0.113.9", "240.0.0.1"),
        *("192.88.99.1", "239.1.1.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::127.0.0.1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "2002:a9fe:a9fe::1", "2002:808:808::1"),
        *("2001:0:7f00:1::", "2001:0:808:808::f7f7:f7f7", "fec0::1", "ff02::1", "2001:db8::1", "100::1", "5f00::1"),
        *("", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "localhost", "1.1.1.1.1", "::g"),
    ],
)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "100.63.255.255", "100.128.0.1", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_addresses_that_are(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.01", "0"),
        *("localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:127.0.0.1]"),
        *("①②⑦.⓪.⓪.①", "127。0。0。1", "[::1%25lo]", "127.0.0.1%2f", "127.0.0.1%00.example.org"),
        *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662", "[::ffff:a9fe:a9fe]"),
        *("10.0.0.1", "192.168.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1%25eth0]", "[64:ff9b::7f00:1]"),
    ],
)
def test_no_notation_is_connected_to(host, monkeypatch):
    connected = []
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda self, *where, **more: connected.append(where))
    for form in (f"http://{host}/", f"https://{host}/x.png", f"{host}/x.png"):
        assert why_not(form)
    assert not connected


@pytest.mark.parametrize(
    "address",
    [
        *("http://public.test\\@127.0.0.1/", "http://public.test@127.0.0.1/", "http://127.0.0.1#@public.test/"),
        *("http://public.test:22/", "http://public.test:0/", "http://public.test:99999/", "http://public.test:80:80/"),
        *("http://public.test/\r\nHost: x", "http://public.test/\u2028", "javascript:alert(1)", "http:///x"),
        *("dict://127.0.0.1:11211/", "http://" + "a" * 300 + ".test/", "http://a..test/", "http://exa mple/"),
        *("h" * 3000, "//x", "data:image/png;base64,x", "file:///etc/passwd", "ftp://example.org/x", "gopher://x"),
        *("http://", "http://a@b/", "http://[::1/", "x\ny"),
    ],
)
def test_addresses_that_cannot_be(address, monkeypatch):
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_, **__: pytest.fail("connected"))
    monkeypatch.setattr(socket, "getaddrinfo", names({"public.test": ["127.0.0.1"]}))
    assert why_not(address)


def names(table: dict[str, list[str]]):
    """A resolver that knows these names alone, all their addresses at once."""

    def look_up(host, port, *_, **__):
        host = host.decode() if isinstance(host, bytes) else host
        if host[0].isdigit() and host not in table:  # the connection itself asks for the number
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        if host not in table:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in table[host]]

    return look_up


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["10.0.0.1", "93.184.215.14"], []])
def test_a_name_with_one_private_address_is_not_visited(found, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", names({"mixed.test": found}))
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_, **__: pytest.fail("connected"))
    assert "public servers" in why_not("http://mixed.test/")


def test_a_name_that_changes_its_address_gains_nothing(monkeypatch):
    """Rebinding: public when it is looked at, private from the second look on. It is looked up once, and what was found
    is what is connected to."""
    looks, connected = [], []

    def look_up(host, port, *_, **__):
        looks.append(host)
        address = "93.184.215.14" if len(looks) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(self, host, *_, **__):
        connected.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    for said in ("does not answer", "public servers"):  # at once, and when asked again
        assert said in why_not("http://rebinding.test/")
    assert looks == ["rebinding.test"] * 2 and connected == ["93.184.215.14"]


# --- servers that mean harm


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
ANSWERS: dict[str, Iterator[bytes]] = {
    "one byte of the head a moment": (b"H" for _ in range(10**6)),
    "head without end": (b"X-%d: x\r\n" % n if n else HEAD for n in range(10**6)),
    "continue, continue": (b"HTTP/1.1 100 Continue\r\n\r\n" for _ in range(10**6)),
    "one byte of the picture a moment": (b"x" if n else HEAD + b"Content-Length: 99999\r\n\r\n" for n in range(10**6)),
    "empty chunks": (b"1\r\nx\r\n" if n else HEAD + b"Transfer-Encoding: chunked\r\n\r\n" for n in range(10**6)),
    "nothing": iter([]),
}
BROKEN = {  # with what is said of it
    "garbage": (b"\xff" * 500, ""),
    "no http": (b"SSH-2.0-OpenSSH_9.2\r\n", ""),
    "two lengths": (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx", ""),
    "length of a word": (HEAD + b"Content-Length: many\r\n\r\n", ""),
    "cut off": (HEAD + b"Content-Length: 500\r\n\r\nxxxx", ""),
    "bad chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", ""),
    "gone": (b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", "answered 404"),
    "large": (HEAD + b"\r\n" + b"x" * 30_000, "larger"),
    "redirect to what cannot be": (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", ""),
    "redirect to nothing": (b"HTTP/1.1 302 Found\r\nLocation: \r\n\r\n", ""),
    "redirect inside": (b"HTTP/1.1 307 x\r\nLocation: //0x7f.1/\r\n\r\n", "public servers"),
    "redirect to a file": (b"HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\n\r\n", "not the address"),
    "redirect to itself": (b"HTTP/1.1 302 x\r\nLocation: /round\r\n\r\n", "without end"),
    "redirect with a name": (b"HTTP/1.1 301 x\r\nLocation: http://a:b@public.test/\r\n\r\n", ""),
    "switching": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ""),
}


@pytest.fixture
def answering(monkeypatch):
    """Start a server on the loopback device, called public.test, that sends what it is given, slowly: the first
    of these to the first who asks, and so on, and around again."""
    listeners = []

    def start(*answers: Iterator[bytes]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        turns = itertools.cycle(answers)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    parts = next(turns)
                    try:
                        connection.recv(4096)
                        for part in parts:
                            connection.sendall(part)
                            time.sleep(0.02)
                        time.sleep(0.02 if parts else 2)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        monkeypatch.setattr(addresses, "PORTS", (80, port))
        return f"http://public.test:{port}/"

    monkeypatch.setattr(socket, "getaddrinfo", names({"public.test": ["127.0.0.1"], "0x7f.1": ["127.0.0.2"]}))
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    yield start
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("kind", ANSWERS)
def test_no_server_holds_us_longer_than_the_limit(kind, answering, monkeypatch):
    monkeypatch.setattr(addresses, "SECONDS", 0.5)
    address = answering(ANSWERS[kind])
    started = time.monotonic()
    assert why_not(address) and time.monotonic() - started < 3


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_answers_end_in_a_sentence(kind, answering, monkeypatch):
    monkeypatch.setattr(addresses, "SECONDS", 2)
    monkeypatch.setattr(addresses, "LARGEST", 5000)
    content, said = BROKEN[kind]
    told = why_not(answering([content]))
    assert told.endswith(".") and said in told


def test_a_picture_is_fetched_through_a_redirect(answering):
    moved = b"HTTP/1.1 302 x\r\nLocation: /picture?a=1\r\nConnection: close\r\n\r\n"
    assert fetch(answering([moved], [HEAD + b"Content-Length: 7\r\n\r\npicture"])) == b"picture"


def test_a_resolver_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(addresses, "SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2) or [])
    started = time.monotonic()
    assert "took longer" in why_not("http://slow.test/") and time.monotonic() - started < 1.5


def test_dead_name_servers_keep_no_other_name_waiting(monkeypatch):
    """As many as there may be at a time are stuck but one: it is looked up; with all of them stuck it is told at once;
    and when they are given up, all is well again."""
    monkeypatch.setattr(addresses, "SECONDS", 0.2)
    given_up = threading.Event()

    def look_up(host, *_, **__):
        if host.startswith("dead"):
            given_up.wait(20)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(addresses, "LOOKUPS", threading.BoundedSemaphore(6))
    for number in range(5):
        assert "took longer" in why_not(f"http://dead{number}.test/")
    assert "There is no server named" in why_not("http://alive.test/")
    assert "took longer" in why_not("http://dead5.test/")
    assert "try again in a minute" in why_not("http://alive.test/")
    given_up.set()
    until(lambda: why_not("http://alive.test/").startswith("There is no server named"), 5)


def why_not(address: str) -> str:
    with pytest.raises(AddressError) as caught:
        fetch(address)
    return str(caught.value)


# --- Gradio's own ways


@pytest.fixture
def confined(monkeypatch, tmp_path):
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", None)
    monkeypatch.setattr(routes, "secure_url_stream_response", None)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    confine_gradio()
    return tmp_path


def test_gradio_fetches_by_our_rules(confined, answering):
    """From public hosts, into the upload folder, under a harmless name; other hosts end in our sentence."""
    body = HEAD + b"Content-Length: 7\r\nConnection: close\r\n\r\npicture"
    address = answering([body])
    ends = {"a/%2e%2e%2fb.png?x=1": "_2e_2e_2fb.png", "../..": "fetched", "é" * 200 + ".webp": ".webp", "": "fetched"}
    for path, name in ends.items():
        kept = processing_utils.save_url_to_cache(f"{address}{path}", cache_dir=str(confined))
        assert kept.startswith(f"{confined}{os.sep}") and kept.endswith(name)
        assert open(kept, "rb").read() == b"picture" and len(os.path.basename(kept)) <= 80
    with pytest.raises(gr.Error, match="public servers"):
        processing_utils.save_url_to_cache("http://0x7f.1/", cache_dir=str(confined))


def test_gradio_relays_nothing(confined):
    with pytest.raises(routes.HTTPException) as caught:
        asyncio.run(routes.secure_url_stream_response("https://public.test/x.png", None))
    assert caught.value.status_code == 403
