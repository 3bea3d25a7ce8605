"""Raw stores of media tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meeting_assets_tests.support.object_store import BUCKET, s3_server


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.deployment)])
def raw_store(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty home whose raw store is in a folder and, in the deployment run, one in an S3-compatible server."""
    if request.param == "folder":
        yield
        return
    with s3_server(home / "s3") as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MEETING_ASSETS_RAW_URL", f"s3://{BUCKET}/raw")
        yield
