"""Any error of a call about one object affects that object alone; a refused list or key stops the run.

Each test has a day with one recording per response of the API.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from meeting_assets.core.errors import Refused, UsageError
from meeting_assets.core.instants import now, utc
from meeting_assets.health.status import status_of
from meeting_assets.sandbox import Fault, Sandbox, combined, uniform
from meeting_assets.sandbox.world import Recording
from meeting_assets_tests.conftest import Truth, sqlite_first
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    count_rows,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import DAY

pytestmark = [sqlite_first, pytest.mark.with_tables]

REFUSED = (400, 403, 405, 406, 412, 413, 414, 415, 418, 422, 423, 424, 426, 431, 451)
"""Statuses that refuse a call."""
FAILING = (408, 409, 425, 500, 501, 502, 503, 504, 507, 520, 599)
GONE = (404, 410)
BOMB = gzip.compress(b" " * 2**20) * 65
"""65 kB that decompress to more than the size limit of responses."""
ANSWERS: Mapping[str, Fault] = {
    **{str(code): Fault("", times=None, status=code) for code in (*REFUSED, *FAILING, *GONE)},
    "302": Fault("", times=None, status=302, headers={"Location": "https://elsewhere.example/"}),
    "no-json": Fault("", times=None, body=b"no JSON at all"),
    "html": Fault("", times=None, body=b"<html>said</html>", content_type="text/html"),
    "empty": Fault("", times=None, body=b""),
    "other-shape": Fault("", times=None, body=b'{"id": 7, "said": []}'),
    "deep": Fault("", times=None, body=b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    "reset": Fault("", times=None, reset=True),
    "bomb": Fault("", times=None, body=BOMB, headers={"Content-Encoding": "gzip"}),
}
FEW = ("400", "403", "404", "422", "451", "500", "no-json", "other-shape", "bomb")
NAMES_GONE = {str(code) for code in GONE}


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the waits between attempts, not their number."""
    monkeypatch.setattr("meeting_assets.recall.rate_limits.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("meeting_assets.recall.rate_limits.JITTER_S", 0.0)
    monkeypatch.setattr("meeting_assets.recall.client.RETRIEVES_PER_MINUTE", 100_000)


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch, short_waits: None) -> Iterator[Sandbox]:
    """A day with a recording for each of a few responses, and one more."""
    with Sandbox(uniform(DAY, recordings=len(FEW) + 1, words=5), limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        yield sandbox


def recordings_by_answer(sandbox: Sandbox, answers: Mapping[str, Fault] | tuple[str, ...]) -> dict[str, Recording]:
    """The recording for each response."""
    return dict(zip(answers, sandbox.world.recordings, strict=False))


def unreadable() -> dict[str, str]:
    """Objects without a usable response, and the reasons."""
    with open_test_storage() as storage:
        return dict(each.split(": ", 1) for each in status_of(storage).unreadable)


def assert_faults_quote_nothing(faults: Mapping[str, str]) -> None:
    assert not any("said" in fault for fault in faults.values())


def test_failed_retrieve_of_a_bot_loses_only_its_name(truth: Truth, short_waits: None) -> None:
    with truth(uniform(DAY, recordings=len(ANSWERS) + 1, words=5)) as (sandbox, expected):
        bots = {name: str(recording.bot_id) for name, recording in recordings_by_answer(sandbox, ANSWERS).items()}
        joined = {bot_id: sandbox.world.bot(bot_id).join_at for bot_id in bots.values()}
        for name, bot_id in bots.items():
            sandbox.world.bot(bot_id).join_at = None  # hides the bot from lists by time
            sandbox.inject(replace(ANSWERS[name], match=f"/api/v1/bot/{bot_id}/"))

        sync_days([DAY])

        faults = unreadable()
        assert faults.keys() == {f"bot {bots[name]}" for name in ANSWERS.keys() - NAMES_GONE}
        assert_faults_quote_nothing(faults)
        found = table_rows(without=VOLATILE_COLUMNS)
        assert found["transcript_words"] == expected["transcript_words"]
        assert [row[0] for row in found["meeting_metrics"]] == [row[0] for row in expected["meeting_metrics"]]
        assert {row[1] for row in found["recordings"] if row[2] is None} == {*bots.values()}

        sandbox.clear_faults()
        for bot_id, join_at in joined.items():
            sandbox.world.bot(bot_id).join_at = join_at
        sync_days([DAY])

        assert table_rows(without=VOLATILE_COLUMNS) == expected
        assert unreadable() == {}


def test_failed_retrieve_of_a_named_recording_does_not_affect_the_others(api: Sandbox) -> None:
    meetings = recordings_by_answer(api, FEW)
    for name, recording in meetings.items():
        api.inject(replace(ANSWERS[name], match=f"/api/v1/recording/{recording.id}/"))
    ids = [each.id for each in api.world.recordings]

    report = sync_days([DAY], recording_ids=ids)

    assert report.faults == []
    assert {row[0] for row in table_rows()["meeting_metrics"]} == {api.world.recordings[-1].id}
    faults = unreadable()
    assert faults.keys() == {f"recording {meetings[name].id}" for name in FEW if name != "404"}
    assert_faults_quote_nothing(faults)

    api.clear_faults()
    sync_days([DAY], recording_ids=ids)

    assert {row[0] for row in table_rows()["meeting_metrics"]} == {*ids}


def test_run_fails_only_if_all_named_recordings_are_unknown(api: Sandbox) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    known = api.world.recordings[0].id

    report = sync_days([DAY], recording_ids=[unknown, known])

    assert report.faults == []
    assert {row[0] for row in table_rows()["meeting_metrics"]} == {known}
    with pytest.raises(UsageError, match=f"no recording {unknown}"):
        sync_days([DAY], recording_ids=[unknown])


def test_named_recording_of_another_day_is_reported_and_the_others_are_fetched(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = DAY - timedelta(days=1)
    with Sandbox(combined([uniform(DAY, recordings=1, words=1), uniform(before, recordings=1, words=1)])) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        right, wrong = [next(r.id for r in sandbox.world.recordings if r.day == day) for day in (DAY, before)]

        report = sync_days([DAY], recording_ids=[wrong, right])

        assert report.faults == [f"Recording {wrong} is of {before}: run that day's partition."]
        assert {row[0] for row in table_rows()["meeting_metrics"]} == {right}
        with pytest.raises(UsageError, match=str(before)):
            sync_days([DAY], recording_ids=[wrong])


def test_failed_retrieve_of_a_media_object_keeps_its_state(api: Sandbox) -> None:
    """The transcript was processing and is too late for the lists of its day; shortcuts show only the newest one."""
    awaited = {}
    for name, recording in recordings_by_answer(api, FEW).items():
        awaited[name] = api.add_transcript(recording.id, recording.created_at + timedelta(days=30), processing=True)
    sync_days([DAY])
    before = table_rows(without=VOLATILE_COLUMNS)
    for name, recording in recordings_by_answer(api, FEW).items():
        api.add_transcript(recording.id, recording.created_at + timedelta(days=31), processing=True)
        api.inject(replace(ANSWERS[name], match=f"/api/v1/transcript/{awaited[name]}/"))

    sync_days([DAY])

    for name, artifact_id in awaited.items():
        row = ledger_row(artifact_id, "transcript")
        assert (row["status"], row["api_status"]) == ("pending", "processing"), name
        # A 404 counts only if the list of the recording's transcripts does not show the object either.
        assert (row["attempts"], bool(row["error"])) == ((0, False) if name == "404" else (1, True)), name
    assert table_rows(without=VOLATILE_COLUMNS)["transcript_words"] == before["transcript_words"]
    assert_faults_quote_nothing(unreadable())

    api.clear_faults()
    for artifact_id in awaited.values():
        api.finish_artifact(artifact_id)
    sync_days([DAY])

    rows = [ledger_row(artifact_id, "transcript") for artifact_id in awaited.values()]
    assert {(row["status"], row["error"]) for row in rows} == {("parsed", None)}
    assert unreadable() == {}


def test_failed_renewal_of_an_expired_url_does_not_affect_other_downloads(api: Sandbox) -> None:
    meetings = recordings_by_answer(api, FEW)
    for name, recording in meetings.items():
        transcript = recording.of("transcript")[0].id
        api.inject(Fault(f"transcript:{transcript}", times=None, expired=True))
        api.inject(replace(ANSWERS[name], match=f"/api/v1/transcript/{transcript}/"))

    report = sync_days([DAY])

    assert report.faults == []
    assert count_rows("meeting_metrics") == len(api.world.recordings)
    for name, recording in meetings.items():
        row = ledger_row(recording.of("transcript")[0].id, "transcript")
        assert row["status"] == ("deleted" if name == "404" else "pending"), name
        assert name == "404" or (row["attempts"], bool(row["error"])) == (1, True)
    others = [row for row in table_rows()["artifacts"] if row[1] != "transcript"]
    assert {row[3] for row in others} == {"parsed"}


def test_failed_download_does_not_affect_other_downloads(
    truth: Truth, short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = ANSWERS.keys() - {"other-shape", "no-json", "empty", "deep"}
    answers = {name: fault for name, fault in ANSWERS.items() if name in odd}
    answers |= {str(code): Fault("", times=None, status=code) for code in (401, 402)}
    monkeypatch.setenv("MEETING_ASSETS_MAX_DOWNLOAD_MB", "1")
    with truth(uniform(DAY, recordings=len(answers) + 1, words=5)) as (sandbox, expected):
        meetings = recordings_by_answer(sandbox, answers)
        for name, recording in meetings.items():
            transcript = recording.of("transcript")[0].id
            sandbox.inject(replace(answers[name], match=f"transcript:{transcript}"))

        report = sync_days([DAY])

        assert report.faults == []
        for name, recording in meetings.items():
            row = ledger_row(recording.of("transcript")[0].id, "transcript")
            assert (row["status"], row["attempts"], bool(row["error"])) == ("pending", 1, True), name
        too_large = ledger_row(meetings["bomb"].of("transcript")[0].id, "transcript")
        assert "MEETING_ASSETS_MAX_DOWNLOAD_MB" in too_large["error"]
        assert utc(too_large["next_attempt_at"]) > now() + timedelta(hours=5)

        sandbox.clear_faults()
        sync_days([DAY], refetch=True)  # without refetch, missing and too large bytes wait for their next attempt

        assert table_rows(without=VOLATILE_COLUMNS) == expected


def test_refused_key_stops_the_run_at_any_call(api: Sandbox) -> None:
    one = api.world.recordings[0]
    for path in (f"/api/v1/recording/{one.id}/", f"/api/v1/bot/{one.bot_id}/"):
        for code in (401, 402):
            api.clear_faults()
            api.inject(Fault(path, times=None, status=code))

            with pytest.raises(Refused):
                sync_days([DAY], recording_ids=[one.id])

    assert count_rows("meeting_metrics") == 0


@pytest.mark.parametrize("collection", ["recording", "transcript", "video_separate", "audio_separate"])
def test_refused_list_stops_the_run(api: Sandbox, collection: str) -> None:
    for code in (401, 402, 400, 403, 404, 405, 410, 422, 451):
        api.clear_faults()
        api.inject(Fault(f"/api/v1/{collection}/", times=None, status=code))

        with pytest.raises(Refused):
            sync_days([DAY])

    assert count_rows("recordings") == 0


MALFORMED = {
    "infinite": b"1e400",
    "NaN": b"NaN",
    "5000-digits": b"9" * 5000,
    "not-utf-8": b'"\xff"',
    "lone-surrogate": rb'"\ud83d"',
    "deep": b"[" * 20_000 + b"]" * 20_000,
    "no-json": b"undefined",
}
STORED = {"infinite", "NaN", "5000-digits", "not-utf-8", "lone-surrogate"}


def test_malformed_object_of_a_list_does_not_affect_the_others(truth: Truth) -> None:
    """A malformed value in an ignored field does not even affect its own recording."""
    with truth(uniform(DAY, recordings=len(MALFORMED) + 1, words=5)) as (sandbox, expected):
        meetings = dict(zip(MALFORMED, sandbox.world.recordings, strict=False))
        marks = {name: recording.id.encode() for name, recording in meetings.items()}

        def insert_malformed(page: bytes) -> bytes:
            for name, mark in marks.items():
                page = page.replace(
                    b'{"id":"%b","created_at"' % mark, b'{"id":"%b","x":%b,"created_at"' % (mark, MALFORMED[name])
                )
            return page

        sandbox.inject(Fault("/api/v1/recording/", times=None, edit=insert_malformed))

        sync_days([DAY])

        lost = {meetings[name].id for name in MALFORMED.keys() - STORED}
        assert unreadable().keys() == {f"recording {each}" for each in lost}
        assert_only_lost(table_rows(without=VOLATILE_COLUMNS), expected, lost)

        sandbox.clear_faults()
        sync_days([DAY])

        assert table_rows(without=VOLATILE_COLUMNS) == expected
        assert unreadable() == {}


def assert_only_lost(found: TableRows, expected: TableRows, lost: set[str]) -> None:
    for table in ("meeting_metrics", "transcript_words", "participant_metrics"):
        assert found[table] == [row for row in expected[table] if row[0] not in lost], table
