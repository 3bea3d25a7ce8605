"""Publishing writes files that are missing or outdated, removes those that are no longer wanted, and skips the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.metrics.trends import People, PersonKeys
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.publications import publishing
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.meeting_text import MeetingText
from meeting_assets.publications.publish_report import PublishReport
from meeting_assets.publications.publishing import publish_days
from meeting_assets.publications.shared_publishing import publish_shared
from meeting_assets.sandbox import Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.modification import update_of
from meeting_assets.store.published_files import PUBLISHED, read_published
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import open_test_storage, sync_days
from meeting_assets_tests.support.labelled_speakers import correct, correction
from meeting_assets_tests.support.planted_texts import CHATTED, DAY, NAME, planted_sandbox
from meeting_assets_tests.support.snapshots import sync_once

pytestmark = sqlite_first

TABLES = (People, PersonKeys)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Three meetings. Only the first one has chat."""
    with planted_sandbox(monkeypatch) as running:
        sync_once("planted texts", [DAY])
        yield running


def publish(days: tuple[date, ...] = (DAY,)) -> PublishReport:
    with open_test_storage() as storage:
        return publish_days(storage, read_settings(), days)


def counts(report: PublishReport) -> tuple[int, int, int]:
    total = report.total()
    return total.written, total.unchanged, total.removed


def files(home: Path) -> dict[str, bytes]:
    folder = home / "publications"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def files_of(home: Path, recording: Recording) -> dict[str, bytes]:
    return {key: content for key, content in files(home).items() if recording.id in key}


def exports_only(monkeypatch: pytest.MonkeyPatch, formats: str = "vtt, chat") -> None:
    monkeypatch.setenv("MEETING_ASSETS_PAGES", "off")
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", formats)


def test_a_page_has_its_downloads_beside_it(sandbox: Sandbox, home: Path) -> None:
    recording = sandbox.world.recordings[1]

    report = publish()

    prefix = f"meetings/{DAY}/{recording.id}/"
    names = ["index.html", *(f"{DAY}_{recording.id}.{each}" for each in ("attendance.csv", "md", "vtt"))]
    assert sorted(files_of(home, recording)) == [prefix + name for name in sorted(names)]
    assert counts(report) == (len(files(home)), 0, 0)
    page = files(home)[f"{prefix}index.html"].decode()
    assert [name for name in names[1:] if f'href="{name}"' not in page] == []


def test_every_download_that_a_page_links_to_exists(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", ",".join(FORMATS))
    publish()

    for key, content in files(home).items():
        if key.endswith("index.html"):
            folder = key.removesuffix("index.html")
            beside = {name.removeprefix(folder) for name in files(home) if name.startswith(folder)}
            linked = {each.split('"')[0] for each in content.decode().split('href="')[1:]}
            assert beside - linked == {"index.html"}
            assert {name for name in linked if name.startswith(str(DAY))} <= beside


def test_files_are_private(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()

    assert oct((home / "publications").stat().st_mode)[-3:] == "700"


@pytest.mark.parametrize("exports", ["off", "vtt,chat,seglst"])
def test_a_second_run_writes_nothing(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch, exports: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", exports)
    first = publish()
    times = {path: path.stat().st_mtime_ns for path in (home / "publications").rglob("*")}

    second = publish()

    assert counts(second) == (0, first.total().written, 0)
    assert {path: path.stat().st_mtime_ns for path in (home / "publications").rglob("*")} == times
    assert second.days == first.days


def change_title(sandbox: Sandbox, recording: Recording) -> None:
    with open_test_storage() as storage:
        change = update_of(RECORDINGS, RECORDINGS.c.recording_id == recording.id, {"display_title": "Renamed <b>"})
        storage.database.write(lambda connection: connection.execute(change))


def add_chat(sandbox: Sandbox, recording: Recording) -> None:
    (events,) = recording.of("participant_events")
    chat = json.loads(sandbox.payload(events.id, "participant_events"))
    chat.append(
        {**chat[0], "id": "0199e7e6-c3a5-57dd-9f99-4c47c2a5daa6", "data": {"text": "one more", "to": "everyone"}}
    )
    sandbox.set_payload(events.id, "participant_events", json.dumps(chat).encode())
    sandbox.touch(events.id)
    sync_days([DAY])


def change_words(sandbox: Sandbox, recording: Recording) -> None:
    (transcript,) = recording.of("transcript")
    spoken = sandbox.payload(transcript.id, "transcript").replace(b"marmalade", b"jam")
    sandbox.set_payload(transcript.id, "transcript", spoken)
    sandbox.touch(transcript.id)
    sync_days([DAY])


def correct_name(sandbox: Sandbox, recording: Recording) -> None:
    correct(recording.id, correction("900", "name", "Zerlina Corrected"))


CHANGES: dict[str, Callable[[Sandbox, Recording], None]] = {
    "title": change_title,
    "chat": add_chat,
    "transcript": change_words,
    "correction": correct_name,
}


@pytest.mark.parametrize("change", CHANGES)
def test_files_of_a_changed_recording_alone_are_written_again(
    sandbox: Sandbox, recording: Recording, home: Path, change: str
) -> None:
    with open_test_storage() as storage:
        roll_up(storage)
        roll_up_people(storage)
        roll_up_series(storage)
    first, before = publish(), files(home)

    CHANGES[change](sandbox, recording)
    second = publish()

    expected = len(files_of(home, recording))
    assert counts(second) == (expected, first.total().written - expected, 0)
    assert {key for key, content in files(home).items() if before[key] != content} <= {*files_of(home, recording)}
    page = f"meetings/{DAY}/{recording.id}/index.html"
    assert files(home)[page] != before[page]
    assert first.days["meeting_pages"][DAY].version != second.days["meeting_pages"][DAY].version


def test_a_page_is_written_again_when_a_person_gets_a_page_to_link_to(
    sandbox: Sandbox, recording: Recording, home: Path
) -> None:
    publish()
    with open_test_storage() as storage:
        roll_up_people(storage)
        assert storage.database.read(lambda connection: connection.execute(table_of(PersonKeys).select()).first())

    again = publish()

    page = files(home)[f"meetings/{DAY}/{recording.id}/index.html"].decode()
    assert "../../../people/" in page
    assert again.total().written == len([key for key in files(home) if key.endswith("index.html")])


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["missing", "cut off"])
def test_a_missing_or_damaged_file_is_written_again(
    sandbox: Sandbox, recording: Recording, home: Path, damage: Callable[[Path], object]
) -> None:
    publish()
    before = files(home)
    damage(next((home / "publications").rglob(f"*{recording.id}.vtt")))

    again = publish()

    assert again.total().written == 1
    assert files(home) == before


def test_a_format_without_content_is_not_looked_for_again(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports_only(monkeypatch, "chat")
    publish()

    with open_test_storage() as storage:
        rows = storage.database.read(lambda connection: read_published(connection, PUBLISHED.c.key.is_not(None)))

    assert [*files(home)] == [key for key, row in rows.items() if row.size_bytes is not None]
    assert len(rows) == 3
    assert counts(publish()) == (0, len(files(home)), 0)
    assert CHATTED.encode() in files(home)[f"meetings/{DAY}/{recording.id}/{DAY}_{recording.id}.chat.csv"]


def test_a_file_without_content_any_more_is_removed(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports_only(monkeypatch, "chat")
    publish()
    (events,) = recording.of("participant_events")
    sandbox.set_payload(events.id, "participant_events", b"[]")
    sandbox.touch(events.id)
    sync_days([DAY])

    again = publish()

    assert files_of(home, recording) == {}
    assert again.total().removed == 1


def test_files_of_a_switched_off_format_are_removed_and_foreign_files_stay(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports_only(monkeypatch, "vtt, srt")
    publish()
    foreign = home / "publications" / f"meetings/{DAY}/{recording.id}/notes.srt"
    foreign.write_text("mine")
    exports_only(monkeypatch, "vtt")

    again = publish()

    assert counts(again) == (0, 3, 3)
    assert {Path(key).suffix for key in files(home)} == {".vtt", ".srt"}
    assert foreign.read_text() == "mine"
    assert counts(publish()) == (0, 3, 0)


def test_nothing_is_created_where_pages_and_exports_are_off(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PAGES", "off")

    report = publish()
    with open_test_storage() as storage:
        shared = publish_shared(storage, read_settings())

    assert counts(report) == counts(shared) == (0, 0, 0)
    assert not (home / "publications").exists()


def test_a_recording_that_cannot_be_rendered_does_not_stop_the_others(
    sandbox: Sandbox, recording: Recording, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports_only(monkeypatch, "txt")
    text_format = FORMATS["txt"]

    def write(meeting: MeetingText) -> str:
        if meeting.recording_id == recording.id:
            raise LookupError(NAME)
        return text_format.write(meeting)

    broken = {"txt": type(text_format)("txt", "txt", write)}
    monkeypatch.setattr(publishing, "FORMATS", broken)
    report = publish()

    assert len(files(home)) == 2
    assert [recording.id in fault and "LookupError" in fault and NAME not in fault for fault in report.faults] == [True]
    monkeypatch.setattr(publishing, "FORMATS", FORMATS)
    assert counts(publish()) == (1, 2, 0)


def test_another_version_of_a_format_is_written_again(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports_only(monkeypatch, "txt")
    publish()
    text_format = FORMATS["txt"]
    newer = type(text_format)("txt", "txt", text_format.write, version="2")
    monkeypatch.setattr(publishing, "FORMATS", {"txt": newer})

    assert counts(publish()) == (3, 0, 0)


def test_a_store_that_cannot_be_written_stops_the_run_and_names_the_setting(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", "/dev/null/pages")

    with pytest.raises(StoreError, match="MEETING_ASSETS_PUBLICATIONS_URL"):
        publish()


def test_shared_pages_are_skipped_rewritten_and_removed(sandbox: Sandbox, recording: Recording, home: Path) -> None:
    def publish_site() -> tuple[int, int, int]:
        with open_test_storage() as storage:
            return counts(publish_shared(storage, read_settings()))

    with open_test_storage() as storage:
        roll_up_people(storage)
    first = publish_site()
    assert first == (len(files(home)), 0, 0)
    assert publish_site() == (0, first[0], 0)
    persons = {key for key in files(home) if key.startswith("people/")} - {"people/index.html"}
    assert persons

    (home / "publications" / "health.html").unlink()
    assert publish_site() == (1, first[0] - 1, 0)
    with open_test_storage() as storage:
        people = [
            table_of(PersonKeys),
            *(table for table in table_of(PersonKeys).metadata.sorted_tables if table.name == "people"),
        ]
        storage.database.write(lambda connection: [connection.execute(each.delete()) for each in people])
    assert publish_site()[2] == len(persons)
    assert {key for key in files(home) if key.startswith("people/")} == {"people/index.html"}
