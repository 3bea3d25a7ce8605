"""Downloads and their redirects use allowed hosts only."""

from __future__ import annotations

from contextlib import nullcontext

import httpx
import pytest

from meeting_assets.core.errors import ApiError, Transient
from meeting_assets.recall.client import Access
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    API,
    BUCKET,
    DOWNLOAD,
    KEY,
    SIGNATURE,
    FakeTransport,
    assert_no_secrets,
)

DOCUMENT = b'[{"participant": {"id": 1}}]'
WHOLE = httpx.Response(200, content=DOCUMENT)


def to(location: str, code: int = 302) -> httpx.Response:
    return httpx.Response(code, headers=[(b"Location", location.encode())])


@pytest.mark.parametrize(
    "location", [BUCKET, "/api/v1/other?token=x", f"{API}:8443/x", "https://eu-central-1.recall.ai/x"]
)
def test_redirect_to_an_allowed_host_is_followed_without_the_key(location: str) -> None:
    transport = FakeTransport(to(location), WHOLE)

    assert transport.download() == DOCUMENT
    assert len(transport.requests) == 2
    assert not any("Authorization" in each.headers for each in transport.requests)


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example/?{SIGNATURE}",
        f"https://recall.ai/?{SIGNATURE}",
        f"https://evilrecall.ai/?{SIGNATURE}",
        f"https://us-east-1.recall.ai.evil.example/?{SIGNATURE}",
        f"https://us-east-1.recall.ai@evil.example/?{SIGNATURE}",
        f"https://evil.example/us-east-1.recall.ai/?{SIGNATURE}",
        f"https://evil.example\\.recall.ai/?{SIGNATURE}",
        f"https://bucket.s3.amazonaws.com/?{SIGNATURE}",
        f"https://169.254.169.254/latest?{SIGNATURE}",
        f"http://us-east-1.recall.ai/api/v1/download/transcript?token={SIGNATURE}",
        f"http://recallai-production-bot-data.s3.amazonaws.com/a?{SIGNATURE}",
        f"ftp://us-east-1.recall.ai/a?{SIGNATURE}",
        f"file:///etc/passwd?{SIGNATURE}",
        f"https://[{SIGNATURE}",
    ],
)
@pytest.mark.parametrize("is_redirect", [False, True])
def test_urls_of_other_hosts_are_never_requested(url: str, is_redirect: bool, caplog: pytest.LogCaptureFixture) -> None:
    transport = FakeTransport(to(url), WHOLE) if is_redirect else FakeTransport(WHOLE)

    with pytest.raises(ApiError) as raised:
        transport.download(DOWNLOAD if is_redirect else url)

    assert len(transport.requests) == is_redirect
    assert all(str(each.url) == DOWNLOAD for each in transport.requests)
    assert_no_secrets(raised.value, caplog.text)


def test_error_for_a_forbidden_host_names_host_and_setting() -> None:
    with pytest.raises(ApiError, match=r"https://evil\.example.* MEETING_ASSETS_DOWNLOAD_HOSTS"):
        FakeTransport(WHOLE).download("https://evil.example/a")


OWN = "recallai-production-bot-data"
RECALL_HOSTS = (
    *(f"{region}.recall.ai" for region in ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "api")),
    *(f"{OWN}.s3.amazonaws.com", f"{OWN}.s3.us-east-1.amazonaws.com", f"{OWN.upper()}.S3.amazonaws.com"),
    *(f"{region}-{OWN}.s3.amazonaws.com" for region in ("us-west-2", "eu-central-1", "ap-northeast-1")),
    *(f"{region}-{OWN}.s3.{region}.amazonaws.com" for region in ("us-west-2", "eu-central-1", "ap-northeast-1")),
)
OTHER_HOSTS = (
    *(f"evil-{OWN}.s3.amazonaws.com", f"evil{OWN}.s3.amazonaws.com", f"evil.{OWN}.s3.amazonaws.com"),
    *(f"us-east-1-{OWN}.s3.amazonaws.com", f"us-west-2-evil-{OWN}.s3.us-west-2.amazonaws.com"),
    *(f"{OWN}.s3x.amazonaws.com", f"{OWN}.s3-evil.amazonaws.com", f"{OWN}.s3.evil.amazonaws.com"),
    *(f"{OWN}.s3.amazonaws.com.evil.example", f"{OWN}.s3.amazonaws.com.", f"{OWN}.s3.amazonaws.example"),
    *(
        f"{OWN}.s3.eu-west-3.amazonaws.com",
        "s3.amazonaws.com",
        "amazonaws.com",
        f"{OWN}.execute-api.amazonaws.com",
    ),
    *(
        "recall.ai",
        "evilrecall.ai",
        "recall.ai.evil.example",
        "us-east-1.recall.ai.",
        "us-east-1.recall.ai@evil.example",
    ),
    *(
        "xn--recll-3ve.ai",
        "us-east-1.recаll.ai",
        "us-east-1.recall。ai.evil.example",
        "127.0.0.1",
        "[::1]",
        "2130706433",
    ),
    *("[::ffff:127.0.0.1]", "localhost", "169.254.169.254"),
)


@pytest.mark.parametrize("host", RECALL_HOSTS)
def test_hosts_and_buckets_of_recall_are_allowed(host: str) -> None:
    assert FakeTransport(WHOLE).download(f"https://{host}/a?{SIGNATURE}") == DOCUMENT


@pytest.mark.parametrize("host", OTHER_HOSTS)
@pytest.mark.parametrize("is_redirect", [False, True])
def test_hosts_that_resemble_recall_are_forbidden(
    host: str, is_redirect: bool, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"https://{host}/a?{SIGNATURE}"
    transport = FakeTransport(to(url), WHOLE) if is_redirect else FakeTransport(WHOLE)

    with pytest.raises(ApiError) as raised:
        transport.download(DOWNLOAD if is_redirect else url)

    assert len(transport.requests) == is_redirect
    assert_no_secrets(raised.value, caplog.text)


@pytest.mark.parametrize(
    ("api", "url", "is_allowed"),
    [
        ("https://proxy.example", "https://proxy.example/a", True),
        ("https://proxy.example", "https://proxy.example:443/a", True),
        ("https://proxy.example:443", "https://proxy.example/a", True),
        ("https://proxy.example", "https://proxy.example:8443/a", False),
        ("https://proxy.example:8443", "https://proxy.example:8443/a", True),
        ("https://proxy.example:8443", "https://proxy.example/a", False),
        ("https://proxy.example", "http://proxy.example/a", False),
        ("http://proxy.example", "https://proxy.example/a", True),
        ("http://proxy.example:8080", "http://proxy.example:8080/a", True),
        ("http://proxy.example:8080", "http://proxy.example/a", False),
    ],
)
def test_api_host_is_allowed_at_its_own_port_only(api: str, url: str, is_allowed: bool) -> None:
    transport = FakeTransport(WHOLE)

    with nullcontext() if is_allowed else pytest.raises(ApiError):
        transport.download(url, Access(api, KEY))

    assert len(transport.requests) == is_allowed


def test_host_patterns_ignore_case() -> None:
    transport = FakeTransport(WHOLE)

    assert transport.download("https://files.example/a", Access(API, KEY, download_hosts=("*.EXAMPLE",))) == DOCUMENT


def test_sandbox_may_serve_downloads_at_another_port() -> None:
    transport = FakeTransport(WHOLE)

    assert transport.download("http://127.0.0.1:9/a", Access("http://127.0.0.1:8", KEY)) == DOCUMENT


def test_circular_redirects_raise() -> None:
    transport = FakeTransport(to(DOWNLOAD))

    with pytest.raises(Transient) as raised:
        transport.download()

    assert_no_secrets(raised.value)


def test_default_hosts_accept_the_urls_of_the_api() -> None:
    for url in (DOWNLOAD, BUCKET, BUCKET.replace("//recallai", "//eu-central-1-recallai")):
        assert FakeTransport(WHOLE).download(url, ACCESS) == DOCUMENT
