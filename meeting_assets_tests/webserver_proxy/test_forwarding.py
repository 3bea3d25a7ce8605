"""The proxy forwards bytes, headers and paths unchanged, streamed and within bounds; the webserver is a stand-in."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import SettingsError, UsageError
from meeting_assets.webserver_proxy import upstream
from meeting_assets.webserver_proxy.application import MAX_BODY_BYTES
from meeting_assets.webserver_proxy.server import ProxyServer
from meeting_assets.webserver_proxy.upstream import Upstream
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.stand_in_webserver import (
    COMPRESSED,
    PART,
    PARTS,
    PREFIX,
    TIMEOUT_S,
    StandIn,
    proxied,
    thread_of,
)


@given(st.text(max_size=20))
def test_webserver_receives_exactly_the_path_that_was_checked(
    url: str, webserver: StandIn, browser: httpx.Client, text: str
) -> None:
    webserver.paths.clear()
    path = f"/{text}".encode("utf-8", "replace")

    target = "/" + "".join(f"%{byte:02x}" for byte in path[1:])
    answer = browser.send(httpx.Request("GET", url, extensions={"target": target.encode()}))

    assert webserver.paths == ([path.decode()] if answer.is_success else [])
    # The router takes no path with a line break.
    assert answer.is_success or {".", ".."}.intersection(text.split("/")) or answer.status_code == 404


def test_query_string_and_headers_are_forwarded(url: str, webserver: StandIn, browser: httpx.Client) -> None:
    browser.get(f"{url}/logs?a=%20b&c", headers={"x-mine": "kept", "connection": "close, x-hop", "x-hop": "dropped"})

    assert webserver.queries[-1] == "a=%20b&c"
    assert webserver.headers[-1]["x-mine"] == "kept"
    assert webserver.headers[-1]["host"] == url.removeprefix("http://")
    assert "x-hop" not in webserver.headers[-1]


def test_compressed_response_stays_compressed(url: str, browser: httpx.Client) -> None:
    with browser.stream("GET", f"{url}/compressed") as answer:
        received = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    assert received == COMPRESSED


def test_large_response_is_complete(url: str, browser: httpx.Client) -> None:
    with browser.stream("GET", f"{url}/large") as answer:
        size = sum(map(len, answer.iter_raw()))

    assert size == len(PART) * PARTS


def test_response_is_streamed_and_ends_with_the_browsers_connection(
    url: str, webserver: StandIn, browser: httpx.Client
) -> None:
    with browser.stream("GET", f"{url}/endless") as answer:
        first = next(answer.iter_raw())
        webserver.first_part_received.set()

    assert first == b"first"
    assert webserver.stopped_streaming.wait(TIMEOUT_S)


def test_pages_and_redirects_have_no_prefix(url: str, browser: httpx.Client) -> None:
    page, moved = browser.get(f"{url}/page"), browser.get(f"{url}/moved")

    assert page.text == '<a href="/runs">'
    assert moved.headers["location"] == "/runs"


def test_page_without_a_secret_path_is_forwarded_as_it_is(webserver: StandIn, browser: httpx.Client) -> None:
    with proxied(webserver.port, "") as url:
        page = browser.get(f"{url}{PREFIX}/page")

    assert page.text == f'<a href="{PREFIX}/runs">'


def test_pages_cannot_be_framed(url: str, browser: httpx.Client) -> None:
    page = browser.get(f"{url}/page")

    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "SAMEORIGIN"


def test_body_is_forwarded_as_the_document_that_was_checked(
    url: str, webserver: StandIn, browser: httpx.Client
) -> None:
    twice = '{"query": "mutation { reportRunlessAssetEvents }", "query": "{version}", "variables": {"a": 1.5}}'

    browser.post(f"{url}/graphql?op=Version", content=twice, headers={"content-type": "application/json"})

    assert json.loads(webserver.bodies[-1]) == {"query": "{version}", "variables": {"a": 1.5}}
    assert webserver.bodies[-1].count(b"query") == 1
    assert webserver.queries[-1] == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"query": "' + b"x" * MAX_BODY_BYTES + b'"}', 413),
        (b'{"query": "mutation { report\\u0052unlessAssetEvents }"}', 403),
        ('{"query": "mutation { reportRunlessAssetEvents }"}'.encode("utf-16"), 403),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"query": ' + b"9" * 10_000 + b"}", 400),
        (b"\xff\xfe\xff", 400),
        (b"", 400),
    ],
    ids=["too long", "escaped field", "UTF-16", "cut", "deep", "large number", "no text", "empty"],
)
def test_unacceptable_bodies_are_refused(
    url: str, webserver: StandIn, body: bytes, status: int, browser: httpx.Client
) -> None:
    webserver.bodies.clear()

    answer = browser.post(f"{url}/graphql", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == status
    assert webserver.bodies == []


@pytest.mark.parametrize("depth", range(200, 2_000, 100))
def test_deeply_nested_bodies_are_forwarded_or_refused(url: str, depth: int, browser: httpx.Client) -> None:
    body = b'{"query": "{a}", "variables": ' + b"[" * depth + b"]" * depth + b"}"

    answer = browser.post(f"{url}/graphql", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (200, 400)


def test_ended_webserver_is_reported(browser: httpx.Client) -> None:
    with proxied(free_port()) as url:
        answer = browser.get(url)

        assert answer.status_code == 502
        assert "Start it, or correct the address." in answer.text


def test_page_that_cannot_be_decoded_is_reported(url: str, browser: httpx.Client) -> None:
    answer = browser.get(f"{url}/corrupt")

    assert answer.status_code == 502
    assert "Start it, or correct the address." in answer.text


def test_head_of_a_page_names_no_wrong_length(url: str, browser: httpx.Client) -> None:
    answer = browser.head(f"{url}/page")

    assert answer.status_code == 200
    assert "content-length" not in answer.headers


def test_bug_of_the_proxy_is_logged_without_the_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, browser: httpx.Client
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise LookupError("private text")

    monkeypatch.setattr(upstream, "quote", fail)
    with proxied(free_port()) as url:
        answer = browser.get(f"{url}/private/path?private=query")

    (message,) = caplog.messages
    assert answer.status_code == 500
    assert "LookupError" in message
    assert __file__ in message
    assert "private" not in f"{message} {answer.text}"


@pytest.mark.parametrize("host", ["::", "127.0.0.2"])
def test_host_that_browsers_cannot_open_needs_a_public_url(host: str) -> None:
    def start(public_url: str | None) -> str:
        with ProxyServer(Upstream("http://127.0.0.1:3001"), host=host, port=0, public_url=public_url) as proxy:
            return proxy.url

    with pytest.raises(UsageError, match="Add --public-url"):
        start(None)
    assert start("http://dagster.internal:3000") == "http://dagster.internal:3000"


@pytest.mark.parametrize(("host", "name"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_printed_address_is_the_one_that_listens(host: str, name: str, browser: httpx.Client) -> None:
    proxy = ProxyServer(Upstream(f"http://127.0.0.1:{free_port()}"), host=host, port=0)
    with proxy, thread_of(proxy.serve, proxy.stop):
        answer = browser.get(proxy.url)

    assert proxy.url.startswith(f"http://{name}:")
    assert answer.status_code == 502


@pytest.mark.parametrize(
    ("url", "prefix", "message"),
    [
        ("https://127.0.0.1:3001", "", "--webserver must be"),
        ("127.0.0.1:3001", "", "--webserver must be"),
        ("http://127.0.0.1:3001/secret", "", "--webserver must be"),
        ("http://127.0.0.1:x", "", "--webserver must be"),
        ("http://127.0.0.1:3001", "secret", "PATH_PREFIX .* must be //:/ and a secret"),
        ("http://127.0.0.1:3001", "/secret", "PATH_PREFIX .* must be //:/ and a secret"),
        ("http://127.0.0.1:3001", "//:/secret/", "PATH_PREFIX .* must be //:/ and a secret"),
        ("http://127.0.0.1:3001", "//:/", "PATH_PREFIX .* must be //:/ and a secret"),
    ],
)
def test_unusable_address_of_the_webserver_is_named(url: str, prefix: str, message: str) -> None:
    with pytest.raises((SettingsError, UsageError), match=message):
        Upstream(url, prefix)
