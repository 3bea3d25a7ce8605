"""`doctor` recognizes a missing or wrong key, a wrong region and an unreachable API."""

from __future__ import annotations

import json

import pytest

from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.diagnoses import HUSH, only_finding

OTHER_REGION = json.dumps(
    {
        "code": "authentication_failed",
        "detail": "Invalid API token, check that it is of us-east-1, us-west-2, eu-central-1 or ap-northeast-1.",
    }
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def test_a_key_that_is_missing_is_named(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_API_KEY")

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert found.sentence.startswith("RECALL_API_KEY is not set")


def test_a_wrong_key_is_found(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert "Check RECALL_API_KEY" in found.sentence
    assert f"The address {sandbox.url} comes from RECALL_BASE_URL" in found.sentence
    assert command("doctor").returncode == 3


def test_a_key_of_another_region_is_found(sandbox: Sandbox) -> None:
    sandbox.inject(Fault("/api/v1/recording/", times=None, status=401, body=OTHER_REGION))

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert "RECALL_REGION (a key works in its own region only)" in found.sentence
    assert sandbox.url in found.sentence


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("eu-central-1", "The address https://eu-central-1.recall.ai comes from RECALL_REGION eu-central-1."),
        (None, "The address https://us-east-1.recall.ai is the default, because RECALL_REGION is not set."),
    ],
)
def test_an_api_out_of_reach_is_found_and_its_region_named(
    monkeypatch: pytest.MonkeyPatch, region: str | None, sentence: str
) -> None:
    monkeypatch.setenv("RECALL_API_KEY", HUSH)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    if region:
        monkeypatch.setenv("RECALL_REGION", region)

    found = only_finding("API")

    assert found.severity is Severity.ERROR
    assert "It does not answer" in found.sentence
    assert "no connection" in found.sentence
    assert sentence in found.sentence
