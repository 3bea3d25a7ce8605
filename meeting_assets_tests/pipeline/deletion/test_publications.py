"""A purge deletes pages and exports, also after they were switched off, and purge verification searches them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from html import escape
from pathlib import Path

import pytest

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.health.fingerprints import fingerprints_of
from meeting_assets.health.purge_verification import find_remains
from meeting_assets.pipeline.deletion import recordings
from meeting_assets.pipeline.deletion.recordings import purge, stored_recording
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges, has_unfinished_purges
from meeting_assets.pipeline.missing_pages import are_shared_pages_missing
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.site import Site
from meeting_assets.publications.publishing import publish_days
from meeting_assets.publications.shared_publishing import publish_shared, republish_shared
from meeting_assets.publications.writing import write_files
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets.store.publications import PublicationStore, meeting_prefix
from meeting_assets.store.published_files import PUBLISHED, NewFile, read_published
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days
from meeting_assets_tests.support.object_store import BUCKET, s3_server
from meeting_assets_tests.support.planted_texts import DAY, PLANTED, TITLE, planted_sandbox
from meeting_assets_tests.support.purges import confirm_deletion, transcript_of
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = sqlite_first


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with planted_sandbox(monkeypatch) as running:
        sync_once("planted texts", [DAY])
        yield running


def publish_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", "vtt, chat, json, attendance")
    with open_test_storage() as storage:
        roll_up(storage)
        roll_up_people(storage)
        roll_up_series(storage)
        assert publish_days(storage, read_settings(), [DAY]).faults == []
        assert publish_shared(storage, read_settings()).faults == []


def contents(folder: Path) -> dict[str, str]:
    """The texts of all files, with their names."""
    return {str(path): str(path) + path.read_text() for path in folder.rglob("*") if path.is_file()}


def found_in(folder: Path, *texts: str) -> set[str]:
    variants = {variant for text in texts for variant in (text, escape(text))}
    return {path for path, content in contents(folder).items() if any(each in content for each in variants)}


def test_purge_command_leaves_no_byte_of_the_recording_and_writes_shared_pages_again(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_everything(monkeypatch)
    site = home / "publications"
    assert {Path(each).name for each in found_in(site, recording.id)} >= {"index.html"}
    assert found_in(site, *PLANTED)

    done = command("purge", "--yes", recording.id)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "published files deleted" in done.stdout
    assert found_in(site, recording.id, *PLANTED) == set()
    index = (site / "index.html").read_text()
    assert all(each.id in index for each in sandbox.world.recordings[1:])
    assert not (site / "meetings" / str(DAY) / recording.id).exists()


@pytest.mark.parametrize("pages", ["on", "off"])
def test_purge_deletes_files_that_were_written_before_the_setting_was_switched_off(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch, pages: str
) -> None:
    publish_everything(monkeypatch)
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", "off")
    monkeypatch.setenv("MEETING_ASSETS_PAGES", pages)

    with open_test_storage() as storage:
        report = purge(storage, [recording.id], tombstones.ASKED_FOR)
        republish_shared(storage, read_settings())
        rows = storage.database.read(lambda connection: read_published(connection, PUBLISHED.c.key.is_not(None)))

    assert report.published_files > 3
    assert found_in(home / "publications", recording.id, *PLANTED) == set()
    assert (home / "publications" / "index.html").exists() == (pages == "on")
    assert [row for row in rows.values() if row.recording_id == recording.id] == []


def test_retention_deletes_published_files(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_everything(monkeypatch)
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "1")

    done = command("purge", "--expired", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    ids = [each.id for each in sandbox.world.recordings]
    assert found_in(home / "publications", *ids, *PLANTED) == set()
    assert [*(home / "publications" / "meetings").iterdir()] == []


def test_purge_of_an_artifact_deletes_the_files_of_its_recording_until_the_next_run(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_everything(monkeypatch)
    transcript = transcript_of(recording)
    sandbox.delete_artifact(transcript.id)
    sync_days([DAY])

    with open_test_storage() as storage:
        confirm_deletion(storage, transcript)
        assert found_in(home / "publications", recording.id) == set()
        of_recording = PUBLISHED.c.recording_id == recording.id
        assert storage.database.read(lambda connection: read_published(connection, of_recording)) == {}
        publish_days(storage, read_settings(), [DAY])

    names = {Path(each).name for each in found_in(home / "publications", recording.id)}
    assert "index.html" in names
    assert not {name for name in names if name.endswith((".vtt", ".json"))}


def test_purge_with_an_unreachable_store_is_not_complete_and_is_finished_later(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_everything(monkeypatch)
    monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", "s3://bucket/pages")
    monkeypatch.setenv("HOME", str(home / "nobody"))

    with open_test_storage() as storage:
        report = purge(storage, [recording.id], tombstones.ASKED_FOR)
        assert ["MEETING_ASSETS_PUBLICATIONS_URL" in each for each in report.obstacles] == [True]
        assert report.is_scrubbed
        assert stored_recording(storage, recording.id).rows == 0
        assert has_unfinished_purges(storage)
        assert storage.database.read(tombstones.unfinished)
        remains = find_remains(storage, read_settings(), fingerprints_of(storage, {recording.id: DAY}))
        assert any("the publications store could not be searched" in each for each in remains.found)
    done = command("purge", "--yes", recording.id)
    assert done.returncode == ExitCode.REFUSED
    assert "MEETING_ASSETS_PUBLICATIONS_URL" in done.stderr

    monkeypatch.delenv("MEETING_ASSETS_PUBLICATIONS_URL")
    with open_test_storage() as storage:
        finish_purges(storage)
        assert not storage.database.read(tombstones.unfinished)
    assert found_in(home / "publications", recording.id) == set()


@pytest.mark.parametrize("arguments", ["--yes {id}", "--yes --expired"])
def test_purge_reports_and_verifies_also_if_shared_pages_cannot_be_written_again(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    publish_everything(monkeypatch)
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "1")
    blocked = home / "publications" / "definitions.html"  # it mentions no recording, so the purge leaves it
    blocked.unlink()
    (blocked / "folder").mkdir(parents=True)

    done = command("purge", *arguments.format(id=recording.id).split())

    assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
    assert "published files deleted" in done.stdout
    assert ("Searched " in done.stdout) == ("expired" not in arguments)
    assert "definitions.html" in done.stderr
    assert "The shared pages were not written again. Run `meeting-assets pages`" in done.stderr
    blocked.joinpath("folder").rmdir()
    blocked.rmdir()
    assert command("pages").returncode == ExitCode.DONE
    assert found_in(home / "publications", recording.id, *PLANTED) == set()


@pytest.mark.parametrize("publisher", ["days", "shared"])
def test_purge_during_a_write_leaves_nothing(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch, publisher: str
) -> None:
    put_all = PublicationStore.put_all
    purged: list[str] = []

    def purge_and_put(self: PublicationStore, files: Mapping[str, bytes]) -> None:
        if not purged and any(recording.id in key or recording.id.encode() in each for key, each in files.items()):
            purged.append(recording.id)
            with open_test_storage() as other:
                purge(other, [recording.id], tombstones.ASKED_FOR)
        put_all(self, files)

    monkeypatch.setattr(PublicationStore, "put_all", purge_and_put)
    with open_test_storage() as storage:
        if publisher == "days":
            publish_days(storage, read_settings(), [DAY])
        else:
            publish_shared(storage, read_settings())

    assert purged
    assert found_in(home / "publications", recording.id) == set()


@pytest.mark.parametrize("is_shared", [False, True])
def test_purge_between_reading_and_writing_a_page_leaves_no_file(
    sandbox: Sandbox, recording: Recording, home: Path, is_shared: bool
) -> None:
    with open_test_storage() as storage:
        page = storage.database.read(lambda connection: meeting_page(connection, recording.id, Site.read(connection)))
        assert page is not None
        key = "index.html" if is_shared else meeting_prefix(recording.day, recording.id) + "index.html"
        file = NewFile(key, None if is_shared else recording.id, "h", page.encode(), frozenset([recording.id]), "1")
        with open_test_storage() as other:
            purge(other, [recording.id], tombstones.ASKED_FOR)

        written = write_files(storage, [file])

        assert written == []
        assert storage.database.read(lambda connection: read_published(connection, PUBLISHED.c.key == key)) == {}
    assert found_in(home / "publications", recording.id, *PLANTED) == set()


def test_purge_leaves_shared_pages_to_the_next_roll_up(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_storage() as storage:
        assert are_shared_pages_missing(storage, read_settings())  # as after an upgrade
    publish_everything(monkeypatch)
    with open_test_storage() as storage:
        assert not are_shared_pages_missing(storage, read_settings())

        purge(storage, [recording.id], tombstones.DELETED_AT_API)

        assert not (home / "publications" / "index.html").exists()
        assert not (home / "publications" / "health.html").exists()
        assert are_shared_pages_missing(storage, read_settings())
        monkeypatch.setenv("MEETING_ASSETS_PAGES", "off")
        assert not are_shared_pages_missing(storage, read_settings())


def test_publications_are_searched_once_for_all_batches(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_everything(monkeypatch)
    searches: list[int] = []
    shared_with = PublicationStore.shared_with

    def counted(self: PublicationStore, recording_ids: Collection[str]) -> list[str]:
        searches.append(len(recording_ids))
        return shared_with(self, recording_ids)

    monkeypatch.setattr(PublicationStore, "shared_with", counted)
    monkeypatch.setattr(recordings, "BATCH", 1)
    with open_test_storage() as storage:
        purge(storage, [each.id for each in sandbox.world.recordings], tombstones.ASKED_FOR)
        assert not storage.database.read(tombstones.unfinished)

    assert searches == [3]


REMNANTS = {
    "file of the recording": (f"meetings/{DAY}/{{id}}/index.html", "page"),
    "file of another day": ("meetings/2019-01-01/{id}/left.vtt", "page"),
    "shared page that mentions it": ("people/0123456789abcdef.html", '<a href="../meetings/x/{id}/index.html">'),
    "shared page with its title": ("series/0123456789abcdef.html", f"<td>{escape(TITLE)}</td>"),
    "foreign file with its id": ("notes/{id}.txt", "mine"),
    "foreign file that mentions it": ("notes/mine.txt", "see {id}"),
}


@pytest.mark.parametrize("remnant", REMNANTS)
def test_purge_verification_finds_a_planted_remnant(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch, remnant: str
) -> None:
    publish_everything(monkeypatch)
    key, content = (each.replace("{id}", recording.id) for each in REMNANTS[remnant])
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording.id: DAY})
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        publish_shared(storage, read_settings())
        assert find_remains(storage, read_settings(), fingerprints).found == []
        storage.publications.put(key, content.encode())

        found = find_remains(storage, read_settings(), fingerprints).found

    assert len(found) == 1
    assert "publications store" in found[0]
    assert key.startswith(found[0].partition("keeps ")[2]) or key in found[0]


def test_a_name_that_another_meeting_has_is_no_remnant(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_everything(monkeypatch)
    with open_test_storage() as storage:
        fingerprints = fingerprints_of(storage, {recording.id: DAY})
        purge(storage, [recording.id], tombstones.ASKED_FOR)
        storage.publications.put("people/0123456789abcdef.html", b"<h1>Wilhelmina Everywhere</h1>")

        assert find_remains(storage, read_settings(), fingerprints).found == []


def test_files_in_an_object_store_are_published_and_purged(
    sandbox: Sandbox,
    recording: Recording,
    home: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buckets = tmp_path_factory.mktemp("s3") / "buckets"
    with s3_server(buckets) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", f"s3://{BUCKET}/site")
        publish_everything(monkeypatch)
        folder = buckets / BUCKET / "site"
        assert found_in(folder, recording.id, *PLANTED)
        with open_test_storage() as storage:
            assert publish_days(storage, read_settings(), [DAY]).total().written == 0

        done = command("purge", "--yes", recording.id)

        assert done.returncode == 0, done.stdout + done.stderr
        assert found_in(folder, recording.id, *PLANTED) == set()
        assert not (home / "publications").exists()
