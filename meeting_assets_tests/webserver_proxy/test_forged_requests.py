"""Forged requests at a real webserver: with the proxy they have no effect, at the webserver's own port neither.

Each request is also sent to the webserver with the secret path, which shows that it would have an effect without the
proxy.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from meeting_assets_tests.support.proxied_webserver import (
    ASSET,
    CHECK,
    HOST,
    JOB,
    LOCATION,
    LOG_LEVELS,
    ProxiedWebserver,
)

SELECTOR = f'{{repositoryLocationName: "{LOCATION}", repositoryName: "__repository__", jobName: "{JOB}"}}'
LAUNCH = f"mutation {{ launchRun(executionParams: {{selector: {SELECTOR}, runConfigData: {{}}}}) {{ __typename }} }}"
REPORT = (
    "mutation { reportRunlessAssetEvents(eventParams: {eventType: ASSET_MATERIALIZATION, "
    f'assetKey: {{path: ["{ASSET}"]}}}}) {{ __typename }} }}'
)
QUERY = "{ version }"
EVIL = "evil.example"
TIMEOUT_S = 90.0
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# Browsers send this type without a preflight, and the webserver takes the body for JSON.
PLAIN = "text/plain; a=application/json"

pytestmark = [
    pytest.mark.deployment,
    # Dagster has no other public list of asset checks' evaluations.
    pytest.mark.filterwarnings("ignore:Function `EventMethods.get_event_records` is deprecated"),
]


@dataclass(frozen=True)
class Forged:
    """A request that a page can forge. `{port}` in a header is the port to which it is sent."""

    method: str
    path: str
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def graphql(document: str) -> str:
    return json.dumps({"query": document})


def posted(content_type: str, path: str = "/graphql", **headers: str) -> Forged:
    return Forged("POST", path, graphql(LAUNCH), {"content-type": content_type, **headers})


FORGED = {
    "GET mutation": Forged("GET", f"/graphql?query={quote(LAUNCH)}"),
    "POST text/plain": posted(PLAIN),
    "POST form": posted(FORM, f"/graphql?query={quote(LAUNCH)}"),
    "JSON body with a query string": posted(JSON, "/graphql?a=b"),
    "foreign Origin": posted(JSON, origin=f"https://{EVIL}"),
    "null Origin": posted(JSON, origin="null"),
    "foreign Host": posted(JSON, host=EVIL),
    "rebinding Host with a port": posted(JSON, host=f"{EVIL}:{{port}}", origin=f"http://{EVIL}:{{port}}"),
    "report_asset_materialization": Forged(
        "POST", f"/report_asset_materialization/{ASSET}", "{}", {"content-type": JSON}
    ),
    "report_asset_check": Forged(
        "POST",
        f"/report_asset_check/{ASSET}",
        json.dumps({"check_name": CHECK, "passed": True, "severity": "ERROR"}),
        {"content-type": JSON},
    ),
    "report_asset_observation": Forged("POST", f"/report_asset_observation/{ASSET}", "{}", {"content-type": JSON}),
    "reportRunlessAssetEvents": Forged("POST", "/graphql", graphql(REPORT), {"content-type": JSON}),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedWebserver]:
    with ProxiedWebserver(tmp_path_factory.mktemp("forged")) as running:
        yield running


def send(forged: Forged, port: int, prefix: str = "") -> httpx.Response:
    headers = {name: value.format(port=port) for name, value in forged.headers.items()}
    return httpx.request(
        forged.method,
        f"http://{HOST}:{port}{prefix}{forged.path}",
        content=forged.body,
        headers=headers,
        trust_env=False,
        timeout=TIMEOUT_S,
    )


@pytest.mark.parametrize("name", FORGED)
def test_forged_request_has_no_effect(server: ProxiedWebserver, name: str) -> None:
    before = server.effects()

    proxied = send(FORGED[name], server.port)
    direct = send(FORGED[name], server.inner_port)

    assert 400 <= proxied.status_code < 500
    assert proxied.headers["content-type"].startswith("text/plain")
    assert direct.status_code == 404
    assert server.effects() == before


@pytest.mark.parametrize("name", FORGED)
def test_same_request_has_an_effect_without_the_proxy(server: ProxiedWebserver, name: str) -> None:
    before = server.effects()

    answer = send(FORGED[name], server.inner_port, server.prefix)

    assert answer.is_success
    assert server.effects() > before


def test_forged_query_reads_nothing(server: ProxiedWebserver) -> None:
    asked = Forged("GET", f"/graphql?query={quote(QUERY)}")

    proxied, direct, unprotected = (
        send(asked, server.port),
        send(asked, server.inner_port),
        send(asked, server.inner_port, server.prefix),
    )

    assert (proxied.status_code, direct.status_code) == (403, 404)
    assert "version" not in proxied.text + direct.text
    assert unprotected.json()["data"]["version"]


def subscribe(port: int, prefix: str = "", *, host: str, origin: str | None) -> str:
    """The first answer to a subscription; the connection is closed then."""
    with (
        socket.create_connection((HOST, port), TIMEOUT_S) as connection,
        connect(
            f"ws://{host}{prefix}/graphql",
            sock=connection,
            origin=Origin(origin) if origin else None,
            subprotocols=[Subprotocol("graphql-ws")],
        ) as page,
    ):
        page.send(json.dumps({"type": "connection_init"}))
        return str(page.recv(TIMEOUT_S))


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (f"{HOST}:{{port}}", f"https://{EVIL}"),
        (f"{HOST}:{{port}}", "null"),
        (f"{EVIL}:{{port}}", f"http://{EVIL}:{{port}}"),
        (EVIL, None),
    ],
    ids=["foreign Origin", "null Origin", "rebinding Host with a port", "foreign Host"],
)
def test_forged_websocket_is_refused(server: ProxiedWebserver, host: str, origin: str | None) -> None:
    def acknowledged(port: int, prefix: str = "") -> str:
        return subscribe(port, prefix, host=host.format(port=port), origin=origin and origin.format(port=port))

    for port in (server.port, server.inner_port):
        with pytest.raises(InvalidStatus) as refused:
            acknowledged(port)
        assert refused.value.response.status_code == 403

    assert "connection_ack" in acknowledged(server.inner_port, server.prefix)


def test_requests_of_the_own_page_pass(server: ProxiedWebserver) -> None:
    before = server.effects()

    launched = send(posted(JSON, origin=server.url), server.port)

    assert launched.json()["data"]["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert server.effects() == before + 1
    assert "connection_ack" in subscribe(server.port, host=f"{HOST}:{server.port}", origin=server.url)


def test_redirect_location_cannot_be_parsed_by_browsers(server: ProxiedWebserver) -> None:
    """A page that reaches `/` by DNS rebinding would read the secret from the final URL of a redirect."""
    answer = httpx.get(f"http://{HOST}:{server.inner_port}/", trust_env=False)

    assert answer.status_code == 307
    assert answer.headers["location"] == server.prefix
    # A browser does not follow this location, because it names no host.
    assert urlsplit(urljoin(str(answer.url), answer.headers["location"])).hostname is None


def test_pages_do_not_contain_the_secret(server: ProxiedWebserver) -> None:
    secret = server.prefix.removeprefix("//:/")

    accepted = {"accept": "text/html"}
    answers = [
        httpx.get(f"{server.url}{path}", headers=accepted, trust_env=False) for path in ("/", "/runs", "/graphql")
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert all(secret not in f"{answer.text} {answer.headers}" for answer in answers)
    assert 'src="/_next/static/' in answers[0].text


def test_logs_do_not_contain_the_secret(server: ProxiedWebserver) -> None:
    httpx.get(f"{server.url}/runs", trust_env=False)
    httpx.get(f"{server.inner_url}{server.prefix}/runs", trust_env=False)

    assert server.prefix.removeprefix("//:/") not in server.log()
    assert " ".join(LOG_LEVELS) in (Path(__file__).parents[2] / "docs" / "running.md").read_text()
