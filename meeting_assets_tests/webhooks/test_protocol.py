"""Slow, silent and oversized requests do not delay other senders."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from time import monotonic

import httpx
import pytest

from meeting_assets.webhooks import protocol
from meeting_assets.webhooks.application import MAX_BODY_BYTES, PATH
from meeting_assets.webhooks.receiver import MAX_HEADER_BYTES, Receiver
from meeting_assets_tests.support.webhook_sender import signed_request
from meeting_assets_tests.webhooks.conftest import HOST, SOON_S, body, port_of


def test_endless_headers_are_rejected(receiver: Receiver) -> None:
    with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
        connection.sendall(b"POST /webhooks HTTP/1.1\r\nx: " + b"a" * (MAX_HEADER_BYTES + 1))

        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_connection_of_a_silent_sender_is_closed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADERS_S", 0.3)
    monkeypatch.setattr(protocol, "EXCHANGE_S", 0.3)
    headers = b"POST /webhooks HTTP/1.1\r\nhost: here\r\n"
    silent = b"", headers, headers + b"content-length: 9\r\n\r\n"

    for sent in silent:
        with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
            connection.sendall(sent)

            assert not is_answered(connection)


HEADERS = b"POST /webhooks HTTP/1.1\r\n"


@pytest.mark.parametrize("sent", [b"", HEADERS, HEADERS + b"Content-Length: 9\r\n\r\n"])
def test_silent_connections_do_not_delay_messages(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS", 30)
    monkeypatch.setattr(protocol, "RESERVED", 3)
    monkeypatch.setattr(protocol, "HEADERS_S", 60.0)

    assert seconds_for_three_messages(receiver, 40, sent) < 2


@pytest.mark.deployment
def test_a_thousand_silent_connections_do_not_delay_messages(receiver: Receiver) -> None:
    assert seconds_for_three_messages(receiver, protocol.CONNECTIONS, b"") < 2


def seconds_for_three_messages(receiver: Receiver, count: int, sent: bytes) -> float:
    """Time to send three messages while other connections send no complete request."""
    with ExitStack() as silent:
        for _ in range(count):
            connection = silent.enter_context(socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S))
            connection.sendall(sent)

        started_s = monotonic()
        statuses = [httpx.post(receiver.url, **signed_request(body(), f"msg_{n}")).status_code for n in range(3)]
        took_s = monotonic() - started_s

    assert statuses == [200] * 3
    return took_s


@pytest.mark.parametrize("path", [PATH, "/elsewhere"])
@pytest.mark.parametrize(
    "header",
    [f"Content-Length: {MAX_BODY_BYTES * 50}", "Transfer-Encoding: chunked"],
    ids=["content-length", "chunked"],
)
def test_rest_of_a_rejected_body_is_not_read(receiver: Receiver, path: str, header: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    request = f"POST {path} HTTP/1.1\r\nHost: here\r\n{header}\r\n\r\n".encode()
    with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
        started_s = monotonic()
        connection.sendall(request + chunk * (MAX_BODY_BYTES // 0x10000 + 1))
        response = b"".join(iter(lambda: connection.recv(65_536), b""))
        took_s = monotonic() - started_s

    assert response.startswith(b"HTTP/1.1 413" if path == PATH else b"HTTP/1.1 404")
    assert took_s < 2


def test_connection_is_closed_if_the_sender_continues_after_the_response(receiver: Receiver) -> None:
    request = f"POST {PATH} HTTP/1.1\r\nHost: here\r\nContent-Length: {MAX_BODY_BYTES * 10_000}\r\n\r\n".encode()
    with socket.create_connection((HOST, port_of(receiver)), timeout=SOON_S) as connection:
        connection.sendall(request)
        started_s = monotonic()
        with suppress(ConnectionError):
            while monotonic() - started_s < SOON_S:
                connection.sendall(b" " * 65_536)

        assert monotonic() - started_s < 5


def is_answered(connection: socket.socket) -> bool:
    """True if any byte arrives before the connection is closed."""
    try:
        return bool(connection.recv(1))
    except ConnectionResetError:
        return False
