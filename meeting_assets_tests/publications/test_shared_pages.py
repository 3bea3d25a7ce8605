"""The pages of the site: complete, linked, escaped, and rewritten exactly when their inputs change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape
from sqlalchemy import Engine, Table, create_engine, select, text
from sqlmodel import SQLModel

from meeting_assets.metrics import METRICS
from meeting_assets.metrics.measures import MEETING_MEASURES, PERSON_MEASURES
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.series import RecordingSeries, SeriesMembers, SeriesTrends
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import ROLLUPS, MeetingTrends, People, PersonTrends
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS
from meeting_assets.publications.data_faults import Fault
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.measures import NAMES
from meeting_assets.publications.pages.ranges import MEETING_RANGES, PERSON_RANGES
from meeting_assets.publications.pages.shared_pages import shared_pages
from meeting_assets.sandbox import Sandbox
from meeting_assets.schema.bots import Bots
from meeting_assets.schema.persistent import Artifacts, PersonAliases, Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import shared_folder
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_home, use_sandbox
from meeting_assets_tests.support.rollups import roll_up_all
from meeting_assets_tests.support.sample_day import DAY, PORT, WORLD
from meeting_assets_tests.support.site_pages import (
    HOSTILE,
    Html,
    RenderedPage,
    copy_of_database,
    links_of,
    read_html,
    rendered_site,
    resolved,
)
from meeting_assets_tests.support.stored_fortnight import fortnight_at_home

Site = dict[str, RenderedPage]
AT = datetime(2026, 1, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The database of the fortnight, which is synced once for all test processes."""
    with ExitStack() as open_home:
        with shared_folder(tmp_path_factory, "fortnight") as home:
            open_home.enter_context(fortnight_at_home(home, f"sqlite:///{home / 'meetings.db'}"))
        yield home / "meetings.db"


@pytest.fixture(scope="module")
def site(fortnight: Path) -> Site:
    return site_of(create_engine(f"sqlite:///{fortnight}"))


@pytest.fixture
def engine(fortnight: Path, tmp_path: Path) -> Iterator[Engine]:
    """A copy of the fortnight, to change."""
    engine = copy_of_database(fortnight, tmp_path / "copy.db")
    yield engine
    engine.dispose()


def site_of(engine: Engine) -> Site:
    with engine.connect() as connection:
        site = rendered_site(connection)
    engine.dispose()
    return site


def scalars(engine: Engine, query: Any) -> list[Any]:
    with engine.connect() as connection:
        return [*connection.scalars(query)]


def html(site: Site, key: str) -> Html:
    return read_html(site[key].content)


def body_rows(page: Html) -> list[list[str]]:
    return [row for row in page.rows if row and not row[0].startswith("Start")]


def test_every_link_leads_to_a_page_and_every_fragment_to_an_anchor(site: Site, engine: Engine) -> None:
    with engine.connect() as connection:
        meetings = connection.execute(select(EVERYDAY_VIEWS["meetings"].subquery())).mappings().all()
    pages = {links.meeting_key(row["day"], row["recording_id"]) for row in meetings} | site.keys()
    anchors = {f"{key}#{each}" for key in site if key.endswith(".html") for each in html(site, key).ids}

    found = {target for _, target in links_of(site)}

    assert len(found) > 200
    assert {target for target in found if "#" not in target} - pages == set()
    assert {target for target in found if "#" in target} - anchors == set()


def test_every_page_is_reachable_from_the_index(site: Site) -> None:
    leads_to: dict[str, set[str]] = {}
    for key, target in links_of(site):
        leads_to.setdefault(key, set()).add(target.partition("#")[0])
    reached, waiting = set(), [links.INDEX]
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting += leads_to.get(key, ())

    assert site.keys() - reached == set()


def test_every_page_is_well_formed_and_has_unique_ids(site: Site) -> None:
    for key in site:
        if key.endswith(".html"):
            page = html(site, key)
            assert page.unclosed == [], key
            assert len(page.ids) == len({*page.ids}), key
            assert not [name for name in page.attributes if name.startswith("on") or name == "style"], key


def test_index_lists_all_finished_meetings_newest_first(site: Site, engine: Engine) -> None:
    view = EVERYDAY_VIEWS["meetings"].subquery()
    with engine.connect() as connection:
        expected = connection.execute(
            select(view.c.title, view.c.started_at).order_by(view.c.started_at.desc(), view.c.recording_id.desc())
        ).all()

    rows = [row for row in html(site, links.INDEX).rows[1:] if row]

    assert len(rows) == len(expected) > 50
    assert [row[0] for row in rows] == [f"{row.started_at:%Y-%m-%d %H:%M} UTC" for row in expected]
    assert all(row[1].startswith(" ".join(each.title.split())[:100]) for row, each in zip(rows, expected, strict=True))


def test_index_names_the_top_speaker_of_each_meeting(site: Site, engine: Engine) -> None:
    view = EVERYDAY_VIEWS["meetings"].subquery()
    query = select(view.c.top_speaker).order_by(view.c.started_at.desc(), view.c.recording_id.desc())
    speakers = scalars(engine, query)

    rows = html(site, links.INDEX).rows[1:]

    assert [row[4].removesuffix(" of the talk").rpartition(" ")[0] for row in rows] == [each or "" for each in speakers]


def test_people_and_series_have_one_page_each(site: Site, engine: Engine) -> None:
    people = scalars(engine, select(table_of(People).c.person_key))
    series = scalars(engine, select(table_of(RecordingSeries).c.series_id))

    expected = {links.person_key_page(key) for key in people} | {links.series_page(key) for key in series}

    assert {key for key in site if "/" in key} == expected | {links.PEOPLE, links.SERIES}
    assert not [key for key in site if "@" in key or ":" in key]


def test_series_page_states_late_arrivals_as_the_table_does(site: Site, engine: Engine) -> None:
    members, checked = table_of(SeriesMembers), 0
    with engine.connect() as connection:
        for row in connection.execute(select(members)).mappings():
            rows = html(site, links.series_page(row["series_id"])).rows
            assert [row["name"], "yes" if row["is_regular"] else "no", str(row["meetings_attended"])] in [
                each[:3] for each in rows
            ]
            assert str(row["late_count"]) in {each[4] for each in rows if each[:1] == [row["name"]] and len(each) == 6}
            checked += 1

    assert checked > 10


def test_series_page_names_those_who_are_late_at_half_of_their_meetings(site: Site, engine: Engine) -> None:
    members = table_of(SeriesMembers).c
    is_often = (members.late_count >= 2) & (members.late_count * 2 >= members.meetings_attended)
    with engine.connect() as connection:
        often = connection.execute(select(members.series_id, members.name, members.late_count).where(is_often)).all()

    assert often
    for series_id, name, count in often:
        assert f"{name} ({count} of " in " ".join(html(site, links.series_page(series_id)).text.split())


def test_series_page_lists_the_latest_people_first(site: Site, engine: Engine) -> None:
    keys = [links.series_page(each) for each in scalars(engine, select(table_of(RecordingSeries).c.series_id))]
    counts = [
        [int(row[4]) for row in html(site, key).rows if len(row) == 6 and row[1] in {"yes", "no"}] for key in keys
    ]

    assert any(max(of_page) > 0 for of_page in counts)
    assert counts == [sorted(of_page, reverse=True) for of_page in counts]
    assert all("Those with the most late arrivals come first." in html(site, key).text for key in keys)


def with_title_of_another_series(engine: Engine) -> tuple[str, str]:
    """Two series that have the same title but for case and blanks."""
    series = table_of(RecordingSeries)
    with engine.begin() as connection:
        (first, title), (second, _) = connection.execute(select(series.c.series_id, series.c.title).limit(2)).all()
        connection.execute(series.update().where(series.c.series_id == second).values(title=f" {title.upper()} "))
    return first, second


def test_series_page_links_to_other_series_with_the_same_title(site: Site, engine: Engine) -> None:
    first, second = map(links.series_page, with_title_of_another_series(engine))

    changed = site_of(engine)

    assert "Other series have the same title" not in html(site, first).text
    for key, other in ((first, second), (second, first)):
        assert "Other series have the same title" in html(changed, key).text
        assert other in {resolved(key, link) for link in html(changed, key).links}
        assert changed[key].inputs_hash != site[key].inputs_hash


def test_series_page_links_to_meetings_of_no_series_with_the_same_title(site: Site, engine: Engine) -> None:
    series, recordings = table_of(RecordingSeries), table_of(Recordings)
    with engine.begin() as connection:
        series_id, title = connection.execute(select(series.c.series_id, series.c.title).limit(1)).one()
        repeats = select(series.c.series_id).where(series.c.series_id == recordings.c.series_id).exists()
        is_single = ~repeats & (recordings.c.status == "done")
        found = [*connection.scalars(select(recordings.c.recording_id).where(is_single).limit(12))]
        of_found = recordings.c.recording_id.in_(found)
        connection.execute(recordings.update().where(of_found).values(title=title, display_title=title))

    changed, key = site_of(engine), links.series_page(series_id)

    assert len(found) == 12
    assert "and 2 more." in html(changed, key).text
    linked = {resolved(key, link) for link in html(changed, key).links}
    assert sum(any(each in link for link in linked) for each in found) == 10
    assert "belong to no series" not in html(site, key).text


def test_person_page_lists_the_meetings_of_the_person(site: Site, engine: Engine) -> None:
    people = table_of(People).c
    with engine.connect() as connection:
        for key, count in connection.execute(select(people.person_key, people.meeting_count)):
            page = html(site, links.person_key_page(key))
            assert len([each for each in page.links if "meetings/" in each]) == count


def test_definitions_have_an_anchor_for_every_metric_column(site: Site) -> None:
    ids = {*html(site, links.DEFINITIONS).ids}
    tables = [table_of(model) for model in (*METRICS, *ROLLUPS)]

    for table in tables:
        assert {f"{table.name}.{column.name}" for column in table.columns} <= ids
        assert {column.name for column in table.columns} <= ids


def test_definition_states_the_unit_in_words(site: Site) -> None:
    rows = {row[0]: row for row in html(site, links.DEFINITIONS).rows if len(row) == 4}

    assert rows["talk_ratio"][1] == "share, 0 to 1"
    assert ". Exactly: talk_time_s / duration_s (as Gong" in rows["talk_ratio"][2]


def test_health_lists_every_missed_meeting_with_its_reason_and_remedy(site: Site, engine: Engine) -> None:
    with engine.connect() as connection:
        missed = connection.execute(text("SELECT reason, remedy FROM missed_meetings")).all()

    rows = [tuple(row[2:]) for row in html(site, links.HEALTH).rows if len(row) == 4]

    assert len(missed) > 5
    assert {(reason, remedy.replace("`", "")) for reason, remedy in missed} <= {*rows}


def test_every_measure_has_a_name_and_every_range_a_measure() -> None:
    names = {each.name for each in (*MEETING_MEASURES, *PERSON_MEASURES)}

    assert names == NAMES.keys()
    assert PERSON_RANGES.keys() <= {each.name for each in PERSON_MEASURES}
    assert MEETING_RANGES.keys() <= {each.name for each in MEETING_MEASURES}


def test_page_of_an_empty_database_says_so(engine: Engine) -> None:
    with engine.begin() as connection:
        emptied: list[type[SQLModel]] = [Recordings, ParticipantMetrics, MeetingMetrics, *ROLLUPS, Bots, Artifacts]
        for model in emptied:
            connection.execute(table_of(model).delete())

    site = site_of(engine)

    assert "No meeting is stored yet." in html(site, links.INDEX).text
    assert "No person is known yet." in html(site, links.PEOPLE).text
    assert "No meeting has repeated yet." in html(site, links.SERIES).text
    assert "No meeting was missed." in html(site, links.HEALTH).text


def test_unchanged_database_gives_equal_pages_and_hashes(site: Site, engine: Engine) -> None:
    assert site_of(engine) == site


def test_attributed_share_of_the_settings_decides_about_remarks(site: Site, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(table_of(DataQuality).update().values(attributed_word_share=0.85))
    remark = str(Fault.FEW_ATTRIBUTED_WORDS)

    strict = site_of(engine)
    with engine.connect() as connection:
        lenient = rendered_site(connection, Parameters(attributed_share=0.8))

    shown = {key for key, page in strict.items() if key.endswith(".html") and remark in html(strict, key).text}
    assert {links.INDEX, links.HEALTH} < shown
    assert any(key.startswith("series/") for key in shown)
    assert not any(remark in html(lenient, key).text for key in shown)
    assert not any(strict[key].inputs_hash == lenient[key].inputs_hash for key in shown)


def test_rendering_needs_no_connection(engine: Engine) -> None:
    with engine.connect() as connection:
        pages = [*shared_pages(connection, Parameters())]
    engine.dispose()

    assert all(render() for _, _, render in pages)


def change(engine: Engine, table: Table, **values: Any) -> None:
    """Changes one row: the first that has a value in each of the columns."""
    with engine.begin() as connection:
        has_value = [table.c[name].is_not(None) for name in values if values[name] is not None]
        row = connection.execute(select(*table.primary_key).where(*has_value).order_by(*table.primary_key)).first()
        assert row is not None
        same = [column == value for column, value in zip(table.primary_key, row, strict=True)]
        connection.execute(table.update().where(*same).values(values))


CHANGES: list[tuple[Any, dict[str, Any], str]] = [
    (Recordings, {"display_title": "A new title"}, links.INDEX),
    (Recordings, {"platform": "goto_meeting"}, links.INDEX),
    (Recordings, {"bot_metadata": {"account": "new"}}, links.INDEX),
    (ParticipantMetrics, {"name": "Someone Else"}, links.INDEX),
    (ParticipantMetrics, {"joined_late_s": 4321.0}, links.PEOPLE),
    (MeetingMetrics, {"late_joiners": 77}, links.INDEX),
    (MeetingMetrics, {"timing_source": None}, links.HEALTH),
    (DataQuality, {"clock_skew_s": 6.0}, links.HEALTH),
    (DataQuality, {"speech_event_agreement": 0.1}, links.HEALTH),
    (DataQuality, {"attributed_word_share": 0.5}, links.INDEX),
    (People, {"name": "Someone Else"}, links.PEOPLE),
    (People, {"talk_time_s": 98765.0}, links.PEOPLE),
    (PersonTrends, {"talk_share_mean": 0.987}, "people/"),
    (PersonMetrics, {"talk_share": 0.987}, "people/"),
    (RecordingSeries, {"title": "A new title"}, links.SERIES),
    (SeriesMembers, {"late_count": 77}, "series/"),
    (SeriesTrends, {"silence_ratio_mean": 0.987}, "series/"),
    (MeetingTrends, {"silence_ratio_mean": 0.987}, "series/"),
    (Bots, {"status": "another"}, links.HEALTH),
    (Artifacts, {"status": "pending", "error": None}, links.HEALTH),
]


@pytest.mark.parametrize(("model", "values", "page"), CHANGES, ids=lambda each: str(each)[:40])
def test_changed_input_changes_the_hash_of_every_page_that_shows_it(
    site: Site, engine: Engine, model: Any, values: dict[str, Any], page: str
) -> None:
    change(engine, table_of(model), **values)

    after = site_of(engine)

    differing = {key for key in after if key not in site or after[key].content != site[key].content}
    assert any(key.startswith(page) for key in differing)
    assert {key for key in differing if key in site and after[key].inputs_hash == site[key].inputs_hash} == set()


def test_meeting_that_leaves_a_series_changes_its_page(site: Site, engine: Engine) -> None:
    (series_id,) = scalars(engine, select(table_of(RecordingSeries).c.series_id).limit(1))
    recordings = table_of(Recordings)
    with engine.begin() as connection:
        connection.execute(recordings.update().where(recordings.c.series_id == series_id).values(series_id="another"))

    after = site_of(engine)

    page = links.series_page(series_id)
    assert after[page].inputs_hash != site[page].inputs_hash
    assert after[links.INDEX].inputs_hash != site[links.INDEX].inputs_hash


def test_alias_changes_the_page_of_its_person(site: Site, engine: Engine) -> None:
    people = table_of(People).c.person_key
    first, second = scalars(engine, select(people).order_by(people).limit(2))
    with engine.begin() as connection:
        row = {"person_key": second, "target": first, "author": "test", "at": AT, "note": None}
        connection.execute(table_of(PersonAliases).insert().values(row))

    after = site_of(engine)

    page = links.person_key_page(first)
    assert after[page].inputs_hash != site[page].inputs_hash


HOSTILE_COLUMNS: list[tuple[Any, str]] = [
    (Recordings, "display_title"),
    (Recordings, "title"),
    (Recordings, "series_id"),
    (ParticipantMetrics, "name"),
    (People, "name"),
    (People, "email"),
    (RecordingSeries, "title"),
    (SeriesMembers, "name"),
    (Artifacts, "error"),
    (Artifacts, "sub_code"),
    (Bots, "meeting_id"),
    (Bots, "sub_code"),
    (Bots, "dashboard_url"),
]


def test_hostile_text_is_text_everywhere(site: Site, engine: Engine) -> None:
    with engine.begin() as connection:
        for model, name in HOSTILE_COLUMNS:
            table = table_of(model)
            connection.execute(table.update().values({name: HOSTILE + "x" * 10_000}))
        connection.execute(table_of(Recordings).update().values(bot_metadata={HOSTILE: HOSTILE}))
        connection.execute(table_of(Artifacts).update().values(status="quarantined"))

    hostile = site_of(engine)

    for key in hostile:
        if key.endswith(".html"):
            page = html(hostile, key)
            assert page.tags.count("script") == 1, key
            assert page.unclosed == [], key
            assert not [name for name in page.attributes if name.startswith("on")], key
            assert not [link for link in page.links if link.startswith("javascript")], key
    for key in (links.INDEX, links.PEOPLE, links.HEALTH):
        assert "<script>alert('x')</script>\"'&-->" in html(hostile, key).text


def test_link_of_another_scheme_is_not_a_link(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(table_of(Bots).update().values(dashboard_url="javascript:alert(1)"))

    assert b"javascript:" not in site_of(engine)[links.HEALTH].content


def test_page_that_names_a_meeting_contains_its_id(site: Site, engine: Engine) -> None:
    recordings = table_of(Recordings).c
    with engine.begin() as connection:
        ids = [*connection.scalars(select(recordings.recording_id))]
        for index, each in enumerate(ids):
            title = {"display_title": f"unique title {index:03}"}
            connection.execute(table_of(Recordings).update().where(recordings.recording_id == each).values(title))

    for key, page in site_of(engine).items():
        for index, each in enumerate(ids):
            if f"unique title {index:03}".encode() in page.content:
                assert each.encode() in page.content, key


def test_page_that_names_a_person_of_one_meeting_contains_the_id_of_the_meeting(site: Site, engine: Engine) -> None:
    people, metrics = table_of(People).c, table_of(PersonMetrics).c
    with engine.connect() as connection:
        once = connection.execute(
            select(people.name, metrics.recording_id)
            .join(table_of(PersonMetrics), metrics.person_key == people.person_key)
            .where(people.meeting_count == 1)
        ).all()
        names = [*connection.scalars(select(people.name))]

    assert once
    for name, recording_id in once:
        if names.count(name) == 1:
            naming = [key for key, page in site.items() if f">{escape(name)}<".encode() in page.content]
            assert links.PEOPLE in naming
            assert [key for key in naming if recording_id.encode() not in site[key].content] == []


def test_both_databases_give_the_same_pages(
    sandbox: Sandbox, database_url: str, sqlite_pages: dict[str, bytes]
) -> None:
    sync_days([DAY])
    roll_up_all()
    with open_test_storage() as storage:
        pages = storage.database.read_snapshot(rendered_site)

    assert {key: page.content for key, page in pages.items() if key != links.HEALTH} == sqlite_pages
    assert "All stored artifacts are readable." in html(pages, links.HEALTH).text
    assert database_url


@pytest.fixture(scope="module")
def sqlite_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The pages of the sample day, without data health, which states when the data changed last."""
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(WORLD, download_port=PORT) as running:
        use_home(tmp_path_factory.mktemp("sample"), monkeypatch)
        use_sandbox(running, monkeypatch)
        sync_days([DAY])
        roll_up_all()
        with open_test_storage() as storage:
            pages = storage.database.read_snapshot(rendered_site)
    return {key: page.content for key, page in pages.items() if key != links.HEALTH}
