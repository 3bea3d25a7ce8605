"""Proxies and certificates of the environment are used; an invalid variable is named in the error."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from meeting_assets.core.errors import SettingsError, Transient
from meeting_assets.recall import network
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.network import Proxies, certificates
from meeting_assets_tests.support.fake_transport import API, KEY

PROXY = "http://proxy.example:3128"
OBJECT = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\n{"id": "one"}'
SECRET = "hush-4711"

DIRECT = [
    ("*", "https://us-east-1.recall.ai/"),
    ("a.example, *", "https://us-east-1.recall.ai/"),
    ("recall.ai", "https://us-east-1.recall.ai/"),
    (".recall.ai", "https://us-east-1.recall.ai/"),
    ("*.recall.ai", "https://US-east-1.Recall.ai/"),
    ("RECALL.AI", "https://recall.ai/"),
    ("recall.ai.", "https://recall.ai/"),
    ("a.example recall.ai", "https://recall.ai/"),
    ("recall.ai:443", "https://recall.ai/"),
    ("https://recall.ai", "https://recall.ai/"),
    ("bücher.example", "https://xn--bcher-kva.example/"),
    ("xn--bcher-kva.example", "https://bücher.example/"),
    ("10.0.0.0/8", "https://10.1.2.3/"),
    ("10.1.2.3/8", "https://10.9.9.9/"),
    ("10.1.2.3:8443", "https://10.1.2.3:8443/"),
    ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f0::7]/"),
    ("[fd07:b51a:cc66:f0::]/64", "https://[fd07:b51a:cc66:f0::7]/"),
    ("fd07::7", "https://[fd07:0::7]/"),
    ("[fd07::7]", "https://[fd07::7]:8443/"),
    ("[fd07::7]:8443", "https://[fd07::7]:8443/"),
    ("", "http://127.0.0.1:8461/"),
    ("", "http://localhost:8461/"),
    ("", "http://[::1]:8461/"),
]
PROXIED = [
    ("", "https://recall.ai/"),
    (" , ,, ", "https://recall.ai/"),
    ("recall.ai", "https://notrecall.ai/"),
    ("us-east-1.recall.ai", "https://recall.ai/"),
    ("recall.ai:8443", "https://recall.ai/"),
    ("http://recall.ai", "https://recall.ai/"),
    ("10.0.0.0/8", "https://11.0.0.1/"),
    ("10.0.0.0/8", "https://10.example/"),
    ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f1::7]/"),
    ("[fd07::7]:8443", "https://[fd07::7]/"),
    *(
        (entry, "https://recall.ai/")
        for entry in ("[", "[::1", "]", "[]", "::/129", "1.2.3.4/99", ":", ":80", "://", "\x00")
    ),
    *(
        (entry, "https://recall.ai/")
        for entry in ("[::1]:99999999", "a b:c:d", "%", "/", ".", "*.", "@", "fe80::1%eth0")
    ),
]


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def recorder(*replies: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that records the data of each connection, sends the replies in turn, and closes the connection."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    for reply in (*replies, b"")[: len(replies) or 1]:
                        heard.append(connection.recv(1_000))
                        connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


async def retrieve(url: str = API) -> None:
    async with RecallClient(Access(url, KEY)) as client:
        await client.retrieve("transcript", "one")


@pytest.mark.parametrize(("no_proxy", "url"), DIRECT)
def test_hosts_in_no_proxy_are_reached_directly(monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert Proxies.from_environment().proxy_for(httpx.URL(url)) is None


@pytest.mark.parametrize(("no_proxy", "url"), [each for each in PROXIED if "\x00" not in each[0]])
def test_other_hosts_are_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)

    proxy = Proxies.from_environment().proxy_for(httpx.URL(url))

    assert proxy is not None
    assert proxy.url == PROXY


@pytest.mark.parametrize("no_proxy", sorted({entry for entry, _ in DIRECT + PROXIED if "\x00" not in entry}))
def test_invalid_entries_of_no_proxy_are_ignored(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with recorder() as (port, heard), pytest.raises(Transient):
        asyncio.run(retrieve_once(f"http://127.0.0.1:{port}"))

    assert heard[0].startswith(b"GET /api/v1/")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_calls_use_the_http_proxy(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with recorder() as (port, heard):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        with pytest.raises(Transient):
            asyncio.run(retrieve_once(API))

    assert heard[0].startswith(b"CONNECT us-east-1.recall.ai:443")


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_calls_use_the_socks_proxy(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    to_api = b"\x05\x01\x00\x03\x0bapi.example\x00\x50"
    with recorder(b"\x05\x00", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", OBJECT) as (port, heard):
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
        asyncio.run(retrieve_once("http://api.example"))

    assert heard[:2] == [b"\x05\x01\x00", to_api]
    assert heard[2].startswith(b"GET /api/v1/transcript/one/")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://[",
        "ftp://proxy.example",
        "socks4://proxy.example",
        "http://proxy.example:99999",
        "a b",
        "://x",
    ],
)
def test_error_for_an_invalid_proxy_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    monkeypatch.setenv(name, url.replace("://", f"://me:{SECRET}@"))

    with pytest.raises(SettingsError, match=f"^{name} names no valid proxy") as caught:
        asyncio.run(retrieve())

    assert SECRET not in str(caught.value)


def test_error_for_a_missing_socks_package_names_variable_and_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://proxy.example:1080")
    monkeypatch.setattr(network, "SOCKS_ERRORS", ())

    with pytest.raises(SettingsError, match=r"ALL_PROXY names a SOCKS proxy.*httpx\[socks\]"):
        asyncio.run(retrieve())


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_error_for_an_invalid_certificate_file_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(SettingsError, match=r"^SSL_CERT_FILE names .*ca\.pem, which cannot be used: "):
        asyncio.run(retrieve())


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_error_for_a_certificate_path_of_the_wrong_kind_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(name, str(tmp_path if name == "SSL_CERT_FILE" else tmp_path / "file"))

    with pytest.raises(SettingsError, match=f"^{name} names "):
        certificates()


def test_certificates_of_the_environment_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())

    assert certificates().get_ca_certs()


async def retrieve_once(url: str) -> None:
    """One attempt without retries."""
    async with RecallClient(Access(url, KEY)) as client:
        await client._send("/api/v1/transcript/one/", "")
