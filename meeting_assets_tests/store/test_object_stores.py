"""The raw store works in a folder as on a real S3-compatible server, and reports faults within bounded time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import monotonic

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import StoreError
from meeting_assets.health.diagnostics.settings import effective_settings
from meeting_assets.pipeline.storage import open_raw_store
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.object_stores import CLOUDS
from meeting_assets.store.raw import RawStore
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import table_rows, use_sandbox
from meeting_assets_tests.support.object_store import BUCKET, s3_server
from meeting_assets_tests.support.purges import paths_of

DAY = date(2026, 3, 2)
ORIGIN = "https://us-east-1.recall.ai"
URL = f"s3://{BUCKET}/raw"
PAYLOADS = (b"", b"[]", b'[{"text": "hello"}]' * 100, bytes(range(256)) * 4096)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with s3_server(tmp_path_factory.mktemp("s3") / "buckets") as environment:
        yield environment


@pytest.fixture(autouse=True)
def no_cloud_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for cloud in CLOUDS.values():
        for name in cloud.variables:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def s3(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture(params=["folder", "s3"])
def raw(request: pytest.FixtureRequest, tmp_path: Path) -> RawStore:
    if request.param == "folder":
        return RawStore.at(str(tmp_path / "raw"))
    request.getfixturevalue("s3")
    return RawStore.at(f"{URL}/{tmp_path.name}")


def keep(raw: RawStore, payload: bytes, recording_id: str = "recording", artifact_id: str = "artifact") -> str:
    return raw.write(DAY, recording_id, "transcript", artifact_id, payload).key


@pytest.mark.parametrize("payload", PAYLOADS, ids=len)
def test_stored_bytes_are_read_unchanged(raw: RawStore, payload: bytes) -> None:
    kept = raw.write(DAY, "recording", "transcript", "artifact", payload)

    assert raw.read(kept.key, kept.sha256) == payload
    assert raw.read(kept.key, kept.sha256, kept.size_bytes) == payload
    assert raw.read(kept.key, "0" * 64) is None
    assert raw.read(kept.key.replace("artifact", "other"), kept.sha256) is None


def test_writing_the_same_bytes_again_changes_nothing(raw: RawStore) -> None:
    assert keep(raw, b"[]") == keep(raw, b"[]")

    assert [each.artifact_id for each in raw.artifacts(DAY, "recording")] == ["artifact"]


def test_stored_objects_are_listed_by_day_and_recording(raw: RawStore) -> None:
    keys = {keep(raw, b"[]", name) for name in ("b", "a")}
    raw.write_listing(DAY, "a", b"{}")

    assert raw.days() == [DAY]
    assert raw.recordings(DAY) == ["a", "b"]
    assert {*raw.objects(DAY)} == keys | {"2026-03-02/a/recording.json"}
    assert raw.read_listing(DAY, "a") == b"{}"
    assert raw.read_listing(DAY, "b") is None
    assert raw.days_of(["a"])["a"] == [DAY]


def test_purge_deletes_only_the_objects_of_one_recording_or_artifact(raw: RawStore) -> None:
    keep(raw, b"[]", "a")
    keep(raw, b"[]", "b", "one")
    keep(raw, b"[]", "b", "two")

    assert raw.purge(DAY, "a") == 1
    assert raw.purge(DAY, "b", "transcript", "one") == 1
    assert raw.purge(DAY, "a") == 0
    assert paths_of(raw, DAY, "a") == []
    assert [each.artifact_id for each in raw.artifacts(DAY, "b")] == ["two"]


def test_store_is_bound_to_one_origin(raw: RawStore) -> None:
    assert raw.origin() is None

    raw.bind_origin(ORIGIN)

    assert raw.origin() == ORIGIN
    with pytest.raises(StoreError, match=f"holds meetings from {ORIGIN}"):
        raw.bind_origin("https://us-west-2.recall.ai")


def test_probe_leaves_no_object(raw: RawStore) -> None:
    raw.probe()

    assert raw.days() == []


def test_sync_stores_in_s3_and_rebuild_reads_it(
    s3: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", f"{URL}/synced")
    with Sandbox(uniform(DAY, recordings=2, words=20)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        synced = command("sync", "--from", str(DAY), "--to", str(DAY))
        before = table_rows(without=frozenset({"fetched_at", "parsed_at", "attempts", "next_attempt_at", "inputs"}))
        healthy = command("doctor")
        rebuilt = command("rebuild")

    assert (synced.returncode, rebuilt.returncode) == (0, 0), synced.stderr + rebuilt.stderr
    assert "raw store" in healthy.stdout
    assert "✗ raw" not in healthy.stdout
    assert all(before.values())
    assert table_rows(without=frozenset({"fetched_at", "parsed_at", "attempts", "next_attempt_at", "inputs"})) == before
    assert len(RawStore.at(f"{URL}/synced").objects(DAY)) == 2 * (len(ARTIFACTS) + 1)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (URL, "AWS_ACCESS_KEY_ID"),
        ("gs://bucket/raw", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://container/raw", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_missing_credentials_are_reported_immediately_with_their_variables(
    url: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    started_s = monotonic()

    with pytest.raises(StoreError, match=rf"no credentials.*{advice}.*MEETING_ASSETS_INSTANCE_CREDENTIALS=on"):
        RawStore.at(url)

    assert monotonic() - started_s < 2


def test_metadata_service_is_asked_only_with_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        metadata.settimeout(0)
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{metadata.getsockname()[1]}")
        with pytest.raises(StoreError, match="no credentials"):
            RawStore.at(URL).origin()
        with pytest.raises(BlockingIOError):
            metadata.accept()

        assert RawStore.at(URL, instance_credentials=True).instance_credentials


@pytest.mark.parametrize("of_environment", ["on", "off"])
def test_settings_of_the_caller_decide_about_the_metadata_service(
    of_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", URL)
    settings = read_settings()
    monkeypatch.setenv("MEETING_ASSETS_INSTANCE_CREDENTIALS", of_environment)

    with pytest.raises(StoreError, match="no credentials"):
        open_raw_store(settings)

    assert open_raw_store(settings.model_copy(update={"instance_credentials": True})).url == URL


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "hush-4711"}, "the secret key is wrong"),
        ({"AWS_ALLOW_HTTP": "false"}, "AWS_ALLOW_HTTP=true"),
        ({"AWS_ENDPOINT": "http://127.0.0.1:1"}, "no connection to its endpoint"),
        ({"MEETING_ASSETS_RAW_URL": "s3://nowhere/raw"}, "the bucket does not exist"),
    ],
)
def test_faults_of_a_store_are_reported_within_bounded_time(
    s3: dict[str, str], monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], cause: str
) -> None:
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    raw = RawStore.at(changed.get("MEETING_ASSETS_RAW_URL", URL))
    started_s = monotonic()

    for use_store in (raw.probe, raw.origin):
        with pytest.raises(StoreError, match=cause) as caught:
            use_store()
        assert "hush" not in str(caught.value)

    assert monotonic() - started_s < 30


def test_access_key_without_its_secret_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")

    with pytest.raises(StoreError, match="AWS_SECRET_ACCESS_KEY is not"):
        RawStore.at(URL)


def test_variables_of_a_store_are_listed_without_their_values(
    s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", URL)

    listed = {each.name: each.value for each in effective_settings(read_settings())}

    assert listed["AWS_SECRET_ACCESS_KEY"] == listed["AWS_ENDPOINT"] == "set"
    assert listed["AWS_SESSION_TOKEN"] == "not set"
    assert not {name for name in listed if name.startswith(("GOOGLE_", "AZURE_"))}


def test_without_an_object_store_its_variables_are_not_listed(s3: dict[str, str]) -> None:
    assert not {each.name for each in effective_settings(read_settings()) if each.name.startswith("AWS_")}
