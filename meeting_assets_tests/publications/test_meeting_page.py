"""The page of a meeting as HTML: its numbers and drawings equal the tables."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import chain

import pytest
from sqlalchemy import Connection

from meeting_assets.metrics.attendance import Attendance
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.speech_table import SpeechRows
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.metrics.timeline.intervals import length_us, to_seconds
from meeting_assets.metrics.turns import SpeakerTransitions
from meeting_assets.metrics.windows import BalanceWindows
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.meeting_swimlanes import WIDTH, device_times, swimlanes_of
from meeting_assets.publications.pages.site import Site
from meeting_assets.publications.reading import read_meeting
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.support.html_pages import Element, parsed
from meeting_assets_tests.support.meeting_pages import cells, changed, data, page, rows_of, section
from meeting_assets_tests.support.page_meetings import MEETINGS

WIDTH_PX = 1000.0
HALF_A_PIXEL = 0.5
every_meeting = pytest.mark.parametrize("name", MEETINGS)


def bars_px(path: str) -> list[tuple[float, float]]:
    """Start and width of the strokes of a path in a lane of `WIDTH_PX`."""
    found = re.findall(r"M(\d+) 0h(\d+)", path)
    return [(int(start) * WIDTH_PX / WIDTH, int(width) * WIDTH_PX / WIDTH) for start, width in found]


def paths(swimlane: Element, kind: str) -> list[tuple[float, float]]:
    return [bar for each in swimlane.all("path", class_=kind) for bar in bars_px(each.attributes["d"] or "")]


def swimlanes_by_name(document: Element) -> dict[str, Element]:
    swimlanes = [each for each in document.all("div", class_="lane") if each.all("path", class_="speech")]
    return {each.one("div", class_="lane-name").one("bdi").text: each for each in swimlanes}


@every_meeting
def test_page_is_well_formed_and_equal_for_equal_tables(connection: Connection, ids: dict[str, str], name: str) -> None:
    site = Site.read(connection)

    first, second = (meeting_page(connection, ids[name], site) for _ in range(2))

    assert first == second
    assert first is not None
    document = parsed(first)
    used = [each.attributes["id"] for each in document.all() if "id" in each.attributes]
    assert len(used) == len({*used})
    assert len(document.all("h1")) == 1
    assert document.all("script") == [document.one("script", src="../../../site.js")]


@every_meeting
def test_swimlanes_have_the_segments_of_speech(connection: Connection, ids: dict[str, str], name: str) -> None:
    meeting = data(connection, ids[name])
    swimlanes = swimlanes_by_name(page(connection, ids[name]))
    expected: dict[str, list[tuple[float, float]]] = {}
    scale = WIDTH_PX / (meeting.duration_s or 1)
    for row in rows_of(connection, SpeechRows, ids[name]):
        bar = row.start_s * scale, (row.end_s - row.start_s) * scale
        expected.setdefault(meeting.names[row.participant_key], []).append(bar)

    shown = {swimlane: paths(element, "speech") for swimlane, element in swimlanes.items()}

    assert {key[:39] for key in expected} == {swimlane.rstrip("…")[:39] for swimlane in shown}
    all_shown, all_expected = (sorted(chain.from_iterable(each.values())) for each in (shown, expected))
    for (start_px, width_px), (row_px, row_width_px) in zip(all_shown, all_expected, strict=True):
        assert start_px == pytest.approx(row_px, abs=HALF_A_PIXEL)
        assert width_px == pytest.approx(row_width_px, abs=HALF_A_PIXEL)


@every_meeting
def test_overlaps_of_the_swimlanes_are_as_long_as_the_metrics_say(
    connection: Connection, ids: dict[str, str], name: str
) -> None:
    meeting, document = data(connection, ids[name]), page(connection, ids[name])
    assert meeting.metrics is not None
    scale = WIDTH_PX / (meeting.duration_s or 1)
    bars = [bar for each in document.all("div", class_="together") for bar in paths(each, "both")]
    own = [bar for swimlane in swimlanes_by_name(document).values() for bar in paths(swimlane, "both")]
    overlapped_s = sum(each.metrics.overlapped_talk_s or 0.0 for each in meeting.members)

    assert sum(width for _, width in bars) == pytest.approx(
        (meeting.metrics.overlap_s or 0.0) * scale, abs=HALF_A_PIXEL * (len(bars) + 1)
    )
    assert sum(width for _, width in own) == pytest.approx(overlapped_s * scale, abs=HALF_A_PIXEL * (len(own) + 1))


def test_swimlanes_show_no_overlap_if_the_source_cannot(stored_page_meetings: Storage, ids: dict[str, str]) -> None:
    quality = table_of(DataQuality)
    with changed(stored_page_meetings, quality, ids["ordinary"], is_single_stream=True) as connection:
        document = page(connection, ids["ordinary"])

    assert document.all("path", class_="speech")
    assert document.all("path", class_="both") == []


@every_meeting
def test_camera_and_screen_bands_are_as_long_as_the_metrics_say(
    connection: Connection, ids: dict[str, str], name: str
) -> None:
    meeting = data(connection, ids[name])
    for device, column in (("webcam", "webcam_on_s"), ("screenshare", "screenshare_s")):
        times = device_times(meeting, device)

        lengths = {key: to_seconds(length_us(own)) for key, own in times.items()}

        known = {each.key: getattr(each.metrics, column) for each in meeting.members}
        assert lengths == {key: value for key, value in known.items() if value is not None}


def test_swimlane_shows_presence_cameras_screen_and_chat(connection: Connection, ids: dict[str, str]) -> None:
    swimlanes = swimlanes_by_name(page(connection, ids["ordinary"]))

    ada, ben, cleo = (swimlanes[name] for name in ("Ada Byron", "Ben Ito", "Cleo"))

    assert len(paths(ben, "presence")) == 2
    [(start_px, width_px)] = paths(cleo, "presence")
    assert (start_px, start_px + width_px) == pytest.approx((250, 750), abs=HALF_A_PIXEL)
    assert len(paths(ada, "screen")) == 1
    assert len(paths(ben, "webcam")) == 1
    assert cleo.one("path", class_="chat-tick").attributes["d"] == f"M{round(222 / 600 * WIDTH)} -10v20"


@every_meeting
def test_talk_shares_and_their_bars_are_those_of_the_table(
    connection: Connection, ids: dict[str, str], name: str
) -> None:
    rows = rows_of(connection, ParticipantMetrics, ids[name])
    shares = sorted(row.talk_share for row in rows if row.talk_share is not None)

    bars = section(page(connection, ids[name]), "talk").all("svg", class_="bar")

    widths = [float(part.attributes["width"] or 0) for bar in bars for part in bar.all("rect", class_="part")]
    assert sorted(widths) == pytest.approx([100 * share for share in shares if share], abs=0.001)
    assert len(bars) == len(shares)


def test_windows_of_the_balance_are_those_of_the_table(connection: Connection, ids: dict[str, str]) -> None:
    rows = rows_of(connection, BalanceWindows, ids["ordinary"])

    balance = section(page(connection, ids["ordinary"]), "balance")

    path = balance.one("path", class_="top-share").attributes["d"] or ""
    points = [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.]+ [\d.]+", path)]
    expected = [((row.start_s + row.end_s) / 2 / 600, row.top_share) for row in rows if row.top_share is not None]
    assert [(x / WIDTH, 1 - y / 100) for x, y in points] == [pytest.approx(each, abs=0.001) for each in expected]
    assert [row[0] for row in cells(balance.one("table"))] == ["0:00:00", "0:02:30", "0:05:00", "0:07:30"]
    assert [row[1] for row in cells(balance.one("table"))] == ["Ben Ito", "Cleo", "nobody", "nobody"]


def test_matrix_of_speakers_has_the_transitions_of_the_table(connection: Connection, ids: dict[str, str]) -> None:
    rows = rows_of(connection, SpeakerTransitions, ids["ordinary"])
    names = {"100": "Ada Byron", "200": "Ben Ito", "300": "Cleo"}

    table = section(page(connection, ids["ordinary"]), "follows").one("table")

    _, *after = [head.words for head in table.one("thead").all("th")]
    shown = {
        (before, name): int(count)
        for before, *counts in cells(table)
        for name, count in zip(after, counts, strict=True)
        if count.isdigit() and int(count)
    }
    assert shown == {(names[row.from_key], names[row.to_key]): row.switch_count for row in rows}


def test_pairs_of_a_large_meeting_are_a_list(connection: Connection, ids: dict[str, str]) -> None:
    document = page(connection, ids["crowd"])

    rows = cells(section(document, "follows").one("table"))

    assert len(rows) == len(rows_of(connection, SpeakerTransitions, ids["crowd"]))
    assert rows[0] == ["Guest 01", "Guest 02", "1"]


def test_large_meeting_folds_the_swimlanes_with_least_speech(connection: Connection, ids: dict[str, str]) -> None:
    swimlanes = section(page(connection, ids["crowd"]), "lanes")

    folded = swimlanes.one("details", class_="folded")

    assert folded.one("summary").words == "16 more with less speech"
    assert len(folded.all("div", class_="lane")) == 16
    assert folded.all("path", class_="speech") == []


@pytest.mark.parametrize(
    ("delay_s", "sentence"),
    [
        (None, "Lateness counts from the first arrival, because no scheduled start is known."),
        (
            7 * 3600.0,
            "Lateness counts from the first arrival, because the scheduled start is more than 6 hours from the start "
            "of the recording.",
        ),
        (103.0, "Lateness counts from the scheduled start; the recording began 1 min 43 s after it."),
        (0.4, "Lateness counts from the scheduled start; the recording began then."),
        (-0.4, "Lateness counts from the scheduled start; the recording began then."),
        (-90.0, "Lateness counts from the scheduled start; the recording began 1 min 30 s before it."),
    ],
)
def test_attendance_states_from_when_lateness_counts(
    stored_page_meetings: Storage, ids: dict[str, str], delay_s: float | None, sentence: str
) -> None:
    with stored_page_meetings.database.reading() as connection:
        started_at = data(connection, ids["ordinary"]).recording.started_at
    scheduled_at = None if delay_s is None else started_at - timedelta(seconds=delay_s)
    with changed(stored_page_meetings, RECORDINGS, ids["ordinary"], scheduled_at=scheduled_at) as connection:
        words = section(page(connection, ids["ordinary"]), "attendance").words

    assert sentence in words
    assert "Participants who were present when the recording began are not late." in words


def test_attendance_states_late_arrivals_and_early_departures(connection: Connection, ids: dict[str, str]) -> None:
    rows = {row[0]: row[1:] for row in cells(section(page(connection, ids["ordinary"]), "attendance").one("table"))}

    assert rows["Ada Byron"][:4] == ["at the start", "no", "at the end", "no"]
    assert rows["Ben Ito"][5] == "2"
    assert rows["Cleo"][:5] == ["0:02:30", "2 min 35 s", "0:07:30", "2 min 30 s", "5 min"]


@every_meeting
def test_attendance_lists_all_sessions(connection: Connection, ids: dict[str, str], name: str) -> None:
    sessions = rows_of(connection, Attendance, ids[name])

    shown = page(connection, ids[name]).all("section", aria_labelledby="attendance")

    counts = [int(row[6]) for each in shown for row in cells(each.one("table")) if row[6].isdigit()]
    assert sum(counts) == len(sessions)


def test_unresolved_speakers_have_swimlanes_but_no_share(connection: Connection, ids: dict[str, str]) -> None:
    document = page(connection, ids["labels"])

    names = [each.one("div", class_="lane-name").words for each in section(document, "lanes").all("div", class_="lane")]

    assert names[:4] == ["Ada Byron", "Ben Ito", "Speaker A no participant", "Speaker B no participant"]
    assert "Speaker A" not in section(document, "talk").text


@pytest.mark.parametrize("name", ["ordinary", "no_transcript", "silent", "nobody", "hostile"])
def test_page_offers_the_files_that_the_meeting_has_content_for(
    connection: Connection, ids: dict[str, str], name: str
) -> None:
    meeting = read_meeting(connection, ids[name])
    assert meeting is not None

    links = section(page(connection, ids[name], formats=FORMATS), "downloads").all("a")

    expected = [each.file_name(meeting) for each in FORMATS.values() if each.has_content(meeting)]
    assert [each.attributes["href"] for each in links] == expected
    assert all(each.words for each in links)


def test_header_has_the_customer_keys_and_the_dashboard(stored_page_meetings: Storage, ids: dict[str, str]) -> None:
    url = "https://us-west-2.recall.ai/dashboard/explorer/bot/1"
    with changed(stored_page_meetings, RECORDINGS, ids["ordinary"], dashboard_url=url) as connection:
        facts = page(connection, ids["ordinary"]).one("dl", class_="facts")

    assert facts.one("ul", class_="keys").words == "deal HL-42 team platform"
    assert facts.one("a", href=url).words == "Bot in the dashboard"


def test_every_number_leads_to_its_definition(connection: Connection, ids: dict[str, str]) -> None:
    document = page(connection, ids["ordinary"])

    links = {each.attributes["href"] for each in document.all("a")}

    for column in ("talk_share", "talk_time_s", "joined_late_s", "top_share", "switch_count", "gini_talk", "overlap_s"):
        assert f"../../../definitions.html#{column}" in links
    heads = [each for table in document.all("table") for each in table.one("thead").all("th", class_="n")]
    assert len(heads) > 20


def test_unknown_and_unfinished_recordings_have_no_page(stored_page_meetings: Storage, ids: dict[str, str]) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with stored_page_meetings.database.reading() as connection:
        assert meeting_page(connection, unknown, Site.read(connection)) is None


@pytest.mark.parametrize("name", MEETINGS)
def test_swimlanes_lie_inside_the_meeting(connection: Connection, ids: dict[str, str], name: str) -> None:
    swimlanes = swimlanes_of(data(connection, ids[name]))

    assert swimlanes is not None
    for swimlane in swimlanes.swimlanes:
        for path in (swimlane.speech, swimlane.overlaps, swimlane.presence, swimlane.webcam, swimlane.screen):
            assert all(start >= 0 and start + width <= WIDTH_PX + 0.01 for start, width in bars_px(path))
