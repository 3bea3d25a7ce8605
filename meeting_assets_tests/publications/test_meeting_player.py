"""The player of a meeting's page: relative links to stored files, times of words, and no player without files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.media.stored import StoredFile
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.meeting_text import TimedWord
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.meeting_player import MediaFolders, player_of, relative_href, word_times_of
from meeting_assets.publications.pages.meeting_transcript import Entry, WordSpan
from meeting_assets.publications.publishing import publish_days
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, fetch
from meeting_assets_tests.support.object_store import BUCKET, s3_server

DAY = date(2026, 3, 2)
RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
FOLDERS = MediaFolders(Path("/d/raw"), Path("/d/publications"))
PAGE = links.meeting_key(DAY, RECORDING_ID)


def file(kind: MediaKind, name: str, speaker: str = "", start_s: float | None = 0.0) -> StoredFile:
    return StoredFile(RECORDING_ID, kind, name, f"media/{DAY}/{name}", "0" * 64, speaker, None, start_s)


def words(*texts: str, start_s: float = 0.0) -> list[TimedWord]:
    return [TimedWord(text, start_s + n, start_s + n + 0.5) for n, text in enumerate(texts)]


def test_video_comes_first_and_separate_audio_has_names_and_starts() -> None:
    stored = [
        file(MediaKind.AUDIO_SEPARATE, "a.flac", "100", 12.5),
        file(MediaKind.VIDEO_SEPARATE, "b.mp4", "100"),
        file(MediaKind.AUDIO_MIXED, "c.mp3"),
        file(MediaKind.VIDEO_MIXED, "d.mp4"),
        file(MediaKind.AUDIO_SEPARATE, "e.flac", "200", None),
    ]

    player = player_of(stored, {"100": "Ada"}, "[]", PAGE, FOLDERS)

    assert player is not None
    assert [(each.label, each.start_s, each.is_video) for each in player.files] == [
        ("Video of the meeting", 0.0, True),
        ("Audio of the meeting", 0.0, False),
        ("Audio of Ada", 12.5, False),
    ]


def test_links_are_relative_and_escaped() -> None:
    href = relative_href(FOLDERS, PAGE, "media/x/a b#c?.mp3")

    assert href == "../../../../raw/media/x/a%20b%23c%3F.mp3"


def test_page_without_playable_files_has_no_player() -> None:
    assert player_of([file(MediaKind.VIDEO_SEPARATE, "b.mp4")], {}, "[]", PAGE, FOLDERS) is None


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []),
        ([Entry("Ada", "so we agree", 3.0, spans=(WordSpan(0, 0, 3),))], [[30, 10, 10]]),
        ([Entry("Ada", "agree then", 3.0, spans=(WordSpan(0, 2, 1), WordSpan(1, 0, 1)))], [[50, 50]]),
        ([Entry("Ada", "other words than spans", 3.0, spans=(WordSpan(0, 0, 3),))], [[]]),
        ([Entry("Ada", "hi", 3.0, is_chat=True), Entry("Bo", "then", 9.0, spans=(WordSpan(1, 0, 1),))], [[], [100]]),
        ([Entry("Ada", "lost", 3.0, spans=(WordSpan(7, 0, 1),))], [[]]),
    ],
)
def test_words_have_the_times_of_the_transcript(entries: list[Entry], expected: list[list[int]]) -> None:
    of_utterances = {0: words("so", "we", "agree", start_s=3.0), 1: words("then", start_s=10.0)}

    assert json.loads(word_times_of(entries, of_utterances)) == expected


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=60), media=True, limits=False) as running:
        use_sandbox(running, monkeypatch)
        sync_days([DAY])
        yield running


def page_of(storage: Storage, recording_id: str) -> str:
    content = storage.publications.get(links.meeting_key(DAY, recording_id))
    return (content or b"").decode()


def sources(page: str) -> list[str]:
    return [unquote(each) for each in re.findall(r'<(?:audio|video|option)[^>]*(?:src|value)="([^"]+)"', page)]


def test_page_is_written_again_when_media_arrive_and_refers_to_the_stored_files(sandbox: Sandbox) -> None:
    recording_id = sandbox.world.recordings[0].id
    with open_test_storage() as storage:
        publish_days(storage, read_settings(), [DAY])
        before = page_of(storage, recording_id)
        expect_media(storage)
        fetch(storage)

        publish_days(storage, read_settings(), [DAY])

        page = page_of(storage, recording_id)
        assert storage.publications.folder is not None
        folder = storage.publications.folder / Path(links.meeting_key(DAY, recording_id)).parent
        assert "media-src" not in before
        assert "<video" not in before
        assert "media-src 'self'" in page
        assert len(sources(page)) >= 3
        assert all((folder / each).resolve().is_file() for each in sources(page))
        assert str(folder) not in page
        assert publish_days(storage, read_settings(), [DAY]).total().written == 0


def test_pages_with_a_player_stay_when_their_home_moves(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_storage() as storage:
        expect_media(storage)
        fetch(storage)
        publish_days(storage, read_settings(), [DAY])
    moved = home.with_name("moved")
    home.rename(moved)
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(moved))

    with open_test_storage() as storage:
        assert sources(page_of(storage, sandbox.world.recordings[0].id))
        assert publish_days(storage, read_settings(), [DAY]).total().written == 0


def test_purged_meeting_leaves_no_page_with_a_player(sandbox: Sandbox) -> None:
    recording_id = sandbox.world.recordings[0].id
    with open_test_storage() as storage:
        expect_media(storage)
        fetch(storage)
        publish_days(storage, read_settings(), [DAY])

        purge(storage, [recording_id], "asked for")

        assert page_of(storage, recording_id) == ""


@pytest.mark.parametrize("name", ["MEETING_ASSETS_PUBLICATIONS_URL", "MEETING_ASSETS_RAW_URL"])
def test_files_in_an_object_store_have_no_player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with s3_server(tmp_path / "s3") as environment:
        for variable, value in {**environment, name: f"s3://{BUCKET}/files"}.items():
            monkeypatch.setenv(variable, value)

        with open_test_storage() as storage:
            assert MediaFolders.of(storage) is None
