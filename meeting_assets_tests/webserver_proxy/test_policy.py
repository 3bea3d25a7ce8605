"""The policy as a table: which requests are forwarded, and why the others are not."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meeting_assets.core.errors import UsageError
from meeting_assets.webserver_proxy.policy import ProxyRequest, allowed_origins, document_refusal, request_refusal

OWN = "127.0.0.1:3000"
OWN_ORIGIN = f"http://{OWN}"
FOREIGN_ORIGIN = "https://evil.example"
PUBLIC = "dagster.example.org"
ORIGINS = allowed_origins(3000, f"https://{PUBLIC}")
JSON = {"content-type": "application/json"}
MUTATION = "mutation { reloadWorkspace { __typename } }"
FORBIDDEN = HTTPStatus.FORBIDDEN
UNSUPPORTED = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def request(method: str, path: str, query: str = "", /, **headers: str) -> ProxyRequest:
    """A request of the own page; keywords replace or add headers."""
    named = {"host": OWN, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return ProxyRequest(method, path, query, [*named.items()])


def websocket(path: str = "/graphql", **headers: str) -> ProxyRequest:
    asked = request("GET", path, **headers)
    return ProxyRequest(asked.method, asked.path, "", asked.headers, is_websocket=True)


def post(query: str = "", /, **headers: str) -> ProxyRequest:
    return request("POST", "/graphql", query, **{"content_type": "application/json", **headers})


FORWARDED = {
    "page": request("GET", "/runs/1f"),
    "root": request("GET", "/"),
    "page with parameters": request("GET", "/runs", "q[0]=status%3AFAILURE"),
    "script of the own page": request("GET", "/_next/static/a.js", sec_fetch_site="same-origin"),
    "head": request("HEAD", "/server_info"),
    "compute log": request("GET", "/logs/1f/compute_logs/step/out"),
    "page of GraphiQL": request("GET", "/graphql", accept="text/html"),
    "bookmark": request("GET", "/runs", sec_fetch_site="none", sec_fetch_mode="navigate", sec_fetch_dest="document"),
    "link in a chat": request(
        "GET", "/runs", sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document"
    ),
    "GraphQL of the own page": post(origin=OWN_ORIGIN, sec_fetch_site="same-origin"),
    "GraphQL of a script without a browser": post(),
    "GraphQL of the UI, which names the operation in the URL": post("op=RunQuery"),
    "JSON with a charset": post(content_type="Application/JSON; charset=utf-8"),
    "localhost": post(host="localhost:3000", origin="http://localhost:3000"),
    "host in upper case": post(host="LOCALHOST:3000", origin="http://localhost:3000"),
    "IPv6": post(host="[::1]:3000", origin="http://[::1]:3000"),
    "public address": post(host=PUBLIC, origin=f"https://{PUBLIC}"),
    "public address with its port": post(host=f"{PUBLIC}:443", origin=f"https://{PUBLIC}"),
    "WebSocket of the own page": websocket(origin=OWN_ORIGIN),
    "WebSocket of a script without a browser": websocket(),
}
REFUSED = {
    "GET mutation": (request("GET", "/graphql", f"query={MUTATION}"), FORBIDDEN),
    "GET query": (request("GET", "/graphql", "query={version}"), FORBIDDEN),
    "GET mutation for a page": (request("GET", "/graphql", f"query={MUTATION}", accept="text/html"), FORBIDDEN),
    "HEAD query": (request("HEAD", "/graphql", "query={version}"), FORBIDDEN),
    "POST text/plain": (post(content_type="text/plain"), UNSUPPORTED),
    "POST text/plain that mentions JSON": (post(content_type="text/plain; a=application/json"), UNSUPPORTED),
    "POST form": (post(content_type="application/x-www-form-urlencoded"), UNSUPPORTED),
    "POST multipart": (post(content_type="multipart/form-data; boundary=application/json"), UNSUPPORTED),
    "POST application/graphql": (post(content_type="application/graphql"), UNSUPPORTED),
    "POST without a type": (request("POST", "/graphql"), UNSUPPORTED),
    "POST with two types": (
        ProxyRequest("POST", "/graphql", "", [("host", OWN), *JSON.items(), ("content-type", "text/plain")]),
        UNSUPPORTED,
    ),
    "POST with a compressed body": (post(content_encoding="gzip"), UNSUPPORTED),
    "JSON with a query string": (post(f"query={MUTATION}"), FORBIDDEN),
    "JSON with a query string after the operation": (post(f"op=RunQuery&query={MUTATION}"), FORBIDDEN),
    "JSON with an escaped operation": (post("op=%26query"), FORBIDDEN),
    "GET with an operation": (request("GET", "/graphql", "op=RunQuery"), FORBIDDEN),
    "foreign Origin": (post(origin=FOREIGN_ORIGIN), FORBIDDEN),
    "null Origin": (post(origin="null"), FORBIDDEN),
    "Origin of another port": (post(origin="http://127.0.0.1:3001"), FORBIDDEN),
    "Origin of another scheme": (post(origin="https://127.0.0.1:3000"), FORBIDDEN),
    "Origin of another own name": (post(origin="http://localhost:3000"), FORBIDDEN),
    "public Origin without TLS": (post(host=PUBLIC, origin=f"http://{PUBLIC}"), FORBIDDEN),
    "two Origins": (
        ProxyRequest(
            "POST", "/graphql", "", [("host", OWN), *JSON.items(), *[("origin", o) for o in (OWN_ORIGIN, "null")]]
        ),
        FORBIDDEN,
    ),
    "GET of a foreign Origin": (request("GET", "/runs", origin=FOREIGN_ORIGIN), FORBIDDEN),
    "foreign Host": (post(host="evil.example"), FORBIDDEN),
    "rebinding Host with a port": (post(host="evil.example:3000", origin="http://evil.example:3000"), FORBIDDEN),
    "page of a rebinding Host": (request("GET", "/", host="evil.example:3000"), FORBIDDEN),
    "Host with a prefix of ours": (post(host="127.0.0.1:3000.evil.example"), FORBIDDEN),
    "Host with another port": (post(host="127.0.0.1:3001"), FORBIDDEN),
    "Host without a port": (post(host="127.0.0.1"), FORBIDDEN),
    "Host with a user": (post(host=f"user@{OWN}"), FORBIDDEN),
    "public Host with another port": (post(host=f"{PUBLIC}:3000"), FORBIDDEN),
    "no Host": (ProxyRequest("GET", "/"), FORBIDDEN),
    "two Hosts": (ProxyRequest("GET", "/", "", [("host", OWN), ("host", "evil.example")]), FORBIDDEN),
    "script of a foreign page": (
        request("GET", "/a.js", sec_fetch_site="cross-site", sec_fetch_mode="no-cors"),
        FORBIDDEN,
    ),
    "frame of a foreign page": (
        request("GET", "/", sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="iframe"),
        FORBIDDEN,
    ),
    "form of another port": (
        post(sec_fetch_site="same-site", sec_fetch_mode="navigate", sec_fetch_dest="document"),
        FORBIDDEN,
    ),
    "WebSocket with a foreign Origin": (websocket(origin=FOREIGN_ORIGIN), FORBIDDEN),
    "WebSocket with a null Origin": (websocket(origin="null"), FORBIDDEN),
    "WebSocket with a foreign Host": (websocket(host="evil.example:3000", origin=OWN_ORIGIN), FORBIDDEN),
    "WebSocket of a foreign site": (websocket(sec_fetch_site="cross-site"), FORBIDDEN),
    "script of an unknown kind of site": (request("GET", "/a.js", sec_fetch_site="other-site"), FORBIDDEN),
    "Origin in upper case": (post(origin=OWN_ORIGIN.upper()), FORBIDDEN),
    "WebSocket to another path": (websocket("/runs"), FORBIDDEN),
    "report_asset_materialization": (request("POST", "/report_asset_materialization/a", **JSON), FORBIDDEN),
    "report_asset_check": (request("POST", "/report_asset_check/a", **JSON), FORBIDDEN),
    "report_asset_observation": (request("POST", "/report_asset_observation/a", **JSON), FORBIDDEN),
    "report endpoint after two slashes": (request("POST", "//report_asset_check/a", **JSON), FORBIDDEN),
    "preflight": (
        request("OPTIONS", "/graphql", access_control_request_method="POST"),
        HTTPStatus.METHOD_NOT_ALLOWED,
    ),
    "PUT": (request("PUT", "/graphql", **JSON), HTTPStatus.METHOD_NOT_ALLOWED),
    "DELETE": (request("DELETE", "/runs/1f"), HTTPStatus.METHOD_NOT_ALLOWED),
    "POST to another path": (request("POST", "/graphql/", **JSON), HTTPStatus.METHOD_NOT_ALLOWED),
    "path with ..": (request("GET", "/runs/../graphql", "query={version}"), HTTPStatus.BAD_REQUEST),
    "path with .": (request("GET", "/./graphql", "query={version}"), HTTPStatus.BAD_REQUEST),
    "path of a forward proxy": (request("GET", "http://evil.example/"), HTTPStatus.BAD_REQUEST),
}


@pytest.mark.parametrize("name", FORWARDED)
def test_normal_requests_are_forwarded(name: str) -> None:
    assert request_refusal(FORWARDED[name], ORIGINS) is None


@pytest.mark.parametrize("name", REFUSED)
def test_forged_requests_are_refused(name: str) -> None:
    asked, status = REFUSED[name]

    refusal = request_refusal(asked, ORIGINS)

    assert refusal is not None
    assert refusal.status == status
    assert "evil" not in refusal.reason


@given(
    st.sampled_from([*FORWARDED.values()]), st.sampled_from(["origin", "sec-fetch-site", "host"]), st.text(max_size=30)
)
def test_one_foreign_header_is_enough(asked: ProxyRequest, name: str, value: str) -> None:
    own = {*ORIGINS, *ORIGINS.values()}
    foreign = {"origin": f"http://{value}", "sec-fetch-site": value, "host": value}[name]
    assume(foreign.strip().lower() not in {*own, "same-origin", "none"})
    assume(name != "sec-fetch-site" or "navigate" not in asked.values("sec-fetch-mode"))
    changed = ProxyRequest(asked.method, asked.path, asked.query, [*asked.headers, (name, foreign)], asked.is_websocket)

    assert request_refusal(changed, ORIGINS) is not None


@pytest.mark.parametrize("name", REFUSED)
def test_names_of_headers_may_have_any_case(name: str) -> None:
    asked, status = REFUSED[name]
    headers = [(each.title(), value) for each, value in asked.headers]

    refusal = request_refusal(replace(asked, headers=headers), ORIGINS)

    assert refusal is not None
    assert refusal.status == status


DOCUMENTS: dict[str, tuple[Any, HTTPStatus | None]] = {
    "mutation of the own page": ({"query": MUTATION, "variables": {}}, None),
    "report field": ({"query": "mutation { reportRunlessAssetEvents(eventParams: {}) { __typename } }"}, FORBIDDEN),
    "report field under an alias": ({"query": "mutation { a: reportRunlessAssetEvents { __typename } }"}, FORBIDDEN),
    "report field in a fragment": ({"query": "fragment F on Mutation { reportRunlessAssetEvents { b } }"}, FORBIDDEN),
    "report field as the text of a variable": ({"query": "{a}", "variables": {"a": "reportRunlessAssetEvents"}}, None),
    "list of documents": ([{"query": MUTATION}], HTTPStatus.BAD_REQUEST),
    "no document": ({}, HTTPStatus.BAD_REQUEST),
    "document that is no text": ({"query": [MUTATION]}, HTTPStatus.BAD_REQUEST),
    "nothing": (None, HTTPStatus.BAD_REQUEST),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_only_documents_that_report_events_are_refused(name: str) -> None:
    document, status = DOCUMENTS[name]

    refusal = document_refusal(document)

    assert (refusal and refusal.status) == status


@pytest.mark.parametrize(
    "url",
    [PUBLIC, f"ftp://{PUBLIC}", f"https://{PUBLIC}/dagster", f"https://user@{PUBLIC}", "https://", "https://a:x", ""],
)
def test_public_url_must_be_an_origin(url: str) -> None:
    with pytest.raises(UsageError, match="--public-url must be"):
        allowed_origins(3000, url or "://")


def test_default_port_may_be_omitted() -> None:
    assert allowed_origins(80)["localhost"] == allowed_origins(80)["localhost:80"] == "http://localhost"
