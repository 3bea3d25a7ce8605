"""Dagster's UI through the proxy in a real browser, and pages of other origins that attack it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from meeting_assets_tests.browser.test_tour import BROWSERS, FLAGS
from meeting_assets_tests.support.proxied_webserver import HOST, JOB, LOCATION, ProxiedWebserver

REBINDING = "rebinding.example"
PATIENCE_MS = 60_000
SELECTOR = f'{{repositoryLocationName: "{LOCATION}", repositoryName: "__repository__", jobName: "{JOB}"}}'
LAUNCH = f"mutation {{ launchRun(executionParams: {{selector: {SELECTOR}, runConfigData: {{}}}}) {{ __typename }} }}"
CAPTURED = """
async (run) => {
    const ask = async (query, variables) => (await (await fetch("/graphql", {
        method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify({query, variables})
    })).json()).data;
    const events = await ask(`query ($run: ID!) { logsForRun(runId: $run) {
        ... on EventConnection { events { ... on LogsCapturedEvent { fileKey } } } } }`, {run});
    const key = events.logsForRun.events.find(each => each.fileKey).fileKey;
    const logs = await ask(`query ($key: [String!]!) { capturedLogsMetadata(logKey: $key) { stdoutDownloadUrl } }`,
        {key: [run, "compute_logs", key]});
    return await (await fetch(logs.capturedLogsMetadata.stdoutDownloadUrl)).text();
}
"""
# Every way in which a page can send a request to another origin; returns the ways that gave it an answer.
ATTACK = """
async ({target, launch}) => {
    const body = JSON.stringify({query: launch});
    const url = target + "/graphql";
    const read = [];
    const attempt = async (name, send) => { try { await send(); } catch { return; } read.push(name); };
    const get = url + "?query=" + encodeURIComponent(launch);
    await attempt("CORS", async () => await (await fetch(get)).text());
    await attempt("JSON", async () => await (await fetch(
        url, {method: "POST", headers: {"content-type": "application/json"}, body})).text());
    const plain = {"content-type": "text/plain; a=application/json"};
    await fetch(get, {mode: "no-cors"}).catch(() => null);
    await fetch(url, {method: "POST", mode: "no-cors", headers: plain, body}).catch(() => null);
    await fetch(get, {method: "POST", mode: "no-cors"}).catch(() => null);
    navigator.sendBeacon(url, new Blob([body], {type: "text/plain; a=application/json"}));
    await new Promise(done => { const image = new Image(); image.onload = image.onerror = done; image.src = get; });
    const add = (element) => document.body.appendChild(document.createElement(element));
    for (const [action, method] of [[get, "post"], [get, "get"], [url, "post"]]) {
        const frame = Object.assign(add("iframe"), {name: "f" + Math.random()});
        const form = Object.assign(add("form"), {action, method, enctype: "text/plain", target: frame.name});
        const [name, value] = method === "get" ? ["query", launch] : [body.slice(0, -1) + ', "a": "', '"}'];
        form.appendChild(Object.assign(add("input"), {name, value}));
        const loaded = new Promise(done => { frame.onload = done; setTimeout(done, 5000); });
        form.submit();
        await loaded;
    }
    await attempt("WebSocket", () => new Promise((opened, refused) => {
        const socket = new WebSocket(url.replace("http", "ws"), "graphql-ws");
        socket.onopen = opened; socket.onerror = refused;
    }));
    return read;
}
"""
REBOUND = """
async (launch) => {
    const seen = [];
    const ask = async (path, options) => {
        try { const answer = await fetch(path, options); seen.push([answer.status, answer.url, await answer.text()]); }
        catch (error) { seen.push([0, "", String(error)]); }
    };
    await ask("/");
    await ask("/server_info");
    await ask("/graphql?query=" + encodeURIComponent(launch));
    await ask("/graphql", {
        method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify({query: launch})});
    seen.push([0, "", JSON.stringify(performance.getEntries())]);
    return seen;
}
"""

pytestmark = [
    pytest.mark.deployment,
    # Dagster has no other public list of asset checks' evaluations.
    pytest.mark.filterwarnings("ignore:Function `EventMethods.get_event_records` is deprecated"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedWebserver]:
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with ProxiedWebserver(tmp_path_factory.mktemp("proxied")) as running:
        yield running


@pytest.fixture(scope="module")
def foreign_url() -> Iterator[str]:
    """An empty page on another port of this machine."""
    with ThreadingHTTPServer((HOST, 0), EmptyPage) as foreign:
        Thread(target=foreign.serve_forever).start()
        yield f"http://{HOST}:{foreign.server_port}/"
        foreign.shutdown()


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<body></body>")

    def log_message(self, *_: Any) -> None:
        """Writes no log."""


@pytest.fixture(scope="module")
def browser(server: ProxiedWebserver) -> Iterator[Browser]:
    command = next(filter(None, map(shutil.which, BROWSERS)))
    rebinding = f"--host-resolver-rules=MAP {REBINDING} {HOST}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=[*FLAGS, rebinding])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def test_ui_works_and_the_run_page_is_live(server: ProxiedWebserver, page: Page) -> None:
    faults: list[str] = []
    sockets: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on("websocket", lambda socket: sockets.append(socket.url))

    page.goto(f"{server.url}/locations/{LOCATION}/jobs/{JOB}/playground")
    page.get_by_role("button", name="Launch run").click()
    page.wait_for_url("**/runs/*")
    loads: list[Request] = []
    page.on("request", lambda request: loads.append(request) if request.is_navigation_request() else None)
    expect(page.get_by_text("before the gate").first).to_be_visible(timeout=PATIENCE_MS)
    hidden = page.get_by_text("behind the gate").count()
    server.open_gate()
    expect(page.get_by_text("behind the gate").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Success").first).to_be_visible(timeout=PATIENCE_MS)
    log = page.evaluate(CAPTURED, page.url.rsplit("/", 1)[1].partition("?")[0])
    page.goto(f"{server.url}/assets/small_asset")
    expect(page.get_by_text("small_asset").first).to_be_visible(timeout=PATIENCE_MS)

    assert hidden == 0
    assert [each.url for each in loads] == [f"{server.url}/assets/small_asset"]
    assert "words on stdout" in log
    assert set(sockets) == {f"ws://{HOST}:{server.port}/graphql"}
    assert faults == []


def attacked(server: ProxiedWebserver, page: Page, target: str) -> tuple[list[str], int]:
    """The answers that a foreign page could read, and the number of effects of its requests."""
    before = server.effects()
    read = page.evaluate(ATTACK, {"target": target, "launch": LAUNCH})
    return read, server.effects() - before


def test_foreign_page_changes_and_reads_nothing(server: ProxiedWebserver, page: Page, foreign_url: str) -> None:
    page.goto(foreign_url)

    attack = partial(attacked, server, page)

    assert attack(server.url) == ([], 0)
    assert attack(server.inner_url) == ([], 0)
    # The same requests have effects at the webserver without a proxy.
    read, effects = attack(server.inner_url + server.prefix)
    assert read == ["WebSocket"]
    assert effects >= 3


def test_rebound_page_changes_and_learns_nothing(server: ProxiedWebserver, page: Page) -> None:
    secret = server.prefix.removeprefix("//:/")
    before = server.effects()
    seen = {}
    for port in (server.port, server.inner_port):
        # The script runs in the server's own refusal, as that of a page whose name now leads to this server.
        page.goto(f"http://{REBINDING}:{port}/server_info")
        seen[port] = page.evaluate(REBOUND, LAUNCH)

    assert [status for status, _, _ in seen[server.port]] == [403, 403, 403, 403, 0]
    assert [status for status, _, _ in seen[server.inner_port]] == [0, 404, 404, 404, 0]
    assert secret not in json.dumps(seen)
    assert quote(secret) not in json.dumps(seen)
    assert server.effects() == before


def test_foreign_page_cannot_frame_the_ui(server: ProxiedWebserver, page: Page, foreign_url: str) -> None:
    page.goto(foreign_url)

    page.evaluate("url => { document.body.innerHTML = `<iframe src=${url}></iframe>`; }", server.url)
    frame = page.frame_locator("iframe")

    expect(frame.locator("body")).not_to_contain_text("Dagster")
    assert frame.locator("#root").count() == 0
